"""The meaning of everything: the textbook's formulas in NumPy and float64, readable aloud.

Nothing here is fast and nothing guards against lost digits but the subtraction of the maximum; the
fast kernels are held to this module by the tests, and explanations quote it.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import Logits, Target

Matrix = NDArray[np.float64]
Output = NDArray[Any]


def rows(values: NDArray[Any]) -> Matrix:
    """(rows, classes), from that shape or from (outer, classes, inner)."""
    last = values if values.ndim == 2 else np.moveaxis(values, 1, -1)
    return np.asarray(last.reshape(-1, values.shape[1]), np.float64)


def write_rows(out: Output, values: NDArray[Any]) -> None:
    if out.ndim == 2:
        out[...] = values
    else:
        outer, classes, inner = out.shape
        out[...] = np.moveaxis(values.reshape(outer, inner, classes), -1, 1)


def read_logits(logits: Logits) -> tuple[Matrix, NDArray[np.bool_]]:
    """z / temperature, −inf outside the mask; and the mask."""
    x = rows(logits.values)
    live = np.full(x.shape, True) if logits.where.size == 0 else rows(logits.where) > 0
    return np.where(live, x / logits.temperature, -np.inf), live


def column(values: Any) -> NDArray[Any]:
    return np.asarray(values)[:, np.newaxis]


def softmax_of(x: Matrix) -> Matrix:
    e = np.exp(x - column(x.max(axis=1)))
    return np.asarray(e / column(e.sum(axis=1)))


def logsumexp_of(x: Matrix) -> Matrix:
    top = x.max(axis=1)
    shift = np.where(np.isfinite(top), top, 0.0)
    return np.asarray(shift + np.log(np.exp(x - column(shift)).sum(axis=1)))


@np.errstate(all="ignore")
def softmax(logits: Logits, out: Output) -> None:
    x, live = read_logits(logits)
    write_rows(out, np.where(column(live.any(axis=1)), softmax_of(x), 0.0))


@np.errstate(all="ignore")
def log_softmax(logits: Logits, out: Output) -> None:
    x, live = read_logits(logits)
    log_p = np.where(np.isinf(column(x.max(axis=1))), np.nan, x - column(logsumexp_of(x)))
    write_rows(out, np.where(column(live.any(axis=1)), log_p, -np.inf))


@np.errstate(all="ignore")
def logsumexp(logits: Logits, out: Output) -> None:
    out[...] = logsumexp_of(read_logits(logits)[0])


@np.errstate(all="ignore")
def signed_logsumexp(values: Output, factors: Output, out: Output, signs: Output) -> None:
    """log |Σ b exp(x)| and the sign of the sum; a factor of 0 leaves its term out."""
    b = rows(factors)
    x = np.where(b == 0, -np.inf, rows(values))
    top = x.max(axis=1, initial=-np.inf)
    shift = np.where(np.isfinite(top), top, 0.0)
    terms = np.where(b == 0, 0.0, b * np.exp(x - column(shift)))
    total = terms.sum(axis=1)
    out[...] = shift + np.log(np.abs(total))
    signs[...] = np.sign(total)


@np.errstate(all="ignore")
def sigmoid(x: Output, out: Output) -> None:
    out[...] = 1 / (1 + np.exp(-x.astype(np.float64)))


@np.errstate(all="ignore")
def log_sigmoid(x: Output, out: Output) -> None:
    out[...] = -np.logaddexp(0.0, -x.astype(np.float64))


def read_mass(target: Target, shape: tuple[int, ...]) -> Matrix:
    """The target as a mass for every class: one-hot for a class id."""
    if target.classes.ndim > 1:
        return rows(target.classes)
    return np.asarray(column(target.classes) == np.arange(shape[1]), np.float64)


def coefficient(values: NDArray[Any], count: int) -> NDArray[Any]:
    return values if values.size else np.zeros(count)


def read_target(target: Target, live: NDArray[np.bool_]) -> Matrix:
    """t_k = class_weight[k] · (weight · mass_k + smoothing), smoothing on live classes only."""
    smoothing = coefficient(target.smoothing, len(live))
    t = column(target.weight) * read_mass(target, live.shape) + np.where(live, column(smoothing), 0)
    return t if target.class_weight.size == 0 else np.asarray(target.class_weight * t)


def write_loss(
    target: Target,
    logits: Logits,
    value: Matrix,
    gradient: Matrix,
    loss: Output,
    grad: Output,
) -> None:
    """Value and gradient; 0 for ignored rows, NaN for rows whose largest logit is not a number."""
    x, live = read_logits(logits)
    weight = target.weight
    if target.classes.ndim == 1:
        weight = label_weight(target, read_mass(target, x.shape))
    coefficients = weight, target.smoothing, target.norm
    counts = np.any([coefficient(part, len(x)) != 0 for part in coefficients], axis=0)
    ignored = ~counts | ~live.any(axis=1)
    if target.classes.ndim == 1:
        ignored |= target.classes < 0
    undefined = ~np.isfinite(x.max(axis=1))
    loss[...] = np.where(ignored, 0.0, np.where(undefined, np.nan, value))
    if grad.size:
        gradient = np.where(column(undefined), np.nan, gradient)
        write_rows(grad, np.where(column(ignored), 0.0, gradient))


def product(t: Matrix, values: Any) -> Matrix:
    """t · values, where 0 · inf is 0: what has no mass does not count."""
    return np.where(t == 0, 0.0, t * values)


@np.errstate(all="ignore")
def cross_entropy(logits: Logits, target: Target, loss: Output, grad: Output) -> None:
    x, live = read_logits(logits)
    t = read_target(target, live)
    norm = coefficient(target.norm, len(x))
    log_z = logsumexp_of(x)
    p = softmax_of(x)
    value = product(t, column(log_z) - x).sum(axis=1) + norm * log_z**2
    gradient = column(t.sum(axis=1)) * p - t + column(2 * norm * log_z) * p
    write_loss(target, logits, value, gradient / logits.temperature, loss, grad)


spread_cross_entropy = cross_entropy


@np.errstate(all="ignore")
def log_loss(probabilities: Logits, target: Target, loss: Output, grad: Output) -> None:
    x, live = read_logits(probabilities)
    p = np.where(live, x, 0.0)
    t = read_target(target, live)
    value = product(t, -np.log(p)).sum(axis=1)
    write_loss(target, probabilities, value, -product(t, 1 / p), loss, grad)


def nan_of(x: Matrix) -> Matrix:
    """NaN where x is NaN, 0 elsewhere."""
    return np.where(np.isnan(x), np.nan, 0.0)


@np.errstate(all="ignore")
def binary_cross_entropy(
    z: Output, target: Output, positive: float, weight: Output, loss: Output, grad: Output
) -> None:
    yes = target.astype(np.float64)
    t, f = weight * positive * yes, weight * (1.0 - yes)
    x = z.astype(np.float64)
    value = product(t, np.logaddexp(0, -x)) + product(f, np.logaddexp(0, x)) + nan_of(x)
    gradient = f / (1 + np.exp(-x)) - t / (1 + np.exp(x))
    loss[...] = np.where(weight == 0, 0.0, value)
    if grad.size:
        grad[...] = np.where(weight == 0, 0.0, gradient)


@np.errstate(all="ignore")
def binary_log_loss(
    p: Output, target: Output, positive: float, weight: Output, loss: Output, grad: Output
) -> None:
    yes = target.astype(np.float64)
    t, f = weight * positive * yes, weight * (1.0 - yes)
    x = p.astype(np.float64)
    value = product(t, -np.log(x)) + product(f, -np.log1p(-x)) + nan_of(x)
    gradient = product(f, 1 / (1 - x)) - product(t, 1 / x) + nan_of(x)
    loss[...] = np.where(weight == 0, 0.0, value)
    if grad.size:
        grad[...] = np.where(weight == 0, 0.0, gradient)


def label_weight(target: Target, mass: Matrix) -> Matrix:
    """weight · Σ_k class_weight[k] · mass_k / Σ_k mass_k; without any mass, the weight."""
    if target.class_weight.size == 0:
        return np.asarray(target.weight)
    total = mass.sum(axis=1)
    return np.where(total > 0, target.weight * (mass @ target.class_weight) / total, target.weight)


@np.errstate(all="ignore")
def weston_watkins(
    logits: Logits, target: Target, margin: float, squared: bool, loss: Output, grad: Output
) -> None:
    z, _ = read_logits(logits)
    y = read_mass(target, z.shape)
    weight = label_weight(target, y)
    z_y = np.where(y == 1, z, -np.inf).max(axis=1)
    v = np.where((y == 1) | (z == -np.inf), 0.0, np.maximum(0, margin + z - column(z_y)))
    value, slopes = (v**2, 2 * v) if squared else (v, np.where(v > 0, 1.0, 0.0))
    gradient = slopes - product(y, column(slopes.sum(axis=1)))
    write_loss(target, logits, weight * value.sum(axis=1), column(weight) * gradient, loss, grad)


@np.errstate(all="ignore")
def crammer_singer(
    logits: Logits, target: Target, margin: float, squared: bool, loss: Output, grad: Output
) -> None:
    z, _ = read_logits(logits)
    y = read_mass(target, z.shape)
    weight = label_weight(target, y)
    z_y = np.where(y == 1, z, -np.inf).max(axis=1)
    rivals = np.where(y == 1, -np.inf, z)
    strongest = (np.arange(z.shape[1]) == column(rivals.argmax(axis=1))) & (rivals > -np.inf)
    z_rival = rivals.max(axis=1)
    v = np.where(z_rival == -np.inf, 0.0, np.maximum(0, margin + z_rival - z_y))
    value, slope = (v**2, 2 * v) if squared else (v, np.where(v > 0, 1.0, 0.0))
    pull = np.where(strongest.any(axis=1, keepdims=True), strongest - y, 0.0)
    gradient = product(pull, column(weight * slope))
    write_loss(target, logits, weight * value, gradient, loss, grad)


@np.errstate(all="ignore")
def squared_error(logits: Logits, target: Target, loss: Output, grad: Output) -> None:
    z, live = read_logits(logits)
    t = read_mass(target, z.shape)
    weight = label_weight(target, t)
    g = np.where(live, z - t, 0.0)
    write_loss(target, logits, weight * (g**2).sum(axis=1), 2 * column(weight) * g, loss, grad)


@np.errstate(all="ignore")
def brier(logits: Logits, target: Target, loss: Output, grad: Output) -> None:
    x, _ = read_logits(logits)
    t = read_mass(target, x.shape)
    weight = label_weight(target, t)
    p = softmax_of(x)
    g = p - t
    gradient = 2 * column(weight) * p * (g - column((p * g).sum(axis=1)))
    value = weight * (g**2).sum(axis=1)
    write_loss(target, logits, value, gradient / logits.temperature, loss, grad)
