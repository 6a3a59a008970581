"""Sparse features: columns of numbers of which only those that are not 0 are held."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from .opening import is_allowed

# Rows that are filled to this share are held as arrays: the means of arrays are subtracted, with
# which training takes a tenth of the iterations where few numbers are 0.
FILLED = 0.1


def held(values: csr_array) -> csr_array | NDArray[Any]:
    """The rows as they are best held, sparse or not."""
    cells = values.shape[0] * values.shape[1]
    is_filled = values.nnz >= FILLED * cells and is_allowed(cells * values.dtype.itemsize)
    return values.toarray() if is_filled else values


def moments(values: csr_array) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return zeros for the means, as a 0 has to stay one, and the standard deviations.

    The deviation of a constant column is exactly 0. Missing numbers, NaN, do not count.
    """
    rows, width = values.shape
    held = ~np.isnan(values.data)
    column, number = values.indices[held], values.data[held].astype(np.float64)

    def total(weights: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        return np.bincount(column, weights, minlength=width).astype(np.float64)

    missing = np.bincount(values.indices[~held], minlength=width)
    count = np.maximum(rows - missing, 1)
    with np.errstate(over="ignore", invalid="ignore"):
        mean = total(number) / count
        from_mean = total((number - mean[column]) ** 2) + (count - total()) * mean**2
        deviation = np.sqrt(from_mean / count)
    low, high = values.nanmin(axis=0).toarray(), values.nanmax(axis=0).toarray()
    return np.zeros(width), np.where((low == high).ravel(), 0.0, deviation)


def scaled(values: csr_array, scale: NDArray[np.float64]) -> csr_array:
    """Each number divided by the scale of its column; a missing one is 0, as the means are."""
    numbers = values.data / scale[values.indices]
    numbers[np.isnan(numbers)] = 0.0
    return csr_array((numbers, values.indices, values.indptr), values.shape)


def chosen(values: csr_array | NDArray[Any], places: Sequence[int], width: int) -> csr_array:
    """A matrix so wide whose column ``places[k]`` is the column k, where that is not −1."""
    found = csr_array(values).tocoo()
    column = np.asarray(places, np.intp)[found.col]
    kept = column >= 0
    return csr_array(
        (found.data[kept], (found.row[kept], column[kept])), shape=(values.shape[0], width)
    )


def holed(values: csr_array) -> NDArray[np.intp]:
    """The columns in which a number is missing."""
    return np.unique(values.indices[np.isnan(values.data)])


def first_infinite(values: csr_array) -> tuple[int, int] | None:
    """The row and the column of the first infinite number, if there is one."""
    at = np.flatnonzero(np.isinf(values.data))
    if not len(at):
        return None
    row = int(np.searchsorted(values.indptr, at[0], side="right")) - 1
    return row, int(values.indices[at[0]])
