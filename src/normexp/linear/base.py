"""What every linear classifier is: a loss that a subclass names, a penalty, and its fit."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, validate_data

from .. import _check
from .._defaults import ALPHA, MAX_ITER, TOL
from .._sparse import as_sparse, is_sparse
from ..losses import RowLoss
from .objective import Array, Objective
from .prediction import TAKEN, LinearPrediction
from .solution import Callback, Iteration, Monitor, in_words
from .solvers import solver_named
from .threads import blas, blas_threads


class BaseLinearClassifier(LinearPrediction, ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """What `LinearClassifier`, `SoftmaxRegression` and `MulticlassSVM` are.

    It has all of their parameters but those of the loss, their methods and attributes, and cannot
    be instantiated: a subclass says in `_loss` which loss it trains with.
    """

    def __init__(
        self,
        *,
        alpha: float = ALPHA,
        fit_intercept: bool = True,
        class_weight: Mapping[Any, float] | str | None = None,
        max_iter: int = MAX_ITER,
        tol: float = TOL,
        warm_start: bool = False,
        verbose: int = 0,
        callbacks: Sequence[Callback] | None = None,
        solver: str = "auto",
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.class_weight = class_weight
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.verbose = verbose
        self.callbacks = callbacks
        self.solver = solver

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit the weights to features X of shape (n, d) and the class labels y of shape (n,).

        X may be sparse (`scipy.sparse`) and stays so, here and where a method takes features.
        A `sample_weight` of 0 leaves a sample out, but every class needs one above 0.
        """
        loss = self._loss()
        self._check_parameters(loss)
        features, labels = validate_data(self, X, y, **TAKEN)
        if is_sparse(features):
            features = as_sparse(features, "X")
        check_classification_targets(labels)
        classes, target = np.unique(labels, return_inverse=True)
        if len(classes) < 2:
            raise ValueError(f"y must hold at least two classes, got one class: {classes[0]!r}")
        objective = Objective(
            replace(loss, reduction="sum", axis=-1, ignore_index=None),
            features.astype(np.float64, copy=False),
            target.astype(np.int64, copy=False),
            self._sample_weight(labels, classes, target, sample_weight),
            len(classes),
            float(self.alpha),
            bool(self.fit_intercept),
        )
        printing: list[Callback] = [print_iteration] if self.verbose else []
        monitor = Monitor(self.tol, self.max_iter, [*printing, *(self.callbacks or ())])
        solver = solver_named(self.solver, loss)
        with blas().limit(limits=blas_threads(features, classes)):
            solution = solver.minimize(objective, self._start(objective, classes), monitor)
        self.loss_ = loss
        self.classes_ = classes
        self.coef_ = solution.coef.astype(features.dtype)
        self.intercept_ = solution.intercept.astype(features.dtype)
        self.objective_ = solution.objective
        self.gap_ = solution.gap
        self.n_iter_ = monitor.iterations
        self.solver_ = solution.solver
        self.result_ = in_words(solution, monitor)
        if solution.outcome not in ("converged", "stopped"):
            warnings.warn(f"training {self.result_}", ConvergenceWarning, stacklevel=2)
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _check_parameters(self, loss: RowLoss) -> None:
        _check.between(self.alpha, 0.0, np.finfo(np.float64).max, "alpha")
        if self.alpha == 0 and solver_named(self.solver, loss).needs_penalty:
            raise ValueError("alpha must be above 0 for a hinge, got 0")
        _check.flag(self.fit_intercept, "fit_intercept")
        _check.flag(self.warm_start, "warm_start")
        if _check.integer(self.max_iter, "max_iter") < 1:
            raise ValueError(f"max_iter must be at least 1, got {self.max_iter}")
        _check.positive(self.tol, "tol")
        if not all(callable(callback) for callback in self.callbacks or ()):
            raise TypeError(f"callbacks must be callables, got {self.callbacks!r}")

    def _sample_weight(
        self,
        labels: NDArray[Any],
        classes: NDArray[Any],
        target: NDArray[np.intp],
        sample_weight: ArrayLike | None,
    ) -> Array:
        """Weights of the samples with those of their classes, with a sum of 1."""
        weight = _check_sample_weight(
            sample_weight, labels, dtype=np.float64, ensure_non_negative=True
        )
        of_class = compute_class_weight(
            self.class_weight, classes=classes, y=labels, sample_weight=weight
        )
        weight = weight * of_class[target]
        mass = np.bincount(target, weight)
        if not (mass > 0).all():
            raise ValueError(f"class {classes[mass.argmin()]!r} has no sample of weight above 0")
        return np.asarray(weight / mass.sum())

    def _start(self, objective: Objective[RowLoss], classes: NDArray[Any]) -> Array:
        shape = objective.classes, objective.features.shape[1]
        if not (self.warm_start and hasattr(self, "coef_")):
            return objective.join(np.zeros(shape), np.zeros(shape[0]))
        if self.coef_.shape != shape or not np.array_equal(self.classes_, classes):
            raise ValueError(
                f"warm_start needs the {len(self.classes_)} classes and {self.coef_.shape[1]} "
                f"features of the last fit, got {shape[0]} classes and {shape[1]} features"
            )
        return objective.join(*(part.astype(np.float64) for part in (self.coef_, self.intercept_)))


def print_iteration(state: Iteration) -> None:
    print(
        f"iteration {state.iteration}: objective {state.objective:.10g}, gap {state.gap:.1e}, "
        f"{state.seconds:.2f} s"
    )
