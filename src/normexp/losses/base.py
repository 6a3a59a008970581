"""What every loss is: a frozen value with a reduction, called on logits or on a linear map's input.

A subclass says how a target is read (`_batch`) and which kernel gives the losses of some rows
(`_run`); reducing, differentiating and tiling stand here, once.

A loss also says of itself what others have to know: `reads`, `has_probabilities` and
`probabilities`, `is_elementwise`, `takes_probabilities`, `is_convex`, `is_smooth`. Nobody asks for
its type.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import _check
from .._arrays import as_floating
from .._tensors import tensors_of
from ..kernels import Linear
from ..linear_loss import LinearLossGrad, operands
from .bound import Batch, Bound, LossGrad, check_classes_last, wanted_gradients
from .sparse_target import SparseTarget, TargetLike, parts_of

Reads = Literal["logits", "softmax", "sigmoid", "probabilities"]

REDUCTIONS = ("mean", "sum", "none")
NORMALIZERS = ("weight", "valid", "batch", "full")
EMPTY = ("zero", "nan", "raise")


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
    takes_probabilities: ClassVar[bool] = False

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
        target: TargetLike,
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
            them, probabilities in the shape of the logits, or a `SparseTarget`.
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
        if (
            type(logits) is not np.ndarray
            and (room := tensors_of(logits) or tensors_of(*parts_of(target))) is not None
        ):
            return room.losses.loss_of(self, logits, target, sample_weight, where)
        if sample_weight is None and where is None and self._quick is not None:
            return self._quick[0](logits, target)
        return self._evaluated(logits, target, sample_weight, where)[0]

    def value_and_grad(
        self,
        logits: ArrayLike,
        target: TargetLike,
        sample_weight: ArrayLike | None = None,
        where: ArrayLike | None = None,
    ) -> LossGrad:
        """The loss and its gradient with respect to the logits, in one pass over them.

        Parameters and errors are those of calling the loss. With ``reduction="none"`` each row of
        the gradient belongs to that row's own loss.
        """
        if (
            type(logits) is not np.ndarray
            and (room := tensors_of(logits) or tensors_of(*parts_of(target))) is not None
        ):
            result: LossGrad = room.losses.value_and_grad(
                self, logits, target, sample_weight, where
            )
            return result
        if sample_weight is None and where is None and self._quick is not None:
            of_both: LossGrad = self._quick[1](logits, target)
            return of_both
        return self._differentiated(logits, target, sample_weight, where)[0]

    def _evaluated(
        self, logits: ArrayLike, target: TargetLike, weight: Any = None, where: Any = None
    ) -> tuple[Any, None, NDArray[Any]]:
        """The value, and the losses that it was reduced from."""
        values, dtype = as_floating(logits, "logits")
        bound = self.bind_to(values.shape, target, weight, where)
        value, _, losses = bound.evaluate(values, dtype, with_grad=False)
        return value, None, losses

    def _differentiated(
        self, logits: ArrayLike, target: TargetLike, weight: Any = None, where: Any = None
    ) -> tuple[LossGrad, NDArray[Any], NDArray[Any]]:
        """Value and gradient, and the arrays of gradient and losses."""
        values, dtype = as_floating(logits, "logits")
        bound = self.bind_to(values.shape, target, weight, where)
        value, grad, losses = bound.evaluate(values, dtype, with_grad=True)
        assert grad is not None
        return LossGrad(value, grad if grad.ndim else grad[()]), grad, losses

    @cached_property
    def _quick(self) -> tuple[Callable[..., Any], Callable[..., Any]] | None:
        """Value, and value with gradient, of few logits, where a loss has a quick way to them."""
        return None

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_quick"}

    def linear(
        self,
        features: ArrayLike,
        weight: ArrayLike,
        target: TargetLike,
        bias: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        where: ArrayLike | None = None,
        *,
        recompute: bool = False,
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
        recompute : bool
            Of tensors that are differentiated: whether to compute the logits again in the backward
            pass, rather than to form the gradients on the way forward and keep them. It takes a
            fourth matrix product, and until then no memory.

        Returns and errors are those of calling the loss. Tensors of PyTorch can be differentiated
        twice, by features, weight and bias.
        """
        _check.flag(recompute, "recompute")
        if (room := tensors_of(features, weight, *parts_of(target), bias)) is not None:
            return room.linear_loss.linear(
                self, features, weight, target, bias, sample_weight, where, recompute=recompute
            )
        given = operands(features, weight, bias)
        check_classes_last(self.axes_of(len(given.logits_shape)), len(given.logits_shape))
        bound = self.bind_to(given.logits_shape, target, sample_weight, where)
        return bound.evaluate_linear(given, ()).value

    def linear_value_and_grad(
        self,
        features: ArrayLike,
        weight: ArrayLike,
        target: TargetLike,
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
        if (room := tensors_of(features, weight, *parts_of(target), bias)) is not None:
            result: LinearLossGrad = room.linear_loss.linear_value_and_grad(
                self,
                features,
                weight,
                target,
                bias,
                sample_weight,
                where,
                features_grad=features_grad,
            )
            return result
        wanted = wanted_gradients(self, features_grad)
        given = operands(features, weight, bias)
        check_classes_last(self.axes_of(len(given.logits_shape)), len(given.logits_shape))
        bound = self.bind_to(given.logits_shape, target, sample_weight, where)
        return bound.evaluate_linear(given, wanted)

    def bind(
        self,
        target: TargetLike,
        *,
        classes: int | None = None,
        sample_weight: ArrayLike | None = None,
        where: ArrayLike | None = None,
    ) -> Bound:
        """The loss with its target: checked and arranged once, for as many logits as there are.

        Parameters
        ----------
        target : array_like
            As for calling the loss. Integers are class ids; probabilities are floating or boolean.
            It is copied: what becomes of the array afterwards does not matter.
        classes : int
            The number of classes, which class ids do not tell.
        sample_weight, where
            As for calling the loss.

        Returns
        -------
        Bound
            Called with logits it gives the loss; it has `value_and_grad`, `hessian_product`,
            `linear` and `linear_value_and_grad` too.

        Raises
        ------
        TypeError, ValueError
            For an argument of the wrong type, shape or range.

        Examples
        --------
        >>> import normexp as nex
        >>> bound = nex.CrossEntropy().bind([0, 2], classes=3)
        >>> print(bound([[2.0, 1.0, 0.1], [0.0, 0.0, 0.0]]).round(4))
        0.7578
        >>> bound.value_and_grad([[2.0, 1.0, 0.1], [0.0, 0.0, 0.0]]).grad.round(3)
        array([[-0.17 ,  0.121,  0.049],
               [ 0.167,  0.167, -0.333]])
        """
        if (room := tensors_of(*parts_of(target))) is not None:
            bound: Bound = room.bound.BoundTensors(self, target, classes, sample_weight, where)
            return bound
        given = target.copied() if isinstance(target, SparseTarget) else copy_of(target)
        if where is not None:
            where = np.array(_check.array(where, "where"))
        shape = self._logits_shape(given, classes)
        return self.bind_to(shape, given, sample_weight, where)

    def bind_to(
        self,
        shape: tuple[int, ...],
        target: TargetLike,
        sample_weight: ArrayLike | None = None,
        where: ArrayLike | None = None,
    ) -> Bound:
        """The same for logits of a known shape. The target is not copied, and must not change."""
        axes = self.axes_of(len(shape))
        return Bound(self, shape, axes, self._batch(shape, axes, target, sample_weight, where))

    @abstractmethod
    def _logits_shape(self, target: Any, classes: int | None) -> tuple[int, ...]:
        """The shape of the logits that a target is for."""

    @abstractmethod
    def axes_of(self, dimensions: int) -> tuple[int, ...]:
        """The axes of the logits that one loss covers."""

    @abstractmethod
    def _batch(
        self,
        shape: tuple[int, ...],
        axes: tuple[int, ...],
        target: TargetLike,
        sample_weight: ArrayLike | None,
        where: ArrayLike | None,
    ) -> Batch:
        """Check the target for logits of a shape."""

    def _kept_in(self, dtype: np.dtype[Any]) -> np.dtype[Any]:
        """The type of the losses before they are reduced to this one."""
        return np.dtype(np.float64)

    def _goes_between(self, batch: Batch) -> bool:
        """Whether a back end computes the loss between the products of a linear map."""
        return False

    def _run_between(
        self,
        of: Linear,
        rows: NDArray[Any],
        batch: Batch,
        losses: NDArray[np.float64],
        grad: NDArray[Any],
    ) -> None:
        """As `_run`, of logits that the linear map is to put there."""
        raise NotImplementedError

    @abstractmethod
    def _run(
        self,
        rows: NDArray[Any],
        batch: Batch,
        losses: NDArray[np.float64],
        grad: NDArray[Any],
    ) -> None:
        """Write the loss of every row of logits, and the gradient if it is asked for."""

    @abstractmethod
    def _hessian_product(
        self, rows: NDArray[Any], batch: Batch, vector: NDArray[Any]
    ) -> NDArray[Any]:
        """The Hessian of each row times the vector, in the shape of the rows."""

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


def copy_of(target: TargetLike) -> NDArray[Any]:
    return np.array(_check.array(target, "target"))


def scaled(
    weight: NDArray[np.float64], counts: NDArray[np.bool_], divisor: float
) -> NDArray[np.float64]:
    """Weights with the mean's division in them; 0 for what does not count."""
    if divisor == 0:
        return np.zeros_like(weight)
    return np.where(counts, weight / divisor, 0.0)
