"""The true values for whole arrays, in the next wider type, and how far a result is from them.

Rows that defeat a wider type are judged by mpmath, in `oracle`; here are the ordinary ones, fast.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .problem import Array, Problem

JUDGED = 1 << 21  # elements of an array that are compared with the truth at most
BLOCK = 1 << 20  # elements that are widened at a time


def wider(dtype: np.dtype[Any]) -> type[np.floating[Any]] | None:
    """A type with at least 11 more bits; None where this machine has none."""
    if dtype != np.float64:
        return np.float64
    return np.longdouble if np.finfo(np.longdouble).nmant >= 63 else None


def worst_ulps(work: str, p: Problem, result: Array) -> float | None:
    """The largest error of a result, in units in the last place of the type of the logits.

    Arrays are compared at evenly spaced entries of the first axis, a mean loss is that of all rows.
    """
    if wider(p.logits.dtype) is None:
        return None
    if work == "loss":
        losses = [row_values("loss", *block) for block in blocks(p)]
        true, got = np.concatenate(losses).mean(), result
    else:
        every = slice(None, None, max(1, p.logits.size // JUDGED))
        true = row_values(work, *rows_of(p, every))
        got = result[every] if p.logits.ndim > 1 else result
        if got.ndim == p.logits.ndim:
            got = rows(got, p.axis)
        true = true / p.target.size if work == "gradient" else true
    return float(ulps(np.ravel(got), np.ravel(true), p.logits.dtype).max())


def rows(values: Array, axis: int) -> Array:
    """(rows, classes)."""
    return np.moveaxis(values, axis, -1).reshape(-1, values.shape[axis])


def rows_of(p: Problem, part: slice) -> tuple[Array, Array]:
    """Some of the logits in the wider type, row by row, and their targets."""
    whole = p.logits.ndim == 1
    logits = rows(p.logits if whole else p.logits[part], p.axis)
    target = p.target if whole else p.target[part]
    return logits.astype(wider(p.logits.dtype)), target.reshape(-1, 1)


def blocks(p: Problem) -> Iterator[tuple[Array, Array]]:
    step = max(1, BLOCK * len(p.logits) // p.logits.size)
    return (rows_of(p, slice(i, i + step)) for i in range(0, len(p.logits), step))


def row_values(work: str, x: Array, target: Array) -> Array:
    """What the work gives for each row, the loss not yet reduced; nothing in it cancels."""
    leader = x.argmax(axis=1, keepdims=True)
    top = np.take_along_axis(x, leader, 1)
    e = np.exp(x - top)
    np.put_along_axis(e, leader, 0, 1)
    rest = e.sum(axis=1, keepdims=True)
    np.put_along_axis(e, leader, 1, 1)
    match work:
        case "softmax":
            values = e / (1 + rest)
        case "log_softmax":
            values = (x - top) - np.log1p(rest)
        case "logsumexp":
            values = top + np.log1p(rest)
        case "loss":
            values = (top - np.take_along_axis(x, target, 1)) + np.log1p(rest)
        case _:
            own = np.take_along_axis(e, target, 1)
            np.put_along_axis(e, target, -np.where(target == leader, rest, 1 + rest - own), 1)
            values = e / (1 + rest)
    return np.asarray(values)


def ulps(got: Array, true: Array, dtype: np.dtype[Any]) -> Array:
    """|got − true| in units in the last place that `true` has in a type."""
    least, digits = precision(dtype)
    _, exponent = np.frexp(true)
    spacing = np.ldexp(np.ones_like(true), np.maximum(exponent - 1, least) - digits)
    return np.asarray(np.abs(got.astype(true.dtype) - true) / spacing)


def precision(dtype: np.dtype[Any]) -> tuple[int, int]:
    """The least exponent of a type's normal numbers, and the bits after their first."""
    info: Any = np.finfo
    if dtype.name == "bfloat16":
        import ml_dtypes

        info = ml_dtypes.finfo
    return int(info(dtype).minexp), int(info(dtype).nmant)


def shown(ulp: float) -> str:
    """An error as it is written in tables."""
    if ulp >= 1e5:
        return f"{ulp:.0e}"
    return f"{ulp:.2f}" if ulp < 10 else f"{ulp:.0f}"
