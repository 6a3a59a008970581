"""How far a smooth loss with an L1 norm may be from its minimum: the duality gap.

With the gradient U of the loss by the logits, and θ between 0 and 1, θU is a point of the dual:

    F* ≥ −L*(θU) − P*(−θG)        G = ∂L/∂W        P = lasso · Σ|W| + ridge/2 · ‖W‖²
    P*(V) = Σ (|V| − lasso)₊² / (2 ridge),  without a ridge 0 where |V| ≤ lasso and else inf

The conjugate L* need not be known: ``−L*(U)`` is ``L − ⟨U, z⟩``, and L* is convex with
``L*(0) = −inf L ≤ 0``, so that ``−L*(θU) ≥ θ (L − ⟨U, z⟩)``.

Nothing penalises an intercept, so that U has to sum to 0 for each class. For cross-entropy
``U = p − t``, and a little of ``r − t`` makes it so, where r is a distribution of the classes for
all rows alike; ``L*(r − t)`` is an entropy with its sign changed, at most 0. Of other losses the
slope in the intercept is small but not 0, and what it may be worth is taken on trust, as in
`Objective.excess`.
"""

from functools import singledispatch

import numpy as np

from ..losses import CrossEntropy, RowLoss
from .centring import Centred, Point, relative
from .objective import Array


@singledispatch
def masses_of_classes(loss: RowLoss, at_zero: Array) -> Array | None:
    """The weight of each class's rows in units of the gradient by the logits, if r is known.

    `at_zero` is that gradient, summed over the rows, where all logits are 0.
    """
    return None


@masses_of_classes.register
def _(loss: CrossEntropy, at_zero: Array) -> Array | None:
    """``Σ_i s_i t_i / temperature``, as ``at_zero = Σ_i s_i (1/K − t_i) / temperature``."""
    if loss.softcap is not None or loss.z_loss:
        return None
    masses: Array = 1 / (len(at_zero) * loss.temperature) - at_zero
    return masses if (masses > 0).all() else None


class DualityGap:
    """The gap at points of an objective in centred coordinates."""

    def __init__(self, centred: Centred) -> None:
        self.objective = objective = centred.objective
        size = objective.classes * (objective.features.shape[1] + objective.fit_intercept)
        zero = objective.once("zero", lambda: centred.at(np.zeros(size)))
        self._weight_grad, bias_grad = objective.split(zero.grad)
        self._masses = masses_of_classes(objective.loss, bias_grad)

    def __call__(self, point: Point) -> float:
        """In parts of the objective."""
        objective = self.objective
        weight, at_mean = objective.split(point.params)
        grad, slope = objective.split(point.grad)
        grad = grad - objective.ridge * weight
        loss = point.value - objective.penalty(weight)
        dual = loss - float(np.vdot(grad, weight) + slope @ at_mean)  # −L*(U)
        trust = 0.0
        if objective.fit_intercept and self._masses is not None:
            share = max(0.0, float((slope / self._masses).max()))
            dual /= 1 + share
            grad = (grad + share * self._weight_grad) / (1 + share)
        elif objective.fit_intercept:
            trust = float(np.linalg.norm(slope)) * max(1.0, float(np.linalg.norm(at_mean)))
        excess = point.value - self._highest(dual, np.abs(grad)) + trust
        return relative(max(excess, 0.0), point.value)

    def _highest(self, dual: float, slopes: Array) -> float:
        """``θ · dual − P*(−θG)`` for the best of two θ: 1, and the largest for which P* is 0."""
        lasso, ridge = self.objective.lasso, self.objective.ridge
        steepest = float(slopes.max(initial=0.0))
        within = dual * (1.0 if steepest <= lasso else lasso / steepest)
        if not ridge:
            return within
        beyond = np.maximum(slopes - lasso, 0.0)
        return max(within, dual - float(np.vdot(beyond, beyond)) / (2 * ridge))
