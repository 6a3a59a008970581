"""From the contract's arrays to the compiled kernels: arranged, typed, and shared among threads."""

import math
import threading
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._arrays import address_of
from ..._settings import current_accuracy
from .. import Logits, Target
from .entries import Entry
from .rooms import ROOMS
from .sizes import CACHE_LINE, MOST_NUMBERS, NARROW, VECTOR_BITS, WHERE_FAST_IS_SLOWER
from .threads import WORTH_SHARING, over_rows
from .units import units_for

Array = NDArray[Any]

LANES: dict[type, int] = {
    compute: VECTOR_BITS // 8 // np.dtype(compute).itemsize for compute in (np.float32, np.float64)
}
# A result of this size would be out of the caches again before anybody read it; but to write the
# ends of a row, which are no whole cache lines, past them costs more than short rows gain.
STREAMED_BYTES = 8 << 20
STREAMED_ROW_BYTES = 8 << 10

KEPT_BYTES = 1 << 20
COPIES = 1  # what a kernel is told that may meet tiles to be copied; None is another form
NO_MARKS: NDArray[np.bool_] = np.empty(0, np.bool_)  # no row is left
# The bits of the half types, which Numba does not know: unsigned stands for float16.
STORED = {"float16": np.uint16, "bfloat16": np.int16}


def stored(array: Array) -> Array:
    """The array as kernels take it."""
    if array.dtype.itemsize != 2:
        return array
    return array.view(STORED[array.dtype.name])


def arranged(array: Array) -> Array:
    """(rows, classes) or (outer, classes, inner) as (outer, classes, inner), without a copy."""
    array = stored(array)
    if array.ndim == 3:
        return array
    if array.shape[1] <= NARROW:
        return array.T[np.newaxis]
    return array[:, :, np.newaxis]


def count_of(values: Array) -> int:
    """How many rows there are."""
    return math.prod(values.shape[::2])


def with_masses(target: Target, logits: Array) -> Target:
    """Masses as kernels take them: in float64, beside float32 in either type."""
    if target.classes.ndim == 1:
        return target
    masses = target.classes
    if logits.dtype != np.float32:
        masses = masses.astype(np.float64, copy=False)
    return target._replace(classes=arranged(masses))


def as_number(target: Array) -> Array:
    """The targets of elements in float32 or float64, which the half types fit in."""
    wide = np.float32 if target.dtype.itemsize == 2 else target.dtype
    return np.ascontiguousarray(target, wide)


def arithmetic(storage: np.dtype[Any]) -> type:
    """What to compute in: one step wider than the storage, unless results may be fast."""
    if storage.itemsize == 8:
        return np.float64
    return np.float32 if storage.itemsize == 2 or current_accuracy() == "fast" else np.float64


def are_rows(array: Array) -> bool:
    """Whether the classes of each row are neighbours."""
    return array.strides[1] == array.itemsize or array.size == 0


def is_string(array: Array) -> bool:
    """Whether all rows lie end to end."""
    return bool(array.transpose(0, 2, 1).flags.c_contiguous)


class _Kept(threading.local):
    """The scratch of a thread: rooms that its next call can use again, by type."""

    def __init__(self) -> None:
        self.rooms = {(compute, wide): np.empty((0, 0)) for compute in LANES for wide in (0, 1)}


_kept = _Kept()


def scratch(width: int, compute: type) -> Array:
    """Rooms for a kernel, at least so wide: for small calls never more than they have room for."""
    key = compute, width > MOST_NUMBERS
    rooms = _kept.rooms[key]
    if rooms.shape[1] < width:
        rooms = lines(ROOMS, max(width, MOST_NUMBERS), compute)
        if rooms.nbytes <= KEPT_BYTES:
            _kept.rooms[key] = rooms
    return rooms


def lines(rows: int, width: int, dtype: np.dtype[Any] | type) -> Array:
    """Rows of at least so many numbers, made of whole cache lines: no vector then lies in one line
    more than it must.
    """
    step = CACHE_LINE // np.dtype(dtype).itemsize
    width = -(-width // step) * step
    spare = np.empty(rows * width + step, dtype)
    start = -address_of(spare) // spare.itemsize % step
    return spare[start : start + rows * width].reshape(rows, width)


def is_streamed(result: Array) -> bool:
    """Whether to write a result past the caches."""
    row_bytes = result.shape[1] * result.itemsize
    return result.nbytes >= STREAMED_BYTES and row_bytes >= STREAMED_ROW_BYTES


def over_tiles(
    kernel: Entry,
    logits: Logits,
    tiled: Array,
    *arguments: Any,
    in_place: Entry | None = None,
    kind: Any = None,
    compute: type | None = None,
    marks: Array | None = None,
) -> None:
    """Run a kernel over all rows of the logits.

    Parameters
    ----------
    kernel : Entry
        Takes the parts of the logits, scratch, that tiles may have to be copied, the arguments,
        and the first and last row of a range.
    tiled : ndarray
        The result in the shape of the logits (`arranged`), which is one of the arguments.
    in_place : Entry, optional
        Does the same for wide rows that nothing masks or copies. It takes the logits, scratch,
        whether the result is too large for the caches, and the rest.
    kind
        Stands for the types of the arguments, where those of the logits do not tell.
    compute
        What to compute in, whatever `arithmetic` says.
    marks : ndarray of bool, optional
        The rows to run over, instead of all (`odd_of_flat_tiles`).
    """
    if marks is NO_MARKS:
        return
    values = logits.values
    is_far = not 1e-18 < logits.temperature < 1e18
    if is_far and values.dtype != np.float64:  # no room for what they are multiplied by
        logits = logits._replace(values=values.astype(np.float64))
        wide = np.empty(tiled.shape)
        wider = (wide if argument is tiled else argument for argument in arguments)
        over_tiles(kernel, logits, wide, *wider, in_place=in_place, kind=kind, compute=compute)
        if tiled.size:
            with np.errstate(over="ignore"):
                tiled.view(values.dtype)[...] = wide
        return
    values = arranged(values)
    where = arranged(logits.where)
    compute = arithmetic(values.dtype) if compute is None else compute
    units = units_for(logits.temperature, compute, values.itemsize)
    outer, classes, inner = values.shape
    lanes = LANES[compute]
    if inner == 1 and classes > NARROW:
        granule, width = 1, max(classes, 10 * lanes)
        is_in_place = where.size == 0 and are_rows(values) and are_rows(tiled)
    else:
        granule, width = lanes, max(classes, 2 * lanes) * lanes
        is_in_place = False
    before: tuple[Any, ...] = values, where, units
    if is_in_place and in_place is not None:
        kernel, before = in_place, (values, units)
        after = is_streamed(tiled), *arguments
    else:
        after = COPIES, *arguments
    key = values.dtype.char, tiled.dtype.char, compute, kind
    rooms = scratch(width, compute)
    form = kernel.form(key, (*before, rooms, *after))
    if values.size < WORTH_SHARING and marks is None:
        form(*before, rooms, *after, 0, outer * inner)
        return

    def run(start: int, stop: int) -> None:
        for first, last in marked(marks, start, stop):
            form(*before, scratch(width, compute), *after, first, last)

    over_rows(run, outer * inner, values.size, granule)


def marked(marks: Array | None, start: int, stop: int) -> Iterable[tuple[int, int]]:
    """The ranges of rows from start to stop that are marked: all of them without marks."""
    if marks is None:
        return [(start, stop)]
    edges = np.flatnonzero(np.diff(marks[start:stop], prepend=False, append=False)) + start
    return zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def odd_of_flat_tiles(
    kernel: Entry,
    logits: Logits,
    tiled: Array,
    *arguments: Any,
    span: range,
    kind: Any = None,
) -> Array | None:
    """Run a kernel over all rows of the logits, taken flat, and mark those that it leaves out.

    None if no row is taken flat, because of its type or of a number of classes beyond `span`.

    The kernel takes the parts of the logits, scratch, the marks, whether tiles may have to be
    copied, the arguments, and the first and last row of a range.
    """
    values, classes = logits.values, logits.values.shape[1]
    if values.dtype != np.float32 or (tiled.size and tiled.dtype != values.dtype):
        return None
    if arithmetic(values.dtype) is not np.float64 and classes not in WHERE_FAST_IS_SLOWER:
        return None
    if not (1e-18 < logits.temperature < 1e18 and classes in span):
        return None
    values = arranged(values)
    where = arranged(logits.where)
    copies = None if where.size == 0 and is_string(values) and is_string(tiled) else COPIES
    rows, lanes = values.shape[0] * values.shape[2], LANES[np.float64]
    marks = np.zeros(rows, np.bool_)
    units = units_for(logits.temperature, np.float64, values.itemsize)
    width = max(MOST_NUMBERS, classes * lanes if values.shape[2] > 1 else 0)
    after = marks, copies, *arguments
    key = tiled.dtype.char, copies, kind
    form = kernel.form(key, (values, where, units, scratch(width, np.float64), *after))

    def run(start: int, stop: int) -> None:
        form(values, where, units, scratch(width, np.float64), *after, start, stop)

    over_rows(run, rows, values.size, lanes)
    return marks if marks.any() else NO_MARKS


def over_elements(kernel: Entry, storage: Array, *arguments: Any, temperature: float = 1.0) -> None:
    """Run a kernel over all elements of flat arrays, of any storage types: in place of rooms it
    gets a typed nothing.
    """
    compute = arithmetic(storage.dtype)
    units = units_for(temperature, compute, storage.itemsize)
    values = stored(storage)
    token = np.empty(0, compute)
    key = compute, values.dtype, *(a.dtype for a in arguments if isinstance(a, np.ndarray))
    form = kernel.form(key, (values, units, token, *arguments))

    def run(start: int, stop: int) -> None:
        form(values, units, token, *arguments, start, stop)

    over_rows(run, values.size, values.size)
