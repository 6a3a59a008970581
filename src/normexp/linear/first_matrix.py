"""The first matrix of L-BFGS: roughly the inverse Hessian of where it has come to."""

from functools import singledispatch

import numpy as np

from .._sparse import is_sparse
from ..linear_loss import BoundLoss
from ..losses import RowLoss
from .covariance import Spectrum, spectrum_of
from .curvature import curvature_of
from .kronecker import LEAST_CURVATURE, KroneckerInverse
from .objective import Array, Objective
from .sampling import Sample, some_of

# Of so many features all directions are worth to be known, and of more where that makes the matrix
# exact; otherwise so many. More directions save next to no evaluation, and cost as much as several.
MOST_FEATURES = 500
MOST_FEATURES_EXACT = 1500
DIRECTIONS = 128
# Of sparse features too, up to so many; products with those of text, say, are dear, and there few
# directions have more to tell than the others.
SPARSE_DIRECTIONS = 16
# The sample: so many rows, or so many for each feature or direction.
ROWS = 4000
ROWS_PER_DIRECTION = 4
# What C may cost where it takes a Hessian product for each class: rows · classes², and classes.
PRODUCTS = 4_000_000
MOST_CLASSES = 200
# C is computed anew for so long; where it is dear, after iterations that are powers of 2 alone.
RENEWALS = 40
# Of more classes than that its eigenvectors are: then after these iterations.
RENEWALS_OF_MANY = (4, 16)


class FirstMatrix:
    """The `KroneckerInverse` of where a minimisation has come to.

    The covariance of the features is computed once, from a sample of the rows where there are many;
    the mean Hessian of the loss again and again, from the logits that rows of the sample had in the
    last evaluation.
    """

    def __init__(self, objective: Objective[RowLoss]) -> None:
        self.objective = objective
        self._curvature = curvature_of(objective.loss)
        self._rank = rank_of(objective, self._curvature.is_constant)
        self._most = objective.shape[0] if self._curvature.is_constant else most_rows(self._rank)
        self._inverse: KroneckerInverse | None = None
        self.watched = self._watched()

    def _watched(self) -> BoundLoss:
        """Choose the rows, and give the loss that is to see their logits."""
        objective = self.objective
        self._rows = rows = some_of(np.flatnonzero(objective.sample_weight), self._most)
        if self._curvature.mean is None:
            rows = some_of(rows, most_products(objective.classes))
        self._sample = Sample(objective, rows, self._curvature)
        return self._sample.watched

    @property
    def name(self) -> str:
        """The solver, and how much of the features its first matrix builds on."""
        size = self.objective.shape[1]
        some = f"{self._rank} directions of " if self._rank < size else ""
        return f"L-BFGS on {some}{size} features"

    def at(self, mean: Array, iteration: int) -> KroneckerInverse:
        """For the params that were evaluated last, after so many iterations."""
        spectrum = self.objective.once("spectrum", lambda: self._spectrum(mean))
        if self._inverse is None or self._is_due(iteration):
            self._inverse = KroneckerInverse(spectrum, self._hessian(), self.objective.alpha)
        return self._inverse

    def _is_due(self, iteration: int) -> bool:
        """Whether C has changed so much by now that it is worth what it costs."""
        if self._curvature.is_constant or iteration > RENEWALS:
            return False
        classes, (rows, size) = self.objective.classes, self.objective.shape
        if classes > MOST_CLASSES:
            return iteration in RENEWALS_OF_MANY
        is_cheap = classes * (min(rows, self._most) + 10 * classes) <= rows * size / 2
        return iteration.bit_count() == 1 or (is_cheap and self._curvature.mean is not None)

    def _spectrum(self, mean: Array) -> Spectrum:
        features, weight = self.objective.features, self.objective.sample_weight
        return spectrum_of(features, self._rows, weight, mean, self._rank)

    def _mean_hessian(self) -> Array:
        return self._sample.mean_hessian()

    def _hessian(self) -> Array:
        """C; where it is not known, all classes are taken to curve alike."""
        alike = np.eye(self.objective.classes)
        if self._curvature.mean is None and len(alike) > MOST_CLASSES:
            return alike
        found = self._mean_hessian()
        if self.objective.loss.kernel is None:  # differences of a slope may see no curvature
            found = found + LEAST_CURVATURE * np.abs(found).max() * alike
        return found if np.isfinite(found).all() and found.any() else alike


@singledispatch
def first_matrix_of(objective: Objective[RowLoss]) -> FirstMatrix:
    """That of an objective, by where its rows are."""
    return FirstMatrix(objective)


def most_rows(rank: int) -> int:
    """How many rows tell so many directions, and the mean curvature."""
    return max(ROWS, ROWS_PER_DIRECTION * rank)


def most_products(classes: int) -> int:
    """How many rows may take a Hessian product for each class."""
    return max(PRODUCTS // classes**2, 1)


def rank_of(objective: Objective[RowLoss], is_constant: bool) -> int:
    """How many directions of the features are worth to be known; is C the same for every row?"""
    rows, size = objective.shape
    if is_sparse(objective.features):
        return int(size if size <= DIRECTIONS else min(rows, SPARSE_DIRECTIONS))
    most = MOST_FEATURES_EXACT if is_constant else MOST_FEATURES
    return int(size if size <= most else min(rows, DIRECTIONS))
