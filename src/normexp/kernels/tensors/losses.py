"""Each loss of a row, and its gradient."""

from typing import Any, NamedTuple

import torch

from ..contract import Logits, Target
from .functions import softplus
from .parts import gradient_of, mass_of, written
from .rows import INF, NAN, Row, Tensor, column, entries, product, put, read, total
from .targets import coefficient, is_ignored, label_weight, read_mass, read_target

Pair = tuple[Tensor, Tensor]


def of_row(
    target: Target, logits: Logits, row: Row, value: Tensor, gradient: Tensor, *places: Tensor
) -> Pair:
    ignored = is_ignored(target) | row.is_empty
    return written(logits, ignored, row.is_undefined, value, gradient, *places)


def cross_entropy(logits: Logits, target: Target, loss: Tensor = None, grad: Tensor = None) -> Pair:
    row = read(logits)
    t = read_target(target, row.live)
    norm, log_z = column(coefficient(target.norm, t[:, 0])), row.logsumexp
    value = total(product(t, row.surprise)) + norm * log_z**2
    gradient = gradient_of(t, mass_of(t), row.p, row.complement) + 2 * norm * log_z * row.p
    return of_row(target, logits, row, value[:, 0], gradient, loss, grad)


def log_loss(
    probabilities: Logits, target: Target, loss: Tensor = None, grad: Tensor = None
) -> Pair:
    row = read(probabilities.as_they_are())
    p = torch.where(row.live, row.z, 0)
    t = read_target(target, row.live)
    value = product(t, -p.log()).sum(1)
    return of_row(target, probabilities, row, value, -product(t, 1 / p), loss, grad)


class HingeRow(NamedTuple):
    """What both hinges are made of."""

    row: Row
    y: Tensor  # 1 at the target
    weight: Tensor  # this and the next as columns
    z_y: Tensor  # the logit of the target

    @property
    def rivals(self) -> Tensor:
        """The logits of the other classes, −inf at the target."""
        return torch.where(self.y == 1, -INF, self.row.z)


def hinge_row(logits: Logits, target: Target) -> HingeRow:
    row = read(logits.as_they_are())
    y = read_mass(target, row.z.shape[1])
    z_y = torch.where(y == 1, row.z, -INF).amax(1, keepdim=True)
    return HingeRow(row, y, column(label_weight(target, y)), z_y)


def raised(v: Tensor, squared: bool) -> tuple[Tensor, Tensor]:
    """A violation v ≥ 0 or its square, and the slope."""
    return (v**2, 2 * v) if squared else (v, (v > 0).double())


def weston_watkins(
    logits: Logits,
    target: Target,
    margin: float,
    squared: bool,
    loss: Tensor = None,
    grad: Tensor = None,
) -> Pair:
    its = hinge_row(logits, target)
    row, y, weight, z_y = its
    v = torch.where(its.rivals == -INF, 0, (margin + (row.z - z_y)).clamp(min=0))
    value, slopes = raised(v, squared)
    gradient = weight * (slopes - product(y, total(slopes)))
    return of_row(target, logits, row, (weight * total(value))[:, 0], gradient, loss, grad)


def crammer_singer(
    logits: Logits,
    target: Target,
    margin: float,
    squared: bool,
    loss: Tensor = None,
    grad: Tensor = None,
) -> Pair:
    its = hinge_row(logits, target)
    row, y, weight, z_y = its
    strongest = strongest_of(its.rivals)
    rival = its.rivals.amax(1, keepdim=True)
    v = torch.where(rival == -INF, 0, (margin + (rival - z_y)).clamp(min=0))
    value, slopes = raised(v, squared)
    pull = torch.where(strongest.any(1, keepdim=True), strongest.double() - y, 0)
    gradient = product(pull, weight * slopes)
    return of_row(target, logits, row, (weight * value)[:, 0], gradient, loss, grad)


def strongest_of(rivals: Tensor) -> Tensor:
    """True at the first of the largest in each row, if that is not −inf."""
    is_top = (rivals == rivals.amax(1, keepdim=True)) & (rivals > -INF)
    return is_top & (is_top.cumsum(1) == 1)


class FocalRow(NamedTuple):
    """What the focal loss F(ℓ) = q^γ · ℓ of a row and its derivatives are made of."""

    row: Row
    y: Tensor  # 1 at the target
    g: Tensor  # p − y
    p_y: Tensor  # this and the rest as columns; 0 where no other class is left: only q^γ counts
    q: Tensor  # 1 − p_y, summed from the others
    of_y: Tensor  # ℓ = −log p_y
    slope: Tensor  # F′, with dq/dℓ = p_y


def focal_row(logits: Logits, target: Target, gamma: float) -> FocalRow:
    row = read(logits)
    y = read_mass(target, row.z.shape[1])
    q = total((1 - y) * row.p)
    p_y = total(y * row.p) * (q != 0)
    of_y = total(product(y, row.surprise))
    slope = q**gamma + product(p_y, gamma * q ** (gamma - 1) * of_y)
    return FocalRow(row, y, torch.where(y == 1, -q, row.p), p_y, q, of_y, slope)


def focal(
    logits: Logits, target: Target, gamma: float, loss: Tensor = None, grad: Tensor = None
) -> Pair:
    its = focal_row(logits, target, gamma)
    weight = column(label_weight(target, its.y))
    value = (weight * its.q**gamma * its.of_y)[:, 0]
    return of_row(target, logits, its.row, value, weight * its.slope * its.g, loss, grad)


def squared_error(logits: Logits, target: Target, loss: Tensor = None, grad: Tensor = None) -> Pair:
    row = read(logits.as_they_are())
    t = read_mass(target, row.z.shape[1])
    weight = column(label_weight(target, t))
    g = torch.where(row.live, row.z - t, 0)
    return of_row(target, logits, row, (weight * total(g**2))[:, 0], 2 * weight * g, loss, grad)


def apart_from(row: Row, t: Tensor) -> Tensor:
    """p − t; at the class that leads, −(1 − p) where the target has all."""
    return torch.where(t == 1, -row.complement, row.p - t)


def centred(row: Row, g: Tensor) -> Tensor:
    """g − p·g: the leading class's own share is taken off last."""
    weighted = row.p * g
    others = total(torch.where(row.leads, 0, weighted))
    lead = total(torch.where(row.leads, weighted, 0))
    return torch.where(row.leads, g * row.complement - others, (g - lead) - others)


def brier(logits: Logits, target: Target, loss: Tensor = None, grad: Tensor = None) -> Pair:
    row = read(logits)
    t = read_mass(target, row.z.shape[1])
    weight = column(label_weight(target, t))
    g = apart_from(row, t)
    value = (weight * total(g**2))[:, 0]
    return of_row(target, logits, row, value, 2 * weight * row.p * centred(row, g), loss, grad)


def yes_and_no(target: Tensor, positive: float, weight: Tensor) -> tuple[Tensor, Tensor]:
    """What yes and what no counts for each element."""
    yes = target.double()
    return weight * positive * yes, weight * (1 - yes)


def of_elements(
    weight: Tensor, value: Tensor, gradient: Tensor, like: Tensor, loss: Tensor, grad: Tensor
) -> Pair:
    if grad is None or grad.numel():
        grad = put(grad, torch.where(weight == 0, 0, gradient), like)
    return entries(loss, torch.where(weight == 0, 0, value)), grad


def binary_cross_entropy(
    z: Tensor,
    target: Tensor,
    positive: float,
    weight: Tensor,
    loss: Tensor = None,
    grad: Tensor = None,
) -> Pair:
    t, f = yes_and_no(target, positive, weight)
    x = z.double()
    value = product(t, softplus(-x)) + product(f, softplus(x)) + nan_of(x)
    gradient = f * torch.sigmoid(x) - t * torch.sigmoid(-x)
    return of_elements(weight, value, gradient, z, loss, grad)


def binary_log_loss(
    p: Tensor,
    target: Tensor,
    positive: float,
    weight: Tensor,
    loss: Tensor = None,
    grad: Tensor = None,
) -> Pair:
    t, f = yes_and_no(target, positive, weight)
    x = p.double()
    value = product(t, -x.log()) + product(f, -torch.log1p(-x)) + nan_of(x)
    gradient = product(f, 1 / (1 - x)) - product(t, 1 / x) + nan_of(x)
    return of_elements(weight, value, gradient, p, loss, grad)


def nan_of(x: Tensor) -> Any:
    """NaN where x is NaN, 0 elsewhere."""
    return torch.where(x.isnan(), NAN, 0.0)
