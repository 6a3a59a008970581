"""The objective that every linear classifier here minimises: a mean loss and a penalty."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..linear_loss import LinearLoss, operands
from ..losses import Bound, RowLoss
from . import products

Array = NDArray[np.float64]
L_co = TypeVar("L_co", bound=RowLoss, covariant=True)
T = TypeVar("T")


def summed(loss: RowLoss) -> RowLoss:
    """A loss as objectives take it."""
    return replace(loss, reduction="sum", axis=-1, ignore_index=None)


class Tilt(NamedTuple):
    """``level + ⟨slope, params⟩``"""

    level: float
    slope: Array

    def __call__(self, params: Array) -> float:
        return self.level + float(self.slope @ params)


@dataclass(frozen=True, eq=False)
class Objective(Generic[L_co]):
    """``F(W, b) = Σ_i s_i · loss(W x_i + b, y_i) + lasso · Σ|W| + ridge/2 · ‖W‖²``.

    Called with `params`, the entries of W (row by row) and then those of b as one flat vector, it
    gives F and, in the same layout, its gradient, but for that of ``Σ|W|``, which has none at 0.
    Without an intercept the vector ends with W.

    Attributes
    ----------
    loss : RowLoss with ``reduction="sum"``
    features : (n, d), an array or a `csr_array`
    target : (n,) class ids, or shares of shape (n, classes), of a loss that takes probabilities
    sample_weight : (n,)
        The s_i; classifiers make them sum to 1.
    alpha, l1_ratio : float
        ``lasso = alpha · l1_ratio`` and ``ridge = alpha · (1 − l1_ratio)``.
    tilt : Tilt, optional
        What rows that are kept no longer add to F.
    learnt : dict
        What is known of features and target by now, whatever alpha is: `with_alpha` hands it on.
    """

    loss: L_co
    features: Any
    target: NDArray[Any]
    sample_weight: Array
    classes: int
    alpha: float
    fit_intercept: bool
    l1_ratio: float = 0.0
    tilt: "Tilt | None" = None
    learnt: dict[str, Any] = field(default_factory=dict, init=False, repr=False)

    def with_alpha(self, alpha: float) -> "Objective[L_co]":
        """The same with another alpha, and what is learnt already."""
        other = replace(self, alpha=alpha)
        other.learnt.update(self.learnt)
        return other

    def once(self, name: str, compute: Callable[[], T]) -> T:
        """What is computed the first time, and known from then on."""
        if name not in self.learnt:
            self.learnt[name] = compute()
        found: T = self.learnt[name]
        return found

    @property
    def shape(self) -> tuple[int, int]:
        """Of the features of all rows."""
        rows, size = self.features.shape
        return rows, size

    @property
    def lasso(self) -> float:
        return self.alpha * self.l1_ratio

    @property
    def ridge(self) -> float:
        return self.alpha * (1 - self.l1_ratio)

    def __call__(self, params: Array) -> tuple[float, Array]:
        return self.evaluated_by(self._linear_loss, params)

    def evaluated_by(self, linear_loss: LinearLoss, params: Array) -> tuple[float, Array]:
        """F and its gradient, where the loss is computed by another of the same target."""
        weight, bias = self.split(params)
        given = operands(self.features, weight, bias)
        value, _, weight_grad, bias_grad = linear_loss(given, ("weight",))
        assert bias_grad is not None
        grad = self.join(weight_grad + self.ridge * weight, bias_grad)
        found = float(value) + self.penalty(weight)
        if self.tilt is None:
            return found, grad
        return found + self.tilt(params), grad + self.tilt.slope

    @property
    def bound(self) -> Bound:
        """The loss with the target and the weights of the samples."""

        def bind() -> Bound:
            weight = self.sample_weight
            return self.loss.bind(self.target, classes=self.classes, sample_weight=weight)

        return self.once("bound", bind)

    @cached_property
    def _linear_loss(self) -> LinearLoss:
        return LinearLoss(self.bound)

    def mean(self) -> Array:
        """Of the features, weighted."""
        return self.once("mean", lambda: products.mean_of(self.features, self.sample_weight))

    def split(self, params: Array) -> tuple[Array, Array]:
        """W, of shape (classes, d), and b, which is 0 where it is not fitted."""
        shape = self.classes, self.features.shape[1]
        size = shape[0] * shape[1]
        bias = params[size:] if self.fit_intercept else np.zeros(self.classes)
        return params[:size].reshape(shape), bias

    def join(self, weight: Array, bias: Array) -> Array:
        """The inverse of `split`."""
        return np.concatenate([weight.ravel(), bias]) if self.fit_intercept else weight.ravel()

    def logits(self, params: Array) -> Array:
        weight, bias = self.split(params)
        return products.logits(self.features, weight) + bias

    def penalty(self, weight: Array) -> float:
        squares = self.ridge / 2 * np.vdot(weight, weight)
        return float(squares + self.lasso * np.abs(weight).sum()) if self.lasso else float(squares)

    def of_rows(self, index: NDArray[np.intp]) -> "Objective[L_co]":
        """The objective of some rows alone, each with the weight that it has here."""
        return replace(
            self,
            features=self.features[index],
            target=self.target[index],
            sample_weight=self.sample_weight[index],
        )

    def excess(self, params: Array, grad: Array) -> float:
        """Upper bound on ``F - min F`` from the gradient, for a convex loss and ``lasso = 0``.

        F is then alpha-strongly convex in W, and convex in b:

            F − F*  ≤  ‖∂F/∂W‖² / (2 alpha)  +  ‖∂F/∂b‖ · ‖b − b*‖

        Nothing penalises b, so that its distance from the best intercept b* is taken on trust: it
        is put at ``max(1, ‖b‖)``. All this holds for centred features as well, with the logits at
        their mean for b.
        """
        weight_grad, bias_grad = self.split(grad)
        _, bias = self.split(params)
        reach = max(1.0, float(np.linalg.norm(bias)))
        of_weight = float(np.vdot(weight_grad, weight_grad)) / (2 * self.alpha)
        return of_weight + float(np.linalg.norm(bias_grad)) * reach
