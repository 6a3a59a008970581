"""Whole rows taken flat: the numbers of a tile of rows are one string, whatever the class count.

For float32, for whose results float64 has range and digits to spare: there is then no maximum to be
found before the exponentials are taken, and no row is cut to vectors. A row that is out of the
ordinary (NaN, an infinity, a sum that float64 has no room for) is marked as odd, and left to the
kernels that count from its maximum.

A tile is as many rows as a vector has lanes, so that it is whole vectors and the ends of all its
rows are brought together at once; fewer where they are long, so that a tile fits a first cache.
Rows that are neighbours class by class (classes on an axis in the middle) are a string for each
class. Each row adds up class k to the others of k modulo the lanes, then the lanes half by half: so
its sum has the same bits in either order.
"""

import math
from typing import NamedTuple

from .exp import exponential, guessed_scale
from .memory import (
    as_number_of,
    load,
    number,
    room,
    row_at,
    row_or_room,
    spaced_at,
    store,
    will_read,
    will_write,
)
from .rooms import EXPONENTIALS, LANE_TOTALS, LANES, NUMBERS, TERMS
from .rows import LogSum, surprise
from .sizes import CACHE_LINE, MOST_NUMBERS
from .tiles import put
from .vector import (
    any_lane,
    as_type_of,
    function,
    inline,
    lanes_below,
    lanes_of,
    largest_of_vectors,
    on_its_own,
    select,
    spread,
    sums_of_vectors,
)

AHEAD_BYTES = 4096  # how long before they are reached numbers are asked for
# Logits are held to ±700. What is held so in a row of which the sum is in range is nothing beside
# the others, and the sum of any row has room.
LEAST, MOST = math.exp(-580.0), math.exp(580.0)


class Tile(NamedTuple):
    """Rows [outer, :, inner : inner + rows] of an array of shape (outer, classes, inner)."""

    first: int  # r of the first of them
    outer: int
    inner: int
    rows: int
    classes: int
    across: bool  # whether they are taken as a string for each class


class Strings(NamedTuple):
    """Numbers to work on: strings of them, where they are or in a room."""

    numbers: float
    how_many: int
    size: int
    step: int  # from one to the next, in bytes


@inline
def is_across(array):
    """Whether the same class of neighbouring rows are neighbours in memory."""
    return array.strides[2] == array.itemsize and array.shape[2] > 1


@inline
def tile_at(values, where, out, r, stop, rooms, copies):
    """The tile that begins with row r, of the rows before `stop`."""
    classes, inner = values.shape[1], values.shape[2]
    begin = r % inner
    rows = min(stop - r, lanes_of(rooms), max(1, MOST_NUMBERS // classes))
    across = False
    if copies is not None:
        across = where.size == 0 and is_across(values) and (out.size == 0 or is_across(out))
        if across:
            rows = min(stop - r, lanes_of(rooms), inner - begin)
    return Tile(r, r // inner, begin, rows, classes, across)


@inline
def row_of(array, tile, lane):
    """The (outer, inner) of a row of a tile, which may begin near the end of an outer part."""
    inner = tile.inner + lane
    past = inner // array.shape[2]
    return tile.outer + past, inner - past * array.shape[2]


@inline
def row_offset(array, tile, lane):
    """Where a row of a tile begins in an array, in bytes."""
    outer, inner = row_of(array, tile, lane)
    return outer * array.strides[0] + inner * array.strides[2]


@inline
def in_place(array, tile):
    """Whether the numbers of a tile are such strings in an array itself."""
    outer, _, inner = array.shape
    row = array.strides[2] if inner > 1 else array.strides[0]
    end_to_end = row == tile.classes * array.itemsize and (
        outer == 1 or inner == 1 or array.strides[0] == inner * row
    )
    neighbours = array.strides[1] == array.itemsize or tile.classes == 1
    return tile.across or (neighbours and (end_to_end or tile.rows == 1))


@inline
def strings(array, tile, index, is_own, rooms):
    """The strings of a tile, the array's own or those of a room."""
    offset = row_offset(array, tile, 0)
    kept = room(rooms, index, tile.classes * lanes_of(rooms), array)
    numbers = row_or_room(array, offset, kept, is_own)
    if tile.across:
        step = array.strides[1] if is_own else lanes_of(rooms) * array.itemsize
        return Strings(numbers, tile.classes, tile.rows, step)
    return Strings(numbers, 1, tile.rows * tile.classes, 0)


@function
def copy_in(values, where, tile, x, rooms):
    """Bring the rows of a tile end to end, −inf where the mask leaves no class."""
    lanes = lanes_of(rooms)
    for lane in range(tile.rows):
        offset, first = row_offset(values, tile, lane), lane * tile.classes
        if where.size == 0 and values.strides[1] == values.itemsize:
            row = row_at(values, offset, tile.classes)
            for j in range(0, tile.classes, lanes):
                put(x, first + j, load(row, j, rooms))  # beyond its end comes the next
        else:
            spaced = spaced_at(values, offset, tile.classes, values.strides[1])
            for k in range(tile.classes):
                x[first + k] = number(spaced[k])
        if where.size:
            outer, inner = row_of(values, tile, lane)
            for k in range(tile.classes):
                if not where[outer, k, inner]:
                    x[first + k] = -math.inf


@inline
def read(values, where, tile, rooms, copies):
    """The logits of a tile."""
    is_own = copies is None or (where.size == 0 and in_place(values, tile))
    x = strings(values, tile, NUMBERS, is_own, rooms)
    if not is_own:
        copy_in(values, where, tile, x.numbers, rooms)
    return x


@function
def copy_out(y, odd, out, tile, rooms):
    """Bring rows to their places, but for the odd ones, whose logits may be there."""
    for lane in range(tile.rows):
        if not odd[tile.first + lane]:
            offset = row_offset(out, tile, lane)
            if out.strides[1] == out.itemsize:
                own = row_at(y, lane * tile.classes * y.itemsize, tile.classes)
                row = row_at(out, offset, tile.classes)
                for j in range(0, tile.classes, lanes_of(rooms)):
                    put(row, j, load(own, j, rooms))
            else:
                spaced = spaced_at(out, offset, tile.classes, out.strides[1])
                for k in range(tile.classes):
                    spaced[k] = y[place_of(tile, lane, k, rooms)]


@inline
def place_of(tile, lane, k, rooms):
    """Where class k of a row stands in a room."""
    return k * lanes_of(rooms) + lane if tile.across else lane * tile.classes + k


@inline
def room_of_e(tile, rooms):
    """The room of the exponentials."""
    lanes = lanes_of(rooms)
    return room(rooms, EXPONENTIALS, tile.classes * (lanes if tile.across else tile.rows), rooms)


@inline
def held_exponential(x, scale, units):
    """exp(x / temperature), held to where float64 has room."""
    most = as_number_of(spread(-units.reach_of_guess, scale.lowest), x)
    return exponential(select(x > most, most, x), scale, units)


@function
def exponentials(x, e, units, rooms):
    """e_k of every number."""
    on_its_own()
    lanes = lanes_of(rooms)
    scale = guessed_scale(units, rooms)
    ahead = AHEAD_BYTES if x.how_many == 1 else 2 * CACHE_LINE
    for i in range(x.how_many):
        x_i = row_at(x.numbers, i * x.step, x.size)
        e_i = row_at(e, i * lanes * e.itemsize, e.size - i * lanes)
        for j in range(0, x.size, lanes):
            will_read(x_i, j * x_i.itemsize + ahead, rooms)
            store(e_i, j, held_exponential(load(x_i, j, rooms), scale, units))


@inline
def take(values, where, out, r, stop, units, rooms, copies):
    """The tile that begins with row r, its logits and their exponentials."""
    tile = tile_at(values, where, out, r, stop, rooms, copies)
    x = read(values, where, tile, rooms, copies)
    e = room_of_e(tile, rooms)
    exponentials(x, e, units, rooms)
    return tile, x, e


@function
def totals_along(e, tile, rooms):
    """Σ e_k of rows end to end."""
    on_its_own()
    lanes = lanes_of(rooms)
    sums = room(rooms, LANE_TOTALS, lanes * lanes, rooms)
    whole = tile.classes // lanes * lanes
    at_end = lanes_below(tile.classes - whole, rooms)
    for lane in range(tile.rows):
        first = lane * tile.classes
        total = spread(0.0, rooms)
        for j in range(first, first + whole, lanes):
            total = total + load(e, j, rooms)
        if whole < tile.classes:
            total = total + select(at_end, load(e, first + whole, rooms), 0.0)
        store(sums, lane * lanes, total)
    return sums_of_vectors(sums, rooms)


@function
def totals_across(e, tile, rooms):
    """Σ e_k of rows side by side, in the same order."""
    on_its_own()
    lanes = lanes_of(rooms)
    sums = room(rooms, LANE_TOTALS, lanes * lanes, rooms)
    for lane in range(lanes):
        total = spread(0.0, rooms)
        for k in range(lane, tile.classes, lanes):
            total = total + load(e, k * lanes, rooms)
        store(sums, lane * lanes, total)
    half = lanes // 2
    while half:
        for lane in range(half):
            both = load(sums, lane * lanes, rooms) + load(sums, (lane + half) * lanes, rooms)
            store(sums, lane * lanes, both)
        half //= 2
    return load(sums, 0, rooms)


@inline
def totals(e, tile, rooms, copies):
    """Σ e_k of each row, in its lane."""
    if copies is not None and tile.across:
        return totals_across(e, tile, rooms)
    return totals_along(e, tile, rooms)


@function
def tops_along(x, tile, rooms):
    """max x_k of rows end to end."""
    on_its_own()
    lanes = lanes_of(rooms)
    tops = room(rooms, LANE_TOTALS, lanes * lanes, x)
    none = as_number_of(spread(-math.inf, rooms), x)
    whole = tile.classes // lanes * lanes
    at_end = lanes_below(tile.classes - whole, rooms)
    for lane in range(tile.rows):
        first = lane * tile.classes
        top = none
        if whole < tile.classes:
            top = select(at_end, load(x, first + whole, rooms), none)
        for j in range(first, first + whole, lanes):
            x_j = load(x, j, rooms)
            top = select(x_j > top, x_j, top)
        store(tops, lane * lanes, top)
    return largest_of_vectors(tops, rooms)


@function
def tops_across(x, rooms):
    """max x_k of rows side by side."""
    on_its_own()
    top = as_number_of(spread(-math.inf, rooms), x.numbers)
    for k in range(x.how_many):
        x_k = load(row_at(x.numbers, k * x.step, x.size), 0, rooms)
        top = select(x_k > top, x_k, top)
    return top


class Parts(NamedTuple):
    """What the rows of a tile are made of, a row in each lane."""

    top: float  # the largest logit
    e_max: float  # its exponential
    rest: float  # Σ e_k over all classes but one that attains it
    total: float


@function
def take_tops(e, x, top, leads, tile, rooms):
    """Take the exponential of the largest logit out of e, in the rows that it leads."""
    lanes = lanes_of(rooms)
    kept = room(rooms, LANES, lanes, rooms)
    tops = room(rooms, LANE_TOTALS, lanes, x.numbers)
    store(kept, 0, select(leads, spread(1.0, rooms), 0.0))
    store(tops, 0, top)
    step = x.step // x.numbers.itemsize
    for lane in range(tile.rows):
        if kept[lane] > 0.0:
            k, first = 0, lane * tile.classes
            if tile.across:
                while k < tile.classes - 1 and x.numbers[k * step + lane] != tops[lane]:
                    k += 1
            else:
                while k < tile.classes - 1 and x.numbers[first + k] != tops[lane]:
                    k += 1
            e[place_of(tile, lane, k, rooms)] = 0.0


@inline
def parts_of(x, e, tile, units, rooms, copies):
    """Where the maximum is a large share of the total, the rest are added up without it."""
    total = totals(e, tile, rooms, copies)
    if copies is not None and tile.across:
        top = tops_across(x, rooms)
    else:
        top = tops_along(row_at(x.numbers, 0, x.size), tile, rooms)
    e_max = held_exponential(top, guessed_scale(units, rooms), units)
    rest = total - e_max
    leads = rest < total * units.share
    if any_lane(leads):
        take_tops(e, x, top, leads, tile, rooms)
        rest = select(leads, totals(e, tile, rooms, copies), rest)
    rest = select(rest < total * units.least, 0.0, rest)
    return Parts(as_type_of(top, rooms), e_max, rest, total)


@inline
def in_range(x):
    """Whether numbers are in the ordinary."""
    return (x > LEAST) & (x < MOST)


@function
def mark(is_ordinary, odd, tile, rooms):
    """Mark the odd rows of a tile, and count them."""
    on_its_own()
    is_odd = select(is_ordinary, spread(0.0, rooms), 1.0)
    if not any_lane((is_odd > 0.0) & lanes_below(tile.rows, rooms)):
        return 0
    kept = room(rooms, LANE_TOTALS, lanes_of(rooms), rooms)
    store(kept, 0, is_odd)
    count = 0
    for lane in range(tile.rows):
        if kept[lane] > 0.0:
            odd[tile.first + lane] = True
            count += 1
    return count


@inline
def target_of(out, tile, count, rooms):
    """Where to put results: in place unless some rows are odd, which may hold their logits yet."""
    return strings(out, tile, TERMS, count == 0 and in_place(out, tile), rooms)


@inline
def write(out, y, odd, count, tile, rooms, copies):
    """Bring results that were not put in place there."""
    if count > 0 or (copies is not None and not in_place(out, tile)):
        copy_out(y.numbers, odd, out, tile, rooms)


@function
def products_along(e, factors, y, tile, rooms):
    """factor · e_k, of rows end to end: what goes beyond a row is overwritten by the next."""
    on_its_own()
    lanes = lanes_of(rooms)
    of_rows = room(rooms, LANE_TOTALS, lanes, rooms)
    store(of_rows, 0, factors)
    for lane in range(tile.rows):
        factor = spread(of_rows[lane], rooms)
        first = lane * tile.classes
        for j in range(first, first + tile.classes, lanes):
            will_write(y, j * y.itemsize + AHEAD_BYTES, rooms)
            put(y, j, factor * load(e, j, rooms))


@function
def products_across(e, factors, y, rooms):
    """The same of rows side by side."""
    on_its_own()
    for k in range(y.how_many):
        y_k = row_at(y.numbers, k * y.step, y.size)
        put(y_k, 0, factors * load(e, k * lanes_of(rooms), rooms))


@inline
def products(e, factors, y, tile, rooms, copies):
    """y_k = factor · e_k."""
    if copies is not None and tile.across:
        products_across(e, factors, y, rooms)
    else:
        products_along(e, factors, row_at(y.numbers, 0, y.size), tile, rooms)


@function
def shares_along(of_rows, x, y, tile, units, rooms):
    """log p_k of rows end to end, of no less than a vector. The logits may be where y is."""
    on_its_own()
    lanes = lanes_of(rooms)
    kept = room(rooms, LANE_TOTALS, 2 * lanes, rooms)
    store(kept, 0, of_rows.top)
    store(kept, lanes, of_rows.log1p_rest)
    for lane in range(tile.rows):
        row = LogSum(spread(kept[lane], rooms), spread(kept[lanes + lane], rooms))
        first = lane * tile.classes
        last = first + tile.classes - lanes
        at_end = load(x, last, rooms)  # some of which is also in the vector before
        for j in range(first, last, lanes):
            put(y, j, 0.0 - surprise(row, load(x, j, rooms), units))
        put(y, last, 0.0 - surprise(row, at_end, units))


@function
def shares_across(of_rows, x, y, units, rooms):
    """The same of rows side by side."""
    on_its_own()
    for k in range(x.how_many):
        x_k = load(row_at(x.numbers, k * x.step, x.size), 0, rooms)
        put(row_at(y.numbers, k * y.step, y.size), 0, 0.0 - surprise(of_rows, x_k, units))


@inline
def shares(of_rows, x, y, tile, units, rooms, copies):
    """y_k = log p_k."""
    if copies is not None and tile.across:
        shares_across(of_rows, x, y, units, rooms)
    else:
        own, its = row_at(x.numbers, 0, x.size), row_at(y.numbers, 0, y.size)
        shares_along(of_rows, own, its, tile, units, rooms)
