"""What is to be diagnosed: logits and target as rows, read without refusing any value in them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import _check
from .._arrays import as_floating, repeated, rows_shape
from ..losses import CrossEntropy, Loss, LossGrad

Mask = NDArray[np.bool_]
Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Case:
    """A batch as rows of logits, whatever axis its classes stood on.

    Of `labels` and `mass` at most one is there: class ids as they came, or a mass for each class.
    For binary cross-entropy a row is one logit, and its mass the probability of yes.
    """

    loss: Loss
    logits: NDArray[Any]  # (rows, classes), in the type that they came in
    where: Mask  # (rows, classes): the classes that exist
    labels: NDArray[Any] | None  # (rows,)
    mass: NDArray[Any] | None  # (rows, classes)
    shape: tuple[int, ...]  # of the batch: an entry for each row

    @property
    def classes(self) -> int:
        return int(self.logits.shape[1])

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.logits.dtype

    @property
    def has_target(self) -> bool:
        return self.labels is not None or self.mass is not None

    @property
    def label_smoothing(self) -> float:
        return getattr(self.loss, "label_smoothing", 0.0)

    @property
    def takes_logits(self) -> bool:
        """False where the input of the loss holds probabilities."""
        return self.loss.reads != "probabilities"

    @property
    def is_softmax(self) -> bool:
        """Whether it is softmax that reads the logits."""
        return self.loss.reads == "softmax"

    @property
    def ignore_index(self) -> int | None:
        return getattr(self.loss, "ignore_index", None)

    @cached_property
    def wide(self) -> NDArray[np.float64]:
        """The logits in float64, where each of them is the number that it was."""
        return self.logits.astype(np.float64)

    @cached_property
    def exists(self) -> Mask:
        """Rows that the mask leaves a class."""
        return np.asarray(self.where.any(axis=1))

    @cached_property
    def is_ignored(self) -> Mask:
        if self.labels is None:
            return repeated(False, len(self.logits))
        return np.asarray(self.labels == self.ignore_index)

    @cached_property
    def has_readable_target(self) -> Mask:
        """Rows whose target is a class, or masses that are finite and not negative."""
        if self.labels is not None:
            return np.asarray((self.labels >= 0) & (self.labels < self.classes))
        if self.mass is None:
            return repeated(True, len(self.logits))
        highest = 1.0 if self.loss.is_elementwise else np.inf
        fine = np.isfinite(self.mass) & (self.mass >= 0) & (self.mass <= highest)
        return np.asarray(fine.all(axis=1))

    @cached_property
    def has_readable_input(self) -> Mask:
        """Rows that the loss takes: any logits, but of probabilities only those in [0, 1]."""
        if self.takes_logits:
            return repeated(True, len(self.logits))
        # Softmax may round a probability to a hair above 1.
        highest = 1.0 + 8 * float(np.spacing(self.dtype.type(1)))
        outside = ((self.wide < 0) | (self.wide > highest)) & self.where
        return ~np.asarray(outside.any(axis=1))

    @cached_property
    def counts(self) -> Mask:
        """Rows that have a part in the loss."""
        return self.exists & ~self.is_ignored & self.has_readable_target & self.has_readable_input

    @cached_property
    def y(self) -> NDArray[np.intp]:
        """The class whose loss is looked at: the target's, or without one the leading class."""
        if self.labels is not None:
            return np.where(self.has_readable_target, self.labels, 0).astype(np.intp)
        return self.leading if self.mass is None else np.asarray(self.mass.argmax(axis=1))

    @cached_property
    def leading(self) -> NDArray[np.intp]:
        """The class of the largest logit."""
        return np.asarray(np.where(self.where, self.wide, -np.inf).argmax(axis=1))

    def at_y(self, values: NDArray[Any]) -> NDArray[Any]:
        """The entry of each row that belongs to its class y."""
        return np.asarray(np.take_along_axis(values, self.y[:, np.newaxis], axis=1)[:, 0])

    @property
    def has_true_loss(self) -> bool:
        """Whether rows have a loss: by their target, or as what their leading class would cost."""
        return self.has_target or self.is_softmax

    @cached_property
    def true(self) -> LossGrad:
        """The loss of each row and the gradient at its class y, by the library in float64.

        0 for a row that does not count. The z-loss is left out: it is no matter of the target.
        """
        loss = self._by_rows(with_options(self.loss, z_loss=0.0))
        value, grad = loss.value_and_grad(*self._arguments, where=self.where)
        return LossGrad(value.reshape(-1) + 0.0, self.at_y(grad))  # −log 1 as 0, not as −0

    def true_value_of(self, loss: Loss) -> Vector:
        """What the rows would cost with another loss, likewise."""
        loss = self._by_rows(with_options(loss, z_loss=0.0))
        return np.asarray(loss(*self._arguments, where=self.where).reshape(-1))

    @cached_property
    def value(self) -> float | None:
        """The loss of the batch, of those of its rows that count; None without any."""
        if not self.has_target or not self.counts.any():
            return None
        reduction = "mean" if self.loss.reduction == "none" else self.loss.reduction
        normalizer = self.loss.normalizer
        if normalizer == "batch":  # here the first axis is that of the rows
            normalizer = self.shape[0] if self.shape else 1
        loss = replace(self._by_rows(self.loss), reduction=reduction, normalizer=normalizer)
        return float(loss(*self._arguments, where=self.where))

    @staticmethod
    def _by_rows(loss: Loss) -> Loss:
        """A loss as it reads the rows of a case."""
        return with_options(loss, reduction="none", empty="zero", axis=-1, ignore_index=-1)

    @cached_property
    def _arguments(self) -> tuple[NDArray[Any], NDArray[Any], Vector]:
        """Logits, target and weight of the samples, with nothing in them that a loss refuses."""
        counts = self.counts[:, np.newaxis]
        logits = self.wide if self.takes_logits else np.where(counts, self.wide, 1.0)
        weight = self.counts.astype(np.float64)
        if self.mass is not None:
            weight = weight[:, np.newaxis] if self.loss.is_elementwise else weight
            return logits, np.where(counts, self.mass.astype(np.float64), 0.0), weight
        return logits, np.where(self.counts, self.y, -1), weight


def read(logits: ArrayLike, target: ArrayLike | None, loss: Loss, where: ArrayLike | None) -> Case:
    """Bring a batch into rows; only what has the wrong shape or type is refused."""
    values, _ = as_floating(logits, "logits")
    axes = loss.axes_of(values.ndim)
    mask = repeated(True, values.size).reshape(values.shape)
    if where is not None:
        mask = _check.mask(where, values.shape)
    shape = rows_shape(values.shape, axes)
    if axes and values.shape[axes[0]] == 0:
        raise ValueError(f"logits have no classes on axis {axes[0]}: their shape is {values.shape}")
    if 0 in shape:
        raise ValueError(f"logits have no rows: their shape is {values.shape}")
    labels = mass = None
    if target is not None:
        given = _check.array(target, "target")
        _refuse_unfit(values.shape, given, loss)
        if given.shape == shape and not loss.is_elementwise:
            labels = given.reshape(-1)
        else:
            mass = _rows(given, axes)
    read_by = loss if target is not None else _without_target(loss)
    return Case(read_by, _rows(values, axes), _rows(mask, axes), labels, mass, shape)


def with_options(loss: Loss, **options: Any) -> Loss:
    """A loss with other options, as far as it has them."""
    return replace(
        loss, **{name: option for name, option in options.items() if hasattr(loss, name)}
    )


def _without_target(loss: Loss) -> Loss:
    """What is left of a loss where nothing but softmax can be looked at: −log p, plain."""
    if loss.reads != "softmax":
        return loss
    kept = {
        name: getattr(loss, name)
        for name in ("axis", "temperature", "softcap")
        if hasattr(loss, name)
    }
    return CrossEntropy(**kept)


def _refuse_unfit(shape: tuple[int, ...], target: NDArray[Any], loss: Loss) -> None:
    """Raise what the loss raises for a target of a wrong shape or type: zeros are in any range."""
    plain = replace(loss, reduction="none", empty="zero")
    plain(np.zeros(shape, np.float32), np.zeros_like(target))


def _rows(array: NDArray[Any], axes: tuple[int, ...]) -> NDArray[Any]:
    if not axes:
        return array.reshape(-1, 1)
    (axis,) = axes
    last = np.moveaxis(array, axis, -1)
    return last.reshape(math.prod(last.shape[:-1]), last.shape[-1])
