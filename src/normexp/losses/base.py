"""What every loss is: a frozen value with a reduction, called on logits or on a linear map's input.

A subclass says how a target is read (`_batch`) and which kernel gives the losses of some rows
(`_run`); reducing, differentiating and tiling stand here, once.

A loss also says of itself what others have to know: `reads`, `has_probabilities` and
`probabilities`, `is_elementwise`, `takes_probabilities`, `is_convex`, `is_smooth`. Nobody asks for
its type.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import dataclass, fields
from types import ModuleType
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import _check
from .._arrays import HALF_TYPES, as_floating, as_rows, loss_type, output_rows, write_rows
from ..kernels import kernels_for, no_gradient
from .sparse import as_sparse, emptied, is_sparse

Reads = Literal["logits", "softmax", "sigmoid", "probabilities"]

REDUCTIONS = ("mean", "sum", "none")
NORMALIZERS = ("weight", "valid", "batch", "full")
EMPTY = ("zero", "nan", "raise")

TILE_BYTES = 4 << 20  # logits of one tile of the linear map: they stay in a cache
TILE_ROWS = 64  # but never fewer rows than make a matrix product worth it


class LossGrad(NamedTuple):
    """A loss and its gradient with respect to the logits."""

    value: Any
    grad: NDArray[Any]


class LinearLossGrad(NamedTuple):
    """A loss of ``features @ weight.T + bias`` and its gradients, None for what was not asked."""

    value: Any
    features: NDArray[Any] | None
    weight: NDArray[Any]
    bias: NDArray[Any] | None


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


@dataclass(frozen=True, kw_only=True, repr=False)
class Loss(ABC):
    """A loss with its options. Losses are frozen, compared by value, and printable.

    Attributes
    ----------
    reads : {"logits", "softmax", "sigmoid", "probabilities"}
        What of its input the loss depends on: the logits themselves, what softmax or sigmoid makes
        of them, or probabilities, which are then its input.
    has_probabilities : bool
        Whether the input means probabilities: whether it reads anything but plain logits.
    is_elementwise : bool
        Whether each element of the logits is a sample of its own: there is no axis of classes.
    takes_probabilities : bool
        Whether a target may hold probabilities.
    is_convex : bool
        Whether the loss is known to be convex in its input.
    is_smooth : bool
        Whether it is known to have a gradient everywhere that does not jump.
    """

    reduction: str = "mean"
    normalizer: str | float = "weight"
    empty: str = "zero"

    is_elementwise: ClassVar[bool] = False
    takes_probabilities: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _check.one_of(self.reduction, REDUCTIONS, "reduction")
        _check.one_of(self.empty, EMPTY, "empty")
        if isinstance(self.normalizer, str):
            _check.one_of(self.normalizer, NORMALIZERS, "normalizer, unless a number,")
        else:
            _check.positive(self.normalizer, "normalizer")

    def __repr__(self) -> str:
        options = ((f.name, getattr(self, f.name), f.default) for f in fields(self))
        changed = (f"{name}={value!r}" for name, value, default in options if value != default)
        return f"{type(self).__name__}({', '.join(changed)})"

    @property
    def reads(self) -> Reads:
        return "logits"

    @property
    def has_probabilities(self) -> bool:
        return self.reads != "logits"

    @property
    def is_convex(self) -> bool:
        return False

    @property
    def is_smooth(self) -> bool:
        return False

    def probabilities(self, logits: ArrayLike, where: ArrayLike | None = None) -> NDArray[Any]:
        """The probabilities that the loss takes its input for.

        Parameters
        ----------
        logits : array_like
            Scores, as for the loss; probabilities, where it reads these, are given back.
        where : array_like of bool, optional
            Classes that exist; the others have the probability 0.

        Returns
        -------
        ndarray
            In the shape of the logits.

        Raises
        ------
        TypeError
            If the loss gives its input no such meaning: see `has_probabilities`.
        """
        raise TypeError(f"{self!r} gives its logits no meaning as probabilities")

    def log_probabilities(self, logits: ArrayLike, where: ArrayLike | None = None) -> NDArray[Any]:
        """Logarithms of the `probabilities`, in nats, exact also where these are close to 0 or 1.

        Parameters, result and errors are those of `probabilities`; what has no probability is −inf.
        """
        raise TypeError(f"{self!r} gives its logits no meaning as probabilities")

    def __call__(
        self,
        logits: ArrayLike,
        target: ArrayLike,
        sample_weight: ArrayLike | None = None,
        where: ArrayLike | None = None,
    ) -> Any:
        """The loss of `logits` against `target`.

        Parameters
        ----------
        logits : array_like
            Scores, with the classes on `axis`.
        target : array_like
            Integer class ids in the shape of the logits without `axis`; or, where the loss takes
            them, probabilities in the shape of the logits.
        sample_weight : array_like, optional
            Weights ≥ 0 that broadcast to the shape of the class ids. A sample of weight 0 is left
            out, whatever it holds.
        where : array_like of bool, optional
            Classes that exist, broadcast to the shape of the logits. The others are left out of the
            denominator and of label smoothing; a sample without any class is left out. A target
            that does not exist has the probability 0, which makes cross-entropy and hinges inf and
            counts 1 in the Brier score; squared error on logits has no logit to hold against it.

        Returns
        -------
        scalar or ndarray
            In nats where the loss has a unit; float64 for float64 logits and float32 for narrower
            types. An array in the shape of the class ids for ``reduction="none"``.

        Raises
        ------
        TypeError, ValueError
            For an argument of the wrong type, shape or range: nothing is computed.
        """
        return self._evaluate(logits, target, sample_weight, where, with_grad=False)[0]

    def value_and_grad(
        self,
        logits: ArrayLike,
        target: ArrayLike,
        sample_weight: ArrayLike | None = None,
        where: ArrayLike | None = None,
    ) -> LossGrad:
        """The loss and its gradient with respect to the logits, in one pass over them.

        Parameters and errors are those of calling the loss. With ``reduction="none"`` each row of
        the gradient belongs to that row's own loss.
        """
        value, grad = self._evaluate(logits, target, sample_weight, where, with_grad=True)
        assert grad is not None
        return LossGrad(value, grad if grad.ndim else grad[()])

    def linear(
        self,
        features: ArrayLike,
        weight: ArrayLike,
        target: ArrayLike,
        bias: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        where: ArrayLike | None = None,
    ) -> Any:
        """The loss of ``features @ weight.T + bias``, without ever holding all of these logits.

        Parameters
        ----------
        features : array_like, shape (..., inputs)
            Or a sparse array of SciPy, of shape (samples, inputs).
        weight : array_like, shape (classes, inputs)
        target : array_like
            As for the logits, of shape (..., classes).
        bias : array_like, shape (classes,), optional
        sample_weight, where
            As for the loss of logits.

        Returns and errors are those of calling the loss.
        """
        args = features, weight, target, bias, sample_weight, where
        return self._evaluate_linear(*args, wanted=()).value

    def linear_value_and_grad(
        self,
        features: ArrayLike,
        weight: ArrayLike,
        target: ArrayLike,
        bias: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        where: ArrayLike | None = None,
        *,
        features_grad: bool = True,
    ) -> LinearLossGrad:
        """The loss of ``features @ weight.T + bias`` and its gradients, tile by tile.

        Parameters and errors are those of `linear`; without `features_grad` one of three matrix
        products is saved. There is no gradient for ``reduction="none"``.
        """
        if self.reduction == "none":
            raise ValueError("a gradient of the weight needs reduction 'mean' or 'sum', got 'none'")
        wanted = (
            ("features", "weight") if _check.flag(features_grad, "features_grad") else ("weight",)
        )
        args = features, weight, target, bias, sample_weight, where
        return self._evaluate_linear(*args, wanted)

    @abstractmethod
    def _axes(self, dimensions: int) -> tuple[int, ...]:
        """The axes of the logits that one loss covers."""

    @abstractmethod
    def _batch(
        self,
        shape: tuple[int, ...],
        axes: tuple[int, ...],
        target: ArrayLike,
        sample_weight: ArrayLike | None,
        where: ArrayLike | None,
    ) -> Batch:
        """Check the target for logits of a shape."""

    def _kept_in(self, dtype: np.dtype[Any]) -> np.dtype[Any]:
        """The type of the losses before they are reduced to this one."""
        return np.dtype(np.float64)

    @abstractmethod
    def _run(
        self,
        kernels: ModuleType,
        rows: NDArray[Any],
        batch: Batch,
        losses: NDArray[np.float64],
        grad: NDArray[Any],
    ) -> None:
        """Write the loss of every row of logits, and the gradient if it is asked for."""

    def _evaluate(
        self,
        logits: ArrayLike,
        target: ArrayLike,
        sample_weight: ArrayLike | None,
        where: ArrayLike | None,
        with_grad: bool,
    ) -> tuple[Any, NDArray[Any] | None]:
        values, dtype = as_floating(logits, "logits")
        axes = self._axes(values.ndim)
        batch = self._batch(values.shape, axes, target, sample_weight, where)
        rows = as_rows(values, axes)
        losses = np.empty(math.prod(batch.shape), self._kept_in(loss_type(dtype)))
        result = np.empty(values.shape, dtype) if with_grad else None
        grad, is_apart = no_gradient(rows), False
        if result is not None:
            grad, is_apart = output_rows(result, axes, rows)
        self._run(kernels_for(values), rows, batch, losses, grad)
        if is_apart and result is not None:
            write_rows(grad, axes, result)
        return self._reduced(losses, batch, loss_type(dtype)), result

    def _evaluate_linear(
        self,
        features: ArrayLike,
        weight: ArrayLike,
        target: ArrayLike,
        bias: ArrayLike | None,
        sample_weight: ArrayLike | None,
        where: ArrayLike | None,
        wanted: Collection[str],
    ) -> LinearLossGrad:
        """The value, and the `wanted` gradients of "features" and "weight" (with the bias)."""
        x, w, b, types = linear_operands(features, weight, bias)
        shape = (*np.shape(features)[:-1], len(w))
        axes = self._axes(len(shape))
        if axes and axes != (len(shape) - 1,):
            raise ValueError("a linear map puts the classes last: the loss must have axis=-1")
        batch = self._batch(shape, axes, target, sample_weight, where)
        losses = np.empty(math.prod(batch.shape))
        per_sample = losses.size // max(x.shape[0], 1)
        grad_x = np.empty(x.shape, x.dtype) if "features" in wanted else None
        grad_w, grad_b = np.zeros_like(w), np.zeros_like(w[:, 0])
        tile_rows = max(TILE_ROWS, TILE_BYTES // (max(len(w), 1) * w.itemsize))
        for start in range(0, x.shape[0], tile_rows):
            tile = slice(start, min(start + tile_rows, x.shape[0]))
            part = slice(tile.start * per_sample, tile.stop * per_sample)
            # An ignored sample may hold NaN or inf, and 0 · NaN is not 0.
            of_sample = batch.is_ignored[part].reshape(-1, max(per_sample, 1))
            ignored = of_sample.all(axis=1, keepdims=True)
            seen = without(x[tile], ignored) if np.any(ignored) else x[tile]
            logits = seen @ w.T
            if b is not None:
                logits += b
            rows = as_rows(logits, axes and (1,))
            grad = np.empty_like(rows) if wanted else no_gradient(rows)
            self._run(kernels_for(logits), rows, batch.rows(part), losses[part], grad)
            if not wanted:
                continue
            grad = grad.reshape(logits.shape)
            if grad_x is not None:
                np.matmul(grad, w, out=grad_x[tile])
            grad_w += grad.T @ seen
            grad_b += grad.sum(axis=0)
        if grad_x is not None:
            grad_x = grad_x.reshape(np.shape(features)).astype(types[0], copy=False)
        return LinearLossGrad(
            self._reduced(losses, batch, loss_type(np.result_type(*types))),
            grad_x,
            grad_w.astype(types[1], copy=False),
            None if b is None else grad_b.astype(types[-1], copy=False),
        )

    def _divisor(self, weight: float, counted: int, shape: tuple[int, ...]) -> float:
        """What the reduction divides by: of the losses of this shape so many count, so much."""
        if self.reduction != "mean":
            return 1.0
        if not isinstance(self.normalizer, str):
            return float(self.normalizer)
        if self.normalizer == "weight":
            divisor = weight
        elif self.normalizer == "valid":
            divisor = counted
        elif self.normalizer == "batch":
            divisor = shape[0] if shape else 1
        else:
            divisor = math.prod(shape)
        if divisor == 0 and self.empty == "raise":
            raise ValueError("target leaves nothing to average: every sample is ignored")
        return float(divisor)

    @np.errstate(over="ignore")  # what has no room in the type is inf, without a warning
    def _reduced(self, losses: NDArray[np.float64], batch: Batch, dtype: np.dtype[Any]) -> Any:
        if self.reduction == "none":
            if self.empty == "nan":
                losses[batch.is_empty] = np.nan
            return losses.reshape(batch.shape).astype(dtype, copy=False)[()]
        if batch.divisor == 0 and self.empty == "nan":
            return dtype.type(np.nan)
        return dtype.type(np.add.reduce(losses))


def scaled(
    weight: NDArray[np.float64], counts: NDArray[np.bool_], divisor: float
) -> NDArray[np.float64]:
    """Weights with the mean's division in them; 0 for what does not count."""
    if divisor == 0:
        return np.zeros_like(weight)
    return np.where(counts, weight / divisor, 0.0)


def without(rows: Any, ignored: Any) -> Any:
    """Rows of which those `ignored`, of shape (rows, 1), become zeros, whatever they hold."""
    return emptied(rows, ignored[:, 0]) if is_sparse(rows) else np.where(ignored, 0, rows)


def linear_operands(
    features: ArrayLike, weight: ArrayLike, bias: ArrayLike | None
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any] | None, list[np.dtype[Any]]]:
    """Features as (samples, inputs), weight and bias, in one type; and the types they came in.

    Sparse features stay sparse.
    """
    if is_sparse(features):
        x = as_sparse(features, "features")
        x_type = x.dtype
    else:
        x, x_type = as_floating(features, "features")
    w, w_type = as_floating(weight, "weight")
    if w.ndim != 2 or x.ndim < 1 or x.shape[-1] != w.shape[1]:
        raise ValueError(
            "features and weight must have the shapes (..., inputs) and (classes, inputs), "
            f"got {x.shape} and {w.shape}"
        )
    given = {"features": x_type, "weight": w_type}
    if bias is not None:
        b, b_type = as_floating(bias, "bias")
        given["bias"] = b_type
    if set(HALF_TYPES) <= {dtype.name for dtype in given.values()}:
        came = ", ".join(f"{name} of {dtype}" for name, dtype in given.items())
        raise TypeError(
            "features, weight and bias cannot be float16 and bfloat16 together, which have no "
            f"common type; convert one of them: got {came}"
        )
    dtype = loss_type(np.result_type(x.dtype, w.dtype))
    x = x.reshape(-1, x.shape[-1]).astype(dtype, copy=False)
    w = w.astype(dtype, copy=False)
    if bias is None:
        return x, w, None, [x_type, w_type]
    if b.shape != w.shape[:1]:
        raise ValueError(f"bias must have the shape {w.shape[:1]}, got {b.shape}")
    return x, w, b.astype(dtype, copy=False), [x_type, w_type, b_type]
