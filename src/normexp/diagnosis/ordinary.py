"""What ordinary code computes: the usual lines of NumPy, in the type that the logits came in.

Nothing here guards against lost digits. That is the point: a diagnosis holds it against the truth.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..losses import BinaryCrossEntropy, CrossEntropy, MulticlassHinge
from .case import Case, Mask, Vector

Array = NDArray[Any]  # of the type of the logits


class Losses(NamedTuple):
    """For each row its loss and the gradient at its class y."""

    loss: Array
    grad: Array


class Ordinary(NamedTuple):
    """What comes of the rows in ordinary arithmetic; losses as float64, each the same number.

    `naive` takes the exponentials of the logits as they are, `loss` and `grad` subtract the largest
    logit first, as libraries do. Losses without a softmax have one way to be computed.
    """

    naive: Vector
    loss: Vector
    grad: Vector
    exp_overflows: Mask  # exp(z) is inf
    sum_overflows: Mask  # Σ exp(z − max z) is inf
    is_saturated: Mask  # Σ exp(z − max z) is 1, in float32 or wider


@np.errstate(all="ignore")
def compute(case: Case) -> Ordinary:
    """Every row of a case by ordinary code."""
    if case.is_softmax:
        return of_softmax(case)
    loss = case.loss
    if isinstance(loss, BinaryCrossEntropy):
        naive, stable = binary(case, loss)
    elif isinstance(loss, CrossEntropy):
        naive = stable = cross_entropy(case, case.logits, np.log(case.logits))
    elif isinstance(loss, MulticlassHinge):
        naive = stable = hinge(case, loss)
    else:
        naive = stable = squared_error(case)
    never = np.zeros(len(case.logits), np.bool_)
    losses = as_float64(naive.loss), as_float64(stable.loss), as_float64(stable.grad)
    return Ordinary(*losses, never, never, never)


def of_softmax(case: Case) -> Ordinary:
    """Cross-entropy and the Brier score, by exp(z) as it is and by exp(z − max z)."""
    z = read_logits(case)
    shifted = z - column(z.max(axis=1))
    exp, stable_exp = np.exp(z), np.exp(shifted)
    p, stable_p = normalised(exp), normalised(stable_exp)
    if isinstance(case.loss, CrossEntropy):
        naive = cross_entropy(case, p, np.log(p))
        stable = cross_entropy(case, stable_p, shifted - np.log(total(stable_exp)))
    else:
        naive, stable = brier(case, p), brier(case, stable_p)
    return Ordinary(
        as_float64(naive.loss),
        as_float64(stable.loss),
        as_float64(stable.grad * slope_of_reading(case)),
        np.asarray(np.isinf(exp).any(axis=1)),
        np.isinf(total(stable_exp))[:, 0],
        added(stable_exp)[:, 0] == 1,
    )


def as_float64(values: Array) -> Vector:
    """The same numbers; −0, which −log 1 is, as 0."""
    return np.asarray(values.astype(np.float64) + 0.0)


def column(values: Array) -> Array:
    return values[:, np.newaxis]


def added(terms: Array) -> Array:
    """The sum of each row; whoever has half types adds them up in float32."""
    is_half = terms.dtype.itemsize == 2
    return np.asarray(terms.sum(axis=1, keepdims=True, dtype=np.float32 if is_half else None))


def total(terms: Array) -> Array:
    """The sum of each row, rounded to the type of the terms."""
    return added(terms).astype(terms.dtype)


def normalised(terms: Array) -> Array:
    return np.asarray(terms / total(terms))


def read_logits(case: Case) -> Array:
    """The logits under their soft cap, over the temperature, −inf where no class is."""
    z, number = case.logits, case.dtype.type
    softcap = getattr(case.loss, "softcap", None)
    if softcap is not None:
        z = number(softcap) * np.tanh(z / number(softcap))
    temperature = getattr(case.loss, "temperature", 1.0)
    if temperature != 1.0:
        z = z / number(temperature)
    return np.where(case.where, z, number(-np.inf))


def slope_of_reading(case: Case) -> Array:
    """The derivative of `read_logits` at class y."""
    number = case.dtype.type
    slope = np.full(len(case.logits), number(1 / getattr(case.loss, "temperature", 1.0)))
    softcap = getattr(case.loss, "softcap", None)
    if softcap is not None:
        slope *= number(1) - np.tanh(case.at_y(case.logits) / number(softcap)) ** 2
    return slope


def weight_of_classes(case: Case) -> Array:
    weight = getattr(case.loss, "class_weight", None)
    return np.asarray(np.ones(case.classes) if weight is None else weight).astype(case.dtype)


def spread(case: Case, values: Array) -> Array:
    """Σ_k t_k · values_k, where t is one-hot for class ids, smoothed as the loss asks."""
    number = case.dtype.type
    held = (
        case.at_y(values)
        if case.mass is None
        else total(case.mass.astype(case.dtype) * values)[:, 0]
    )
    if not case.label_smoothing:
        return held
    share = (case.label_smoothing / case.where.sum(axis=1)).astype(case.dtype)
    return np.asarray(number(1 - case.label_smoothing) * held + share * total(values)[:, 0])


def cross_entropy(case: Case, p: Array, log_p: Array) -> Losses:
    weight = np.broadcast_to(weight_of_classes(case), p.shape)
    t_y = spread(case, np.where(is_class_y(case), weight, case.dtype.type(0)))
    p_y = case.at_y(p)
    grad = spread(case, weight) * p_y - t_y if case.takes_logits else -t_y / p_y
    return Losses(-spread(case, weight * log_p), grad)


def brier(case: Case, p: Array) -> Losses:
    weight = spread(case, np.broadcast_to(weight_of_classes(case), p.shape))
    error = p - one_hot(case)
    pull = error - total(p * error)
    two = case.dtype.type(2)
    return Losses(weight * total(error * error)[:, 0], weight * two * case.at_y(p * pull))


def squared_error(case: Case) -> Losses:
    weight = spread(case, np.broadcast_to(weight_of_classes(case), case.logits.shape))
    error = np.where(case.where, case.logits - one_hot(case), case.dtype.type(0))
    two = case.dtype.type(2)
    return Losses(weight * total(error * error)[:, 0], weight * two * case.at_y(error))


def hinge(case: Case, loss: MulticlassHinge) -> Losses:
    zero = case.dtype.type(0)
    z = np.where(case.where, case.logits, case.dtype.type(-np.inf))
    violations = np.maximum(zero, case.dtype.type(loss.margin) + (z - column(case.at_y(z))))
    violations = np.where(is_class_y(case), zero, violations)
    powers = violations * violations if loss.squared else violations
    slopes = violations + violations if loss.squared else (violations > 0).astype(case.dtype)
    if loss.variant == "weston-watkins":
        value, pull = total(powers)[:, 0], total(slopes)[:, 0]
    else:
        value, pull = powers.max(axis=1), slopes.max(axis=1)
    weight = weight_of_classes(case)[case.y]
    return Losses(weight * value, -weight * pull)


def binary(case: Case, loss: BinaryCrossEntropy) -> tuple[Losses, Losses]:
    """By the sigmoid and its logarithm; and as libraries do, by log1p(exp(−|z|)) + max(−z, 0)."""
    number, one, zero = case.dtype.type, case.dtype.type(1), case.dtype.type(0)
    z, positive = case.logits[:, 0], number(loss.pos_weight)
    t = number(1 - loss.label_smoothing) * one_hot(case)[:, 0] + number(loss.label_smoothing / 2)
    p = one / (one + np.exp(-z)) if loss.from_logits else z
    naive = -(positive * t * np.log(p) + (one - t) * np.log(one - p))
    if not loss.from_logits:
        by_p = Losses(naive, (one - t) / (one - p) - positive * t / p)
        return by_p, by_p
    weight = one + (positive - one) * t
    softplus = np.log1p(np.exp(-np.abs(z))) + np.maximum(-z, zero)
    stable = (one - t) * z + weight * softplus
    grad = (one - t) * p - positive * t * (one - p)
    return Losses(naive, grad), Losses(stable, grad)


def is_class_y(case: Case) -> Mask:
    return np.asarray(np.arange(case.classes) == column(case.y))


def one_hot(case: Case) -> Array:
    """The target as a mass for each class."""
    return (is_class_y(case) if case.mass is None else case.mass).astype(case.dtype)
