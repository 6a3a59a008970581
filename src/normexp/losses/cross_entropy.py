"""Cross-entropy: −log of the probability that softmax gives the target."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import _check
from .._arrays import loss_type
from .._tensors import tensors_of
from ..kernels import Logits, Target, small
from ..linear_loss import Operands, operands
from ..linear_statistics import LinearStatistics, Sweep
from .base import Reads
from .bound import Batch, LossGrad, check_classes_last
from .rows import RowLoss
from .sparse_target import parts_of

NO_IDS = "target must hold integer class ids: ranks are of one class"


@dataclass(frozen=True, kw_only=True, repr=False)
class CrossEntropy(RowLoss):
    """Softmax and negative log-likelihood in one: the loss of softmax regression, in nats.

    With ``ℓ(k) = −log p_k = (max z − z_k) + log1p(rest)`` for logits z of one sample,

        loss = Σ_k t_k · ℓ(k),        ∂loss/∂z_k = (Σ t) · p_k − t_k

    where ``t_k = class_weight[k] · ((1 − ε) · target_k + ε / K)`` for label smoothing ε and K
    classes. A gradient is summed from the other classes where p_k is close to t_k = 1, so that a
    confident sample has neither a loss nor a gradient of 0.

    Parameters
    ----------
    label_smoothing : float
        ε: the share of the target that is spread evenly over the classes of the mask.
    temperature : float
        The logits are divided by it.
    softcap : float, optional
        c: finite logits are bounded to ``c · tanh(z / c)`` first (Gemma 2). For float64 the bounded
        logit is itself rounded to float64.
    z_loss : float
        Adds ``z_loss · logsumexp²`` to the loss of each sample, with the weight of its class, which
        keeps the logits from drifting (PaLM).
    from_logits : bool
        False: the input holds probabilities, as in Keras. A probability of 0 at the target gives
        inf, never a clipped number; rows are not normalised again.
    class_weight : sequence of float, optional
        A weight ≥ 0 for each class.
    ignore_index : int, optional
        The class id that leaves a sample out.
    axis : int
        The axis of the classes.
    reduction : {"mean", "sum", "none"}
    normalizer : {"weight", "valid", "batch", "full"} or float
        What the mean divides by: the sum of the weights of the samples that count (PyTorch; for
        probabilities as the target the class weights do not enter it), their number (Caffe's
        VALID), the length of the first axis, the number of samples counted or not, or a number.
    empty : {"zero", "nan", "raise"}
        What a batch with nothing to average gives.

    Raises
    ------
    TypeError, ValueError
        For an option of the wrong type or range.

    Examples
    --------
    >>> import normexp as nex
    >>> loss = nex.CrossEntropy()
    >>> loss([[2.0, 1.0, 0.1]], [0]).round(4)
    np.float64(0.417)
    >>> loss.value_and_grad([[40.0, 0.0]], [0]).grad
    array([[-4.24835426e-18,  4.24835426e-18]])
    >>> nex.CrossEntropy(label_smoothing=0.1)
    CrossEntropy(label_smoothing=0.1)

    References
    ----------
    C. Szegedy et al., Rethinking the Inception architecture, 2016 (label smoothing).
    A. Chowdhery et al., PaLM, 2022 (z-loss). Options as in torch.nn.CrossEntropyLoss.
    """

    label_smoothing: float = 0.0
    temperature: float = 1.0
    softcap: float | None = None
    z_loss: float = 0.0
    from_logits: bool = True

    takes_probabilities: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        _check.between(self.label_smoothing, 0.0, 1.0, "label_smoothing")
        _check.temperature(self.temperature)
        if self.softcap is not None:
            _check.positive(self.softcap, "softcap")
        _check.not_negative(self.z_loss, "z_loss")
        _check.flag(self.from_logits, "from_logits")
        if not self.from_logits and (self.temperature, self.softcap, self.z_loss) != (1, None, 0):
            raise ValueError("temperature, softcap and z_loss need logits: from_logits is False")

    @property
    def reads(self) -> Reads:
        return "softmax" if self.from_logits else "probabilities"

    @property
    def is_convex(self) -> bool:
        return self.softcap is None and self.z_loss == 0  # logsumexp² is not, where it is negative

    @property
    def is_smooth(self) -> bool:
        return True

    @cached_property
    def _quick(self) -> tuple[Callable[..., Any], Callable[..., Any]] | None:
        is_one_kernel = type(self) is CrossEntropy and self.from_logits and self.softcap is None
        ignores = self.ignore_index is not None and self.ignore_index >= 0  # as one of the ids
        if not is_one_kernel or ignores or self.class_weight is not None or self.axis != -1:
            return None
        value = None if self.reduction == "none" else small("Loss", self._evaluated)
        both = value and small("Loss", self._differentiated, LossGrad)
        return (value, both) if value and both else None

    def _target(
        self, target: Target, of_class: NDArray[np.float64] | float, live: NDArray[Any] | int
    ) -> Target:
        sample = target.weight
        if self.z_loss:
            target = target._replace(norm=self.z_loss * of_class * sample)
        if self.label_smoothing:
            target = target._replace(
                weight=(1.0 - self.label_smoothing) * sample,
                smoothing=self.label_smoothing * sample / (live + (live == 0)),
            )
        return target

    @property
    def kernel(self) -> str:
        return "cross_entropy" if self.from_logits else "log_loss"

    def _logits(self, rows: NDArray[Any], where: NDArray[np.bool_]) -> Logits:
        cap = None if self.softcap is None else float(self.softcap)
        return Logits(rows, where, float(self.temperature), cap)

    def linear_statistics(
        self,
        features: ArrayLike,
        weight: ArrayLike,
        target: ArrayLike,
        bias: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        where: ArrayLike | None = None,
    ) -> LinearStatistics:
        """What each row of ``features @ weight.T + bias`` is like, in one sweep of its tiles.

        The loss of each sample; log-probability of the target, logsumexp and entropy of the softmax
        that the loss reads; argmax, and the rank of the target. Of tensors the first four can be
        differentiated, once, which takes a second sweep.

        Parameters
        ----------
        features, weight, target, bias, sample_weight, where
            As for `linear`; the target holds class ids.

        Returns
        -------
        LinearStatistics
            Each in the shape of the class ids.

        Raises
        ------
        TypeError, ValueError
            As `linear`; for a target of probabilities, and for ``from_logits=False``.

        Examples
        --------
        >>> import normexp as nex
        >>> found = nex.CrossEntropy().linear_statistics([[1.0]], [[2.0], [1.0], [0.0]], [1])
        >>> print(found.log_probability.round(4), found.entropy.round(4), found.argmax, found.rank)
        [-1.4076] [0.8324] [0] [2]
        """
        if (room := tensors_of(features, weight, *parts_of(target), bias)) is not None:
            result: LinearStatistics = room.linear_statistics.linear_statistics(
                self, features, weight, target, bias, sample_weight, where
            )
            return result
        given = operands(features, weight, bias)
        dtype, shape = loss_type(np.result_type(*given.types)), given.shape[:-1]
        found = self.sweep(given, target, sample_weight, where).statistics()
        real = (one.reshape(shape).astype(dtype)[()] for one in found[:4])
        return LinearStatistics(*real, *(one.reshape(shape)[()] for one in found[4:]))

    def sweep(self, given: Operands, target: Any, sample_weight: Any, where: Any) -> Sweep:
        """The sweep that statistics and their gradients are made by."""
        shape = given.logits_shape
        check_classes_last(self.axes_of(len(shape)), len(shape))
        each, plain = self.row_by_row()
        bound = each.bind_to(shape, target, sample_weight, where)
        if bound.target.classes.ndim != 1:
            raise TypeError(NO_IDS)
        return Sweep(bound, plain.bind_to(shape, target, where=where), given)

    def row_by_row(self) -> "tuple[CrossEntropy, CrossEntropy]":
        """What statistics are made of: the loss of each row, and −log of its probability."""
        if not self.from_logits:
            raise ValueError("statistics need logits: from_logits is False")
        plain = CrossEntropy(
            temperature=self.temperature,
            softcap=self.softcap,
            ignore_index=self.ignore_index,
            reduction="none",
        )
        return replace(self, reduction="none"), plain

    def _run(
        self,
        rows: NDArray[Any],
        batch: Batch,
        losses: NDArray[np.float64],
        grad: NDArray[Any],
    ) -> None:
        if not self.from_logits:
            _check_probabilities(rows, batch)
        super()._run(rows, batch, losses, grad)

    def _hessian_product(
        self, rows: NDArray[Any], batch: Batch, vector: NDArray[Any]
    ) -> NDArray[Any]:
        if not self.from_logits:
            _check_probabilities(rows, batch)
        return super()._hessian_product(rows, batch, vector)


def _check_probabilities(rows: NDArray[Any], batch: Batch) -> None:
    highest = 1.0 + 8 * float(np.spacing(rows.dtype.type(1)))  # as softmax may round them
    fine = ~_check.outside(rows, 0.0, highest)
    fine |= batch.is_ignored.reshape(len(rows), 1, *rows.shape[2:])
    if batch.where.size:
        fine |= ~batch.where
    _check.every(fine, rows, "logits must hold probabilities, as from_logits is False")


def cross_entropy(
    logits: ArrayLike,
    target: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    where: ArrayLike | None = None,
    **options: Any,
) -> Any:
    """The cross-entropy of logits against a target: ``CrossEntropy(**options)(logits, target)``.

    Parameters, result and errors are those of `CrossEntropy` and of calling it.

    Examples
    --------
    >>> import normexp as nex
    >>> nex.cross_entropy([[2.0, 1.0, 0.1], [0.0, 0.0, 0.0]], [0, 2], reduction="none").round(4)
    array([0.417 , 1.0986])
    """
    return CrossEntropy(**options)(logits, target, sample_weight, where)
