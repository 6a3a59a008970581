"""softmax, log_softmax, logsumexp, sigmoid and log_sigmoid."""

import math

from . import double_double
from .compiled import Kernel
from .exp import Scale, clamped, exponential
from .log import log1p
from .memory import after_streams, load, room, row_at, store
from .pipeline import (
    Division,
    LogShares,
    Pending,
    ask_for_ends,
    ends_written,
    none_of,
    run_through,
    summarise,
    write_all,
)
from .rows import LogSum, log_sum, log_sum_of, nan_of
from .sums import Total, total_except
from .tiles import fill_dead, put, read_logits, row_of, target_of, tile_at, write
from .vector import (
    absolute,
    any_lane,
    as_type_of,
    first_lane,
    function,
    inline,
    lanes_of,
    on_its_own,
    select,
    spread,
)


@Kernel
def softmax_of_rows(values, units, rooms, streams, out, start, stop):
    """p_k = e_k / Σ e_j, for rows that are read and written where they are."""
    no_class = spread(math.nan, rooms)
    one = spread(1.0, rooms)
    e = room(rooms, 1, values.shape[1], rooms)
    pending = none_of(Pending(Division(Total(one, one), one), e, row_at(out, 0, 0), 0, streams))
    guess = start < stop
    for r in range(start, stop):
        tile = tile_at(values, r, stop, rooms)
        x, p = row_of(values, tile), row_of(out, tile)
        ask_for_ends(p, streams, rooms)
        found = run_through(x, e, pending, values.strides[0], tile, guess, units, rooms, None)
        guess = found.guess
        total = total_except(found.sums, e, x, no_class, tile, rooms, 2, None)
        pending = ends_written(Pending(Division(total, 1.0 / total.high), e, p, 0, streams), rooms)
    write_all(pending, rooms)
    if streams:
        after_streams()


@Kernel
def softmax(values, where, units, rooms, copies, out, start, stop):
    """p_k = e_k / Σ e_j."""
    no_class = spread(math.nan, rooms)
    guess = start < stop
    r = start
    while r < stop:
        tile = tile_at(values, r, stop, rooms)
        x = read_logits(values, where, tile, rooms, 0, copies)
        e = room(rooms, 1, tile.size, rooms)
        p = target_of(out, tile, rooms, 0, copies)
        found = run_through(x, e, None, 0, tile, guess, units, rooms, copies)
        guess = found.guess
        total = total_except(found.sums, e, x, no_class, tile, rooms, 2, copies)
        write_all(Pending(Division(total, 1.0 / total.high), e, p, 0, False), rooms)
        fill_dead(where, tile, p, 0.0)
        write(out, tile, p, rooms, copies)
        r += tile.rows


@Kernel
def log_softmax_of_rows(values, units, rooms, streams, out, start, stop):
    """log p_k = −ℓ(k), for rows that are read and written where they are."""
    e = room(rooms, 1, 0, rooms)
    nothing = row_at(values, 0, 0)
    zero = spread(0.0, rooms)
    pending = none_of(
        Pending(LogShares(LogSum(zero, zero), units), nothing, row_at(out, 0, 0), 0, streams)
    )
    guess = start < stop
    for r in range(start, stop):
        tile = tile_at(values, r, stop, rooms)
        x, log_p = row_of(values, tile), row_of(out, tile)
        ahead = values.strides[0]
        ask_for_ends(log_p, streams, rooms)
        row, guess = summarise(x, e, pending, ahead, tile, guess, units, rooms, 2, None)
        pending = ends_written(
            Pending(LogShares(log_sum_of(row), units), x, log_p, 0, streams), rooms
        )
    write_all(pending, rooms)
    if streams:
        after_streams()


@Kernel
def log_softmax(values, where, units, rooms, copies, out, start, stop):
    """log p_k = −((m − x_k) / temperature + log1p(rest))."""
    guess = start < stop
    r = start
    while r < stop:
        tile = tile_at(values, r, stop, rooms)
        x = read_logits(values, where, tile, rooms, 0, copies)
        e = room(rooms, 1, tile.size if tile.step > 1 else 0, rooms)
        log_p = target_of(out, tile, rooms, 0, copies)
        row, guess = summarise(x, e, None, 0, tile, guess, units, rooms, 2, copies)
        write_all(Pending(LogShares(log_sum_of(row), units), x, log_p, 0, False), rooms)
        fill_dead(where, tile, log_p, -math.inf)
        write(out, tile, log_p, rooms, copies)
        r += tile.rows


@inline
def in_doubt(value, top, units):
    """Where a sum has too few digits, being infinite or much smaller than its terms."""
    return (absolute(top) == math.inf) | (absolute(value) < absolute(top) * units.cancels_below)


@inline
def reconsidered(value, x, top, tile, units, rooms):
    """The same sums where they are not in doubt; NaN for a NaN beside ±inf, and all digits."""
    is_infinite = absolute(top) == math.inf
    if any_lane(is_infinite):
        value = select(is_infinite, top + as_type_of(nan_of(x, tile, rooms), 1.0), value)
    cancelled = absolute(value) < absolute(top) * units.cancels_below
    if any_lane(cancelled):
        value = select(cancelled, double_double.logsumexp(x, top, tile, rooms, 2), value)
    return value


@inline
def terms_of(of_rows):
    """The terms of logsumexp in float64."""
    return as_type_of(of_rows.top, 1.0), as_type_of(of_rows.log1p_rest, 1.0)


@Kernel
def logsumexp(values, where, units, rooms, copies, out, start, stop):
    """m + log1p(rest): the one result whose terms can cancel, so that it may need more digits."""
    guess = start < stop
    r = start
    while r < stop:
        tile = tile_at(values, r, stop, rooms)
        x = read_logits(values, where, tile, rooms, 0, copies)
        e = room(rooms, 1, tile.size if tile.step > 1 else 0, rooms)
        row, guess = summarise(x, e, None, 0, tile, guess, units, rooms, 2, copies)
        top, log1p_rest = terms_of(log_sum_of(row))
        value = reconsidered(top + log1p_rest, x, top, tile, units, rooms)
        store(row_at(out, r * out.itemsize, tile.rows), 0, as_type_of(value, out))
        r += tile.rows


@function
def write_log_sums(ends, count, r, values, out, units, rooms):
    """The results of the `count` rows before row r, a row in each lane: a logarithm takes as long
    for one as for all of them.
    """
    on_its_own()
    lanes = lanes_of(rooms)
    top, log1p_rest = terms_of(log_sum(load(ends, 0, rooms), load(ends, lanes, rooms)))
    value = top + log1p_rest
    store(row_at(out, (r - count) * out.itemsize, count), 0, as_type_of(value, out))
    doubts = in_doubt(value, top, units)
    if any_lane(doubts):
        kept = room(rooms, 4, 2 * lanes, 1.0)
        store(kept, 0, value)
        store(kept, lanes, select(doubts, top, math.nan))
        for lane in range(count):
            if not math.isnan(kept[lanes + lane]):
                tile = tile_at(values, r - count + lane, r, rooms)
                its, its_top = spread(kept[lane], top), spread(kept[lanes + lane], top)
                found = reconsidered(its, row_of(values, tile), its_top, tile, units, rooms)
                out[r - count + lane] = first_lane(found)


@Kernel
def logsumexp_of_rows(values, units, rooms, streams, out, start, stop):
    """The same for rows that are read where they are."""
    lanes = lanes_of(rooms)
    e, ends = room(rooms, 1, 0, rooms), room(rooms, 3, 2 * lanes, rooms)
    waiting = 0  # rows whose result is still to be written
    guess = start < stop
    for r in range(start, stop):
        if waiting == lanes:
            write_log_sums(ends, waiting, r, values, out, units, rooms)
            waiting = 0
        tile = tile_at(values, r, stop, rooms)
        x, ahead = row_of(values, tile), values.strides[0]
        row, guess = summarise(x, e, None, ahead, tile, guess, units, rooms, 2, None)
        ends[waiting] = first_lane(row.top)
        ends[lanes + waiting] = first_lane(row.rest / row.e_max)
        waiting += 1
    write_log_sums(ends, waiting, stop, values, out, units, rooms)


@inline
def exp_minus_abs(x, units, rooms):
    """exp(−|x|)."""
    zero = spread(0.0, rooms)
    scale = Scale(zero, zero - units.reach, zero + (units.rounder + units.bias))
    return exponential(-absolute(x), scale, units) * units.unit


@inline
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
        x_j = load(x, j, rooms)
        e = exp_minus_abs(x_j, units, rooms)
        on = select(as_type_of(x_j, rooms) >= 0.0, 1.0, e) / (1.0 + e)
        put(y, j, on)


@Kernel
def log_sigmoid(values, units, rooms, out, start, stop):
    """−softplus(−x)."""
    x = row_at(values, start * values.itemsize, stop - start)
    y = row_at(out, start * out.itemsize, stop - start)
    for j in range(0, x.size, lanes_of(rooms)):
        value = -softplus(-load(x, j, rooms), units, rooms)
        put(y, j, value)
