"""Sums over the classes of a row, in an order that depends on their number alone.

Terms are added in blocks, and the blocks with compensation, so that no row loses digits to its
length. Class k is added to the others of k modulo the lanes; then the lanes are brought together,
half by half. Side by side the same terms are added in the same order, to the same bits. (Rows of
few classes, which are always side by side, are added from the first class to the last.)
"""

import math
from typing import NamedTuple

from .memory import is_wider, load, store
from .rooms import LANE_TOTALS
from .sizes import NARROW
from .vector import (
    absolute,
    as_type_of,
    function,
    inline,
    lanes_of,
    on_its_own,
    pair_of_lanes,
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


@inline
def nothing(rooms):
    zero = spread(0.0, rooms)
    return Sum(zero, zero, zero)


@inline
def end_of_block(tile, x, rooms):
    """The place of the last term of a lane's block: 0 makes every term a block, −1 none.

    Where the arithmetic has digits to spare, they do. Where it has none, a class that leads by far
    may swallow half a unit of every other that is added to it: with one other in its block, no more
    than that is lost. Rows of few classes put all in one lane.
    """
    if is_wider(rooms, x):
        return -1
    return 0 if tile.step > 1 and tile.classes <= NARROW else 1


@inline
def add(sums, term, count, end):
    """Add the term that follows `count` others, in blocks of a power of 2 that end at `end`."""
    block = sums.block + term
    if count & end == end:
        total, lost = two_sum(sums.total, block)
        return Sum(spread(0.0, block), total, sums.lost + lost)
    return Sum(block, sums.total, sums.lost)


@inline
def of_lanes(sums):
    """The sum of each lane."""
    high, low = two_sum(sums.total, sums.block)
    return Total(high, low + sums.lost)


@inline
def value_of(total):
    """The total as one number; an infinite one has no low part."""
    return select(absolute(total.high) < math.inf, total.high + total.low, total.high)


@inline
def added(x, y, plainly):
    """The sum of two totals."""
    if plainly:
        return Total(x.high + y.high, x.low)
    high, low = two_sum(x.high, y.high)
    return Total(high, low + (x.low + y.low))


def side_by_side(term):
    """A function for Σ_k term_k of rows that lie side by side, in the order of one row alone."""

    @function
    def total(of, like, tile, rooms, index):
        on_its_own()
        plainly = is_wider(rooms, like)
        end = end_of_block(tile, like, rooms)
        lanes = tile.step
        live = min(lanes, tile.classes)
        highs = rooms[index]
        lows = highs[lanes * lanes :]
        for lane in range(live):
            sums = nothing(rooms)
            for k in range(lane, tile.classes, lanes):
                sums = add(sums, term(of, k * lanes, rooms), k // lanes, end)
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
        low = spread(0.0, rooms) if plainly else load(lows, 0, rooms)
        return Total(load(highs, 0, rooms), low)

    return total


@inline
def is_wide_side_by_side(tile, copies):
    """Whether rows side by side have so many classes that each is added up in several lanes."""
    return copies is not None and tile.classes > NARROW and tile.step > 1


@inline
def of_all_lanes(sums, like, tile, rooms, copies):
    """The total in every lane of the row. Rows of few classes, side by side, have one lane each."""
    lanes = of_lanes(sums)
    if copies is not None and tile.step > 1:
        return lanes
    if is_wider(rooms, like):
        return Total(sum_of_lanes(value_of(lanes)), spread(0.0, rooms))
    high, low = pair_of_lanes(lanes.high, lanes.low)
    return Total(high, low)


@inline
def _below_top(of, j, rooms):
    terms, x, top = of
    is_top = as_type_of(load(x, j, rooms), rooms) == top
    return select(is_top, 0.0, load(terms, j, rooms))


_below_top_side_by_side = side_by_side(_below_top)


@inline
def total_except(sums, terms, x, top, tile, rooms, index, copies):
    """Σ terms_k over the classes with x_k ≠ top, in every lane of the row.

    `sums` has the sum of each lane.
    """
    if is_wide_side_by_side(tile, copies):
        return _below_top_side_by_side((terms, x, top), x, tile, rooms, index)
    return of_all_lanes(sums, x, tile, rooms, copies)


def sum_of(term):
    """A function for Σ_k term_k, in every lane of the row, that adds the terms as they come.

    `term(of, j, rooms)` computes those from place j of the tile on, in the arithmetic, from what is
    passed as `of`; 0 past the end.
    """
    of_rows_side_by_side = side_by_side(term)

    @function
    def of_each_lane(of, size, end, rooms):
        on_its_own()
        sums = nothing(rooms)
        for j in range(0, size, lanes_of(rooms)):
            sums = add(sums, term(of, j, rooms), j // lanes_of(rooms), end)
        return sums

    @inline
    def total(of, tile, rooms, copies):
        if is_wide_side_by_side(tile, copies):
            return value_of(of_rows_side_by_side(of, rooms, tile, rooms, LANE_TOTALS))
        sums = of_each_lane(of, tile.size, end_of_block(tile, rooms, rooms), rooms)
        return value_of(of_all_lanes(sums, rooms, tile, rooms, copies))

    return total


@inline
def stored(terms, j, rooms):
    """Terms that are not −inf, which is what a vector has past the end."""
    term = load(terms, j, rooms)
    return select(term == -math.inf, 0.0, term)


total_of = sum_of(stored)
