"""Rows in parts: the summary of a part, how two merge, and what follows for a part of the classes
from the summary of the whole row.

A summary holds `rest` in units of exp(top); the kernels have both in units of one power of 2.
"""

import math

from .compiled import Kernel
from .cross_entropy import penalty, pull_of
from .exp import exponential, scale_for
from .loss_rows import Coefficients, clear, counting, read_target, undefined, write_loss
from .memory import as_number_of, load, number, room, row_at, store
from .pipeline import summarise as summary_of_tile
from .rooms import EXPONENTIALS, LANE_TOTALS, LANES, NUMBERS, TARGET, TERMS
from .rows import LogSum, Summary, largest, log_sum, nan_of, probability, surprise
from .spread_cross_entropy import below_largest, mass_gradients, spread_terms
from .sums import Total, end_of_block, total_except, value_of
from .tiles import is_live, put, read_logits, target_of, tile_at, write
from .vector import (
    absolute,
    any_lane,
    as_type_of,
    function,
    inline,
    lanes_of,
    on_its_own,
    select,
    spread,
    sum_of_lanes,
    two_sum,
)


@inline
def of_rows(numbers, r, tile, rooms):
    """The number of each row of a tile, in every lane of it; 0 where there are none."""
    if numbers.size == 0:
        return spread(0.0, rooms)
    if tile.step == 1:
        return spread(numbers[r], rooms)
    return as_type_of(load(row_at(numbers, r * numbers.itemsize, tile.rows), 0, rooms), rooms)


@function
def ties_at(top, x, where, tile, rooms):
    """How many classes of each row attain its largest logit."""
    lanes = lanes_of(rooms)
    found = room(rooms, LANES, lanes, rooms)
    store(found, 0, top)
    for lane in range(tile.rows):
        its_top, count = found[lane], 0
        for k in range(tile.classes):
            if number(x[k * tile.step + lane]) == its_top and is_live(where, tile, k, lane):
                count += 1
        found[lane] = count
    return spread(found[0], rooms) if tile.step == 1 else load(found, 0, rooms)


@Kernel
def summarise(values, where, units, rooms, copies, tops, rests, start, stop):
    """The largest logit of each row, and `rest`."""
    guess = start < stop
    r = start
    while r < stop:
        tile = tile_at(values, r, stop, rooms)
        x = read_logits(values, where, tile, rooms, NUMBERS, copies)
        e = room(rooms, EXPONENTIALS, tile.size if tile.step > 1 else 0, rooms)
        row, guess = summary_of_tile(x, e, None, 0, tile, guess, units, rooms, LANE_TOTALS, copies)
        rest = row.rest / row.e_max
        is_infinite = absolute(row.top) == math.inf
        if any_lane(is_infinite):
            others = ties_at(row.top, x, where, tile, rooms) - 1.0 + nan_of(x, tile, rooms)
            rest = select(is_infinite, others, rest)
        write_loss(tops, r, tile, row.top)
        write_loss(rests, r, tile, rest)
        r += tile.rows


@Kernel
def merge(top_a, units, rooms, rest_a, top_b, rest_b, top, rest, start, stop):
    """rest of the higher part + exp(lower top − higher top) · (1 + rest of the lower part)."""
    for i in range(start, stop, lanes_of(rooms)):
        count = min(stop - i, lanes_of(rooms))
        begin = i * top.itemsize
        a, its = load(row_at(top_a, begin, count), 0, rooms), row_at(rest_a, begin, count)
        b, others = load(row_at(top_b, begin, count), 0, rooms), row_at(rest_b, begin, count)
        of_a, of_b = load(its, 0, rooms), load(others, 0, rooms)
        a_leads = a >= b
        high, low = select(a_leads, a, b), select(a_leads, b, a)
        of_high, of_low = select(a_leads, of_a, of_b), select(a_leads, of_b, of_a)
        scale = scale_for(high, units)
        share = exponential(low, scale, units) / exponential(high, scale, units)
        share = select(absolute(high) < math.inf, share, 0.0)
        both = of_high + share * (1.0 + of_low)
        both = select(low == high, (of_high + of_low) + 1.0, both)  # the same in any order
        store(row_at(top, begin, count), 0, high)
        store(row_at(rest, begin, count), 0, both)


@inline
def whole_row(tops, rests, r, tile, x, units, rooms):
    """The summary of whole rows, NaN where the largest logit is not finite; and the scale that the
    exponentials of their parts are measured by.
    """
    top, odds = of_rows(tops, r, tile, rooms), of_rows(rests, r, tile, rooms)
    scale = scale_for(top, units)
    e_max = exponential(as_number_of(top, x), scale, units)
    rest = (odds + undefined(top)) * e_max
    high, low = two_sum(e_max, rest)
    return Summary(top, e_max, rest, Total(high, low), 1.0 / high), scale


@inline
def has_no_class(rests, r, tile, rooms):
    return of_rows(rests, r, tile, rooms) == -1.0


@inline
def log_sum_of_rows(tops, rests, r, tile, rooms):
    top, odds = of_rows(tops, r, tile, rooms), of_rows(rests, r, tile, rooms)
    found = log_sum(top, odds)
    return LogSum(found.top, found.log1p_rest + undefined(top))


@function
def part_exponentials(x, scale, units, e, rooms):
    on_its_own()
    for j in range(0, e.size, lanes_of(rooms)):
        put(e, j, exponential(load(x, j, rooms), scale, units))


@function
def part_probabilities(x, row, scale, units, is_empty, p, rooms):
    on_its_own()
    for j in range(0, x.size, lanes_of(rooms)):
        e_j = exponential(load(x, j, rooms), scale, units)
        put(p, j, select(is_empty, 0.0, probability(row, e_j, p)))


@Kernel
def probabilities(values, where, units, rooms, copies, tops, rests, out, start, stop):
    """p_k = e_k / (e_max + rest) of a part."""
    r = start
    while r < stop:
        tile = tile_at(values, r, stop, rooms)
        x = read_logits(values, where, tile, rooms, NUMBERS, copies)
        p = target_of(out, tile, rooms, EXPONENTIALS, copies)
        row, scale = whole_row(tops, rests, r, tile, x, units, rooms)
        is_empty = has_no_class(rests, r, tile, rooms)
        part_probabilities(x, row, scale, units, is_empty, p, rooms)
        write(out, tile, p, rooms, copies)
        r += tile.rows


@function
def part_log_probabilities(x, of_row, units, is_empty, log_p, rooms):
    on_its_own()
    for j in range(0, x.size, lanes_of(rooms)):
        log_p_j = 0.0 - surprise(of_row, load(x, j, rooms), units)
        put(log_p, j, select(is_empty, -math.inf, log_p_j))


@Kernel
def log_probabilities(values, where, units, rooms, copies, tops, rests, out, start, stop):
    """log p_k = −((m − x_k) / temperature + log1p(rest)) of a part."""
    r = start
    while r < stop:
        tile = tile_at(values, r, stop, rooms)
        x = read_logits(values, where, tile, rooms, NUMBERS, copies)
        log_p = target_of(out, tile, rooms, EXPONENTIALS, copies)
        of_row = log_sum_of_rows(tops, rests, r, tile, rooms)
        is_empty = has_no_class(rests, r, tile, rooms)
        part_log_probabilities(x, of_row, units, is_empty, log_p, rooms)
        write(out, tile, log_p, rooms, copies)
        r += tile.rows


@Kernel
def target_mass(
    values, where, units, rooms, copies,
    classes, weight, smoothing, class_weight, tops, rests, start, stop,
):  # fmt: skip
    """The largest mass of the target, and the sum of the others."""
    zero = spread(0.0, rooms)
    r = start
    while r < stop:
        tile = tile_at(values, r, stop, rooms)
        t = room(rooms, TARGET, tile.size, rooms)
        rows = Coefficients(
            zero, of_rows(weight, r, tile, rooms), zero, of_rows(smoothing, r, tile, rooms), zero
        )
        read_target(classes, class_weight, where, tile, r, rows, t, rooms)
        top = largest(t, tile, rooms, copies)
        below, ties = below_largest(t, top, end_of_block(tile, t, rooms), rooms)
        if tile.step == 1:
            ties = sum_of_lanes(ties)
        rest = value_of(total_except(below, t, t, top, tile, rooms, LANE_TOTALS, copies))
        write_loss(tops, r, tile, top)
        write_loss(rests, r, tile, rest + (ties - 1.0) * top)
        r += tile.rows


@Kernel
def cross_entropy(
    values, where, units, rooms, copies,
    classes, weight, smoothing, norm, class_weight, counts,
    tops, rests, mass_tops, mass_rests, begins, loss, grad, start, stop,
):  # fmt: skip
    """Σ t_k · ℓ(k) over the classes of a part, and its gradient; the part that `begins` a row has
    the penalty too.
    """
    no_class = spread(math.nan, rooms)
    r = start
    while r < stop:
        tile = tile_at(values, r, stop, rooms)
        rows = Coefficients(
            of_rows(counts, r, tile, rooms),
            of_rows(weight, r, tile, rooms),
            spread(0.0, rooms),
            of_rows(smoothing, r, tile, rooms),
            of_rows(norm, r, tile, rooms),
        )
        x = read_logits(values, where, tile, rooms, NUMBERS, copies)
        t = room(rooms, TARGET, tile.size, rooms)
        terms = room(rooms, TERMS, tile.size, rooms)
        read_target(classes, class_weight, where, tile, r, rows, t, rooms)
        row, scale = whole_row(tops, rests, r, tile, x, units, rooms)
        of_row = log_sum_of_rows(tops, rests, r, tile, rooms)
        sums = spread_terms(x, t, terms, of_row, units, end_of_block(tile, t, rooms), rooms)
        found = total_except(sums, terms, x, no_class, tile, rooms, LANE_TOTALS, copies)
        value = value_of(found) + row.rest * 0.0
        if begins:
            value = value + penalty(of_row, rows.norm, units)
        write_loss(loss, r, tile, counting(rows, value))
        if grad.size:
            g = target_of(grad, tile, rooms, TERMS, copies)
            e = room(rooms, EXPONENTIALS, tile.size, rooms)
            part_exponentials(x, scale, units, e, rooms)
            mass_top = of_rows(mass_tops, r, tile, rooms)
            mass_rest = of_rows(mass_rests, r, tile, rooms)
            pull = pull_of(of_row, rows.norm, units)
            mass_gradients(e, t, row, mass_top, mass_rest, pull, units.inverse, g, rooms)
            if any_lane(rows.counts == 0.0):
                clear(g, rows.counts, rooms)
            write(grad, tile, g, rooms, copies)
        r += tile.rows
