"""The target of a part of the classes: class ids of the whole vocabulary, or masses of the part."""

import math
from dataclasses import replace
from functools import partial
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
from ...losses.sparse_target import SparseMasses, SparseTarget, parts_of
from ..views import array_of
from .ranks import Ranks

Array = NDArray[Any]


class Shard:
    """Target, weights and mask for logits of which this rank has a part of the classes.

    What can be checked by a rank alone is checked here; the rest, once it is known which classes
    the others have, by `batch`. What is kept for a derivative is a copy: its owner may write there.
    """

    def __init__(
        self,
        loss: CrossEntropy,
        shape: tuple[int, ...],
        target: Any,
        sample_weight: Any,
        where: Any,
        is_kept: bool = False,
    ) -> None:
        own = partial(numbers, is_kept=is_kept)
        self.loss = loss
        self.shape = shape  # of the logits on this rank
        self.axes = loss.axes_of(len(shape))
        self.left = rows_shape(shape, self.axes)
        self.sample_weight = None if sample_weight is None else own(sample_weight)
        self.mask = NO_MASK
        if where is not None:
            self.mask = as_rows(_check.mask(own(where), shape), self.axes)
        self.ids: Array | None = None
        self.sparse: SparseTarget | None = None
        self.mass: Any = None
        if isinstance(target, SparseTarget):
            self.sparse = replace(
                target, ids=own(target.ids), probabilities=own(target.probabilities)
            )
            return
        given = own(target)
        if given.dtype.kind in "fb" or given.ndim == len(shape):
            self.mass, _ = loss._read_target(given, shape, self.left, self.axes)
            return
        if given.shape != self.left or given.dtype.kind not in "iu":
            raise ValueError(
                f"target must hold integer class ids of shape {self.left}, probabilities of "
                f"this rank's classes of shape {shape}, or be a SparseTarget, "
                f"got {_check.described(given)}"
            )
        self.ids = given

    @property
    def alike(self) -> dict[str, Any]:
        """What has to be the same on every rank."""
        (axis,) = self.axes
        told: tuple[Any, ...] = ("masses",) if self.ids is None else ("class ids", self.ids)
        if self.sparse is not None:
            told = self.sparse.rest, *parts_of(self.sparse)
        return {
            "loss": self.loss,
            "the shape of rows": (self.left, axis),
            "target": told,
            "sample_weight": self.sample_weight,
        }

    @property
    def has_mask(self) -> bool:
        return self.mask is not NO_MASK

    def batch(self, whole: tuple[int, ...], ranks: Ranks, first: int, masked: bool) -> Batch:
        """All of it in the form that kernels read, with what belongs to whole rows in whole.

        What the ranks have to count together, they do.
        """
        (axis,) = self.axes
        classes, own, count = whole[axis], self.shape[axis], math.prod(self.left)
        if classes == 0:
            raise ValueError("no rank of the group has any class")
        live = np.full(count, classes)
        if masked:
            live = ranks.summed_numbers(self._live())
        mass, counts = self.mass, np.full(count, True)
        if self.mass is None:
            given = self.ids if self.sparse is None else self.sparse
            mass, counts = self.loss._read_target(given, whole, self.left, self.axes)
        if self.sparse is not None:
            mass = SparsePart(mass, first, own, self.mask)
            if self.sparse.rest == "uniform":
                mass.spread(live - ranks.summed_numbers(mass.given()))
        return self.loss._weighted_batch(
            mass,
            counts,
            self.left,
            self.loss._class_weights(classes),
            self.sample_weight,
            self.mask,
            live,
        )

    def _live(self) -> Array:
        """How many classes of each row exist on this rank."""
        (axis,) = self.axes
        if not self.has_mask:
            return np.full(math.prod(self.left), self.shape[axis])
        return np.asarray(self.mask.sum(axis=1).reshape(-1))


class SparsePart:
    """What a rank has of the masses of a `SparseTarget`: some rows of it are an array."""

    ndim = 2

    def __init__(self, masses: SparseMasses, first: int, classes: int, mask: Array) -> None:
        ids = masses.ids - first
        self.masses = np.where((ids >= 0) & (ids < classes), masses.masses, 0.0)
        self.ids = np.where(self.masses > 0, ids, 0)
        self.classes, self.mask = classes, mask
        self.left = np.maximum(1.0 - masses.masses.sum(axis=1), 0.0)
        self.each: Array | None = None

    def given(self) -> Array:
        """How many classes of each row that exist here have a mass of their own."""
        ids = np.sort(np.where(self.masses > 0, self.ids, -1), axis=1)
        is_new = (ids >= 0) & (np.diff(ids, axis=1, prepend=-1) != 0)  # one may come twice
        if self.mask.size:
            is_new &= np.take_along_axis(self.mask, np.maximum(ids, 0), axis=1)
        return np.asarray(is_new.sum(axis=1))

    def spread(self, free: Array) -> None:
        """Give what is left of each row to its classes that have none, of which so many exist."""
        self.each = self.left / np.maximum(free, 1)

    def __getitem__(self, part: slice) -> Array:
        ids, masses = self.ids[part], self.masses[part]
        dense = np.zeros((len(ids), self.classes))
        row, at = np.nonzero(masses)
        given = row, ids[row, at]
        if self.each is not None:
            each = self.each[part, np.newaxis]
            dense[:] = np.where(self.mask[part], each, 0.0) if self.mask.size else each
            dense[given] = 0.0
        np.add.at(dense, given, masses[row, at])
        return dense


def numbers(given: Any, is_kept: bool = False) -> Array:
    """As an array: on the memory that is given where it can be, but a copy of what is kept."""
    if isinstance(given, Tensor):
        given = _numbers_of(given)
    array = np.asarray(given)
    return array.copy() if is_kept else array


def _numbers_of(given: Tensor) -> Array:
    if given.requires_grad:
        raise TypeError("no loss is differentiated by its target, weights or mask: detach them")
    if given.dtype in (torch.float16, torch.bfloat16):
        given = given.float()
    return array_of(given.cpu())
