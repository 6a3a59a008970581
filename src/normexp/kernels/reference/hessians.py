"""The product of each row's Hessian with a vector."""

import numpy as np

from ..contract import Array, Logits, Target
from .functions import logsumexp_of_rows, softmax_of
from .losses import focal_row, nan_of, strongest_of, yes_and_no
from .rows import Matrix, bend, column, product, read_logits, result, rows, slope
from .targets import coefficient, is_ignored, label_weight, read_mass, read_target


def written(target: Target, logits: Logits, products: Matrix, out: Array | None) -> Array:
    """0 for ignored rows, NaN for rows whose largest logit is not a number."""
    x, live = read_logits(logits)
    ignored = is_ignored(target) | ~live.any(axis=1)
    products = np.where(np.isfinite(column(x.max(axis=1))), products, np.nan)
    return result(out, np.where(column(ignored), 0.0, products), logits.values)


def read_vector(logits: Logits, vector: Array) -> Matrix:
    """0 outside the mask."""
    _, live = read_logits(logits)
    return np.where(live, rows(vector), 0.0)


def jacobian_product(p: Matrix, v: Matrix) -> Matrix:
    """Of softmax, whose Jacobian is diag(p) − p·pᵀ."""
    return p * (v - column((p * v).sum(axis=1)))


@np.errstate(all="ignore")
def cross_entropy_hessian_product(
    logits: Logits, target: Target, vector: Array, out: Array | None = None
) -> Array:
    x, live = read_logits(logits)
    t = read_target(target, live)
    norm, log_z = column(coefficient(target.norm, len(x))), column(logsumexp_of_rows(x))
    p = softmax_of(x)
    mass = column(t.sum(axis=1)) + 2 * norm * log_z
    v = read_vector(logits, vector)
    # A logit is read as x(z): the Hessian is xʹ H xʹ + (∂loss/∂x) xʺ.
    w = slope(logits) * v
    products = mass * jacobian_product(p, w) + 2 * norm * p * column((p * w).sum(axis=1))
    gradient = mass * p - t
    return written(target, logits, slope(logits) * products + bend(logits) * gradient * v, out)


@np.errstate(all="ignore")
def focal_hessian_product(
    logits: Logits, target: Target, gamma: float, vector: Array, out: Array | None = None
) -> Array:
    y, p, p_y, q, of_y, first = focal_row(logits, target, gamma)
    weight = column(label_weight(target, y))
    # The loss is F(ℓ), with dq/dℓ = p_y and dp_y/dℓ = −p_y.
    inner = q * (2 - of_y) + (gamma - 1) * p_y * of_y
    second = product(p_y, gamma * q ** (gamma - 2) * inner)
    v = read_vector(logits, vector)
    w = slope(logits) * v
    g = p - y
    products = second * g * column((g * w).sum(axis=1)) + first * jacobian_product(p, w)
    products = slope(logits) * products + bend(logits) * first * g * v
    return written(target, logits, weight * products, out)


@np.errstate(all="ignore")
def brier_hessian_product(
    logits: Logits, target: Target, vector: Array, out: Array | None = None
) -> Array:
    x, _ = read_logits(logits)
    t = read_mass(target, x.shape[1])
    factor = 2 * column(label_weight(target, t))
    p = softmax_of(x)
    g = p - t
    v = read_vector(logits, vector)
    q = jacobian_product(p, slope(logits) * v)
    centred = g - column((p * g).sum(axis=1))
    products = jacobian_product(p, q) + q * centred - p * column((q * g).sum(axis=1))
    products = slope(logits) * products + bend(logits) * p * centred * v
    return written(target, logits, factor * products, out)


@np.errstate(all="ignore")
def squared_error_hessian_product(
    logits: Logits, target: Target, vector: Array, out: Array | None = None
) -> Array:
    z, _ = read_logits(logits.as_they_are())
    weight = label_weight(target, read_mass(target, z.shape[1]))
    return written(target, logits, 2 * column(weight) * read_vector(logits, vector), out)


@np.errstate(all="ignore")
def log_loss_hessian_product(
    probabilities: Logits, target: Target, vector: Array, out: Array | None = None
) -> Array:
    p, live = read_logits(probabilities.as_they_are())
    t = read_target(target, live)
    products = product(t, read_vector(probabilities, vector) / p**2)
    return written(target, probabilities, products, out)


def pulled_apart(y: Matrix, active: Matrix, v: Matrix) -> Matrix:
    """v_j − v_y at the rivals that are active, less their sum at the target."""
    apart = product(active, v - column((y * v).sum(axis=1)))
    return apart - y * column(apart.sum(axis=1))


@np.errstate(all="ignore")
def weston_watkins_hessian_product(
    logits: Logits,
    target: Target,
    margin: float,
    squared: bool,
    vector: Array,
    out: Array | None = None,
) -> Array:
    z, _ = read_logits(logits.as_they_are())
    y = read_mass(target, z.shape[1])
    z_y = np.where(y == 1, z, -np.inf).max(axis=1)
    active = (y == 0) & (z > -np.inf) & (margin + z - column(z_y) > 0)
    products = pulled_apart(y, np.where(active, 1.0, 0.0), read_vector(logits, vector))
    factor = 2 * column(label_weight(target, y)) if squared else 0.0
    return written(target, logits, factor * products, out)


@np.errstate(all="ignore")
def crammer_singer_hessian_product(
    logits: Logits,
    target: Target,
    margin: float,
    squared: bool,
    vector: Array,
    out: Array | None = None,
) -> Array:
    z, _ = read_logits(logits.as_they_are())
    y = read_mass(target, z.shape[1])
    z_y = np.where(y == 1, z, -np.inf).max(axis=1)
    rivals = np.where(y == 1, -np.inf, z)
    active = np.where(margin + rivals - column(z_y) > 0, strongest_of(rivals), 0.0)
    products = pulled_apart(y, active, read_vector(logits, vector))
    factor = 2 * column(label_weight(target, y)) if squared else 0.0
    return written(target, logits, factor * products, out)


@np.errstate(all="ignore")
def binary_cross_entropy_hessian_product(
    z: Array,
    target: Array,
    positive: float,
    weight: Array,
    vector: Array,
    out: Array | None = None,
) -> Array:
    t, f = yes_and_no(target, positive, weight)
    x = z.astype(np.float64)
    curvature = (t + f) / (1 + np.exp(-x)) / (1 + np.exp(x))
    return by_element(weight, curvature * vector, z, out)


@np.errstate(all="ignore")
def binary_log_loss_hessian_product(
    p: Array,
    target: Array,
    positive: float,
    weight: Array,
    vector: Array,
    out: Array | None = None,
) -> Array:
    t, f = yes_and_no(target, positive, weight)
    x = p.astype(np.float64)
    curvature = product(t, 1 / x**2) + product(f, 1 / (1 - x) ** 2) + nan_of(x)
    return by_element(weight, curvature * vector, p, out)


def by_element(weight: Array, products: Matrix, like: Array, out: Array | None) -> Array:
    out = np.empty_like(like) if out is None else out
    out[...] = np.where(weight == 0, 0.0, products)
    return out
