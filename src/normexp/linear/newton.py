"""The inverse Hessian itself, of an objective with few parameters: a step by it is Newton's."""

import numpy as np

from .._sparse import is_sparse
from ..losses import RowLoss
from .curvature import curvature_of
from .objective import Array, Objective
from .sampling import Sample

# What the Hessian may cost, at every iteration: its rows, and those of the data times their square.
MOST_PARAMS = 100
MOST_SQUARES = 2_000_000
# Curvature, once every parameter's own is 1: below it is rounding.
LEAST_CURVATURE = 1e-14


def is_small(objective: Objective[RowLoss]) -> bool:
    """Whether the Hessian itself is worth what it costs.

    Newton's steps are for a loss that is convex: of another they are too bold far from a minimum.
    And they take a Hessian with all of its digits.
    """
    loss, (rows, size) = objective.loss, objective.features.shape
    params = (size + 1) * objective.classes
    is_little = params <= MOST_PARAMS and rows * params**2 <= MOST_SQUARES
    is_known = loss.is_convex and loss.kernel is not None
    return is_little and is_known and not is_sparse(objective.features)


class NewtonMatrix:
    """The inverse Hessian of where a minimisation has come to.

        Σ_i H_i ⊗ (x_i x_iᵀ) + alpha I        H_i = s_i · ∂²loss_i/∂z²

    The features x_i are centred, and end with a 1 for the logits at their mean, if these are
    fitted; alpha leaves that out.
    """

    name = "Newton's method: there are few parameters"

    def __init__(self, objective: Objective[RowLoss]) -> None:
        self.objective = objective
        self._rows = np.flatnonzero(objective.sample_weight)
        self._sample = Sample(objective, self._rows, curvature_of(objective.loss))
        self.watched = self._sample.watched
        self._squares: Array | None = None

    def at(self, mean: Array, iteration: int) -> "ExactInverse":
        """For the params that were evaluated last."""
        hessians = self._sample.hessians()
        rows, classes = hessians.shape[:2]
        if self._squares is None:
            self._squares = self._all_squares(mean)
        ridge = np.full(len(mean), self.objective.alpha)
        if self.objective.fit_intercept:
            ridge = np.append(ridge, 0.0)
        size = len(ridge)
        blocks = hessians.reshape(rows, -1).T @ self._squares
        by_pair = blocks.reshape(classes, classes, size, size).transpose(0, 2, 1, 3)
        hessian = by_pair.reshape(classes * size, classes * size)
        return ExactInverse(hessian + np.diag(np.tile(ridge, classes)), classes)

    def _all_squares(self, mean: Array) -> Array:
        """The entries of x_i x_iᵀ, a row for each i."""
        x = self.objective.features[self._rows] - mean
        if self.objective.fit_intercept:
            x = np.hstack([x, np.ones((len(x), 1))])
        return np.asarray((x[:, :, None] * x[:, None, :]).reshape(len(x), -1))


class ExactInverse:
    """The inverse of a Hessian, which leaves alone what has no curvature.

    Of these losses that has no slope either, such as a constant added to all logits: no step goes
    any way along it, so that intercepts that begin with the sum 0 keep it.
    """

    def __init__(self, hessian: Array, classes: int) -> None:
        diagonal = hessian.diagonal()
        self._scale = 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
        values, self._vectors = np.linalg.eigh(self._scale[:, None] * hessian * self._scale)
        is_curved = values > LEAST_CURVATURE
        self._inverse = np.where(is_curved, 1 / np.where(is_curved, values, 1.0), 0.0)
        flat = self._scale[:, None] * self._vectors[:, ~is_curved]
        self._flat = np.linalg.qr(flat).Q
        self._classes = classes

    def times(self, weight: Array, at_mean: Array) -> tuple[Array, Array]:
        size = weight.shape[1]
        given = weight
        if len(self._scale) > weight.size:
            given = np.hstack([weight, at_mean[:, None]])
        scaled = self._scale * self._curved_part(given.ravel())
        product = self._scale * (self._vectors @ (self._inverse * (scaled @ self._vectors)))
        product = self._curved_part(product).reshape(self._classes, -1)
        return product[:, :size], product[:, size:].sum(axis=1)  # of no column it is 0

    def _curved_part(self, params: Array) -> Array:
        """What is left of a vector beside the directions without curvature."""
        return np.asarray(params - self._flat @ (self._flat.T @ params))

    def form(self, weight: Array, at_mean: Array) -> float:
        """A vector times its product."""
        of_weight, of_mean = self.times(weight, at_mean)
        return float(np.vdot(weight, of_weight) + at_mean @ of_mean)
