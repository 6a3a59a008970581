"""softmax, log_softmax, logsumexp, sigmoid and log_sigmoid."""

import math

from . import twice
from .compiled import Kernel
from .exp import Scale, clamped, exponential, guessed_scale, scale_for
from .log import log1p
from .memory import (
    after_streams,
    load,
    number,
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
from .sums import add, end_of_block, nothing, total_except
from .tiles import fill_dead, is_in_place, put, read_logits, target_of, tile_at, write
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


@loop
def exponentials(x, e, p, ahead, streams, end, scale, units, rooms):
    """e_k, their sum as far as lanes go, and the largest logit.

    On the way it asks for the memory of p, and for what is `ahead` bytes from x.
    """
    on_its_own()
    lanes = lanes_of(rooms)
    sums = nothing(rooms)
    top = spread(-math.inf, rooms)
    top = as_type_of(top, x)
    for j in range(0, x.size, lanes):
        will_read(x, j * x.itemsize + ahead)
        if not streams:
            will_write(p, j * p.itemsize)
        x_j = load(x, j, rooms)
        top = select(x_j > top, x_j, top)
        e_j = exponential(x_j, scale, units)
        store(e, j, e_j)
        sums = add(sums, e_j, j // lanes, end)
    return sums, first_lane(largest_of_lanes(top))


@loop
def quotients(e, total, p):
    """p_k = e_k / Σ e_j."""
    on_its_own()
    inverse = 1.0 / total.high
    for j in range(0, e.size, lanes_of(e)):
        put(p, j, quotient(load(e, j, e), total, inverse, p))


@loop
def streamed_quotients(e, total, p):
    """The same past the caches, into whole cache lines: what no cache holds is not read first."""
    on_its_own()
    inverse = 1.0 / total.high
    lanes = lanes_of(e)
    start = min(until_aligned(p), e.size)
    stop = start + (e.size - start) // lanes * lanes
    quotients(row_at(e, 0, start), total, row_at(p, 0, start))
    for j in range(start, stop, lanes):
        stream(p, j, as_type_of(quotient(load(e, j, e), total, inverse, p), p))
    rest = e.size - stop
    quotients(row_at(e, stop * e.itemsize, rest), total, row_at(p, stop * p.itemsize, rest))


@Kernel
def softmax(values, where, units, rooms, copies, streams, out, start, stop):
    """p_k = e_k / Σ e_j. `streams` tells that the result is larger than the caches."""
    no_class = spread(math.nan, rooms)
    usual = True  # whether the last row had its largest logit where logits usually are
    r = start
    while r < stop:
        tile = tile_at(values, r, stop, rooms)
        x = read_logits(values, where, tile, rooms, 0, copies)
        e = room(rooms, 1, tile.size, rooms)
        p = target_of(out, tile, rooms, 0, copies)
        ahead = values.strides[0]
        end = end_of_block(tile, x, rooms)
        if usual and tile.step == 1:
            scale = guessed_scale(units, rooms)
            sums, top = exponentials(x, e, p, ahead, streams, end, scale, units, rooms)
            usual = units.low <= top <= units.high
        if not usual or tile.step > 1:
            scale = scale_for(largest(x, tile, rooms, copies), units)
            sums, top = exponentials(x, e, p, ahead, streams, end, scale, units, rooms)
            usual = units.low <= top <= units.high
        total = total_except(sums, e, x, no_class, tile, rooms, 2, copies)
        if streams and tile.step == 1 and is_in_place(out, tile):
            streamed_quotients(e, total, p)
        else:
            quotients(e, total, p)
        fill_dead(where, tile, p, 0.0)
        write(out, tile, p, rooms, copies)
        r += tile.rows
    if streams:
        after_streams()


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
