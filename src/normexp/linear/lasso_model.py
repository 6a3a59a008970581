"""The minimum of a quadratic with an L1 norm, in the weights of a working set.

    m(u) = gᵀ(u − x) + (u − x)ᵀ H (u − x) / 2 + lasso · Σ|u|

Weights at 0 that want to leave it take a step downhill, each by its own curvature. What is not 0
then takes Newton's step, as far as it goes without a change of signs: who comes to 0 stays there.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .objective import Array
from .shifts import with_least_penalty
from .working_set import WorkingSet

ROUNDS = 50
LEAVING = 0.1  # of what is left to do: less at the weights that are 0 can wait
# Newton's equations are damped the more where signs keep it from going the whole way.
LEAST_DAMPING, MOST_DAMPING, DAMPED = 1e-10, 1.0, 10.0
ROUNDING = 1e-14  # of what the largest weight does: what does less is 0
# Of the weights that a whole step takes past 0, the parts that shorter ones do.
PAST = (1.0, 0.5, 0.2, 0.05, 0.0)


class Slope(NamedTuple):
    """The steepest descent at a point, and which of its entries are not at 0."""

    descent: Array
    is_moving: NDArray[np.bool_]


class Step(NamedTuple):
    end: Array
    change: Array  # H times the step
    is_whole: bool


class LassoModel:
    def __init__(
        self, working: WorkingSet, params: Array, grad: Array, sees_no_shift: bool
    ) -> None:
        self.working = working
        self.start = working.vector(params)
        self.grad = working.vector(grad)
        self.lasso = working.objective.lasso
        self.is_penalised = np.arange(working.size) < working.count
        self.sees_no_shift = sees_no_shift

    def minimum(self, enough: float) -> Array:
        """Roughly the minimum: the slope, in its own scale, is so much of the first one."""
        working, diagonal = self.working, self.working.diagonal
        u, image = self.start, np.zeros(working.size)  # H (u − x)
        first, damping = None, LEAST_DAMPING
        for _ in range(ROUNDS):
            slope = self._slope(u, image)
            scaled = slope.descent / np.sqrt(diagonal)
            left = float(np.linalg.norm(scaled))
            first = left if first is None else first
            if left <= enough * first:
                break
            leaving = np.where(slope.is_moving, 0.0, slope.descent / diagonal)
            if np.linalg.norm(scaled[~slope.is_moving]) > LEAVING * left:
                change = working.product(leaving)
                curvature = float(leaving @ change)
                step = float(slope.descent @ leaving) / curvature if curvature > 0 else 1.0
                u, image = u + step * leaving, image + step * change
            u, image = self._shifted(u, image)
            moved = self._newton_step(u, self._slope(u, image), damping)
            if moved is None:
                break
            u, image = self._without_rounding(moved.end), image + moved.change
            factor = 1 / DAMPED if moved.is_whole else DAMPED
            damping = min(max(damping * factor, LEAST_DAMPING), MOST_DAMPING)
        return self._shifted(u, image)[0]

    def _without_rounding(self, u: Array) -> Array:
        """Weights at 0 that rounding has taken a hair from it are put back."""
        size = np.abs(u) * np.sqrt(self.working.diagonal) * self.is_penalised
        return np.where(self.is_penalised & (size <= ROUNDING * size.max()), 0.0, u)

    def _slope(self, u: Array, image: Array) -> Slope:
        grad = self.grad + image
        is_moving = (u != 0) | ~self.is_penalised
        of_moving = grad + self.lasso * np.sign(u) * self.is_penalised
        of_zeros = np.sign(grad) * np.maximum(np.abs(grad) - self.lasso, 0.0)
        return Slope(-np.where(is_moving, of_moving, of_zeros), is_moving)

    def _newton_step(self, u: Array, slope: Slope, damping: float) -> Step | None:
        """The longest step that goes downhill; None if there is none.

        The shortest takes one weight to 0 and is downhill, whatever the Hessian.
        """
        face = np.flatnonzero(slope.is_moving)
        direction = np.zeros_like(u)
        direction[face] = self.working.solve(face, slope.descent[face], damping)
        falling = np.flatnonzero((u * direction < 0) & self.is_penalised)
        reach = -u[falling] / direction[falling]
        reach = reach[reach < 1]
        for length in [1.0, *np.quantile(reach, PAST)] if reach.size else [1.0]:
            there = u + length * direction
            has_ended = self.is_penalised & (there * np.sign(u) <= ROUNDING * np.abs(u))
            there[has_ended] = 0.0
            step = there - u
            change = self.working.product(step)
            # No sign changes, so that the L1 norm is linear on the way.
            if step @ change / 2 < slope.descent[face] @ step[face]:
                return Step(there, change, length == 1.0)
        return None

    def _shifted(self, u: Array, image: Array) -> tuple[Array, Array]:
        """What the loss does not see goes where the penalty is least, or stays where it was."""
        if not self.sees_no_shift:
            return u, image
        objective, places = self.working.objective, self.working.places
        moved = with_least_penalty(u[places], objective.lasso, objective.ridge) - u[places]
        u, image = u.copy(), image.copy()
        if objective.fit_intercept:
            at_mean = slice(self.working.count, None)
            u[at_mean] -= (u[at_mean] - self.start[at_mean]).mean()
        u[places] += moved
        image[places] += objective.ridge * moved
        return u, image
