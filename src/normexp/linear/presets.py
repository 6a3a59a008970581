"""Linear classifiers whose loss is their name."""

from collections.abc import Mapping, Sequence
from typing import Any

from .._defaults import ALPHA, MAX_ITER, TOL
from ..losses import CrossEntropy, MulticlassHinge, RowLoss
from .base import BaseLinearClassifier
from .solution import Callback


class SoftmaxRegression(BaseLinearClassifier):
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

    def _loss(self) -> RowLoss:
        return CrossEntropy()


class MulticlassSVM(BaseLinearClassifier):
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
        super().__init__(
            alpha=alpha,
            l1_ratio=l1_ratio,
            fit_intercept=fit_intercept,
            class_weight=class_weight,
            max_iter=max_iter,
            tol=tol,
            warm_start=warm_start,
            verbose=verbose,
            callbacks=callbacks,
            solver=solver,
        )
        self.variant = variant
        self.margin = margin
        self.squared = squared

    def _loss(self) -> RowLoss:
        return MulticlassHinge(variant=self.variant, margin=self.margin, squared=self.squared)
