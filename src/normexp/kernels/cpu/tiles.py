"""What a kernel works on at a time: one row cut into vectors, or a vector's worth of rows.

Where the classes are neighbours in memory, a tile is one row and a vector holds some of its
classes. Where they are not (classes on an axis in the middle), or a row is too short to fill a
vector, a tile is as many rows as a vector has lanes, side by side, and a vector holds one class of
all of them. The formulas are the same for both; only bringing lanes together differs.

A kernel reads and writes arrays in place where it can. It is compiled without all that it takes
to copy a tile, where `copies` is None. A mask is empty where there is none, so that one form of a
kernel serves both.
"""

import math
from typing import NamedTuple

from .memory import (
    is_number_type,
    load,
    number,
    numbers_at,
    room,
    rounded_to,
    row_at,
    row_or_room,
    spaced_at,
    store,
)
from .sizes import NARROW
from .transposition import chunk_in, chunk_length, chunk_out, string_in, string_out
from .vector import function, inline, lanes_of


class Tile(NamedTuple):
    """Rows [outer, :, inner : inner + rows] of an array of shape (outer, classes, inner)."""

    outer: int
    inner: int
    rows: int
    classes: int
    step: int  # from one class to the next in the scratch: 1, or the lanes of a vector
    size: int  # of the scratch: the classes, of as many rows as there are lanes


@inline
def tile_at(values, r, stop, rooms):
    """The tile that begins with row r, of the rows before `stop`."""
    classes, inner = values.shape[1], values.shape[2]
    if inner == 1 and classes > NARROW:
        return Tile(r, 0, 1, classes, 1, classes)
    lanes = lanes_of(rooms)
    begin = r % inner
    rows = inner - begin
    if rows > stop - r:
        rows = stop - r
    if rows > lanes:
        rows = lanes
    return Tile(r // inner, begin, rows, classes, lanes, classes * lanes)


@inline
def offset_of(array, tile):
    """Where in an array the tile begins, in bytes."""
    return tile.outer * array.strides[0] + tile.inner * array.strides[2]


@inline
def row_of(array, tile):
    """The one row of a tile, where it is."""
    return row_at(array, offset_of(array, tile), tile.classes)


@inline
def is_in_place(array, tile):
    """Whether the numbers of a tile stand in the array as they would in the scratch."""
    return is_number_type(array) and tile.step == 1 and array.strides[1] == array.itemsize


@inline
def put(y, j, value):
    """Store a vector of numbers, rounded to the type of an array or of the scratch."""
    store(y, j, rounded_to(value, y))


@inline
def lies_side_by_side(array, tile):
    """Whether the same class of neighbouring rows are neighbours in memory."""
    return tile.step > 1 and array.strides[2] == array.itemsize


@inline
def is_row_by_row(array, tile, x):
    """Whether a full tile of whole rows can be transposed in registers."""
    is_number = is_number_type(array) and x.itemsize == array.itemsize
    return is_number and tile.rows == tile.step and array.strides[1] == array.itemsize


@inline
def is_in_chunks(array, tile, x):
    """Whether such rows are as long as a chunk."""
    return is_row_by_row(array, tile, x) and tile.classes >= chunk_length(array)


@inline
def is_string(array, tile, x):
    """Whether such rows lie end to end."""
    return is_row_by_row(array, tile, x) and array.strides[2] == tile.classes * array.itemsize


@function
def copy_in(array, tile, x, rooms):
    """Bring the numbers of a tile from an array to the scratch."""
    start = offset_of(array, tile)
    lanes = lanes_of(rooms)
    if tile.step == 1 and array.strides[1] == array.itemsize:
        row = row_at(array, start, tile.classes)
        for j in range(0, tile.classes, lanes):
            put(x, j, load(row, j, rooms))
    elif lies_side_by_side(array, tile):
        for k in range(tile.classes):
            side_by_side = row_at(array, start + k * array.strides[1], tile.rows)
            put(x, k * lanes, load(side_by_side, 0, rooms))
    elif is_in_chunks(array, tile, x):
        last = tile.classes - chunk_length(array)
        for first in range(0, tile.classes, chunk_length(array)):
            k = min(first, last)  # the last chunk may overlap the one before
            begin = start + k * array.itemsize
            chunk_in(array, begin, array.strides[2], x, k * lanes, rooms)
    elif is_string(array, tile, x) and tile.classes == 2:
        string_in(array, start, x, 2, rooms)
    elif is_string(array, tile, x) and tile.classes == 3:
        string_in(array, start, x, 3, rooms)
    else:
        for lane in range(tile.rows):
            begin = start + lane * array.strides[2]
            spaced = spaced_at(array, begin, tile.classes, array.strides[1])
            for k in range(tile.classes):
                x[k * tile.step + lane] = number(spaced[k])


@function
def copy_out(array, tile, y, rooms):
    """Bring the numbers of a tile from the scratch to an array, rounded to its type."""
    start = offset_of(array, tile)
    lanes = lanes_of(rooms)
    if tile.step == 1 and array.strides[1] == array.itemsize:
        row = row_at(array, start, tile.classes)
        for j in range(0, tile.classes, lanes):
            put(row, j, load(y, j, rooms))
    elif lies_side_by_side(array, tile):
        for k in range(tile.classes):
            side_by_side = row_at(array, start + k * array.strides[1], tile.rows)
            put(side_by_side, 0, load(y, k * lanes, rooms))
    elif is_in_chunks(array, tile, y):
        last = tile.classes - chunk_length(array)
        for first in range(0, tile.classes, chunk_length(array)):
            k = min(first, last)
            begin = start + k * array.itemsize
            chunk_out(array, begin, array.strides[2], y, k * lanes, rooms)
    elif is_string(array, tile, y) and tile.classes == 2:
        string_out(array, start, y, 2, rooms)
    elif is_string(array, tile, y) and tile.classes == 3:
        string_out(array, start, y, 3, rooms)
    else:
        for lane in range(tile.rows):
            begin = start + lane * array.strides[2]
            spaced = spaced_at(array, begin, tile.classes, array.strides[1])
            for k in range(tile.classes):
                spaced[k] = rounded_to(y[k * tile.step + lane], array)


@inline
def read(array, tile, rooms, index, copies):
    """The numbers of a tile, in the array itself or in a room."""
    if copies is None:
        return numbers_at(array, offset_of(array, tile), tile.size)
    in_place = is_in_place(array, tile)
    x = row_or_room(array, offset_of(array, tile), room(rooms, index, tile.size, array), in_place)
    if not in_place:
        copy_in(array, tile, x, rooms)
    return x


@inline
def is_live(where, tile, k, lane):
    return where.size == 0 or where[tile.outer, k, tile.inner + lane]


@inline
def has_classes(where, tile, lane):
    """Whether the mask leaves a row any class."""
    if where.size == 0:
        return True
    some = False
    for k in range(tile.classes):
        some = some or is_live(where, tile, k, lane)
    return some


@inline
def read_logits(values, where, tile, rooms, index, copies):
    """The logits of a tile, −inf where the mask leaves no class."""
    if where.size == 0:
        return read(values, tile, rooms, index, copies)
    x = room(rooms, index, tile.size, values)
    copy_in(values, tile, x, rooms)
    for k in range(tile.classes):
        for lane in range(tile.rows):
            if not is_live(where, tile, k, lane):
                x[k * tile.step + lane] = -math.inf
    return x


@inline
def target_of(array, tile, rooms, index, copies):
    """Where to put the numbers of a tile that `write` will bring to the array."""
    if copies is None:
        return numbers_at(array, offset_of(array, tile), tile.size)
    in_place = is_in_place(array, tile)
    return row_or_room(
        array, offset_of(array, tile), room(rooms, index, tile.size, array), in_place
    )


@inline
def write(array, tile, y, rooms, copies):
    """Bring the numbers of a tile to their place in the array, if they are not there."""
    if copies is not None and not is_in_place(array, tile):
        copy_out(array, tile, y, rooms)


@inline
def fill_dead(where, tile, y, value):
    """Give every class of a row that the mask leaves none the same value."""
    if where.size:
        for lane in range(tile.rows):
            if not has_classes(where, tile, lane):
                for k in range(tile.classes):
                    y[k * tile.step + lane] = value
