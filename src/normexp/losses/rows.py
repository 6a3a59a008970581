"""Losses of one target for each row of logits: class ids or probabilities, weighted and masked."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import _check
from .._arrays import as_floating, as_rows, repeated, rows_shape
from ..functions import rowwise
from ..kernels import BETWEEN_PRODUCTS, NO_MASK, NOTHING, Linear, Logits, Target, kernels_for
from . import own
from .base import Loss, scaled
from .bound import Batch
from .sparse_target import SparseMasses, SparseTarget, TargetLike, masses_of


def _are_below(classes: int, ids: NDArray[np.int64]) -> bool:
    """Whether all ids are from 0 to classes − 1. Negative ones are large as unsigned numbers."""
    return bool(np.maximum.reduce(ids.view(np.uint64), initial=0) < classes)


def all_true(counts: NDArray[np.bool_]) -> bool:
    """Whether it was known without looking that every row counts."""
    return counts.strides == (0,)


@dataclass(frozen=True, kw_only=True, repr=False)
class RowLoss(Loss):
    """A loss that reads the logits of one axis together.

    A loss of your own is a class of this kind with one method, `of_rows`. What every loss can do
    follows from it: weights, masks, ignored rows, reductions, the loss of a linear map, training.

    Parameters
    ----------
    class_weight, ignore_index, axis, reduction, normalizer, empty
        As for `CrossEntropy`.

    Examples
    --------
    >>> import numpy as np
    >>> from normexp.losses import RowLoss
    >>> class Perceptron(RowLoss):
    ...     def of_rows(self, logits, target):
    ...         rows, best = np.arange(len(logits)), logits.argmax(axis=1)
    ...         grad = np.zeros_like(logits)
    ...         grad[rows, best] += 1
    ...         grad[rows, target] -= 1
    ...         return logits[rows, best] - logits[rows, target], grad
    >>> print(Perceptron()([[1.0, 3.0], [2.0, 0.0]], [0, 0]))
    1.0
    """

    class_weight: tuple[float, ...] | None = None
    ignore_index: int | None = -100
    axis: int = -1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.class_weight is not None:
            given = _check.array(self.class_weight, "class_weight")
            if given.ndim != 1:
                raise ValueError(
                    f"class_weight must hold a number for each class, got {_check.described(given)}"
                )
            weights = _check.weights(given, given.shape, "class_weight")
            object.__setattr__(self, "class_weight", tuple(weights.tolist()))
        if self.ignore_index is not None:
            _check.integer(self.ignore_index, "ignore_index")
        _check.integer(self.axis, "axis")

    @property
    def kernel(self) -> str | None:
        """The kernel that computes the loss, by its name in a back end; None: `of_rows` does."""
        return None

    @property
    def _options(self) -> tuple[Any, ...]:
        """What the kernel takes beside logits and target."""
        return ()

    def _logits(self, rows: NDArray[Any], where: NDArray[np.bool_]) -> Logits:
        """The logits as the kernel reads them."""
        return Logits(rows, where)

    def of_rows(
        self, logits: NDArray[np.float64], target: NDArray[Any]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The loss of each row of logits and its gradient: what a loss of your own computes.

        Only rows that count are asked for, and whose largest logit is finite. Weights, reduction
        and the type of the result are seen to afterwards.

        Parameters
        ----------
        logits : ndarray of float64, shape (rows, classes)
            −inf where a class does not exist.
        target : ndarray
            Class ids of shape (rows,); or, where the class has ``takes_probabilities = True``,
            perhaps probabilities of the shape of the logits.

        Returns
        -------
        losses : ndarray of shape (rows,)
        gradients : ndarray of shape (rows, classes)
        """
        raise NotImplementedError(f"{type(self).__name__} has no method of_rows(logits, target)")

    def _run(
        self,
        rows: NDArray[Any],
        batch: Batch,
        losses: NDArray[np.float64],
        grad: NDArray[Any],
    ) -> None:
        masses = batch.target.classes
        if isinstance(masses, SparseMasses):
            for part in masses.parts():
                of_part = grad[part] if grad.size else grad
                self._run(rows[part], batch.rows(part), losses[part], of_part)
            return
        name = self.kernel
        if name is None:
            own.compute(self, rows, batch, losses, grad)
            return
        kernel, logits = getattr(kernels_for(rows), name), self._logits(rows, batch.where)
        above, below = by_sign(batch.target)
        if below is not None:  # first, as the gradient may take the place of the logits
            apart = np.empty_like(losses), np.empty_like(grad)
            less, of_less = kernel(logits, below, *self._options, *apart)
        kernel(logits, above, *self._options, losses, grad)
        if below is not None:
            with np.errstate(invalid="ignore"):
                losses -= less
                grad -= of_less

    def _goes_between(self, batch: Batch) -> bool:
        temperature, cap = self.scaling
        return (
            self.kernel in BETWEEN_PRODUCTS
            and batch.target.classes.ndim == 1
            and not batch.target.smoothing.size
            and not batch.target.norm.size
            and by_sign(batch.target)[1] is None
            and not batch.where.size
            and cap is None
            and 1e-6 < temperature < 1e6
        )

    def _run_between(
        self,
        of: Linear,
        rows: NDArray[Any],
        batch: Batch,
        losses: NDArray[np.float64],
        grad: NDArray[Any],
    ) -> None:
        kernel = getattr(kernels_for(rows), str(self.kernel))
        logits = self._logits(rows, batch.where)._replace(of=of)
        kernel(logits, batch.target, *self._options, losses, grad)

    def _hessian_product(
        self, rows: NDArray[Any], batch: Batch, vector: NDArray[Any]
    ) -> NDArray[Any]:
        if self.kernel is None:
            raise TypeError(f"{type(self).__name__} has no Hessian product: of_rows tells none")
        masses = batch.target.classes
        if isinstance(masses, SparseMasses):
            products = np.empty_like(vector)
            for part in masses.parts():
                products[part] = self._hessian_product(rows[part], batch.rows(part), vector[part])
            return products
        kernel = getattr(kernels_for(rows), f"{self.kernel}_hessian_product")
        logits = self._logits(rows, batch.where)
        above, below = by_sign(batch.target)
        products = np.asarray(kernel(logits, above, *self._options, vector))
        if below is not None:
            products -= kernel(logits, below, *self._options, vector)
        return products

    def probabilities(self, logits: ArrayLike, where: ArrayLike | None = None) -> NDArray[Any]:
        if self.reads == "softmax":
            return self._of_softmax("softmax", logits, where)
        if self.reads == "probabilities":
            given, _ = as_floating(logits, "logits")
            return given if where is None else np.where(_check.mask(where, given.shape), given, 0)
        return super().probabilities(logits, where)

    def log_probabilities(self, logits: ArrayLike, where: ArrayLike | None = None) -> NDArray[Any]:
        if self.reads == "softmax":
            return self._of_softmax("log_softmax", logits, where)
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.probabilities(logits, where)))

    @property
    def scaling(self) -> tuple[float, float | None]:
        """The temperature that logits are divided by, and the cap that they have before."""
        _, _, temperature, cap, _ = self._logits(NOTHING, NO_MASK)
        return temperature, cap

    def _of_softmax(self, name: str, logits: ArrayLike, where: ArrayLike | None) -> NDArray[Any]:
        """A function of the softmax that the loss reads."""
        temperature, cap = self.scaling
        return rowwise(name, logits, self.axis, temperature, where, softcap=cap)[0]

    def _logits_shape(
        self, target: NDArray[Any] | SparseTarget, classes: int | None
    ) -> tuple[int, ...]:
        if isinstance(target, SparseTarget):
            if classes is None:
                raise ValueError("classes must say how many there are, which class ids do not tell")
            samples: tuple[int, ...] = np.shape(target.ids)[:-1]
            return *samples, _check.integer(classes, "classes")
        if target.dtype.kind not in "iu":
            if not self.takes_probabilities or target.dtype.kind not in "fb":
                either = " or probabilities" if self.takes_probabilities else ""
                came = _check.described(target)
                raise TypeError(f"target must hold integer class ids{either}, got {came}")
            (axis,) = self.axes_of(target.ndim)
            if classes is not None and target.shape[axis] != _check.integer(classes, "classes"):
                raise ValueError(
                    f"target must hold probabilities of {classes} classes on axis {self.axis}, "
                    f"got {_check.described(target)}"
                )
            return target.shape
        if classes is None:
            raise ValueError("classes must say how many there are, which class ids do not tell")
        (axis,) = self.axes_of(target.ndim + 1)
        count = _check.integer(classes, "classes")
        if count < 1:
            raise ValueError(f"classes must be at least 1, got {count}")
        return *target.shape[:axis], count, *target.shape[axis:]

    def axes_of(self, dimensions: int) -> tuple[int, ...]:
        return _check.axes(self.axis, dimensions)

    def _batch(
        self,
        shape: tuple[int, ...],
        axes: tuple[int, ...],
        target: TargetLike,
        sample_weight: ArrayLike | None,
        where: ArrayLike | None,
    ) -> Batch:
        classes = shape[axes[0]]
        if classes == 0:
            raise ValueError(f"logits have no classes on axis {self.axis}: their shape is {shape}")
        class_weight = self._class_weights(classes)
        left = rows_shape(shape, axes)
        mass, counts = self._read_target(target, shape, left, axes)
        if sample_weight is None and where is None and not class_weight.size and all_true(counts):
            return self._plain_batch(mass, counts.size, left, classes)
        mask, live = NO_MASK, np.full(counts.size, classes)
        if where is not None:
            mask = as_rows(_check.mask(where, shape), axes)
            live = mask.sum(axis=1).reshape(-1)
            if isinstance(mass, SparseMasses):
                mass.where = mask
        return self._weighted_batch(mass, counts, left, class_weight, sample_weight, mask, live)

    def _weighted_batch(
        self,
        mass: NDArray[Any],
        counts: NDArray[np.bool_],
        left: tuple[int, ...],
        class_weight: NDArray[np.float64],
        sample_weight: ArrayLike | None,
        mask: NDArray[np.bool_],
        live: NDArray[Any],
    ) -> Batch:
        """A batch of a target that is read; so many classes of each row are `live`.

        Masses and mask may be those of a part of the classes. The others are of whole rows.
        """
        weight = np.ones(counts.size)
        if sample_weight is not None:
            weight = _check.weights(sample_weight, left, "sample_weight").reshape(-1)
        is_empty = (live == 0) & counts & (weight > 0)
        if is_empty.any() and self.reduction == "none" and self.empty == "raise":
            raise ValueError("where leaves a sample without any class")
        counts = counts & (live > 0)
        of_class = np.ones(counts.size)
        if class_weight.size and mass.ndim == 1:
            of_class = class_weight[np.where(counts, mass, 0)]
        divisor = self._divisor((weight * of_class).sum(where=counts), counts.sum(), left)
        if divisor < 0:  # of weights that are not of this loss, but a tensor's
            class_weight, of_class = -class_weight, -of_class
        weight = scaled(weight, counts, abs(divisor))
        target = self._target(Target(mass, weight, class_weight=class_weight), of_class, live)
        is_ignored = weight * of_class == 0
        if target.smoothing.size:
            is_ignored &= target.smoothing == 0
        return Batch(left, target, mask, is_ignored, is_empty, divisor)

    def _plain_batch(
        self, mass: NDArray[Any], count: int, left: tuple[int, ...], classes: int
    ) -> Batch:
        """A batch in which every sample counts 1: nothing has one entry for each but the target."""
        divisor = self._divisor(float(count), count, left)
        weight = repeated(1.0 / divisor if divisor else 0.0, count)
        target = self._target(Target(mass, weight), 1.0, classes)
        never = repeated(False, count)
        return Batch(left, target, NO_MASK, never, never, divisor)

    def _target(
        self, target: Target, of_class: NDArray[np.float64] | float, live: NDArray[Any] | int
    ) -> Target:
        """What the options of a loss make of the target.

        `of_class` is the weight of each row's class id, and `live` classes take part in the row.
        """
        return target

    def _class_weights(self, classes: int) -> NDArray[np.float64]:
        if self.class_weight is None:
            return NOTHING
        if len(self.class_weight) != classes:
            raise ValueError(
                f"class_weight must hold a number for each of {classes} classes, "
                f"got {len(self.class_weight)}"
            )
        return np.array(self.class_weight)

    def _read_target(
        self,
        target: Any,
        shape: tuple[int, ...],
        left: tuple[int, ...],
        axes: tuple[int, ...],
    ) -> tuple[Any, NDArray[np.bool_]]:
        """Flat class ids, or rows of probabilities; and which rows are not ignored."""
        if isinstance(target, SparseTarget):
            if not self.takes_probabilities:
                raise TypeError("target must hold integer class ids, got a SparseTarget")
            if axes[0] != len(shape) - 1:
                raise ValueError("a SparseTarget puts the classes last: the loss must have axis=-1")
            return masses_of(target, shape), repeated(True, math.prod(left))
        array = _check.numbers(target, "target")
        if array.shape == left and array.dtype.kind in "iu":
            return self._read_labels(array.reshape(-1), shape[axes[0]])
        if array.shape == shape and self.takes_probabilities and array.dtype.kind in "fiub":
            if array.dtype not in (np.float32, np.float64) or not array.dtype.isnative:
                array = array.astype(np.float64)
            must = "target must hold probabilities that are finite and not negative"
            _check.every(_check.is_weight(array), array, must)
            mass = as_rows(array, axes)
            return mass, repeated(True, math.prod(left))
        either = f" or probabilities of shape {shape}" if self.takes_probabilities else ""
        message = (
            f"target must hold integer class ids of shape {left}{either}, "
            f"got {_check.described(array)}"
        )
        fits = array.shape in (left, shape)
        for axis in range(1, len(shape) - 1):  # of (batch, classes, height, width), say
            if not fits and array.shape == rows_shape(shape, (axis,)):
                message += f"; with axis={axis} for the classes it would fit"
        raise TypeError(message) if fits else ValueError(message)

    def _read_labels(
        self, labels: NDArray[Any], classes: int
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        ids = labels.astype(np.int64, copy=False)
        counts = repeated(True, labels.size)
        ignores = self.ignore_index is not None and 0 <= self.ignore_index < classes
        if not ignores and _are_below(classes, ids):
            return ids, counts
        if self.ignore_index is not None:
            counts = labels != self.ignore_index
        _check.every(
            (labels >= 0) & (labels < classes) | ~counts,
            labels,
            f"target must hold class ids from 0 to {classes - 1} "
            f"(ignore_index is {self.ignore_index})",
        )
        return np.where(counts, ids, -1), counts


def by_sign(target: Target) -> tuple[Target, Target | None]:
    """The target of classes with a weight ≥ 0; and of the others, whose loss is taken off.

    The kernels add up what is never negative. Weights below 0 come as tensors alone.
    """
    weights = target.class_weight
    if not weights.size or weights.min() >= 0:
        return target, None
    above, below = np.maximum(weights, 0), np.maximum(-weights, 0)
    return target._replace(class_weight=above), target._replace(class_weight=below, norm=NOTHING)
