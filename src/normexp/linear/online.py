"""`partial_fit`: the weights that samples so far call for, batch by batch."""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from .._sparse import as_sparse, is_sparse
from ..losses import RowLoss
from .batches import Batches
from .blocks import is_dask
from .labels import are_soft, check_several, class_weights, labels_of
from .multipliers import minimize_hinge
from .objective import Array, Objective, Tilt, summed
from .prediction import TAKEN
from .seen import Seen
from .solution import Solution
from .solvers import DUAL, LBFGS, PROXIMAL, Solver, solver_of

# Of a hinge, whose minimum is dear: what may be left to gain, in parts of what a batch is of all.
OF_BATCH = 0.1
SIGMA = 1.0  # from which its method of multipliers starts: close to its goal


class OnlineFit(ABC):
    """The method that a classifier learns by from one batch after the other."""

    alpha: float
    l1_ratio: float
    fit_intercept: bool
    class_weight: Mapping[Any, float] | str | None
    tol: float
    loss_: RowLoss
    classes_: NDArray[Any]
    _seen: Seen | None = None

    @abstractmethod
    def _loss(self) -> RowLoss: ...

    @property
    @abstractmethod
    def _has_lasso(self) -> bool: ...

    @abstractmethod
    def _check_parameters(self, loss: RowLoss) -> None: ...

    @abstractmethod
    def _minimised(
        self,
        loss: RowLoss,
        objective: Objective[RowLoss],
        classes: NDArray[Any],
        dtype: np.dtype[Any],
        start: Array,
        solver: Solver,
        tol: float,
    ) -> Solution: ...

    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Fit the weights to these samples and to those of all calls before.

        Some 2000 samples, or 4 for each feature, are kept with the classifier. While these are all,
        the weights are those of `fit` on all, in whatever order they came: up to `tol`, for a hinge
        up to a tenth of what the batch is of all samples. Of more, some of each class stay, with
        what the others did to the gradient. The weights are then close to the best, in any order of
        the classes, and tend to them in many passes over the same samples. Where samples can be
        read again, ``fit(Batches(...))`` finds the best, and sooner.

        Parameters
        ----------
        X : array_like, data frame or sparse matrix of shape (n, d)
        y : array_like of shape (n,)
            The class of each sample; a batch may lack some classes.
        classes : array_like, optional
            All classes, which the first call has to name.
        sample_weight : array_like of shape (n,), optional

        Raises
        ------
        ValueError
            If the first call names no classes, or a later one others; if y holds another label, or
            soft labels; for ``class_weight="balanced"``, which a batch cannot tell.

        Warns
        -----
        UserWarning
            After `fit`, which keeps no samples: only its classes are taken over.

        Notes
        -----
        A pickle or a copy holds the samples that are kept, and goes on from them. `fit` forgets
        them, and a model file (`normexp.model.Model`) holds none.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from normexp.linear import SoftmaxRegression
        >>> X, y = load_iris(return_X_y=True)
        >>> model = SoftmaxRegression(alpha=0.01)
        >>> for k in range(3):  # a class at a time
        ...     model = model.partial_fit(X[y == k], y[y == k], classes=[0, 1, 2])
        >>> print(round(model.objective_ / SoftmaxRegression(alpha=0.01).fit(X, y).objective_, 5))
        1.0
        """
        loss = self._loss()
        self._check_parameters(loss)
        self._check_partial(X, y, loss)
        names = self._names(classes)
        features, given = validate_data(self, X, y, reset=self._seen is None, **TAKEN)
        check_classification_targets(given)
        if is_sparse(features):
            features = as_sparse(features, "X")
        target, weight = labels_of(given, names, sample_weight)
        weight = weight * class_weights(self.class_weight, names, np.ones(len(names)))[target]
        is_hinge = solver_of(loss) is DUAL
        before = self._seen or Seen.nothing(features, len(names), self.fit_intercept, is_hinge)
        seen = before.with_rows(features, target.astype(np.int64), weight)
        if not len(seen.weight):
            raise ValueError("the first call must give a sample of weight above 0")

        def objective_of(
            features: Any, target: NDArray[np.int64], weight: Array, tilt: Tilt | None
        ) -> Objective[RowLoss]:
            options = float(self.alpha), bool(self.fit_intercept), float(self.l1_ratio), tilt
            return Objective(summed(loss), features, target, weight, len(names), *options)

        objective = with_all_classes(seen.objective(objective_of), seen.rows)
        solver, tol = PROXIMAL if self._has_lasso else LBFGS, float(self.tol)
        if is_hinge:
            solver = Solver(partial(minimize_hinge, multipliers=seen.multipliers, sigma=SIGMA))
            tol = max(tol, OF_BATCH * float(weight.sum() / seen.weight.sum()))
        start = seen.params
        solution = self._minimised(loss, objective, names, features.dtype, start, solver, tol)
        params = objective.join(solution.coef, solution.intercept)
        self._seen = seen.at(params).reduced(objective_of)
        return self

    def _check_partial(self, X: Any, y: Any, loss: RowLoss) -> None:
        """Whether it can go on with these samples."""
        if isinstance(X, Batches) or is_dask(X):
            raise ValueError(
                "X must be one batch in memory: `fit` takes Batches and what is Dask's"
            )
        if are_soft(y):
            raise ValueError(
                f"y must hold class labels of shape (n,), got the shape {np.shape(y)}: soft labels "
                "are taken by `fit`"
            )
        if isinstance(self.class_weight, str):
            raise ValueError(
                f"class_weight must be None or a mapping for partial_fit, got {self.class_weight!r}"
            )
        if self._seen is not None and (
            self.loss_ != loss or self._seen.has_intercept != bool(self.fit_intercept)
        ):
            raise ValueError("loss and fit_intercept must stay the same from one call to the next")

    def _names(self, classes: ArrayLike | None) -> NDArray[Any]:
        """The classes, which the first call names."""
        if self._seen is not None:
            names = self.classes_ if classes is None else np.unique(classes)
            if not np.array_equal(names, self.classes_):
                raise ValueError(
                    f"classes must be those of the first call, {self.classes_.tolist()}, got "
                    f"{names.tolist()}"
                )
            return names
        if hasattr(self, "coef_"):
            warnings.warn(
                "partial_fit begins anew: it goes on from samples, and neither `fit` nor a file "
                "keeps any",
                UserWarning,
                stacklevel=3,
            )
            classes = self.classes_ if classes is None else classes
        if classes is None:
            raise ValueError("classes must be given in the first call of partial_fit: all of them")
        names = np.unique(classes)
        check_several(names)
        return names


def with_all_classes(objective: Objective[RowLoss], rows: int) -> Objective[RowLoss]:
    """The same objective, where each class that has no sample is pulled as by one, of the mean.

    Nothing else would hold its logits, which the others would push down for ever. So it comes to
    about the probability that Laplace's rule of succession gives it.
    """
    is_missing = np.bincount(objective.target, minlength=objective.classes) == 0
    if not is_missing.any():
        return objective
    pull = np.where(is_missing, -1.0, is_missing.sum() / np.sum(~is_missing)) / rows
    slope = objective.join(np.outer(pull, objective.mean()), pull)
    level, known = objective.tilt or Tilt(0.0, np.zeros_like(slope))
    return replace(objective, tilt=Tilt(level, known + slope))
