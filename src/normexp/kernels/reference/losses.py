"""Each loss of a row, and its gradient."""

from typing import NamedTuple

import numpy as np

from ..contract import Array, Logits, Target
from .functions import logsumexp_of_rows, softmax_of
from .rows import Matrix, column, product, read_logits, written
from .targets import coefficient, is_ignored, label_weight, read_mass, read_target


def of_rows(
    target: Target,
    logits: Logits,
    value: Array,
    gradient: Matrix,
    loss: Array | None,
    grad: Array | None,
) -> tuple[Array, Array]:
    """Value and gradient; 0 for ignored rows, NaN for rows whose largest logit is not a number."""
    x, live = read_logits(logits)
    ignored = is_ignored(target) | ~live.any(axis=1)
    undefined = ~np.isfinite(x.max(axis=1))
    return written(logits, ignored, undefined, value, gradient, loss, grad)


@np.errstate(all="ignore")
def cross_entropy(
    logits: Logits, target: Target, loss: Array | None = None, grad: Array | None = None
) -> tuple[Array, Array]:
    x, live = read_logits(logits)
    t = read_target(target, live)
    norm = coefficient(target.norm, len(x))
    log_z = logsumexp_of_rows(x)
    p = softmax_of(x)
    value = product(t, column(log_z) - x).sum(axis=1) + norm * log_z**2
    gradient = column(t.sum(axis=1)) * p - t + column(2 * norm * log_z) * p
    return of_rows(target, logits, value, gradient, loss, grad)


@np.errstate(all="ignore")
def log_loss(
    probabilities: Logits, target: Target, loss: Array | None = None, grad: Array | None = None
) -> tuple[Array, Array]:
    x, live = read_logits(probabilities.as_they_are())
    p = np.where(live, x, 0.0)
    t = read_target(target, live)
    value = product(t, -np.log(p)).sum(axis=1)
    return of_rows(target, probabilities, value, -product(t, 1 / p), loss, grad)


@np.errstate(all="ignore")
def weston_watkins(
    logits: Logits,
    target: Target,
    margin: float,
    squared: bool,
    loss: Array | None = None,
    grad: Array | None = None,
) -> tuple[Array, Array]:
    z, _ = read_logits(logits.as_they_are())
    y = read_mass(target, z.shape[1])
    weight = label_weight(target, y)
    z_y = np.where(y == 1, z, -np.inf).max(axis=1)
    v = np.where((y == 1) | (z == -np.inf), 0.0, np.maximum(0, margin + z - column(z_y)))
    value, slopes = (v**2, 2 * v) if squared else (v, np.where(v > 0, 1.0, 0.0))
    gradient = slopes - product(y, column(slopes.sum(axis=1)))
    value = weight * value.sum(axis=1)
    return of_rows(target, logits, value, column(weight) * gradient, loss, grad)


@np.errstate(all="ignore")
def crammer_singer(
    logits: Logits,
    target: Target,
    margin: float,
    squared: bool,
    loss: Array | None = None,
    grad: Array | None = None,
) -> tuple[Array, Array]:
    z, _ = read_logits(logits.as_they_are())
    y = read_mass(target, z.shape[1])
    weight = label_weight(target, y)
    z_y = np.where(y == 1, z, -np.inf).max(axis=1)
    rivals = np.where(y == 1, -np.inf, z)
    strongest = strongest_of(rivals)
    z_rival = rivals.max(axis=1)
    v = np.where(z_rival == -np.inf, 0.0, np.maximum(0, margin + z_rival - z_y))
    value, slopes = (v**2, 2 * v) if squared else (v, np.where(v > 0, 1.0, 0.0))
    pull = np.where(strongest.any(axis=1, keepdims=True), strongest - y, 0.0)
    gradient = product(pull, column(weight * slopes))
    return of_rows(target, logits, weight * value, gradient, loss, grad)


def strongest_of(rivals: Matrix) -> Matrix:
    """1 at the first of the largest in each row, if that is not −inf."""
    is_first = np.arange(rivals.shape[1]) == column(rivals.argmax(axis=1))
    return np.where(is_first & (rivals > -np.inf), 1.0, 0.0)


class FocalRow(NamedTuple):
    """What the focal loss F(ℓ) = q^γ · ℓ of a row and its derivatives are made of."""

    y: Matrix  # 1 at the target
    p: Matrix
    p_y: Matrix  # this and the rest as columns; 0 where no other class is left: only q^γ counts
    q: Matrix  # 1 − p_y
    of_y: Matrix  # ℓ = −log p_y
    slope: Matrix  # F′, with dq/dℓ = p_y


def focal_row(logits: Logits, target: Target, gamma: float) -> FocalRow:
    x, _ = read_logits(logits)
    y = read_mass(target, x.shape[1])
    p = softmax_of(x)
    q = column(((1 - y) * p).sum(axis=1))
    p_y = column((y * p).sum(axis=1)) * (q != 0)
    of_y = column(product(y, column(logsumexp_of_rows(x)) - x).sum(axis=1))
    slope = q**gamma + product(p_y, gamma * q ** (gamma - 1) * of_y)
    return FocalRow(y, p, p_y, q, of_y, slope)


@np.errstate(all="ignore")
def focal(
    logits: Logits,
    target: Target,
    gamma: float,
    loss: Array | None = None,
    grad: Array | None = None,
) -> tuple[Array, Array]:
    row = focal_row(logits, target, gamma)
    weight = column(label_weight(target, row.y))
    value = (weight * row.q**gamma * row.of_y)[:, 0]
    return of_rows(target, logits, value, weight * row.slope * (row.p - row.y), loss, grad)


@np.errstate(all="ignore")
def squared_error(
    logits: Logits, target: Target, loss: Array | None = None, grad: Array | None = None
) -> tuple[Array, Array]:
    z, live = read_logits(logits.as_they_are())
    t = read_mass(target, z.shape[1])
    weight = label_weight(target, t)
    g = np.where(live, z - t, 0.0)
    value = weight * (g**2).sum(axis=1)
    return of_rows(target, logits, value, 2 * column(weight) * g, loss, grad)


@np.errstate(all="ignore")
def brier(
    logits: Logits, target: Target, loss: Array | None = None, grad: Array | None = None
) -> tuple[Array, Array]:
    x, _ = read_logits(logits)
    t = read_mass(target, x.shape[1])
    weight = label_weight(target, t)
    p = softmax_of(x)
    g = p - t
    gradient = 2 * column(weight) * p * (g - column((p * g).sum(axis=1)))
    return of_rows(target, logits, weight * (g**2).sum(axis=1), gradient, loss, grad)


def nan_of(x: Matrix) -> Matrix:
    """NaN where x is NaN, 0 elsewhere."""
    return np.where(np.isnan(x), np.nan, 0.0)


def yes_and_no(target: Array, positive: float, weight: Array) -> tuple[Matrix, Matrix]:
    """What yes and what no counts for each element."""
    yes = target.astype(np.float64)
    return weight * positive * yes, weight * (1.0 - yes)


def written_by_element(
    weight: Array,
    value: Matrix,
    gradient: Matrix,
    like: Array,
    loss: Array | None,
    grad: Array | None,
) -> tuple[Array, Array]:
    loss = np.empty(like.size) if loss is None else loss
    loss[...] = np.where(weight == 0, 0.0, value)
    grad = np.empty_like(like) if grad is None else grad
    if grad.size:
        grad[...] = np.where(weight == 0, 0.0, gradient)
    return loss, grad


@np.errstate(all="ignore")
def binary_cross_entropy(
    z: Array,
    target: Array,
    positive: float,
    weight: Array,
    loss: Array | None = None,
    grad: Array | None = None,
) -> tuple[Array, Array]:
    t, f = yes_and_no(target, positive, weight)
    x = z.astype(np.float64)
    value = product(t, np.logaddexp(0, -x)) + product(f, np.logaddexp(0, x)) + nan_of(x)
    gradient = f / (1 + np.exp(-x)) - t / (1 + np.exp(x))
    return written_by_element(weight, value, gradient, z, loss, grad)


@np.errstate(all="ignore")
def binary_log_loss(
    p: Array,
    target: Array,
    positive: float,
    weight: Array,
    loss: Array | None = None,
    grad: Array | None = None,
) -> tuple[Array, Array]:
    t, f = yes_and_no(target, positive, weight)
    x = p.astype(np.float64)
    value = product(t, -np.log(x)) + product(f, -np.log1p(-x)) + nan_of(x)
    gradient = product(f, 1 / (1 - x)) - product(t, 1 / x) + nan_of(x)
    return written_by_element(weight, value, gradient, p, loss, grad)
