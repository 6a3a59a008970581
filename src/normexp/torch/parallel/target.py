"""The target of a part of the classes: class ids of the whole vocabulary, or masses of the part."""

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ... import _check
from ..._arrays import as_rows, rows_shape
from ...kernels import NO_MASK
from ...losses.bound import Batch
from ...losses.cross_entropy import CrossEntropy
from ..views import array_of

Array = NDArray[Any]


class Shard:
    """Target, weights and mask for logits of which this rank has a part of the classes.

    What can be checked by a rank alone is checked here; the rest, once it is known which classes
    the others have, by `batch`.
    """

    def __init__(
        self,
        loss: CrossEntropy,
        shape: tuple[int, ...],
        target: Any,
        sample_weight: Any,
        where: Any,
    ) -> None:
        self.loss = loss
        self.shape = shape  # of the logits on this rank
        self.axes = loss.axes_of(len(shape))
        self.left = rows_shape(shape, self.axes)
        self.sample_weight = None if sample_weight is None else numbers(sample_weight)
        self.mask = NO_MASK
        if where is not None:
            self.mask = as_rows(_check.mask(numbers(where), shape), self.axes)
        self.ids: Array | None = None
        self.sparse: tuple[Array, Array] | None = None
        self.mass: Any = None
        if isinstance(target, tuple):
            self.sparse = self._few(*target)
            return
        given = numbers(target)
        if given.dtype.kind in "fb" or given.ndim == len(shape):
            self.mass, _ = loss._read_target(given, shape, self.left, self.axes)
            return
        if given.shape != self.left or given.dtype.kind not in "iu":
            raise ValueError(
                f"target must hold integer class ids of shape {self.left}, probabilities of "
                f"this rank's classes of shape {shape}, or be a tuple of ids and probabilities "
                f"of a few classes, got {_check.described(given)}"
            )
        self.ids = given

    def _few(self, ids: Any, probabilities: Any) -> tuple[Array, Array]:
        """The few classes of each row that have a probability, and these."""
        ids, probabilities = numbers(ids), numbers(probabilities)
        rest = rows_shape(ids.shape, self.axes) if ids.ndim == len(self.shape) else None
        if rest != self.left or ids.shape != probabilities.shape or ids.dtype.kind not in "iu":
            raise ValueError(
                "target must hold integer ids and probabilities of a few classes, both of the "
                f"shape of the logits {self.shape} but for the number of classes, got "
                f"{_check.described(ids)} and {_check.described(probabilities)}"
            )
        if probabilities.dtype not in (np.float32, np.float64):
            probabilities = probabilities.astype(np.float64)
        must = "target must hold probabilities that are finite and not negative"
        _check.every(_check.is_weight(probabilities), probabilities, must)
        return as_rows(ids.astype(np.int64), self.axes), as_rows(probabilities, self.axes)

    @property
    def alike(self) -> dict[str, Any]:
        """What has to be the same on every rank."""
        (axis,) = self.axes
        kind = "class ids" if self.ids is not None else "masses" if self.sparse is None else "few"
        return {
            "loss": self.loss,
            "the shape of rows": (self.left, axis),
            "target": (kind, self.ids, *(self.sparse or ())),
            "sample_weight": self.sample_weight,
        }

    @property
    def has_mask(self) -> bool:
        return self.mask is not NO_MASK

    def live(self) -> Array:
        """How many classes of each row exist on this rank."""
        (axis,) = self.axes
        if not self.has_mask:
            return np.full(math.prod(self.left), self.shape[axis])
        return np.asarray(self.mask.sum(axis=1).reshape(-1))

    def batch(self, whole: tuple[int, ...], first: int, live: Array | None) -> Batch:
        """All of it in the form that kernels read, with what belongs to whole rows in whole."""
        (axis,) = self.axes
        classes, count = whole[axis], math.prod(self.left)
        if classes == 0:
            raise ValueError("no rank of the group has any class")
        mass, counts = self.mass, np.full(count, True)
        if self.ids is not None:
            mass, counts = self.loss._read_target(self.ids, whole, self.left, self.axes)
        elif self.sparse is not None:
            ids, masses = self.sparse
            must = f"target must hold class ids from 0 to {classes - 1}"
            _check.every((ids >= 0) & (ids < classes), ids, must)
            mass = FewMasses(ids, masses, first, self.shape[axis])
        return self.loss._weighted_batch(
            mass,
            counts,
            self.left,
            self.loss._class_weights(classes),
            self.sample_weight,
            self.mask,
            np.full(count, classes) if live is None else live,
        )


class FewMasses:
    """The masses of a few classes of each row: some rows of it are an array of a part of all."""

    ndim = 2

    def __init__(self, ids: Array, masses: Array, first: int, classes: int) -> None:
        self.ids, self.masses, self.first, self.classes = ids, masses, first, classes

    def __getitem__(self, part: slice) -> Array:
        ids, masses = self.ids[part] - self.first, self.masses[part]
        dense = np.zeros((len(ids), self.classes, *ids.shape[2:]), masses.dtype)
        place = np.nonzero((ids >= 0) & (ids < self.classes))
        row, _, *inner = place
        np.add.at(dense, (row, ids[place], *inner), masses[place])
        return dense


def numbers(given: Any) -> Array:
    """As an array: a tensor's own memory where it can be."""
    if not isinstance(given, Tensor):
        return np.asarray(given)
    if given.requires_grad:
        raise TypeError("no loss is differentiated by its target, weights or mask: detach them")
    if given.dtype in (torch.float16, torch.bfloat16):
        given = given.float()
    return array_of(given.cpu())
