"""The objective of rows that lie with the workers of Dask: they send sums, never rows."""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from .._sparse import is_sparse
from ..linear_loss import LinearLoss
from ..losses import Bound, RowLoss
from .batches import Batch
from .blocks import Blocks, without_callbacks
from .covariance import (
    Spectrum,
    covariance,
    covariance_product,
    leading_spectrum,
    whole_spectrum,
)
from .curvature import curvature_of
from .first_matrix import MOST_CLASSES, FirstMatrix, first_matrix_of, most_products
from .objective import Array, Objective
from .products import gradient
from .sampling import Sample, Watched, some_of
from .streaming import Counts, Survey, rows_of


class Recipe(NamedTuple):
    """All that a worker has to know to make an objective of a block."""

    estimator: BaseEstimator  # which knows the names and the number of the features
    found: Survey
    loss: RowLoss
    fit_intercept: bool

    def objective(self, batch: Batch) -> Objective[RowLoss] | None:
        """Without penalty; None of a block without rows."""
        for rows in rows_of([batch], self.estimator):
            features, ids, weight = self.found.weighed(rows)
            classes = len(self.found.classes)
            return Objective(self.loss, features, ids, weight, classes, 0.0, self.fit_intercept)
        return None


@dataclass(frozen=True, eq=False)
class Sums:
    """What an evaluation of some rows adds to that of all."""

    value: float
    grad: Array
    hessian: Array | float  # by the logits, of shape (classes, classes); 0 where nobody asks for it
    rows: int

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            self.value + other.value,
            self.grad + other.grad,
            self.hessian + other.hessian,
            self.rows + other.rows,
        )


def counted(batch: Batch, estimator: BaseEstimator) -> Counts | None:
    for rows in rows_of([batch], estimator):
        return Counts.of(rows)
    return None


def evaluated(batch: Batch, recipe: Recipe, params: Array, fraction: float) -> Sums | None:
    """Value, gradient, and the mean Hessian by the logits of a fraction of the rows."""
    objective = recipe.objective(batch)
    if objective is None:
        return None
    rows = rows_seen(objective, fraction)
    if not len(rows):
        return Sums(*objective(params), 0.0, objective.shape[0])
    sample = Sample(objective, rows, curvature_of(objective.loss))
    value, grad = objective.evaluated_by(LinearLoss(sample.watched), params)
    return Sums(value, grad, sample.mean_hessian(), objective.shape[0])


def mean_share(batch: Batch, recipe: Recipe) -> Array | None:
    """``Σ_i s_i x_i``, of which that of all rows is their mean."""
    if (objective := recipe.objective(batch)) is None:
        return None
    share: Array = gradient(objective.features, objective.sample_weight[:, None])[0]
    return share


def covariance_share(
    batch: Batch, recipe: Recipe, mean: Array, fraction: float, matrix: Array | None = None
) -> Array | None:
    """The covariance as a fraction of the rows tells it, or its product with a matrix."""
    objective = recipe.objective(batch)
    if objective is None or not len(rows := rows_seen(objective, fraction)):
        return None
    weight = objective.sample_weight[rows]
    weight *= objective.sample_weight.sum() / weight.sum()
    if matrix is None:
        return covariance(objective.features, rows, weight, mean)
    return covariance_product(objective.features, rows, weight, mean, matrix)


def rows_seen(objective: Objective[RowLoss], fraction: float) -> NDArray[np.intp]:
    """Some rows that count, of each block its part."""
    most = math.ceil(fraction * objective.shape[0])
    return some_of(np.flatnonzero(objective.sample_weight), most)


@dataclass(frozen=True, eq=False, kw_only=True)
class DistributedObjective(Objective[RowLoss]):
    """An objective whose rows are never here: its features and target have none.

    Attributes
    ----------
    blocks : Blocks
    recipe : Recipe
    """

    blocks: Blocks
    recipe: Recipe

    @property
    def shape(self) -> tuple[int, int]:
        return self.recipe.found.rows, self.features.shape[1]

    def mean(self) -> Array:
        return self.once("mean", lambda: self.blocks.sum(mean_share, self.recipe))

    def evaluated_by(self, linear_loss: LinearLoss, params: Array) -> tuple[float, Array]:
        """The `linear_loss` has no row to compute, but may say of how many to learn the Hessian."""
        watched = linear_loss.bound if isinstance(linear_loss.bound, WatchedAfar) else None
        fraction = watched.fraction if watched else 0.0
        sums = self.blocks.sum(evaluated, self.recipe, params, fraction)
        self.recipe.found.check_rows(sums.rows)
        if watched:
            watched.hessian = sums.hessian
        weight, _ = self.split(params)
        grad = sums.grad + self.join(self.ridge * weight, np.zeros(self.classes))
        return sums.value + self.penalty(weight), grad


class WatchedAfar(Watched):
    """A fraction of rows that are elsewhere, and their mean Hessian in the last evaluation."""

    def __init__(self, bound: Bound, fraction: float) -> None:
        super().__init__(bound, np.empty(0, np.intp))
        self.fraction = fraction
        self.hessian: Array | float = 0.0


class DistributedFirstMatrix(FirstMatrix):
    """What `FirstMatrix` is, with covariance and mean Hessian as sums over the blocks."""

    objective: DistributedObjective

    def _watched(self) -> WatchedAfar:
        rows, classes = self.objective.shape[0], self.objective.classes
        self._fraction = min(1.0, self._most / rows)
        most = self._most
        if self._curvature.mean is None:
            most = min(most, most_products(classes)) if classes <= MOST_CLASSES else 0
        self._afar = WatchedAfar(self.objective.bound, min(1.0, most / rows))
        return self._afar

    def _spectrum(self, mean: Array) -> Spectrum:
        sum_, given = self.objective.blocks.sum, (self.objective.recipe, mean, self._fraction)
        size = len(mean)
        if self._rank == size and not is_sparse(self.objective.features):
            return whole_spectrum(sum_(covariance_share, *given))
        return leading_spectrum(
            lambda matrix: sum_(covariance_share, *given, matrix), size, self._rank
        )

    def _mean_hessian(self) -> Array:
        return np.asarray(self._afar.hessian)


@first_matrix_of.register
def _(objective: DistributedObjective) -> FirstMatrix:
    return DistributedFirstMatrix(objective)


def distributed(
    blocks: Blocks,
    estimator: BaseEstimator,
    loss: RowLoss,
    class_weight: Any,
    alpha: float,
    fit_intercept: bool,
) -> tuple[DistributedObjective, Survey]:
    """The objective of the rows of Dask, after a pass over them."""
    validate_data(estimator, blocks.head, skip_check_array=True)
    checker = without_callbacks(estimator, is_fitted=False)
    validate_data(checker, blocks.head, skip_check_array=True)
    found = Survey.of(blocks.sum(counted, checker), class_weight)
    size = blocks.head.shape[1]
    objective = DistributedObjective(
        loss,
        csr_array((0, size)) if found.is_sparse else np.empty((0, size)),
        np.empty(0, np.int64),
        np.empty(0),
        len(found.classes),
        alpha,
        fit_intercept,
        blocks=blocks,
        recipe=Recipe(checker, found, loss, fit_intercept),
    )
    return objective, found
