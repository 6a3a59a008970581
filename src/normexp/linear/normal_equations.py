"""Squared error on logits: the minimum is the solution of linear equations.

In centred features, with ``G = Σ_i s_i (x_i − μ)(x_i − μ)ᵀ``, and the logits c at their mean, the
Hessian is the same everywhere: ``2 G + ridge`` for the weights of each class, and 2 Σ_i s_i for c.
"""

from collections.abc import Callable

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from .._sparse import is_sparse
from ..losses import SquaredError
from .centring import Centred
from .covariance import covariance, covariance_product
from .lbfgs import minimize_smooth
from .objective import Array, Objective
from .progress import Progress
from .solution import Monitor, Outcome, Solution

# Of so many features G is written down; of sparse ones it takes a product with each.
MOST_FEATURES = 4000
MOST_SPARSE = 128
ENOUGH = 1e-12  # of the trace: a ridge that is more leaves nothing singular
ROUNDING = 1e-15  # of the largest eigenvalue: what is below is no direction of the features

NAME = "normal equations: the loss is quadratic"


def minimize_squares(
    objective: Objective[SquaredError], start: Array, monitor: Monitor
) -> Solution:
    """Minimise an objective of squared error on logits: one step, and others against rounding.

    With more features than can be had by products among them, it goes to `minimize_smooth`.
    """
    features = objective.features
    if features.shape[1] > (MOST_SPARSE if is_sparse(features) else MOST_FEATURES):
        return minimize_smooth(objective, start, monitor)
    centred = Centred(objective, objective.bound)
    point = centred.at(centred.centred(start))
    progress = Progress(point)
    outcome: Outcome | None = "converged" if point.gap <= monitor.tol else None
    if outcome is None:
        weight = objective.sample_weight
        moments = objective.once("moments", lambda: second_moments(objective, centred.mean))
        solve = inverse(2 * moments, objective.ridge)
        curvature = 2 * weight.sum()
    while outcome is None:
        weight_grad, slope = objective.split(point.grad)
        step = objective.join(solve(weight_grad.T).T, slope / curvature)
        following = centred.at(point.params - step)
        if progress.has_ended(following):
            outcome = "stalled"
        else:
            point = following
            outcome = monitor(point.value, point.gap, *objective.split(centred.plain(point.params)))
    params = centred.plain(point.params)
    return Solution(*objective.split(params), point.value, point.gap, NAME, outcome)


def second_moments(objective: Objective[SquaredError], mean: Array) -> Array:
    """G"""
    features, weight = objective.features, objective.sample_weight
    rows = np.flatnonzero(weight)
    if is_sparse(features):
        return covariance_product(features, rows, weight[rows], mean, np.eye(len(mean)))
    return covariance(features, rows, weight[rows], mean)


def inverse(matrix: Array, ridge: float) -> Callable[[Array], Array]:
    """What solves equations with ``matrix + ridge · I``: where it is singular, at least length."""
    if ridge > ENOUGH * np.trace(matrix):
        factor = cho_factor(matrix + ridge * np.eye(len(matrix)), lower=True, overwrite_a=True)
        return lambda right: np.asarray(cho_solve(factor, right))
    values, vectors = np.linalg.eigh(matrix)
    is_there = values > ROUNDING * len(values) * values.max(initial=0.0)
    kept = vectors[:, is_there]
    scale = 1 / (values[is_there] + ridge)
    return lambda right: np.asarray(kept @ (scale[:, None] * (kept.T @ right)))
