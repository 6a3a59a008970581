"""Which of several arrays with names holds the features, and which the labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import issparse

from .images import NAME_SIZE, as_images, images_as_rows
from .notes import Note
from .opening import check_size
from .raw import Raw
from .sparse import held
from .words import columns, listed

FEATURES = {"x", "features", "data", "images"}
LABELS = {"y", "target", "labels", "label"}
SPLITS = {"train", "test"}


class Chosen(NamedTuple):
    """The names of the arrays to read."""

    features: str
    labels: str | None
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class NamedArrays:
    """The arrays of the file `source`, by their names.

    X, features, data or images are features, and y, target, labels or label are labels, in small
    letters or capitals. A name may carry its split: ``x_train``, ``test_labels``.
    """

    source: str
    names: tuple[str, ...]

    def chosen(self, target: str | None, features: str | None, split: str | None) -> Chosen:
        """Choose by the names that the caller gives, and elsewhere by the usual ones."""
        if features is not None and features not in self.names:
            raise ValueError(f"features: {self.source} has no array {features!r}; {self._names}")
        has_splits = any(self._parts(name) & SPLITS for name in self.names)
        if split is not None and not has_splits:
            raise ValueError(
                f"split: {self.source} does not tell training from test arrays; {self._names}"
            )
        wanted = {split or "train"} if has_splits else set()
        found = [features] if features is not None else self._called(FEATURES, wanted)
        if len(found) != 1:
            raise ValueError(
                f"{self.source}: expected one array called X, features, data or images, or what "
                f"features= says; {self._names}"
            )
        by_split = self._parts(found[0]) & SPLITS
        labels = self._called(LABELS, by_split)
        if target is not None:
            labels = [target] if target in self.names else []
        return Chosen(
            found[0],
            labels[0] if len(labels) == 1 else None,
            (Note("split", split=min(by_split)),) if by_split else (),
        )

    def raw(
        self, chosen: Chosen, features: NDArray[Any], labels: NDArray[Any] | None, **fields: Any
    ) -> Raw:
        """The arrays that were chosen as rows."""
        return raw_of(
            self.source,
            features,
            labels,
            notes=chosen.notes,
            no_target="expected one array of labels, called y, target or labels, or what target= "
            f"says; {self._names}",
            **fields,
        )

    @property
    def _names(self) -> str:
        return f"the names in it are {listed(self.names)}" if self.names else "it holds none"

    @staticmethod
    def _parts(name: str) -> set[str]:
        return set(name.lower().split("_"))

    def _called(self, roles: set[str], split: set[str]) -> list[str]:
        parts = {name: self._parts(name) for name in self.names}
        return [name for name in self.names if parts[name] & roles and split <= parts[name]]


def raw_of(
    source: str,
    array: NDArray[Any],
    labels: NDArray[Any] | None = None,
    notes: tuple[Note, ...] = (),
    **fields: Any,
) -> Raw:
    """An array of rows (n, d), or of images in any usual layout, with its labels."""
    if array.dtype.kind not in "buif":
        raise ValueError(f"{source}: expected features that are numbers, got dtype {array.dtype}")
    if array.ndim > 1 and 0 in array.shape:
        raise ValueError(f"{source} has no {'features' if array.shape[0] else 'rows'}")
    if issparse(array):
        array = held(sparse.csr_array(array))
    array, treatment = _storable(array)
    target = None if labels is None else _series(source, labels)
    if array.ndim == 2:
        check_size(NAME_SIZE * array.shape[1], source)
        names = columns(array.shape[1])
        return Raw(array, target, feature_names=names, notes=(*notes, *treatment), **fields)
    images, layout = as_images(array, source)
    return images_as_rows(images, target, notes=(*notes, *treatment, *layout), **fields)


def dense(matrix: sparse.spmatrix, source: str) -> NDArray[Any]:
    """A sparse matrix as an array, where that is allowed to be so large."""
    rows, width = matrix.shape
    holds = f"is a sparse matrix of shape {(rows, width)}, which takes, written out,"
    check_size(rows * width * matrix.dtype.itemsize, source, holds)
    array: NDArray[Any] = matrix.toarray()
    return array


def _storable(array: NDArray[Any]) -> tuple[NDArray[Any], tuple[Note, ...]]:
    """What no other file can hold as float64, which everything after it can."""
    if array.dtype.kind != "f" or array.dtype.itemsize <= 8:
        return array, ()
    with np.errstate(over="ignore"):  # an infinite number is named later on
        return array.astype(np.float64), (Note("rounded", dtype=str(array.dtype)),)


def _series(source: str, labels: NDArray[Any]) -> pl.Series:
    if labels.size != max(labels.shape, default=0):
        raise ValueError(f"{source}: expected one label to a row, got the shape {labels.shape}")
    labels, _ = _storable(labels.ravel())
    if labels.dtype.kind == "S":
        labels = np.char.decode(labels, "utf-8", "replace")
    if labels.dtype.kind not in "buifU":
        raise ValueError(
            f"{source}: expected labels that are text or integers, got dtype {labels.dtype}"
        )
    return pl.Series("target", labels.astype(labels.dtype.newbyteorder("=")))
