"""Hinge losses: the method of multipliers, stopped by the duality gap.

Held close to the last multipliers A, the maximum that a hinge is (see `duality`) becomes a smooth
function of the violations ``v_j = margin + z_j − z_y``:

    max_a Σ_j a_j · v_j − cost(a) − ‖a − A‖² / (2σ)

Newton's method minimises the objective with this loss; the a it ends with are the next A. Only rows
with multipliers that are free to move enter a Newton system. σ grows from round to round, until the
multipliers stand still.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.sparse.linalg import LinearOperator, cg

from ..losses import MulticlassHinge
from .duality import dual_value, leads, linear_gradient, own
from .objective import Array, Objective
from .products import squares_of
from .projections import Projection, cost, project
from .solution import Monitor, Solution

SIGMA_GROWTH = 4.0
# A round may end this far, in parts of what its change of multipliers is worth, from its minimum.
INEXACTNESS = 0.1
ROUNDS = 40  # rounding would drown anything that a larger σ can bring
CG_STEPS = 500

NAME = "method of multipliers"


def minimize_hinge(
    objective: Objective[MulticlassHinge],
    start: Array,
    monitor: Monitor,
    bound: float = 0.0,
    multipliers: Array | None = None,
    sigma: float | None = None,
) -> Solution:
    """Minimise an objective of a hinge, plain or squared, with ``alpha > 0``.

    `bound` is a lower bound on the minimum that is known already; `multipliers`, where they are
    given, are those to begin with, and are then what it ends with.

    The gap is that between the lowest objective and the highest `SmoothedHinge.bound` so far.
    Iterations are Newton steps.

    References
    ----------
    R. T. Rockafellar, Augmented Lagrangians and applications of the proximal point algorithm in
    convex programming, 1976. X. Li, D. Sun and K.-C. Toh, A highly efficient semismooth Newton
    augmented Lagrangian method for solving lasso problems, 2018.
    """
    params = best = start
    lowest = np.inf
    if multipliers is None:
        multipliers = np.zeros((len(objective.target), objective.classes))
    sigma = first_sigma(objective) if sigma is None else sigma
    gap = 1.0
    for _ in range(ROUNDS):
        smoothed = SmoothedHinge(objective, multipliers, sigma)
        settled = False
        while not settled:
            point = smoothed.at(params)
            value = point.value
            if value <= lowest:
                best, lowest = params, value
            bound = max(bound, smoothed.bound(point))
            gap = (lowest - bound) / lowest if lowest > bound else 0.0
            if outcome := monitor(lowest, gap, *objective.split(best)):
                multipliers[:] = point.projection.multipliers
                return Solution(*objective.split(best), lowest, gap, NAME, outcome)
            change = point.projection.multipliers - multipliers
            worth = objective.sample_weight @ (change**2).sum(axis=1) / (2 * sigma)
            enough = INEXACTNESS * max(worth, monitor.tol * lowest)
            settled = objective.excess(params, point.grad) <= enough
            if not settled:
                step = smoothed.newton_step(point)
                settled = not step.any()
                params = params + step
        multipliers[:] = point.projection.multipliers
        sigma *= SIGMA_GROWTH
    return Solution(*objective.split(best), lowest, gap, NAME, "stalled")


def first_sigma(objective: Objective[MulticlassHinge]) -> float:
    """The σ that pulls on the multipliers about as much as the penalty on W does."""
    pull = float(objective.sample_weight**2 @ squares_of(objective.features))
    return objective.alpha / pull if pull else 1.0


class Point(NamedTuple):
    """What is known of the objective, smoothed and not, at some params."""

    params: Array
    value: float  # of the objective itself
    violations: Array
    projection: Projection
    grad: Array  # of the smoothed objective


@dataclass(frozen=True, eq=False)
class SmoothedHinge:
    """The objective smoothed around some multipliers."""

    objective: Objective[MulticlassHinge]
    multipliers: Array
    sigma: float

    def at(self, params: Array) -> Point:
        objective = self.objective
        weight, _ = objective.split(params)
        logits = objective.logits(params)
        loss = float(objective.bound(logits))
        violations = objective.loss.margin + leads(logits, objective.target)
        projection = self.project(violations)
        weight_grad, bias_grad = linear_gradient(objective, projection.multipliers)
        grad = objective.join(weight_grad + objective.alpha * weight, bias_grad)
        value = loss + objective.penalty(weight)
        if objective.tilt is not None:
            value, grad = value + objective.tilt(params), grad + objective.tilt.slope
        return Point(params, value, violations, projection, grad)

    def bound(self, point: Point) -> float:
        """A lower bound on the minimum of the objective.

        The `dual_value`, which needs no assumption: to rounding, the minimum is no lower. Or, where
        the objective is tilted, by the smoothed one, which is nowhere higher, with the assumption
        of `Objective.excess`.
        """
        objective, multipliers = self.objective, point.projection.multipliers
        if objective.tilt is None:
            return dual_value(objective, multipliers)
        of_rivals = np.where(multipliers > 0, multipliers * point.violations, 0.0).sum(axis=1)
        squares = ((multipliers - self.multipliers) ** 2).sum(axis=1) / (2 * self.sigma)
        losses = of_rivals - cost(objective.loss, multipliers) - squares
        hinge = float(objective.bound(objective.logits(point.params)))
        smoothed = point.value - hinge + float(objective.sample_weight @ losses)
        return smoothed - objective.excess(point.params, point.grad)

    def project(self, violations: Array) -> Projection:
        u = self.multipliers + self.sigma * violations
        u[own(self.objective.target)] = -np.inf  # no class is its own rival
        return project(self.objective.loss, u, self.sigma)

    def newton_step(self, point: Point) -> Array:
        direction = self.newton_direction(point)
        return self.step_length(point, direction) * direction

    def newton_direction(self, point: Point) -> Array:
        """Solve Newton's equations by conjugate gradients, the better the smaller the gradient.

        Where no multiplier is free, nothing holds the intercept: it is damped by its own gradient,
        which keeps its step below 1 and vanishes at the minimum.
        """
        objective = self.objective
        free = np.flatnonzero(point.projection.is_free.any(axis=1))
        of_free, projection = objective.of_rows(free), point.projection.of_rows(free)
        _, bias_grad = objective.split(point.grad)
        damping = np.linalg.norm(bias_grad)

        def hessian_product(step: Array) -> Array:
            weight, bias = objective.split(step)
            moved = projection.derivative(leads(of_free.logits(step), of_free.target))
            of_weight, of_bias = linear_gradient(of_free, self.sigma * moved)
            return objective.join(of_weight + objective.alpha * weight, of_bias + damping * bias)

        size = point.grad.size
        hessian = LinearOperator((size, size), matvec=hessian_product, dtype=np.float64)
        rtol = min(0.1, np.linalg.norm(point.grad) ** 0.5)
        direction, _ = cg(hessian, -point.grad, rtol=rtol, maxiter=CG_STEPS)
        weight, bias = objective.split(direction)
        return objective.join(weight, bias - bias.mean())  # a shared constant changes no loss

    def step_length(self, point: Point, direction: Array) -> float:
        """The step to the minimum along a direction, but at most 1; 0 if it is not downhill.

        The slope, unlike the value, is not blurred by rounding where the minimum is near.
        """
        objective = self.objective
        weight, _ = objective.split(point.params)
        weight_step, _ = objective.split(direction)
        moved = leads(objective.logits(direction), objective.target)

        of_tilt = 0.0 if objective.tilt is None else objective.tilt.slope @ direction

        def slope(step: float) -> float:
            pull = self.project(point.violations + step * moved).multipliers * moved
            of_penalty = objective.alpha * np.vdot(weight + step * weight_step, weight_step)
            return float(objective.sample_weight @ pull.sum(axis=1) + of_penalty + of_tilt)

        downhill, beyond = slope(0.0), slope(1.0)
        if downhill >= 0:
            return 0.0
        if beyond <= -0.01 * downhill:
            return 1.0
        return float(brentq(slope, 0.0, 1.0, xtol=1e-12, rtol=0.01))
