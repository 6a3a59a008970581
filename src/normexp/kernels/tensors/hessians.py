"""The product of each row's Hessian with a vector."""

import torch

from ..contract import Logits, Target
from .losses import (
    apart_from,
    centred,
    focal_row,
    hinge_row,
    nan_of,
    strongest_of,
    yes_and_no,
)
from .parts import gradient_of, mass_of
from .rows import (
    INF,
    NAN,
    Row,
    Tensor,
    bend,
    column,
    product,
    put,
    read,
    result,
    rows,
    slope,
    total,
)
from .targets import coefficient, is_ignored, label_weight, read_mass, read_target


def written(target: Target, logits: Logits, row: Row, products: Tensor, out: Tensor) -> Tensor:
    """0 for ignored rows, NaN for rows whose largest logit is not a number."""
    products = torch.where(column(row.is_undefined), NAN, products)
    ignored = column(is_ignored(target) | row.is_empty)
    return result(out, torch.where(ignored, 0, products), logits.values)


def read_vector(row: Row, vector: Tensor) -> Tensor:
    """0 outside the mask."""
    return torch.where(row.live, rows(vector), 0)


def cross_entropy_hessian_product(
    logits: Logits, target: Target, vector: Tensor, out: Tensor = None
) -> Tensor:
    row = read(logits)
    t = read_target(target, row.live)
    norm, log_z = column(coefficient(target.norm, t[:, 0])), row.logsumexp
    v = read_vector(row, vector)
    # A logit is read as x(z): the Hessian is xʹ H xʹ + (∂loss/∂x) xʺ.
    w = slope(logits) * v
    mass = total(t) + 2 * norm * log_z
    products = mass * row.softmax_derivative(w) + 2 * norm * row.p * total(row.p * w)
    gradient = gradient_of(t, mass_of(t), row.p, row.complement) + 2 * norm * log_z * row.p
    return written(target, logits, row, slope(logits) * products + bend(logits) * gradient * v, out)


def focal_hessian_product(
    logits: Logits, target: Target, gamma: float, vector: Tensor, out: Tensor = None
) -> Tensor:
    row, y, g, p_y, q, of_y, first = focal_row(logits, target, gamma)
    weight = column(label_weight(target, y))
    # The loss is F(ℓ), with dq/dℓ = p_y and dp_y/dℓ = −p_y.
    inner = q * (2 - of_y) + (gamma - 1) * p_y * of_y
    second = product(p_y, gamma * q ** (gamma - 2) * inner)
    v = read_vector(row, vector)
    w = slope(logits) * v
    products = second * g * total(g * w) + first * row.softmax_derivative(w)
    products = slope(logits) * products + bend(logits) * first * g * v
    return written(target, logits, row, weight * products, out)


def brier_hessian_product(
    logits: Logits, target: Target, vector: Tensor, out: Tensor = None
) -> Tensor:
    row = read(logits)
    t = read_mass(target, row.z.shape[1])
    g = apart_from(row, t)
    v = read_vector(row, vector)
    q = row.softmax_derivative(slope(logits) * v)
    inner = centred(row, g)
    products = row.softmax_derivative(q) + q * inner - row.p * total(q * g)
    products = slope(logits) * products + bend(logits) * row.p * inner * v
    factor = 2 * column(label_weight(target, t))
    return written(target, logits, row, factor * products, out)


def squared_error_hessian_product(
    logits: Logits, target: Target, vector: Tensor, out: Tensor = None
) -> Tensor:
    row = read(logits.as_they_are())
    weight = column(label_weight(target, read_mass(target, row.z.shape[1])))
    return written(target, logits, row, 2 * weight * read_vector(row, vector), out)


def log_loss_hessian_product(
    probabilities: Logits, target: Target, vector: Tensor, out: Tensor = None
) -> Tensor:
    row = read(probabilities.as_they_are())
    t = read_target(target, row.live)
    products = product(t, read_vector(row, vector) / row.z**2)
    return written(target, probabilities, row, products, out)


def pulled_apart(y: Tensor, active: Tensor, v: Tensor) -> Tensor:
    """v_j − v_y at the rivals that are active, less their sum at the target."""
    apart = product(active.double(), v - total(y * v))
    return apart - y * total(apart)


def weston_watkins_hessian_product(
    logits: Logits,
    target: Target,
    margin: float,
    squared: bool,
    vector: Tensor,
    out: Tensor = None,
) -> Tensor:
    row, y, weight, z_y = hinge_row(logits, target)
    active = (y == 0) & (row.z > -INF) & (margin + (row.z - z_y) > 0)
    products = pulled_apart(y, active, read_vector(row, vector))
    factor = 2 * weight if squared else 0.0
    return written(target, logits, row, factor * products, out)


def crammer_singer_hessian_product(
    logits: Logits,
    target: Target,
    margin: float,
    squared: bool,
    vector: Tensor,
    out: Tensor = None,
) -> Tensor:
    its = hinge_row(logits, target)
    row, y, weight, z_y = its
    active = strongest_of(its.rivals) & (margin + (its.rivals - z_y) > 0)
    products = pulled_apart(y, active, read_vector(row, vector))
    factor = 2 * weight if squared else 0.0
    return written(target, logits, row, factor * products, out)


def binary_cross_entropy_hessian_product(
    z: Tensor,
    target: Tensor,
    positive: float,
    weight: Tensor,
    vector: Tensor,
    out: Tensor = None,
) -> Tensor:
    t, f = yes_and_no(target, positive, weight)
    x = z.double()
    curvature = (t + f) * (torch.sigmoid(x) * torch.sigmoid(-x))
    return of_elements(weight, curvature * vector.double(), z, out)


def binary_log_loss_hessian_product(
    p: Tensor,
    target: Tensor,
    positive: float,
    weight: Tensor,
    vector: Tensor,
    out: Tensor = None,
) -> Tensor:
    t, f = yes_and_no(target, positive, weight)
    x = p.double()
    curvature = product(t, 1 / x**2) + product(f, 1 / (1 - x) ** 2) + nan_of(x)
    return of_elements(weight, curvature * vector.double(), p, out)


def of_elements(weight: Tensor, products: Tensor, like: Tensor, out: Tensor) -> Tensor:
    return put(out, torch.where(weight == 0, 0, products), like)
