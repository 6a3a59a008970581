"""A loss with its target, checked and arranged once, for as many logits as there are."""

import math
from collections.abc import Collection
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import _check
from .._arrays import as_floating, as_rows, loss_type, write_rows
from ..kernels import Linear, no_gradient
from ..linear_hessian import HessianProduct, Vectors, hessian_product
from ..linear_loss import LinearLoss, LinearLossGrad, Operands, operands

AnyLoss = Any  # a `Loss`, which stands on this file


class LossGrad(NamedTuple):
    """A loss and its gradient with respect to the logits."""

    value: Any
    grad: NDArray[Any]


class Batch(NamedTuple):
    """A checked target in the form that kernels read: an entry, or a row, for each loss."""

    shape: tuple[int, ...]  # of the losses before they are reduced
    target: Any
    where: NDArray[np.bool_]
    is_ignored: NDArray[np.bool_]  # left out, whatever they hold
    is_empty: NDArray[np.bool_]  # not left out, but the mask leaves them no class
    divisor: float  # of the mean; its inverse is in the weights of the target already

    def rows(self, part: slice) -> "Batch":
        """The part of a batch that belongs to some of its rows."""
        return self._replace(
            target=self.target.rows(part),
            where=self.where[part],
            is_ignored=self.is_ignored[part],
        )


class Bound:
    """A loss with its target: what `Loss.bind` gives.

    The target, the weights and the mask were checked and arranged once; they are not looked at
    again, however often logits are put in. What is called here gives, to the last bit, what the
    loss itself gives with the same target.

    Attributes
    ----------
    loss : Loss
    shape : tuple of int
        Of the logits that the target is for.
    axes : tuple of int
        The axes of the classes: one, or none for a loss of each element.
    losses_shape : tuple of int
        Of the losses before they are reduced.
    target
        What the kernels read: for class ids and probabilities a `normexp.kernels.Target`.
    where : ndarray of bool
        The classes that exist, by rows as the kernels read them; empty where all do.
    is_ignored : ndarray of bool, of `losses_shape`
        Which losses count nowhere, whatever the logits hold.
    divisor : float
        What the mean divides by; the weights of the target are divided already.
    """

    __slots__ = ("_batch", "axes", "loss", "shape")

    def __init__(
        self, loss: AnyLoss, shape: tuple[int, ...], axes: tuple[int, ...], batch: Batch
    ) -> None:
        self.loss = loss
        self.shape = shape
        self.axes = axes
        self._batch = batch

    @property
    def losses_shape(self) -> tuple[int, ...]:
        return self._batch.shape

    @property
    def target(self) -> Any:
        return self._batch.target

    @property
    def where(self) -> NDArray[np.bool_]:
        return self._batch.where

    @property
    def is_ignored(self) -> NDArray[np.bool_]:
        return self._batch.is_ignored.reshape(self._batch.shape)

    @property
    def divisor(self) -> float:
        return self._batch.divisor

    def __repr__(self) -> str:
        return f"<{self.loss!r} with a target for logits of shape {self.shape}>"

    def __call__(self, logits: ArrayLike) -> Any:
        """The loss of `logits`, as calling the loss gives it.

        Raises
        ------
        TypeError, ValueError
            For logits of the wrong type, or of another shape than the target is for.
        """
        return self.evaluate(*self._checked(logits), with_grad=False)[0]

    def value_and_grad(self, logits: ArrayLike) -> LossGrad:
        """The loss and its gradient, as `Loss.value_and_grad`."""
        value, grad, _ = self.evaluate(*self._checked(logits), with_grad=True)
        assert grad is not None
        return LossGrad(value, grad if grad.ndim else grad[()])

    def hessian_product(self, logits: ArrayLike, vector: ArrayLike) -> Any:
        """The product of the loss's Hessian with a vector, without the Hessian itself.

        The loss of a row depends on the logits of that row alone, so that row by row

            (H v)_k = Σ_j ∂²loss/∂z_k∂z_j · v_j

        For cross-entropy with p = softmax(z) that is ``p_k · (v_k − Σ_j p_j · v_j)``. Weights and
        the divisor of the mean are in it as in the gradient; for ``reduction="none"`` it is the
        product for each loss. It takes as long and as much memory as a gradient, and keeps its
        digits for confident rows too. Where a hinge has a kink it is 0.

        Parameters
        ----------
        logits : array_like
        vector : array_like
            In the shape of the logits, and read in their type. What stands at a masked class or in
            an ignored row does not matter.

        Returns
        -------
        ndarray
            In the shape and type of the logits: 0 at masked classes and in ignored rows, NaN where
            the gradient is NaN.

        Raises
        ------
        TypeError, ValueError
            For an argument of the wrong type or shape, as those of `value_and_grad`; TypeError for
            a loss of your own, whose `of_rows` tells no second derivative.

        Examples
        --------
        >>> import normexp as nex
        >>> bound = nex.CrossEntropy().bind([0], classes=3)
        >>> bound.hessian_product([[0.0, 0.0, 0.0]], [[1.0, 0.0, 0.0]]).round(4)
        array([[ 0.2222, -0.1111, -0.1111]])

        References
        ----------
        B. A. Pearlmutter, Fast exact multiplication by the Hessian, 1994.
        """
        values, dtype = self._checked(logits)
        given, _ = as_floating(vector, "vector")
        if given.shape != self.shape:
            raise ValueError(
                f"vector must have the shape of the logits, {self.shape}, "
                f"got {_check.described(given)}"
            )
        with np.errstate(over="ignore"):
            rows_of = as_rows(given.astype(dtype, copy=False), self.axes)
        products = self.loss._hessian_product(as_rows(values, self.axes), self._batch, rows_of)
        result = write_rows(products, self.axes, np.empty(values.shape, dtype))
        return result if result.ndim else result[()]

    def linear(self, features: ArrayLike, weight: ArrayLike, bias: ArrayLike | None = None) -> Any:
        """The loss of ``features @ weight.T + bias``, as `Loss.linear`."""
        return self.evaluate_linear(operands(features, weight, bias), ()).value

    def linear_value_and_grad(
        self,
        features: ArrayLike,
        weight: ArrayLike,
        bias: ArrayLike | None = None,
        *,
        features_grad: bool = True,
    ) -> LinearLossGrad:
        """The loss of ``features @ weight.T + bias`` and its gradients, as those of the loss."""
        wanted = wanted_gradients(self.loss, features_grad)
        return self.evaluate_linear(operands(features, weight, bias), wanted)

    def _checked(self, logits: ArrayLike) -> tuple[NDArray[Any], np.dtype[Any]]:
        values, dtype = as_floating(logits, "logits")
        if values.shape != self.shape:
            raise ValueError(
                f"logits must have the shape {self.shape} that the target is for, "
                f"got {_check.described(values)}"
            )
        return values, dtype

    def evaluate(
        self, values: NDArray[Any], dtype: np.dtype[Any], with_grad: bool
    ) -> tuple[Any, NDArray[Any] | None, NDArray[Any]]:
        """Value, gradient and losses of logits as `as_floating` gives them, of the right shape."""
        rows = as_rows(values, self.axes)
        losses = self.new_losses(loss_type(dtype))
        result = np.empty(values.shape, dtype) if with_grad else None
        grad = no_gradient(rows) if result is None else as_rows(result, self.axes)
        self.loss._run(rows, self._batch, losses, grad)
        return self.reduced(losses, loss_type(dtype)), result, losses

    def evaluate_linear(
        self, given: Operands, wanted: Collection[str], upstream: NDArray[Any] | None = None
    ) -> LinearLossGrad:
        """Value and gradients; those of Σ upstream · loss, with a number for each loss."""
        check_classes_last(self.axes, len(self.shape))
        return LinearLoss(self)(given, wanted, self._by_sample(upstream))

    def linear_hessian_product(
        self, given: Operands, vectors: Vectors, upstream: NDArray[Any] | None = None
    ) -> HessianProduct:
        """The Hessian of the loss by features, weight and bias times vectors of their shapes."""
        check_classes_last(self.axes, len(self.shape))
        return hessian_product(self, given, vectors, self._by_sample(upstream))

    def _by_sample(self, of_losses: NDArray[Any] | None) -> NDArray[Any] | None:
        """Numbers for each loss, in rows of samples."""
        if of_losses is None:
            return None
        *samples, classes = self.shape
        return of_losses.reshape(math.prod(samples), 1 if self.axes else classes)

    # What a `LinearLoss` asks for.

    def new_losses(self, dtype: np.dtype[Any] | None = None) -> NDArray[Any]:
        kept_in = np.dtype(np.float64) if dtype is None else self.loss._kept_in(dtype)
        return np.empty(math.prod(self._batch.shape), kept_in)

    def left_out(self) -> NDArray[np.bool_] | None:
        ignored = self._batch.is_ignored
        if ignored.strides == (0,) and not ignored[:1].any():
            return None
        samples = math.prod(self.shape[:-1])
        return np.asarray(ignored.reshape(samples, -1).all(axis=1))

    def compute(
        self,
        logits: NDArray[Any],
        samples: slice,
        losses: NDArray[Any],
        grad: NDArray[Any] | None,
    ) -> None:
        per_sample = losses.size // max(math.prod(self.shape[:-1]), 1)
        part = slice(samples.start * per_sample, samples.stop * per_sample)
        axes = self.axes and (1,)
        rows = as_rows(logits, axes)
        of_rows = no_gradient(rows) if grad is None else as_rows(grad, axes)
        self.loss._run(rows, self._batch.rows(part), losses[part], of_rows)

    def hessian_of_rows(
        self, logits: NDArray[Any], samples: slice, vector: NDArray[Any]
    ) -> NDArray[Any]:
        """The Hessian of the losses of some samples times a vector of the shape of the logits."""
        per_sample = 1 if self.axes else self.shape[-1]
        part = slice(samples.start * per_sample, samples.stop * per_sample)
        rows_of = as_rows(vector, self.axes and (1,))
        rows = as_rows(logits, self.axes and (1,))
        products = self.loss._hessian_product(rows, self._batch.rows(part), rows_of)
        return np.asarray(products.reshape(logits.shape))

    @property
    def goes_between(self) -> bool:
        return bool(self.loss._goes_between(self._batch))

    def compute_between(
        self,
        of: Linear,
        logits: NDArray[Any],
        samples: slice,
        losses: NDArray[Any],
        grad: NDArray[Any],
    ) -> None:
        self.loss._run_between(of, logits, self._batch.rows(samples), losses[samples], grad)

    @np.errstate(over="ignore")  # what has no room in the type is inf, without a warning
    def reduced(self, losses: NDArray[Any], dtype: np.dtype[Any]) -> Any:
        """The losses as the loss gives them back."""
        loss, batch = self.loss, self._batch
        if loss.reduction == "none":
            if loss.empty == "nan":
                losses[batch.is_empty] = np.nan
            return losses.reshape(batch.shape).astype(dtype, copy=False)[()]
        if batch.divisor == 0 and loss.empty == "nan":
            return dtype.type(np.nan)
        return dtype.type(np.add.reduce(losses))


def check_classes_last(axes: tuple[int, ...], dimensions: int) -> None:
    if axes and axes != (dimensions - 1,):
        raise ValueError("a linear map puts the classes last: the loss must have axis=-1")


def wanted_gradients(loss: AnyLoss, of_features: bool) -> tuple[str, ...]:
    """What a linear loss is asked to differentiate by."""
    if loss.reduction == "none":
        raise ValueError("a gradient of the weight needs reduction 'mean' or 'sum', got 'none'")
    is_wanted = _check.flag(of_features, "features_grad")
    return ("features", "weight") if is_wanted else ("weight",)
