"""One classifier for each of many alphas: the largest first, each started where the last ended."""

from collections.abc import Sequence
from copy import copy
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone

from .. import _check
from .._sparse import is_sparse
from ..losses import RowLoss
from .base import BaseLinearClassifier
from .centring import Centred
from .objective import Array, Objective
from .products import squares_of

# The least of alphas that are found, in parts of the largest.
LEAST, LEAST_OF_LASSO = 1e-6, 1e-3

Classifier = TypeVar("Classifier", bound=BaseLinearClassifier)


def fit_path(
    classifier: Classifier,
    X: ArrayLike,
    y: ArrayLike,
    *,
    alphas: int | Sequence[float] = 10,
    sample_weight: ArrayLike | None = None,
    classes: ArrayLike | None = None,
) -> list[Classifier]:
    """Classifiers of many alphas, each of which starts from the weights of the last.

    Each comes to its own optimum, as if it were fitted alone: within its `tol`. What solvers learn
    of the features, such as their covariance, they learn once.

    Parameters
    ----------
    classifier : LinearClassifier, SoftmaxRegression or MulticlassSVM
        With every parameter but `alpha` and `warm_start`. It stays as it is.
    X, y, sample_weight, classes
        As for `fit`.
    alphas : int or sequence of float
        So many, evenly spaced on a logarithmic scale. With an L1 norm they begin with the smallest
        one at which all weights are 0 and end with its thousandth part; without one they begin
        with the variance of the features, ``Σ_i s_i ‖x_i − μ‖² / Σ_i s_i``, where weights change
        hardly a logit, and end with its millionth part.

    Returns
    -------
    list of classifiers
        From the largest alpha to the smallest.

    Raises
    ------
    TypeError, ValueError
        For alphas that cannot be, and as `fit`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from normexp.linear import SoftmaxRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> for model in fit_path(SoftmaxRegression(l1_ratio=1.0), X, y, alphas=4):
    ...     print(f"{model.alpha:.4f} {(model.coef_ != 0).sum()} {model.score(X, y):.2f}")
    0.7653 0 0.33
    0.0765 2 0.95
    0.0077 4 0.97
    0.0008 6 0.98
    """
    template = clone(classifier).set_params(alpha=1.0)
    loss = template._loss()
    template._check_parameters(loss)
    if template._checkpoints:
        raise ValueError("callbacks must hold no Checkpoint for a path: that is for one fit")
    objective, names = template._objective(X, y, sample_weight, classes)
    start = np.zeros(objective.classes * (objective.features.shape[1] + objective.fit_intercept))
    last = start
    path: list[Classifier] = []
    for alpha in alphas_of(alphas, objective):
        model = copy(template).set_params(alpha=float(alpha))
        model._check_parameters(loss)
        objective = objective.with_alpha(float(alpha))
        model._fit(loss, objective, names, objective.features.dtype, start)
        found = objective.join(*(part.astype(float) for part in (model.coef_, model.intercept_)))
        start = found + np.where(found == 0, 0.0, found - last) if path else found
        last = found
        path.append(model)
    return path


def alphas_of(alphas: int | Sequence[float], objective: Objective[RowLoss]) -> Array:
    """The alphas that are given, or so many for an objective, from the largest to the smallest."""
    if isinstance(alphas, (str, bytes)) or np.ndim(alphas) > 1:
        raise TypeError(f"alphas must be a number of them or a sequence of numbers, got {alphas!r}")
    if np.ndim(alphas) == 0:
        count = _check.integer(alphas, "alphas")
        if count < 1:
            raise ValueError(f"alphas must be at least one, got {count}")
        largest, least = largest_alpha(objective), LEAST_OF_LASSO if objective.lasso else LEAST
        return np.asarray(largest * np.logspace(0, np.log10(least), count))
    if not len(alphas):  # type: ignore[arg-type]
        raise ValueError("alphas must hold at least one number, got none")
    for alpha in alphas:  # type: ignore[union-attr]
        _check.between(alpha, 0.0, np.finfo(np.float64).max, "alphas")
    return np.sort(np.array(alphas, np.float64))[::-1]


def largest_alpha(objective: Objective[RowLoss]) -> float:
    """Where alphas begin that are not given; of features that are constant at 1."""
    if objective.lasso:
        centred = Centred(objective, objective.bound)
        size = objective.classes * (objective.features.shape[1] + objective.fit_intercept)
        zero = objective.once("zero", lambda: centred.at(np.zeros(size)))
        slopes, _ = objective.split(zero.grad)
        return float(np.abs(slopes).max()) / objective.l1_ratio or 1.0
    features, weight = objective.features, objective.sample_weight
    if not objective.fit_intercept:
        return float(weight @ squares_of(features)) or 1.0
    mean = objective.mean()
    if is_sparse(features):
        return max(float(weight @ squares_of(features) - weight.sum() * mean @ mean), 0.0) or 1.0
    return float(weight @ squares_of(features, mean)) or 1.0
