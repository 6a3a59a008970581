"""A data set: rows of features, their labels, and what is known about both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .schema import Schema


@dataclass(frozen=True, eq=False)
class Dataset:
    """Rows of features with their labels.

    Attributes
    ----------
    name : str
        What the data is called in a report: the built-in name, or the file's name.
    features : array of shape (n, d), or polars.DataFrame of n rows and d columns
        Numbers, also as a `scipy.sparse.csr_array`, or a table whose columns hold numbers, text or
        booleans. A missing value is NaN in an array and null in a table.
    target : array of shape (n,) or None
        The label of each row, int64 or text; None where the data has none.
    feature_names : tuple of d str
    image_shape : (h, w) or (h, w, 3), or None
        Where rows are images: ``features[i].reshape(image_shape)`` is what ``imshow`` draws.
    class_names : tuple of str or None
        Where the source names its classes: ``class_names[k]`` is the name of the label k.
    notes : tuple of str
        Every treatment that the data was given while it was loaded, in words: a `Note` each, which
        other languages say too.
    schema : Schema or None
        How the cells of the source are read; `load` reads another source by it.
    carried : polars.DataFrame or None
        The columns that `load` was asked to carry along, as they stand in the source.
    left_out : mapping of str to int
        Why rows of the source are not here, and how many.
    positions : array of shape (n,) or None
        Where each row stands in the source, from 0 on; None where each row i stands at i.

    Examples
    --------
    >>> from normexp.data import load
    >>> iris = load("iris")
    >>> len(iris), iris.class_names
    (150, ('setosa', 'versicolor', 'virginica'))
    >>> iris.take([0, 149]).target, iris.take([0, 149]).positions
    (array([0, 2]), array([  0, 149]))
    """

    name: str
    features: NDArray[Any] | pl.DataFrame
    target: NDArray[Any] | None
    feature_names: tuple[str, ...]
    image_shape: tuple[int, ...] | None = None
    class_names: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()
    schema: Schema | None = None
    carried: pl.DataFrame | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)
    positions: NDArray[np.intp] | None = None

    def __len__(self) -> int:
        rows: int = self.features.shape[0]
        return rows

    def take(self, indices: NDArray[np.integer[Any]] | list[int]) -> Dataset:
        """Return the rows at `indices` (integers), in that order."""
        rows = np.asarray(indices, dtype=np.intp)
        target = None if self.target is None else self.target[rows]
        carried = None if self.carried is None else self.carried[rows]
        return replace(
            self,
            features=self.features[rows],
            target=target,
            carried=carried,
            positions=self.positions_of(rows),
        )

    def positions_of(self, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """Where these rows stand in the source, from 0 on."""
        return np.arange(len(self))[rows] if self.positions is None else self.positions[rows]
