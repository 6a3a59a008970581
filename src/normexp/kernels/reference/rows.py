"""Rows of logits as matrices of float64, how logits are read, and results put where they belong."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..contract import Array, Logits

Matrix = NDArray[np.float64]


def rows(values: Array) -> Matrix:
    """(rows, classes), from that shape or from (outer, classes, inner)."""
    last = values if values.ndim == 2 else np.moveaxis(values, 1, -1)
    count = last.shape[0] if values.ndim == 2 else last.shape[0] * last.shape[1]
    return np.asarray(last.reshape(count, values.shape[1]), np.float64)


def write_rows(out: Array, values: Array) -> None:
    if out.ndim == 2:
        out[...] = values
    else:
        outer, classes, inner = out.shape
        out[...] = np.moveaxis(values.reshape(outer, inner, classes), -1, 1)


def result(out: Array | None, values: Array, like: Array) -> Array:
    """Rows of results in the shape and type of the logits."""
    out = np.empty_like(like) if out is None else out
    write_rows(out, values)
    return out


def written(
    logits: Logits,
    ignored: NDArray[np.bool_],
    undefined: NDArray[np.bool_],
    value: Array,
    gradient: Matrix,
    loss: Array | None,
    grad: Array | None,
) -> tuple[Array, Array]:
    """Value and gradient of each row: 0 where it is ignored, else NaN where it is undefined.

    The gradient is that with respect to what the logits are read as.
    """
    loss = np.empty(len(value)) if loss is None else loss
    loss[...] = np.where(ignored, 0.0, np.where(undefined, np.nan, value))
    if grad is None or grad.size:
        gradient = np.where(column(undefined), np.nan, slope(logits) * gradient)
        grad = result(grad, np.where(column(ignored), 0.0, gradient), logits.values)
    return loss, grad


def entries(out: Array | None, values: Array, like: Array) -> Array:
    """A number for each row, or for each element, in `out` or as they come."""
    if out is None:
        return values.astype(np.result_type(like.dtype, np.float32))
    out[...] = values
    return out


def column(values: Any) -> Array:
    return np.asarray(values)[:, np.newaxis]


def read_logits(logits: Logits) -> tuple[Matrix, NDArray[np.bool_]]:
    """What the logits are read as, −inf outside the mask; and the mask."""
    live = classes_left(logits)
    x = capped(rows(logits.values), logits.softcap)
    return np.where(live, x / logits.temperature, -np.inf), live


def classes_left(logits: Logits) -> NDArray[np.bool_]:
    """The mask, for every class of each row."""
    z = rows(logits.values)
    return np.full(z.shape, True) if logits.where.size == 0 else rows(logits.where) > 0


def left(logits: Logits) -> Matrix:
    """The logits as they came; 0 where the mask leaves no class, whatever stood there."""
    return np.where(classes_left(logits), rows(logits.values), 0.0)


def capped(z: Matrix, cap: float | None) -> Matrix:
    """c · tanh(z / c); an infinite logit stays."""
    return z if cap is None else np.where(np.isinf(z), z, cap * np.tanh(z / cap))


def slope(logits: Logits) -> Matrix:
    """The derivative of what a logit is read as: 1 / cosh²(z / c) / temperature."""
    z = left(logits)
    if logits.softcap is None:
        return np.full(z.shape, 1 / logits.temperature)
    return np.where(np.isinf(z), 1, 1 / np.cosh(z / logits.softcap) ** 2) / logits.temperature


def bend(logits: Logits) -> Matrix:
    """The second derivative, −2 / c · tanh(z / c) · slope."""
    z = left(logits)
    if logits.softcap is None:
        return np.zeros(z.shape)
    bends = -2 / logits.softcap * np.tanh(z / logits.softcap) * slope(logits)
    return np.where(np.isinf(z), 0, bends)


def product(t: Matrix, values: Any) -> Matrix:
    """t · values, where 0 · inf is 0: what has no mass does not count."""
    return np.where(t == 0, 0.0, t * values)
