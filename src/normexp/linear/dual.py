"""The dual of an objective with a hinge: multipliers, and the W and b that follow from them.

The intercept is the weight of one more feature, a constant, with a penalty on its distance from a
centre. The centre follows the intercept, so that in the limit nothing penalises it.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from ..kernels.cpu.of_ascent import Affine, Chosen, Multipliers, Samples, ascend
from ..losses import MulticlassHinge
from .choice import Slopes, kind_of
from .duality import dual_value, linear_gradient
from .face import Direction
from .objective import Array, Objective
from .products import squares_of
from .projections import project

CONSTANT = 0.05  # the square of the constant, in parts of the mean ‖x‖²
CENTRE_EVERY = 5  # passes: the centre moves
TINY = 1e-12  # in parts of the largest curvature: that of a row of zeros


class Primal(NamedTuple):
    params: Array
    logits: Array
    value: float


@dataclass(eq=False)
class Dual:
    """A point of the dual, which passes change in place.

    Attributes
    ----------
    samples : Samples
        The features are taken less of their mean, where an intercept is fitted.
    centre : (classes,)
        Of the intercept's penalty.
    """

    objective: Objective[MulticlassHinge]
    kind: Multipliers
    samples: Samples
    affine: Affine  # W and b
    multipliers: Array  # (n, classes)
    centre: Array
    passes: int = 0

    @classmethod
    def at(cls, objective: Objective[MulticlassHinge], start: Array) -> Self:
        """No multiplier above 0: W is 0, and the intercept that of `start`."""
        # Passes read row by row, where columns that are neighbours would cost a cache line each.
        features = np.ascontiguousarray(objective.features)
        weight = objective.sample_weight
        weights, bias = objective.split(start)
        mean = np.zeros(features.shape[1])
        if objective.fit_intercept:
            mean = objective.mean()
        squares = squares_of(features, mean)
        constant = 0.0
        if objective.fit_intercept:
            constant = CONSTANT * float(weight @ squares / weight.sum()) or 1.0
        pull = weight / objective.alpha
        curvature = pull * (squares + constant)
        curvature = np.maximum(curvature, TINY * curvature.max() or TINY)
        bias = bias + weights @ mean
        return cls(
            objective,
            kind_of(objective.loss),
            Samples(features, mean, objective.target, pull, curvature, constant),
            Affine(np.zeros(weights.shape), bias),
            np.zeros((len(features), objective.classes)),
            bias.copy(),
        )

    @property
    def params(self) -> Array:
        """W and b for the features as they came, b with a mean of 0: a shared constant changes no
        loss.
        """
        bias = self.affine.bias - self.affine.weight @ self.samples.mean
        return self.objective.join(self.affine.weight, bias - bias.mean())

    def primal(self) -> Primal:
        """The objective at the W and b that belong to the multipliers."""
        weight, _ = self.objective.split(params := self.params)
        logits = self.objective.logits(params)
        value = float(self.objective.bound(logits)) + self.objective.penalty(weight)
        return Primal(params, logits, value)

    def value(self) -> float:
        """A lower bound on the minimum."""
        return dual_value(self.objective, self.multipliers, self.samples.mean)

    def slopes(self, logits: Array) -> Slopes:
        return Slopes.at(self.kind, self.samples, logits, self.multipliers)

    def pass_over(self, chosen: Chosen, order: NDArray[np.int64]) -> float:
        """Ascend row by row; the largest violation on the way.

        The chosen multipliers are changed where they stand; `take` brings them back.
        """
        violation = ascend(self.samples, self.kind, self.affine, chosen, order)
        self.passes += 1
        if self.objective.fit_intercept and self.passes % CENTRE_EVERY == 0:
            step = self.affine.bias - self.centre
            self.centre[...] = self.affine.bias
            self.affine.bias[...] += step
        return violation

    def take(self, chosen: Chosen) -> None:
        rows = np.repeat(np.arange(len(self.multipliers)), np.diff(chosen.first))
        self.multipliers[rows, chosen.rivals] = chosen.multipliers

    @property
    def bias_grad(self) -> Array | None:
        """Of the loss held at the multipliers: what the intercept has moved from its centre for."""
        if not self.objective.fit_intercept:
            return None
        return (self.centre - self.affine.bias) * (self.objective.alpha / self.samples.constant)

    def moved(self, direction: Direction, length: float) -> "Dual":
        """Further along a direction, as far as the bounds of the multipliers allow."""
        multipliers, rows = self.multipliers.copy(), direction.rows
        there = multipliers[rows] + length * direction.multipliers[rows]
        multipliers[rows] = nearest_feasible(self.objective.loss, there)
        mean = self.samples.mean
        weight_grad, bias_grad = linear_gradient(self.objective, multipliers, mean)
        alpha = self.objective.alpha
        bias = self.affine.bias + length * direction.bias
        centre = bias + self.samples.constant / alpha * bias_grad
        affine = Affine(-weight_grad / alpha, bias)
        return replace(self, affine=affine, multipliers=multipliers, centre=centre)


def nearest_feasible(hinge: MulticlassHinge, multipliers: Array) -> Array:
    """The nearest multipliers within the bounds."""
    if hinge.squared:
        return np.maximum(multipliers, 0.0)
    return project(hinge, multipliers, 1.0).multipliers
