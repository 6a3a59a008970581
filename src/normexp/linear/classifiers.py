"""Linear classifiers as scikit-learn estimators: a loss, a penalty, and the solver for the two."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import compute_class_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data
from threadpoolctl import ThreadpoolController

from .. import _check
from .._defaults import ALPHA, MAX_ITER, TOL
from .._sparse import as_sparse, is_sparse
from ..losses import CrossEntropy, MulticlassHinge, RowLoss, loss_named
from .objective import Array, Objective
from .solution import Callback, Iteration, Monitor, in_words
from .solvers import solver_named

# Multiplications of one product of features and weights. Below, threads of BLAS take longer to wait
# for each other than to multiply, and a hundred times longer where the processor is busy.
WORTH_THREADS = 100_000_000

# What features may be.
TAKEN: dict[str, Any] = {"dtype": [np.float64, np.float32], "accept_sparse": "csr"}


def _has_probabilities(classifier: "LinearClassifier") -> bool:
    return classifier._loss().has_probabilities


class LinearClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A linear classifier: logits ``z = W x + b``, a loss of them, and a ridge penalty on W.

    Minimises, over weights W of shape (classes, features) and an intercept b that is not penalised,

        F(W, b) = (1 / Σ_i s_i) · Σ_i s_i · loss(W x_i + b, y_i) + alpha/2 · ‖W‖²

    where ``s_i = sample_weight[i] · class_weight[y_i]``.

    Hinges are minimised by coordinate ascent on their dual or, where that is slow, by the method of
    multipliers; other losses by L-BFGS in the coordinates of centred features, whose first matrix
    is made of their covariance and of the mean curvature of the loss, or by Newton's method. Each
    stops on a bound of what is left to gain, `gap_`, rather than on a number of passes. It computes
    in float64 whatever the type of the features; the weights come in the type of the features.

    Parameters
    ----------
    loss : str or loss
        "softmax", "focal", "svm", "svm-crammer-singer", "svm-squared", "squared-error", "brier": a
        name in `normexp.losses.LOSSES`, or a loss of rows with options, such as a `CrossEntropy`
        or one of your own. Reduction, normalizer, axis and ignore_index of a loss have no part
        here.
    alpha : float
        Strength of the penalty, ≥ 0 (> 0 for a hinge). In terms of scikit-learn's C, for n
        samples of weight 1: ``alpha = 1 / (C · n)`` gives the same optimum as `LogisticRegression`
        with three classes or more, and as ``LinearSVC(multi_class="crammer_singer")`` without
        intercepts. With two classes `LogisticRegression` has one row of weights for our two:
        ``alpha = 2 / (C · n)``.
    fit_intercept : bool
    class_weight : mapping of class to weight, "balanced" or None
        "balanced" gives every class the same total weight.
    max_iter : int
        Iterations of L-BFGS; for a hinge, evaluations with all samples.
    tol : float
        The training ends when ``gap_ ≤ tol``.
    warm_start : bool
        Start from the weights of the last fit, if there was one.
    verbose : int
        Above 0: print a line for each iteration.
    callbacks : sequence of callables, optional
        Called with an `Iteration` after each iteration. One that returns true ends the training.
    solver : {"auto", "lbfgs", "dual"}
        "auto" takes what is quickest: for a hinge "dual"; for other losses Newton's method where
        there are few parameters, or "lbfgs", which takes a smooth hinge as well.

    Attributes
    ----------
    loss_ : RowLoss
        The loss that `loss` stands for.
    classes_ : ndarray of shape (classes,)
    coef_ : ndarray of shape (classes, features)
        Also for two classes, a row each.
    intercept_ : ndarray of shape (classes,)
        Zeros without `fit_intercept`. A constant added to all of it changes no prediction of
        softmax or hinge.
    objective_ : float
        F at `coef_` and `intercept_`, before they were rounded to the type of the features.
    gap_ : float
        Upper bound on ``(objective_ - min F) / objective_``. For hinges a true duality gap.
        For other convex losses it follows from the gradient and the penalty, up to an assumption on
        the logits at the mean of the features: that the best ones are no further from these than
        the larger of 1 and their norm. Where the loss is not known to be convex (`is_convex`), as
        `Focal`, softcap, z_loss and ``SquaredError(on="probabilities")`` are not, a small gap says
        that the point is stationary, not that no other is lower. With ``alpha=0`` it is the square
        of the gradient's largest entry.
    n_iter_ : int
    result_ : str
        In words, how the training ended, how far from the minimum it may be, and what to do if
        that is too far.
    solver_ : str
        Which solver it was, in words, and where there was a choice, why.
    n_features_in_ : int
    feature_names_in_ : ndarray of str, for features with names

    Raises
    ------
    TypeError, ValueError
        By `fit`, for a parameter of the wrong type or range, or data that it cannot use.

    Warns
    -----
    ConvergenceWarning
        If the training ends with ``gap_ > tol``, unless a callback ended it.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> import normexp as nex
    >>> X, y = load_iris(return_X_y=True)
    >>> svm = LinearClassifier(nex.MulticlassHinge(variant="crammer-singer"), alpha=0.01).fit(X, y)
    >>> svm.score(X, y), svm.gap_ < 1e-6
    (0.9866666666666667, True)
    """

    def __init__(
        self,
        loss: str | RowLoss = "softmax",
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
        self.loss = loss
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

    def decision_function(self, X: ArrayLike) -> NDArray[Any]:
        """The logits, of shape (n, classes); for two classes their difference, of shape (n,).

        The difference is positive for ``classes_[1]``.
        """
        logits = self._logits(X)
        return logits[:, 1] - logits[:, 0] if len(self.classes_) == 2 else logits

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The class with the highest logit; of classes that tie, the first."""
        best = self._logits(X).argmax(axis=1)
        return np.asarray(self.classes_[best])

    @available_if(_has_probabilities)
    def predict_proba(self, X: ArrayLike) -> NDArray[Any]:
        """Probabilities of the classes, of shape (n, classes): the softmax that the loss is of.

        Only for a loss that reads one, such as `CrossEntropy` and
        ``SquaredError(on="probabilities")``: others have none.
        """
        logits = self._logits(X)
        return replace(self.loss_, axis=-1).probabilities(logits)

    @available_if(_has_probabilities)
    def predict_log_proba(self, X: ArrayLike) -> NDArray[Any]:
        """Logarithms of the probabilities, in nats, exact also where these are close to 0 or 1."""
        logits = self._logits(X)
        return replace(self.loss_, axis=-1).log_probabilities(logits)

    def _loss(self) -> RowLoss:
        """The loss that `loss` stands for."""
        loss = loss_named(self.loss)
        if loss.class_weight is not None:
            raise ValueError("loss must not have a class_weight: give it to the classifier instead")
        if loss.reads == "probabilities":
            raise ValueError("loss must take logits, got from_logits=False")
        return loss

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

    def _logits(self, X: ArrayLike) -> NDArray[Any]:
        check_is_fitted(self)
        features = validate_data(self, X, **TAKEN, reset=False)
        return np.asarray(features @ self.coef_.T + self.intercept_)


class SoftmaxRegression(LinearClassifier):
    """Multinomial logistic regression: `LinearClassifier` with ``CrossEntropy()``.

    Parameters, attributes and errors are those of `LinearClassifier`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SoftmaxRegression(alpha=0.01).fit(X, y)
    >>> model.predict_proba(X[:1]).round(3)
    array([[0.975, 0.025, 0.   ]])
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
        super().__init__(
            alpha=alpha,
            fit_intercept=fit_intercept,
            class_weight=class_weight,
            max_iter=max_iter,
            tol=tol,
            warm_start=warm_start,
            verbose=verbose,
            callbacks=callbacks,
            solver=solver,
        )
        del self.loss  # no parameter of this class: its loss is `loss_`

    def _loss(self) -> RowLoss:
        return CrossEntropy()


class MulticlassSVM(LinearClassifier):
    """A multiclass support vector machine: `LinearClassifier` with a `MulticlassHinge`.

    Parameters
    ----------
    variant : {"weston-watkins", "crammer-singer"}
    margin : float
    squared : bool
        As for `MulticlassHinge`. The others, attributes and errors are those of `LinearClassifier`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> MulticlassSVM(alpha=0.01).fit(X, y).score(X, y)
    0.9866666666666667
    """

    def __init__(
        self,
        variant: str = "weston-watkins",
        *,
        margin: float = 1.0,
        squared: bool = False,
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
        super().__init__(
            alpha=alpha,
            fit_intercept=fit_intercept,
            class_weight=class_weight,
            max_iter=max_iter,
            tol=tol,
            warm_start=warm_start,
            verbose=verbose,
            callbacks=callbacks,
            solver=solver,
        )
        del self.loss  # no parameter of this class: its loss is `loss_`
        self.variant = variant
        self.margin = margin
        self.squared = squared

    def _loss(self) -> RowLoss:
        return MulticlassHinge(variant=self.variant, margin=self.margin, squared=self.squared)


@cache
def blas() -> ThreadpoolController:
    """The BLAS that NumPy and SciPy have loaded: to look for it takes longer than a small fit."""
    return ThreadpoolController().select(user_api="blas")


def blas_threads(features: NDArray[Any], classes: NDArray[Any]) -> int | None:
    """One for a matrix product that is over before a second thread has begun; None for no limit."""
    return 1 if features.size * classes.size < WORTH_THREADS else None


def print_iteration(state: Iteration) -> None:
    print(
        f"iteration {state.iteration}: objective {state.objective:.10g}, gap {state.gap:.1e}, "
        f"{state.seconds:.2f} s"
    )
