"""softmax, log_softmax, logsumexp, sigmoid and log_sigmoid."""

import math
from typing import NamedTuple

from . import twice
from .compiled import Kernel
from .exp import Scale, clamped, exponential, guessed_scale, scale_for
from .log import log1p
from .memory import (
    after_streams,
    load,
    number,
    numbers_at,
    room,
    rounded_to,
    row_at,
    store,
    stream,
    until_aligned,
    will_read,
    will_write,
)
from .rows import largest, nan_of, quotient, summarise, surprise
from .sums import Total, add, end_of_block, nothing, total_except
from .tiles import fill_dead, offset_of, put, read_logits, target_of, tile_at, write
from .vector import (
    absolute,
    any_lane,
    as_type_of,
    first_lane,
    lanes_of,
    largest_of_lanes,
    loop,
    on_its_own,
    part,
    select,
    spread,
)


# A store that is under way holds up loads whose addresses end in the same 12 bits, which those of
# p and x often do. So the stores go ahead of the loads by this much.
LEAD_BYTES = 256


class Quotients(NamedTuple):
    """Quotients e_k / total that are still to be written to p."""

    e: float
    total: Total
    p: float


@part
def quotients(e, total, p, start, stop):
    """Those of the classes from `start` to `stop`."""
    e = row_at(e, start * e.itemsize, stop - start)
    return Quotients(e, total, row_at(p, start * p.itemsize, stop - start))


@part
def divide(left, j, inverse, streams):
    """p_k = e_k / Σ e_j for a vector of the classes."""
    p_j = quotient(load(left.e, j, left.e), left.total, inverse, left.p)
    if streams:
        stream(left.p, j, as_type_of(p_j, left.p))
    else:
        put(left.p, j, p_j)


@loop
def divide_all(left, streams):
    on_its_own()
    inverse = 1.0 / left.total.high
    for j in range(0, left.p.size, lanes_of(left.e)):
        divide(left, j, inverse, streams)


@loop
def exponentials(x, e, left, streams, ahead, end, scale, units, rooms):
    """e_k, their sum as far as lanes go, and the largest logit.

    Meanwhile what is left of another row is written, and the memory is asked for that is `ahead`
    bytes on: arithmetic, reading and writing all go on at the same time.
    """
    on_its_own()
    lanes = lanes_of(rooms)
    sums = nothing(rooms)
    top = as_type_of(spread(-math.inf, rooms), x)
    inverse = 1.0 / left.total.high
    for j in range(0, x.size, lanes):
        will_read(x, j * x.itemsize + ahead, rooms)
        x_j = load(x, j, rooms)
        top = select(x_j > top, x_j, top)
        e_j = exponential(x_j, scale, units)
        if j < left.p.size:  # before e is overwritten
            if not streams:
                will_write(left.p, j * left.p.itemsize + ahead, rooms)
            divide(left, j, inverse, streams)
        store(e, j, e_j)
        sums = add(sums, e_j, j // lanes, end)
    return sums, first_lane(largest_of_lanes(top))


@part
def softmax_of_rows(values, units, rooms, streams, out, start, stop):
    """Rows that are read and written where they are: each is divided while the next is summed up.

    `streams` tells that the result is larger than the caches. It then goes past them in whole cache
    lines, which need not be read first.
    """
    no_class = spread(math.nan, rooms)
    one = spread(1.0, rooms)
    e = room(rooms, 1, values.shape[1], rooms)
    nothing_left = quotients(e, Total(one, one), numbers_at(out, 0, 0), 0, 0)
    left = nothing_left
    usual = True  # whether the last row had its largest logit where logits usually are
    for r in range(start, stop):
        tile = tile_at(values, r, stop, rooms)
        x = numbers_at(values, offset_of(values, tile), tile.classes)
        p = numbers_at(out, offset_of(out, tile), tile.classes)
        ahead = values.strides[0]
        end = end_of_block(tile, x, rooms)
        guessed = usual
        scale = guessed_scale(units, rooms)
        if not guessed:
            scale = scale_for(largest(x, tile, rooms, None), units)
        if streams:  # the ends will not be whole cache lines
            will_write(p, 0, rooms)
            will_write(p, (p.size - 1) * p.itemsize, rooms)
        sums, top = exponentials(x, e, left, streams, ahead, end, scale, units, rooms)
        usual = units.low <= top <= units.high
        if guessed and not usual:
            scale = scale_for(spread(top, rooms), units)
            sums, top = exponentials(x, e, nothing_left, False, 0, end, scale, units, rooms)
        total = total_except(sums, e, x, no_class, tile, rooms, 2, None)
        left = quotients(e, total, p, 0, tile.classes)
        if streams:
            left = all_but_the_ends(left)
    divide_all(left, False)
    if streams:
        after_streams()


@part
def all_but_the_ends(left):
    """Write what is no whole vector of cache lines, and the lead; the rest is left."""
    size, lanes = left.p.size, lanes_of(left.e)
    first = min(until_aligned(left.p), size)
    last = first + (size - first) // lanes * lanes
    begun = min(first + LEAD_BYTES // left.p.itemsize, last)
    divide_all(quotients(left.e, left.total, left.p, 0, first), False)
    divide_all(quotients(left.e, left.total, left.p, last, size), False)
    divide_all(quotients(left.e, left.total, left.p, first, begun), True)
    return quotients(left.e, left.total, left.p, begun, last)


@Kernel
def softmax(values, where, units, rooms, copies, streams, out, start, stop):
    """p_k = e_k / Σ e_j."""
    if copies is None:
        softmax_of_rows(values, units, rooms, streams, out, start, stop)
        return
    no_class = spread(math.nan, rooms)
    one = spread(1.0, rooms)
    r = start
    while r < stop:
        tile = tile_at(values, r, stop, rooms)
        x = read_logits(values, where, tile, rooms, 0, copies)
        e = room(rooms, 1, tile.size, rooms)
        p = target_of(out, tile, rooms, 0, copies)
        nothing_left = quotients(e, Total(one, one), p, 0, 0)
        end = end_of_block(tile, x, rooms)
        scale = scale_for(largest(x, tile, rooms, copies), units)
        sums, _ = exponentials(x, e, nothing_left, False, 0, end, scale, units, rooms)
        total = total_except(sums, e, x, no_class, tile, rooms, 2, copies)
        divide_all(quotients(e, total, p, 0, tile.size), False)
        fill_dead(where, tile, p, 0.0)
        write(out, tile, p, rooms, copies)
        r += tile.rows


@loop
def negative_surprises(x, row, units, log_p, rooms):
    """log p_k."""
    on_its_own()
    for j in range(0, x.size, lanes_of(rooms)):
        put(log_p, j, 0.0 - surprise(row, load(x, j, rooms), units))


@Kernel
def log_softmax(values, where, units, rooms, copies, out, start, stop):
    """log p_k = −((m − x_k) / temperature + log1p(rest))."""
    r = start
    while r < stop:
        tile = tile_at(values, r, stop, rooms)
        x = read_logits(values, where, tile, rooms, 0, copies)
        e = room(rooms, 1, tile.size if tile.step > 1 else 0, rooms)
        log_p = target_of(out, tile, rooms, 0, copies)
        row = summarise(x, e, tile, values.strides[0], units, rooms, 2, copies)
        negative_surprises(x, row, units, log_p, rooms)
        fill_dead(where, tile, log_p, -math.inf)
        write(out, tile, log_p, rooms, copies)
        r += tile.rows


@Kernel
def logsumexp(values, where, units, rooms, copies, out, start, stop):
    """m + log1p(rest): the one result whose terms can cancel, so that it may need more digits."""
    r = start
    while r < stop:
        tile = tile_at(values, r, stop, rooms)
        x = read_logits(values, where, tile, rooms, 0, copies)
        e = room(rooms, 1, tile.size if tile.step > 1 else 0, rooms)
        row = summarise(x, e, tile, values.strides[0], units, rooms, 2, copies)
        top = as_type_of(row.top, 1.0)
        value = top + as_type_of(row.log1p_rest, 1.0)
        is_infinite = absolute(top) == math.inf
        if any_lane(is_infinite):
            nan = as_type_of(nan_of(x, tile, rooms), 1.0)
            value = select(is_infinite, top + nan, value)
        cancelled = absolute(value) < absolute(top) * units.enough
        if any_lane(cancelled):
            value = select(cancelled, twice.logsumexp(x, top, tile, rooms, 2), value)
        store(row_at(out, r * out.itemsize, tile.rows), 0, as_type_of(value, out))
        r += tile.rows


@part
def exp_minus_abs(x, units, rooms):
    """exp(−|x|)."""
    zero = spread(0.0, rooms)
    scale = Scale(zero, zero - units.reach, zero + (units.rounder + units.bias))
    return exponential(-absolute(x), scale, units) * units.unit


@part
def softplus(x, units, rooms):
    """log(1 + exp(x)) = max(x, 0) + log1p(exp(−|x|)), two terms that are never negative."""
    e = as_type_of(exp_minus_abs(x, units, rooms), 1.0)
    return clamped(as_type_of(x, 1.0), 0.0) + log1p(e)


@Kernel
def sigmoid(values, units, rooms, out, start, stop):
    """1 / (1 + exp(−x)), from the exponential that does not overflow."""
    x = row_at(values, start * values.itemsize, stop - start)
    y = row_at(out, start * out.itemsize, stop - start)
    for j in range(0, x.size, lanes_of(rooms)):
        x_j = number(load(x, j, rooms))
        e = exp_minus_abs(x_j, units, rooms)
        on = select(as_type_of(x_j, rooms) >= 0.0, 1.0, e) / (1.0 + e)
        store(y, j, rounded_to(on, y))


@Kernel
def log_sigmoid(values, units, rooms, out, start, stop):
    """−softplus(−x)."""
    x = row_at(values, start * values.itemsize, stop - start)
    y = row_at(out, start * out.itemsize, stop - start)
    for j in range(0, x.size, lanes_of(rooms)):
        value = -softplus(-number(load(x, j, rooms)), units, rooms)
        store(y, j, rounded_to(value, y))
