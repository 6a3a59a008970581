"""Which arrays are taken, the type they are computed in, and how an axis splits them into rows."""

import math
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _check

HALF_TYPES = ("float16", "bfloat16")
NATIVE = {np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.float16)}


def as_floating(values: object, name: str) -> tuple[NDArray[Any], np.dtype[Any]]:
    """An array as the kernels take it, aligned and in native order, and the type of results.

    Integers and booleans are float64.
    """
    if type(values) is np.ndarray and values.dtype in NATIVE and values.flags.aligned:
        return values, values.dtype
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(values, torch.Tensor):
        raise TypeError(f"{name} is a PyTorch tensor; pass {name}.numpy(force=True)")
    array = _check.array(values, name)
    if array.dtype.kind in "iub":
        return array.astype(np.float64), np.dtype(np.float64)
    native = array.dtype.newbyteorder("=")
    if native not in (np.float32, np.float64) and native.name not in HALF_TYPES:
        raise TypeError(
            f"{name} must hold float16, bfloat16, float32, float64, integers or booleans, "
            f"got {_check.described(array)}"
        )
    return array.astype(native, copy=not array.flags.aligned), native


def loss_type(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The type that is computed in, and that losses come back in: float32 or float64."""
    return np.dtype(np.float64 if dtype == np.float64 else np.float32)


def rows_shape(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that is left when the axes of the classes are gone: an entry for each row."""
    return tuple(size for axis, size in enumerate(shape) if axis not in axes)


def as_rows(array: NDArray[Any], axes: tuple[int, ...]) -> NDArray[Any]:
    """(rows, classes), or (outer, classes, inner) for an axis in the middle; a view if possible."""
    shape = array.shape
    if len(axes) == 1:
        (axis,) = axes
        if axis == len(shape) - 1 and axis < 2:
            return array if axis else array[np.newaxis]
        outer, inner = math.prod(shape[:axis]), math.prod(shape[axis + 1 :])
        rows = (outer, shape[axis]) if inner == 1 else (outer, shape[axis], inner)
        return array.reshape(rows)
    moved = classes_last(array, axes)
    return moved.reshape(
        math.prod(rows_shape(shape, axes)), math.prod(shape[axis] for axis in axes)
    )


def classes_last(array: NDArray[Any], axes: tuple[int, ...]) -> NDArray[Any]:
    return np.moveaxis(array, axes, range(-len(axes), 0))


def write_rows(rows: NDArray[Any], axes: tuple[int, ...], out: NDArray[Any]) -> NDArray[Any]:
    """Put what `as_rows` took apart into `out`, rounding to its type."""
    if len(axes) == 1:
        out[...] = rows.reshape(out.shape)
    else:
        moved = classes_last(out, axes)
        moved[...] = rows.reshape(moved.shape)
    return out


def output_rows(
    out: NDArray[Any], axes: tuple[int, ...], like: NDArray[Any]
) -> tuple[NDArray[Any], bool]:
    """Where a kernel writes its rows; and whether that is not `out` itself, but an array to be put
    into it by `write_rows`.

    A kernel reads a row before it writes that row, so `out` may be its input, but not an array that
    overlaps it otherwise; and it stores whole cache lines, which an array must be aligned for.
    """
    rows = as_rows(out, axes)
    is_view = len(axes) == 1 and out.flags.carray
    if not is_view and not (out.flags.aligned and np.may_share_memory(rows, out)):
        return np.empty(like.shape, like.dtype), True
    if overlaps(rows, like):
        return np.empty(like.shape, like.dtype), True
    return rows, False


def output_elements(out: NDArray[Any], like: NDArray[Any]) -> tuple[NDArray[Any], bool]:
    """The same for a kernel that goes by elements, whose input `like` is flat."""
    flat = out.reshape(-1)
    if not out.flags.carray or overlaps(flat, like):
        return np.empty(like.shape, like.dtype), True
    return flat, False


def overlaps(out: NDArray[Any], like: NDArray[Any]) -> bool:
    """Whether the arrays share memory, other than by being the same."""
    if not np.may_share_memory(out, like):
        return False
    same = address_of(out) == address_of(like) and out.strides == like.strides
    return not same and np.shares_memory(out, like)


def repeated(value: float, count: int) -> NDArray[Any]:
    """An array that is one number everywhere and takes no memory; not to be written to."""
    one = np.array(value)
    return np.ndarray((count,), one.dtype, one, 0, (0,))


def address_of(array: NDArray[Any]) -> int:
    return int(array.__array_interface__["data"][0])


def checked_output(out: object, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """`out` if it fits the result, or a new array."""
    if out is None:
        return np.empty(shape, dtype)
    if not isinstance(out, np.ndarray):
        raise TypeError(f"out must be a NumPy array, got {_check.described(out)}")
    if out.shape != shape or out.dtype != dtype:
        raise ValueError(f"out must be {dtype} with shape {shape}, got {_check.described(out)}")
    if not out.flags.writeable:
        raise ValueError("out is read-only")
    return out
