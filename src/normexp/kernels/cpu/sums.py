"""Sums over the classes of a row, in an order that depends on their number alone.

Terms are added in blocks, and the blocks with compensation, so that no row loses digits to its
length. Class k is added to the others of k modulo the lanes; then the lanes are brought together,
half by half. Side by side the same terms are added in the same order, to the same bits. (Rows of
few classes, which are always side by side, are added from the first class to the last.)
"""

import math
from typing import NamedTuple

from .memory import is_wider, load, store
from .tiles import NARROW
from .vector import (
    absolute,
    as_type_of,
    lanes_of,
    loop,
    on_its_own,
    pair_of_lanes,
    part,
    select,
    spread,
    sum_of_lanes,
    two_sum,
)


class Sum(NamedTuple):
    """A sum under way: the block, the blocks before it, and what adding those has lost."""

    block: float
    total: float
    lost: float


class Total(NamedTuple):
    """A sum in every lane of its row; and what it lacks, where nothing wider is computed in."""

    high: float
    low: float


@part
def nothing(rooms):
    zero = spread(0.0, rooms)
    return Sum(zero, zero, zero)


@part
def end_of_block(tile, x, rooms):
    """The place of the last term of a lane's block: 0 makes every term a block, −1 none.

    Where the arithmetic has digits to spare, they do. Where it has none, a class that leads by far
    may swallow half a unit of every other that is added to it: with one other in its block, no more
    than that is lost. Rows of few classes put all in one lane.
    """
    if is_wider(rooms, x):
        return -1
    return 0 if tile.step > 1 and tile.classes <= NARROW else 1


@part
def add(sums, term, count, end):
    """Add the term that follows `count` others, in blocks of a power of 2 that end at `end`."""
    block = sums.block + term
    if count & end == end:
        total, lost = two_sum(sums.total, block)
        return Sum(spread(0.0, block), total, sums.lost + lost)
    return Sum(block, sums.total, sums.lost)


@part
def of_lanes(sums):
    """The sum of each lane."""
    high, low = two_sum(sums.total, sums.block)
    return Total(high, low + sums.lost)


@part
def value_of(total):
    """The total as one number; an infinite one has no low part."""
    return select(absolute(total.high) < math.inf, total.high + total.low, total.high)


@part
def added(x, y, plainly):
    """The sum of two totals."""
    if plainly:
        return Total(x.high + y.high, x.low)
    high, low = two_sum(x.high, y.high)
    return Total(high, low + (x.low + y.low))


@loop
def _total_side_by_side(terms, x, top, tile, rooms, index):
    """The total of `total_except` where the lanes are rows."""
    on_its_own()
    plainly = is_wider(rooms, x)
    end = end_of_block(tile, x, rooms)
    lanes = tile.step
    live = min(lanes, tile.classes)
    highs = rooms[index]
    lows = highs[lanes * lanes :]
    for lane in range(live):
        sums = nothing(rooms)
        for k in range(lane, tile.classes, lanes):
            is_top = as_type_of(load(x, k * lanes, rooms), rooms) == top
            term = select(is_top, 0.0, load(terms, k * lanes, rooms))
            sums = add(sums, term, k // lanes, end)
        lane_total = of_lanes(sums)
        if plainly:
            store(highs, lane * lanes, value_of(lane_total))
        else:
            store(highs, lane * lanes, lane_total.high)
            store(lows, lane * lanes, lane_total.low)
    half = lanes // 2
    while half:
        for lane in range(min(half, live - half)):
            near, far = lane * lanes, (lane + half) * lanes
            both = added(
                Total(load(highs, near, rooms), load(lows, near, rooms)),
                Total(load(highs, far, rooms), load(lows, far, rooms)),
                plainly,
            )
            store(highs, near, both.high)
            if not plainly:
                store(lows, near, both.low)
        live = min(live, half)
        half //= 2
    return Total(load(highs, 0, rooms), spread(0.0, rooms) if plainly else load(lows, 0, rooms))


@part
def total_except(sums, terms, x, top, tile, rooms, index, copies):
    """Σ terms_k over the classes with x_k ≠ top, in every lane of the row.

    `sums` has the sum of each lane. That is all where rows of few classes are side by side.
    """
    if copies is not None and tile.classes > NARROW and tile.step > 1:
        return _total_side_by_side(terms, x, top, tile, rooms, index)
    lanes = of_lanes(sums)
    if copies is not None and tile.step > 1:
        return lanes
    if is_wider(rooms, x):
        return Total(sum_of_lanes(value_of(lanes)), spread(0.0, rooms))
    high, low = pair_of_lanes(lanes.high, lanes.low)
    return Total(high, low)


@loop
def _lane_by_lane(terms, end, rooms):
    on_its_own()
    sums = nothing(rooms)
    for j in range(0, terms.size, lanes_of(rooms)):
        term = load(terms, j, rooms)
        # Past the end there is −inf.
        term = select(term == -math.inf, 0.0, term)
        sums = add(sums, term, j // lanes_of(rooms), end)
    return sums


@part
def total_of(terms, tile, rooms, index, copies):
    """Σ terms_k, in every lane of the row, of terms that are not −inf."""
    sums = _lane_by_lane(terms, end_of_block(tile, terms, rooms), rooms)
    no_class = spread(math.nan, rooms)
    return value_of(total_except(sums, terms, terms, no_class, tile, rooms, index, copies))
