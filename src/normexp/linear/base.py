"""What every linear classifier is: a loss that a subclass names, a penalty, and its fit."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_consistent_length, validate_data

from .. import _check
from .._defaults import ALPHA, MAX_ITER, TOL
from .._sparse import as_sparse, is_sparse
from ..losses import RowLoss
from .batches import Batches
from .blocks import Blocks, is_dask
from .checkpoint import Checkpoint
from .distributed import DistributedObjective, distributed
from .labels import Labels, are_soft, hard_labels, soft_labels
from .objective import Array, Objective, summed
from .online import OnlineFit
from .prediction import TAKEN, LinearPrediction
from .solution import Callback, Iteration, Monitor, Solution, in_words
from .solvers import LBFGS, Solver, solver_named
from .streaming import StreamedObjective, streamed
from .threads import blas, blas_threads


class BaseLinearClassifier(OnlineFit, LinearPrediction, ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """What `LinearClassifier`, `SoftmaxRegression` and `MulticlassSVM` are.

    It has all of their parameters but those of the loss, their methods and attributes, and cannot
    be instantiated: a subclass says in `_loss` which loss it trains with.
    """

    def __init__(
        self,
        *,
        alpha: float = ALPHA,
        l1_ratio: float = 0.0,
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
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.class_weight = class_weight
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.verbose = verbose
        self.callbacks = callbacks
        self.solver = solver

    def fit(
        self,
        X: ArrayLike | Batches,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        classes: ArrayLike | None = None,
    ) -> Self:
        """Fit the weights to features X of shape (n, d) and labels y.

        Parameters
        ----------
        X : array_like, data frame or sparse matrix (`scipy.sparse`), shape (n, d)
            What is sparse stays so, here and where a method takes features; but for a hinge up to
            500,000 numbers, 0 or not, are filled up. Or `Batches`, alone, which hold labels and
            weights too, for a smooth loss. Or, for a smooth loss too, an array of Dask's in chunks
            of whole rows or a DataFrame of its, with class labels and weights in the same blocks;
            its workers send sums, never rows. Each of some dozen passes computes the blocks anew:
            those of ``X.persist()`` stay with the workers. What is predicted for Dask is Dask's.
        y : array_like
            The class of each sample, of shape (n,). Or soft labels, where the loss takes
            probabilities (`takes_probabilities`, as cross-entropy and squared error do): floats ≥ 0
            of shape (n, classes), the mass of each class; a row of a 1 and zeros is one, too. They
            are taken as if each row stood there once for every class, with its masses for sample
            weights: probabilities, or the votes of several people. A row of zeros is left out.
        sample_weight : array_like of shape (n,), optional
            Weights ≥ 0. One of 0 leaves a sample out, but every class needs one above 0.
        classes : array_like of shape (classes,), optional
            Of soft labels, those of Batches too, the class of each column, sorted; by default 0, 1,
            2 and so on.
        """
        loss = self._loss()
        self._check_parameters(loss)
        if isinstance(X, Batches):
            if y is not None or sample_weight is not None:
                raise ValueError("y and sample_weight must not be given beside Batches")
            return self._fit(loss, *self._streamed(X, loss, classes))
        if is_dask(X):
            return self._fit(loss, *self._distributed(X, y, sample_weight, classes, loss))
        objective, names = self._objective(X, y, sample_weight, classes)
        return self._fit(loss, objective, names, objective.features.dtype)

    def _objective(
        self,
        X: ArrayLike,
        y: ArrayLike | None,
        sample_weight: ArrayLike | None,
        classes: ArrayLike | None,
    ) -> tuple[Objective[RowLoss], NDArray[Any]]:
        """The objective of arrays, and the classes."""
        loss = self._loss()
        features, labels = self._read(X, y, loss, sample_weight, classes)
        objective = Objective(
            summed(loss),
            features,
            labels.target,
            labels.sample_weight,
            len(labels.classes),
            float(self.alpha),
            bool(self.fit_intercept),
            float(self.l1_ratio),
        )
        return objective, labels.classes

    def _streamed(
        self, batches: Batches, loss: RowLoss, classes: ArrayLike | None
    ) -> tuple[StreamedObjective, NDArray[Any], np.dtype[Any]]:
        """The objective of batches, with the classes and the type of the features."""
        options = self._of_sums("Batches", loss)
        objective, found = streamed(batches, self, *options, float(self.l1_ratio), classes)
        return objective, found.classes, found.dtype

    def _distributed(
        self, X: Any, y: Any, sample_weight: Any, classes: ArrayLike | None, loss: RowLoss
    ) -> tuple[DistributedObjective, NDArray[Any], np.dtype[Any]]:
        """The objective of collections of Dask, with the classes and the type of the features."""
        if classes is not None:
            raise ValueError("classes must not be given beside features of Dask's: labels are hard")
        if self._has_lasso:
            raise ValueError(
                f"l1_ratio must be 0 for blocks of Dask, got {self.l1_ratio}: Batches may have any"
            )
        options = self._of_sums("Blocks of Dask", loss)
        objective, found = distributed(Blocks(X, y, sample_weight), self, *options)
        return objective, found.classes, found.dtype

    def _of_sums(self, rows: str, loss: RowLoss) -> tuple[RowLoss, Any, float, bool]:
        """Loss, class weights, alpha and intercept for rows that are never seen together."""
        if not loss.is_smooth or self.solver == "dual":
            raise ValueError(
                f"{rows} are for smooth losses, got {loss!r} with solver {self.solver!r}: a hinge "
                "keeps numbers for each row; features that are mapped into memory (numpy.memmap) "
                "may have any loss"
            )
        return summed(loss), self.class_weight, float(self.alpha), bool(self.fit_intercept)

    def _fit(
        self,
        loss: RowLoss,
        objective: Objective[RowLoss],
        classes: NDArray[Any],
        dtype: np.dtype[Any],
        start: Array | None = None,
    ) -> Self:
        """Minimise the objective, and keep what comes of it."""
        start = self._start(objective, classes) if start is None else start
        is_of_sums = isinstance(objective, StreamedObjective | DistributedObjective)
        solver = LBFGS if is_of_sums and not self._has_lasso else self._solver(loss)
        self._minimised(loss, objective, classes, dtype, start, solver, self.tol)
        self._seen = None
        return self

    def _minimised(
        self,
        loss: RowLoss,
        objective: Objective[RowLoss],
        classes: NDArray[Any],
        dtype: np.dtype[Any],
        start: Array,
        solver: Solver,
        tol: float,
    ) -> Solution:
        printing: list[Callback] = [print_iteration] if self.verbose else []
        monitor = Monitor(tol, self.max_iter, [*printing, *(self.callbacks or ())])
        with blas().limit(limits=blas_threads(objective.features, classes)):
            solution = solver.minimize(objective, start, monitor)
        for checkpoint in self._checkpoints:
            checkpoint.end()
        self.loss_ = loss
        self.classes_ = classes
        self.coef_ = solution.coef.astype(dtype)
        self.intercept_ = solution.intercept.astype(dtype)
        self.temperature_ = 1.0
        self.objective_ = solution.objective
        self.gap_ = solution.gap
        self.n_iter_ = monitor.iterations
        self.solver_ = solution.solver
        self.result_ = in_words(solution, monitor)
        if solution.outcome not in ("converged", "stopped"):
            warnings.warn(f"training {self.result_}", ConvergenceWarning, stacklevel=3)
        return solution

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _check_parameters(self, loss: RowLoss) -> None:
        _check.between(self.alpha, 0.0, np.finfo(np.float64).max, "alpha")
        _check.between(self.l1_ratio, 0.0, 1.0, "l1_ratio")
        if self.alpha == 0 and self._solver(loss).needs_penalty:
            raise ValueError("alpha must be above 0 for a hinge, got 0")
        _check.flag(self.fit_intercept, "fit_intercept")
        _check.flag(self.warm_start, "warm_start")
        if _check.integer(self.max_iter, "max_iter") < 1:
            raise ValueError(f"max_iter must be at least 1, got {self.max_iter}")
        _check.positive(self.tol, "tol")
        if not all(callable(callback) for callback in self.callbacks or ()):
            raise TypeError(f"callbacks must be callables, got {self.callbacks!r}")

    def _solver(self, loss: RowLoss) -> Solver:
        return solver_named(self.solver, loss, self._has_lasso)

    @property
    def _has_lasso(self) -> bool:
        return self.alpha * self.l1_ratio > 0

    def _read(
        self,
        X: ArrayLike,
        y: Any,
        loss: RowLoss,
        sample_weight: ArrayLike | None,
        classes: ArrayLike | None,
    ) -> tuple[Any, Labels]:
        """Features and labels, checked."""
        if are_soft(y):
            features = validate_data(self, X, **TAKEN)
            check_consistent_length(features, y)
            labels = soft_labels(y, loss, classes, sample_weight, self.class_weight)
        elif classes is None:
            features, given = validate_data(self, X, y, **TAKEN)
            labels = hard_labels(given, sample_weight, self.class_weight)
        else:
            raise ValueError(
                "classes names the columns of soft labels of shape (n, classes), but y has the "
                f"shape {np.shape(y)}"
            )
        return as_sparse(features, "X") if is_sparse(features) else features, labels

    @property
    def _checkpoints(self) -> list[Checkpoint]:
        return [each for each in self.callbacks or () if isinstance(each, Checkpoint)]

    def _start(self, objective: Objective[RowLoss], classes: NDArray[Any]) -> Array:
        shape = objective.classes, objective.features.shape[1]
        for checkpoint in self._checkpoints:
            if (found := checkpoint.begin(shape)) is not None:
                return objective.join(*found)
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
