"""The weights that may move, as one vector, and the Hessian in them."""

from functools import cached_property, singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from .._sparse import is_sparse
from ..losses import Bound
from .conjugate_gradients import conjugate_gradients
from .curvature import curvature_of, hessian_product
from .objective import Array, Objective
from .products import tiles, wide
from .sampling import some_of

# Where the Hessian is written down: at most so large, of so few classes.
MOST_PARAMS = 2000
MOST_CLASSES = 32
# Where it is not, the mean curvature of the loss is told from so many rows.
ROWS = 4000
ENTRIES = 4_000_000  # of the Hessians of rows, at a time
FEW = 5  # of that many features less than one may move: these are copied
LEAST_CURVATURE = 1e-12
CG_STEPS, CG_RESIDUAL = 100, 0.1


class WorkingSet:
    """The weights of an objective that may move, and the logits at the mean, if these are fitted.

    They make one vector, which ends with the logits. Few weights have their Hessian written down;
    of many, and of sparse features, it is multiplied by, and solved with by conjugate gradients.

    Attributes
    ----------
    may_move : (classes, some features) of bool
    count, size : int
        How many weights, and how long the vector is.
    columns : the features of these weights, or all
    mean : of these features
    """

    def __init__(
        self, objective: Objective[Any], mean: Array, logits: Array, may_move: NDArray[np.bool_]
    ) -> None:
        self.objective = objective
        self.curvature = curvature_of(objective.loss)
        self._logits = logits
        size = may_move.shape[1]
        columns = np.flatnonzero(may_move.any(axis=0))
        self.columns = columns if FEW * len(columns) <= size else np.arange(size)
        self._features = with_columns(objective.features, self.columns)
        self.mean = mean[self.columns]
        self.may_move = may_move[:, self.columns]
        self._place = np.nonzero(self.may_move)
        self.count = len(self._place[0])
        self.size = self.count + objective.classes * objective.fit_intercept
        self._ridge = np.zeros(self.size)
        self._ridge[: self.count] = objective.ridge

    @property
    def is_small(self) -> bool:
        """Whether its Hessian may be written down."""
        return self.size <= MOST_PARAMS and self.objective.classes <= MOST_CLASSES

    @property
    def _is_written(self) -> bool:
        return self.is_small and not is_sparse(self.objective.features)

    def vector(self, params: Array) -> Array:
        """What belongs to it of params, or of a gradient."""
        weight, at_mean = self.objective.split(params)
        return self._joined(weight[:, self.columns], at_mean)

    def params(self, vector: Array) -> Array:
        """The params, in which the other weights are 0."""
        objective = self.objective
        weight = np.zeros((objective.classes, objective.features.shape[1]))
        few, at_mean = self._split(vector)
        weight[:, self.columns] = few
        return objective.join(weight, at_mean)

    @cached_property
    def places(self) -> NDArray[np.intp]:
        """Where in the vector the weights stand of features that may move in every class."""
        where = np.full(self.may_move.shape, -1)
        where[self._place] = np.arange(self.count)
        return where[:, self.may_move.all(axis=0)]

    def product(self, vector: Array) -> Array:
        """The Hessian times a vector."""
        if self._is_written:
            return np.asarray(self.hessian @ vector)
        weight, at_mean = self._split(vector)
        at_mean = at_mean - weight @ self.mean
        weight_grad = np.zeros(weight.shape)
        total = np.zeros(len(weight))
        for features, logits, bound in self._tiles:
            x = wide(features)
            grad = hessian_product(bound, logits, x @ weight.T + at_mean)
            weight_grad += grad.T @ x
            total += grad.sum(axis=0)
        weight_grad -= np.outer(total, self.mean)
        return self._joined(weight_grad, total) + self._ridge * vector

    def solve(self, face: NDArray[np.intp], right: Array, damping: float) -> Array:
        """The solution of the equations of some of its entries, or roughly so.

        `damping` is added to the diagonal, in parts of it.
        """
        if self._is_written:
            return solved(self.hessian[np.ix_(face, face)], right, damping)
        diagonal = self.diagonal[face]

        def product(vector: Array) -> Array:
            whole = np.zeros(self.size)
            whole[face] = vector
            return self.product(whole)[face] + damping * diagonal * vector

        return conjugate_gradients(product, right, diagonal, CG_RESIDUAL, CG_STEPS)

    @cached_property
    def diagonal(self) -> Array:
        """Of the Hessian; where that is not written down, roughly: ``C_kk · G_jj + ridge``."""
        if self._is_written:
            found = self.hessian.diagonal()
        else:
            curvature = np.abs(self._mean_hessian().diagonal())
            spread = np.outer(curvature, self._variances())
            found = self._joined(spread, curvature) + self._ridge
        return np.maximum(found, LEAST_CURVATURE * found.max() or 1.0)

    @cached_property
    def hessian(self) -> Array:
        """``Σ_i H_i ⊗ (x_i x_iᵀ)`` of centred features, that end with a 1, and the ridge."""
        objective = self.objective
        result = np.diag(self._ridge)
        columns = [np.flatnonzero(row) for row in self.may_move]
        first = np.concatenate([[0], np.cumsum([len(each) for each in columns])])
        places = [np.arange(*first[k : k + 2]) for k in range(len(columns))]
        if objective.fit_intercept:
            places = [np.append(each, self.count + k) for k, each in enumerate(places)]
        for rows in tiles(self._features, most=ENTRIES // objective.classes**2):
            weight = objective.sample_weight[rows]
            hessians = self.curvature.of_rows(self._bound(rows), self._logits[rows], weight)
            centred = wide(self._features[rows], self.mean)
            parts = [centred[:, each] for each in columns]
            if objective.fit_intercept:
                parts = [np.hstack([part, np.ones((len(part), 1))]) for part in parts]
            for k, one in enumerate(parts):
                for j, other in enumerate(parts[: k + 1]):
                    block = one.T @ (hessians[:, k, j, None] * other)
                    result[np.ix_(places[k], places[j])] += block
                    if j < k:
                        result[np.ix_(places[j], places[k])] += block.T
        return result

    @cached_property
    def _tiles(self) -> list[tuple[Any, Array, Bound]]:
        return [
            (self._features[rows], self._logits[rows], self._bound(rows))
            for rows in tiles(self._features)
        ]

    def _bound(self, rows: slice) -> Bound:
        """The loss of some rows."""
        objective = self.objective
        bound: Bound = objective.loss.bind(
            objective.target[rows],
            classes=objective.classes,
            sample_weight=objective.sample_weight[rows],
        )
        return bound

    def _mean_hessian(self) -> Array:
        """C, from a sample of the rows."""
        objective = self.objective
        rows = np.flatnonzero(objective.sample_weight)
        rows = some_of(rows, min(ROWS, max(ENTRIES // objective.classes**2, 1)))
        weight = objective.sample_weight[rows]
        weight = weight * (objective.sample_weight.sum() / weight.sum())
        logits = self._logits[rows]
        if self.curvature.mean is not None:
            return self.curvature.mean(logits, weight)
        bound = objective.loss.bind(
            objective.target[rows], classes=objective.classes, sample_weight=weight
        )
        return np.asarray(self.curvature.of_rows(bound, logits, weight).sum(axis=0))

    def _variances(self) -> Array:
        """Of the features, times the weight of all rows."""
        total = np.zeros(len(self.mean))
        for rows in tiles(self._features):
            x, weight = wide(self._features[rows]), self.objective.sample_weight[rows]
            if is_sparse(x):
                total += x.multiply(x).T @ weight
            else:
                total += np.einsum("i,ij,ij->j", weight, x, x)
        of_mean = self.objective.sample_weight.sum() * self.mean**2
        return np.asarray(np.maximum(total - of_mean, 0.0))

    def _joined(self, weight: Array, at_mean: Array) -> Array:
        moving = weight[self._place]
        return np.append(moving, at_mean) if self.objective.fit_intercept else moving

    def _split(self, vector: Array) -> tuple[Array, Array]:
        weight = np.zeros(self.may_move.shape)
        weight[self._place] = vector[: self.count]
        if self.objective.fit_intercept:
            return weight, vector[self.count :]
        return weight, np.zeros(self.objective.classes)


@singledispatch
def working_set_of(
    objective: Objective[Any],
    mean: Array,
    params: Array,
    logits: Array,
    may_move: NDArray[np.bool_],
) -> WorkingSet:
    """That of an objective at some params, W and b, where its features have these logits."""
    return WorkingSet(objective, mean, logits, may_move)


def with_columns(features: Any, columns: NDArray[np.intp]) -> Any:
    if len(columns) == features.shape[1]:
        return features
    return features[:, columns] if is_sparse(features) else np.take(features, columns, axis=1)


def solved(matrix: Array, right: Array, damping: float) -> Array:
    """The solution of equations with a matrix that is damped until it is positive definite."""
    diagonal = matrix.diagonal()
    scale = 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    scaled = scale[:, None] * matrix * scale
    while True:
        scaled[np.diag_indices(len(scaled))] += damping
        try:
            factor = cho_factor(scaled, lower=True)
        except LinAlgError:
            damping *= 100
        else:
            return np.asarray(scale * cho_solve(factor, scale * right))
