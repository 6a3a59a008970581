"""What ordinary code computes: the usual lines of NumPy, in the type that the logits came in.

Nothing here guards against lost digits. That is the point: a diagnosis holds it against the truth.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

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


def without_softmax(naive: Losses, stable: Losses | None = None) -> Ordinary:
    """Of a loss without a softmax, which is mostly computed in one way."""
    stable = naive if stable is None else stable
    never = np.zeros(len(naive.loss), np.bool_)
    losses = as_float64(naive.loss), as_float64(stable.loss), as_float64(stable.grad)
    return Ordinary(*losses, never, never, never)


def through_softmax(case: Case, of: Callable[[Case, Array, Array], Losses]) -> Ordinary:
    """Of a loss of p and log p, by exp(z) as it is and by exp(z − max z)."""
    z = read_logits(case)
    shifted = z - column(z.max(axis=1))
    exp, stable_exp = np.exp(z), np.exp(shifted)
    p, stable_p = normalised(exp), normalised(stable_exp)
    naive = of(case, p, np.log(p))
    stable = of(case, stable_p, shifted - np.log(total(stable_exp)))
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


def is_class_y(case: Case) -> Mask:
    return np.asarray(np.arange(case.classes) == column(case.y))


def one_hot(case: Case) -> Array:
    """The target as a mass for each class."""
    return (is_class_y(case) if case.mass is None else case.mass).astype(case.dtype)
