"""Targets of a few classes for each row: the best of a teacher, and what becomes of the rest."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import _check
from ..kernels import NO_MASK

RESTS = ("ignore", "uniform", "renormalize")
ROUNDING = {1: 0.0, 2: 2.0**-5, 4: 1e-4, 8: 1e-8}  # of a sum of 1, by the bytes of its terms
MASSES_BYTES = 4 << 20  # of the rows that are spread over all classes at a time


@dataclass(frozen=True, eq=False)
class SparseTarget:
    """Probabilities of a few classes for each sample, as a target of a loss.

    It stands wherever a loss takes probabilities, and means the same as these probabilities spread
    over all classes; but only some rows of those stand in memory at a time.

    Parameters
    ----------
    ids : array_like of int, shape (..., k)
        Class ids; the other axes are those of the samples. The classes stand on the last axis of
        the logits. One that comes twice in a row has both probabilities; one with a probability of
        0 is as good as not given, and may be any number.
    probabilities : array_like, shape (..., k)
        Finite and not negative.
    rest : {"ignore", "uniform", "renormalize"}
        What becomes of the mass that is left, 1 − Σ probabilities: nobody has it, and the row
        counts so much less (the target is what is given); it is spread evenly over the classes of
        the mask that are not among the ids (where there is none, nobody has it); or the
        probabilities are divided by their sum (a row of zeros stays one).

    Raises
    ------
    TypeError, ValueError
        For shapes that differ or an unknown `rest`; for numbers out of range when a loss reads
        them, with "uniform" also for a sum above 1.

    Examples
    --------
    >>> import normexp as nex
    >>> teacher = nex.SparseTarget([[0, 2]], [[0.7, 0.2]], rest="uniform")
    >>> print(nex.CrossEntropy()([[2.0, 1.0, 0.1, 0.0]], teacher).round(4))
    1.0325
    >>> print(nex.CrossEntropy()([[2.0, 1.0, 0.1, 0.0]], [[0.7, 0.05, 0.2, 0.05]]).round(4))
    1.0325
    """

    ids: Any
    probabilities: Any
    rest: str = "ignore"

    def __post_init__(self) -> None:
        _check.one_of(self.rest, RESTS, "rest")
        ids, probabilities = map(_shape, (self.ids, self.probabilities))
        if ids != probabilities or not ids:
            raise ValueError(
                "ids and probabilities must have one shape, (..., k), "
                f"got {ids} and {probabilities}"
            )

    def copied(self) -> "SparseTarget":
        """The same with arrays of its own."""
        return replace(self, ids=np.array(self.ids), probabilities=np.array(self.probabilities))


def parts_of(target: Any) -> tuple[Any, ...]:
    """The arrays that a target consists of."""
    if isinstance(target, SparseTarget):
        return target.ids, target.probabilities
    return (target,)


def _shape(given: Any) -> tuple[int, ...]:
    return tuple(given.shape) if hasattr(given, "shape") else np.shape(given)


TargetLike = ArrayLike | SparseTarget


class SparseMasses:
    """The masses of a `SparseTarget` by rows: a slice of it is an array of all classes."""

    ndim = 2

    def __init__(
        self, ids: NDArray[np.int64], masses: NDArray[np.float64], classes: int, rest: str
    ) -> None:
        self.ids, self.masses, self.classes, self.rest = ids, masses, classes, rest
        self.where: NDArray[np.bool_] = NO_MASK

    def __getitem__(self, part: slice) -> NDArray[np.float64]:
        ids, masses = self.ids[part], self.masses[part]
        rows = np.arange(len(ids))[:, np.newaxis]
        dense = np.zeros((len(ids), self.classes))
        if self.rest == "uniform":
            free = self.where[part].copy() if self.where.size else np.full(dense.shape, True)
            given, at = np.nonzero(masses)
            free[given, ids[given, at]] = False
            left = np.maximum(1.0 - masses.sum(axis=1), 0.0)
            each = left / np.maximum(free.sum(axis=1), 1)
            np.copyto(dense, each[:, np.newaxis], where=free)
        np.add.at(dense, (rows, ids), masses)
        return dense

    def parts(self) -> Iterator[slice]:
        """Of the rows, as many at a time as there is room for."""
        step = max(MASSES_BYTES // (8 * self.classes), 1)
        return (slice(start, start + step) for start in range(0, len(self.ids), step))


def masses_of(target: SparseTarget, shape: tuple[int, ...]) -> SparseMasses:
    """The target for logits of this shape, checked."""
    ids = _check.array(target.ids, "target.ids")
    if ids.dtype.kind not in "iu":
        raise TypeError(f"target.ids must hold integer class ids, got {_check.described(ids)}")
    given = _check.array(target.probabilities, "target.probabilities")
    if given.dtype.kind not in "fiub" and given.dtype.name != "bfloat16":
        raise TypeError(
            f"target.probabilities must hold real numbers, got {_check.described(given)}"
        )
    *samples, classes = shape
    if ids.shape[:-1] != tuple(samples):
        raise ValueError(
            f"target.ids must have the shape {(*samples, 'k')} for logits of shape {shape}, "
            f"got {ids.shape}"
        )
    masses = given.astype(np.float64)
    must = "target.probabilities must be finite and not negative"
    _check.every(_check.is_weight(masses), given, must)
    _check.every(
        (ids >= 0) & (ids < classes) | (masses == 0),
        ids,
        f"target.ids must hold class ids from 0 to {classes - 1} where there is a probability",
    )
    rows = masses.reshape(math.prod(samples), ids.shape[-1])
    total = rows.sum(axis=1)
    if target.rest == "uniform":
        must = "target.probabilities must add up to at most 1, as their rest is 'uniform'"
        _check.every(total <= 1.0 + ROUNDING[given.dtype.itemsize], total, must)
    if target.rest == "renormalize":
        rows = rows / np.where(total > 0, total, 1.0)[:, np.newaxis]
    ids = np.where(masses > 0, ids, 0).astype(np.int64).reshape(rows.shape)
    return SparseMasses(ids, rows, classes, target.rest)
