"""Rows one after the other: while one is summed up, what is left of the one before is written.

Arithmetic, reading and writing then go on at the same time, and each logit comes from memory once.
"""

import math
from typing import NamedTuple

from numba import types
from numba.extending import overload

from .exp import exponential, guessed_scale, scale_for
from .memory import (
    as_number_of,
    load,
    rounded_to,
    row_at,
    store,
    stream,
    until_aligned,
    will_read,
    will_write,
)
from .rows import LogSum, Summary, largest, quotient, surprise
from .sums import Sum, Total, add, end_of_block, nothing, total_except
from .tiles import put
from .units import Units
from .vector import (
    INLINED,
    any_lane,
    as_type_of,
    function,
    inline,
    lanes_of,
    largest_of_lanes,
    on_its_own,
    select,
    spread,
    sum_of_lanes,
    two_sum,
    with_lane,
)

# A store that is under way holds up loads whose addresses end in the same 12 bits, which those of
# two arrays often do. So the stores go ahead of the loads by this much.
LEAD_BYTES = 256


class Division(NamedTuple):
    """y_k = e_k / Σ e_j."""

    total: Total
    inverse: float


class Slopes(NamedTuple):
    """y_k = factor · e_k / Σ e_j, but for one class."""

    total: Total
    inverse: float
    factor: float
    label: int
    at_label: float


class LogShares(NamedTuple):
    """y_k = log p_k, of the logits."""

    log_sum: LogSum
    units: Units


class Pending(NamedTuple):
    """What is left to write of a row: y_k of x_k by a rule, from class `start` on."""

    rule: Division | Slopes | LogShares
    x: float
    y: float
    start: int
    streams: bool  # past the caches, in vectors that fill whole cache lines


def result(rule, k, x_k, y):
    """y_k, y_{k+1}, … in the arithmetic of the rule."""
    raise NotImplementedError  # the overload stands for it in compiled code


@overload(result, jit_options=INLINED)
def _result(rule, k, x_k, y):
    def quotients(rule, k, x_k, y):
        return quotient(x_k, rule.total, rule.inverse, y)

    def slopes(rule, k, x_k, y):
        y_k = rule.factor * quotient(x_k, rule.total, rule.inverse, y)
        if 0 <= rule.label - k < lanes_of(x_k):
            y_k = with_lane(y_k, rule.label - k, rule.at_label)
        return y_k

    def log_shares(rule, k, x_k, y):
        return 0.0 - surprise(rule.log_sum, x_k, rule.units)

    return {Division: quotients, Slopes: slopes, LogShares: log_shares}[rule.instance_class]


@inline
def section(pending, start, stop, streams):
    """Some of what is pending."""
    x, y = pending.x, pending.y
    return Pending(
        pending.rule,
        row_at(x, start * x.itemsize, stop - start),
        row_at(y, start * y.itemsize, stop - start),
        pending.start + start,
        streams,
    )


def none_of(pending):
    """Nothing of what is pending."""
    raise NotImplementedError  # the overload stands for it in compiled code


@overload(none_of, jit_options=INLINED)
def _none_of(pending):
    if pending is types.none:
        return lambda pending: None
    return lambda pending: section(pending, pending.y.size, pending.y.size, pending.streams)


@inline
def write_vector(pending, j, rooms):
    y_j = result(pending.rule, pending.start + j, load(pending.x, j, rooms), pending.y)
    if pending.streams:
        stream(pending.y, j, rounded_to(y_j, pending.y))
    else:
        put(pending.y, j, y_j)


@function
def write_all(pending, rooms):
    on_its_own()
    for j in range(0, pending.y.size, lanes_of(rooms)):
        write_vector(pending, j, rooms)


@inline
def ask_for_ends(y, streams, rooms):
    """Ask for what `ends_written` will write."""
    if streams:
        will_write(y, 0, rooms)
        will_write(y, (y.size - 1) * y.itemsize, rooms)


@inline
def ends_written(pending, rooms):
    """What is still pending when, of results larger than the caches, the ends are written.

    Such results go past the caches in whole cache lines, which then need not be read first. The
    ends are no whole lines.
    """
    streams = pending.streams
    if not streams:
        return pending
    size, lanes = pending.y.size, lanes_of(rooms)
    first = min(until_aligned(pending.y), size)
    last = first + (size - first) // lanes * lanes
    lead = min(first + LEAD_BYTES // pending.y.itemsize, last)
    write_all(section(pending, pending.start, first, not streams), rooms)
    write_all(section(pending, last, size, not streams), rooms)
    write_all(section(pending, first, lead, streams), rooms)
    return section(pending, lead, last, streams)


@function
def exponentials(x, e, pending, ahead, end, scale, units, rooms):
    """e_k, kept in `e` if that has room, with their sum and the largest logit as far as lanes go.

    Meanwhile what is left of another row is written, and the memory is asked for that is `ahead`
    bytes on.
    """
    on_its_own()
    lanes = lanes_of(rooms)
    sums = nothing(rooms)
    top = as_number_of(spread(-math.inf, rooms), x)
    for j in range(0, x.size, lanes):
        if ahead:
            will_read(x, j * x.itemsize + ahead, rooms)
        x_j = load(x, j, rooms)
        top = select(x_j > top, x_j, top)
        e_j = exponential(x_j, scale, units)
        if (
            pending is not None and j < pending.y.size
        ):  # before e, which it may be in, is overwritten
            if not pending.streams:
                will_write(pending.y, j * pending.y.itemsize + ahead, rooms)
            write_vector(pending, j, rooms)
        if j < e.size:
            store(e, j, e_j)
        sums = add(sums, e_j, j // lanes, end)
    return sums, top


class Pass(NamedTuple):
    """What one pass over the logits has found."""

    sums: Sum
    top: float  # the largest logit of each row, in every lane of it
    scale: float
    guess: bool  # whether one would have done: the next may be guessed


@inline
def run_through(x, e, pending, ahead, tile, guess, units, rooms, copies):
    """The exponentials, by a guess of the largest logit if one would have done before."""
    end = end_of_block(tile, x, rooms)
    scale = guessed_scale(units, rooms)
    if not guess:
        scale = scale_for(largest(x, tile, rooms, copies), units)
    sums, top = exponentials(x, e, pending, ahead, end, scale, units, rooms)
    if tile.step == 1:
        top = largest_of_lanes(top)
    guessed = guess
    guess = not any_lane((top < units.low) | (top > units.high))
    top = as_type_of(top, rooms)
    if guessed and not guess:
        scale = scale_for(top, units)
        done = none_of(pending)
        sums, _ = exponentials(x, e, done, ahead, end, scale, units, rooms)
    return Pass(sums, top, scale, guess)


@function
def below_top(x, e, top, end, scale, units, rooms):
    """Σ e_j over the classes below the maximum and how many attain it, as far as lanes go.

    Where `e` has room, they are there, but for those past the end.
    """
    on_its_own()
    lanes = lanes_of(rooms)
    below = nothing(rooms)
    ties = spread(0.0, rooms)
    for j in range(0, x.size, lanes):
        x_j = load(x, j, rooms)
        is_top = as_type_of(x_j, rooms) == top
        e_j = load(e, j, rooms) if j + lanes <= e.size else exponential(x_j, scale, units)
        below = add(below, select(is_top, 0.0, e_j), j // lanes, end)
        ties = ties + select(is_top, spread(1.0, rooms), 0.0)
    return below, ties


@function
def rest_apart(x, e, top, e_max, scale, tile, units, rooms, index, copies):
    """The rest, added up on its own, and the total made of it."""
    on_its_own()
    sums, ties = below_top(x, e, top, end_of_block(tile, x, rooms), scale, units, rooms)
    if tile.step == 1:
        ties = sum_of_lanes(ties)
    below = total_except(sums, e, x, top, tile, rooms, index, copies)
    rest, lost = two_sum(below.high, (ties - 1.0) * e_max)
    high, low = two_sum(e_max, rest)
    lost = lost + below.low
    return rest + lost, Total(high, low + lost)


@inline
def summarise(x, e, pending, ahead, tile, guess, units, rooms, index, copies):
    """The summary of the rows of a tile, and whether to guess the largest logit of the next.

    Where the maximum is a small share of the total, `rest` is what that is without it. Where it is
    a large one, the digits of `rest` are lost in the total, and it is added up on its own.
    """
    found = run_through(x, e, pending, ahead, tile, guess, units, rooms, copies)
    top, scale = found.top, found.scale
    no_class = spread(math.nan, rooms)
    total = total_except(found.sums, e, x, no_class, tile, rooms, index, copies)
    e_max = exponential(as_number_of(top, x), scale, units)
    rest, lost = two_sum(total.high, -e_max)
    rest = rest + (lost + total.low)
    leads = rest < total.high * units.share
    if any_lane(leads):
        apart, its = rest_apart(x, e, top, e_max, scale, tile, units, rooms, index, copies)
        rest = select(leads, apart, rest)
        total = Total(select(leads, its.high, total.high), select(leads, its.low, total.low))
    rest = select(rest < total.high * units.least, 0.0, rest)
    return Summary(top, e_max, rest, total, 1.0 / total.high), found.guess
