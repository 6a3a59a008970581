"""Products with the features of a classifier: in float64, while the features stay in their type.

Some rows at a time are made wide, and lose their mean where that is asked for, so that there never
is a second array as large as the features. These may lie in a file that is mapped into memory.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._linear_products import by_feature, sparse_rows
from .._sparse import is_sparse
from ..kernels import kernels_for

Array = NDArray[np.float64]

TILE_BYTES = 2 << 20  # of rows in float64: they stay in a cache
TILE_ROWS = 64  # but no fewer than make a matrix product worth it


def logits(features: Any, weight: Array) -> Array:
    """``X Wᵀ``"""
    found = np.empty((features.shape[0], len(weight)))
    if is_sparse(features):
        columns = by_feature(weight)
        return np.asarray(kernels_for(found).sparse_linear(columns, sparse_rows(features), found))
    for rows in tiles(features):
        found[rows] = wide(features[rows]) @ weight.T
    return found


def gradient(features: Any, slopes: Array, mean: Array | None = None) -> Array:
    """``Gᵀ (X − 1 μᵀ)``, the gradient in W from that of the logits.

    μ is 0 where it is not given, and of sparse features.
    """
    if is_sparse(features):
        columns = by_feature(np.zeros((slopes.shape[1], features.shape[1])))
        kernels_for(slopes).add_sparse_outer(slopes, sparse_rows(features), columns)
        return np.ascontiguousarray(columns[:, : slopes.shape[1]].T)
    total = np.zeros((slopes.shape[1], features.shape[1]))
    for rows in tiles(features):
        total += slopes[rows].T @ wide(features[rows], mean)
    return total


def mean_of(features: Any, weight: Array) -> Array:
    """``Σ_i w_i x_i / Σ_i w_i``"""
    mean: Array = gradient(features, (weight / weight.sum())[:, None])[0]
    return mean


def squares_of(features: Any, mean: Array | None = None) -> Array:
    """``‖x_i − μ‖²`` of each row."""
    found = np.empty(features.shape[0])
    for rows in tiles(features):
        x = wide(features[rows], mean)
        found[rows] = (x * x).sum(axis=1) if is_sparse(x) else np.einsum("ij,ij->i", x, x)
    return found


def wide(x: Any, mean: Array | None = None) -> Any:
    """Some rows in float64, less a mean that only dense ones may have."""
    if mean is None:
        return x.astype(np.float64, copy=False)
    return np.subtract(x, mean, dtype=np.float64, order="C")


def tiles(features: Any, count: int | None = None, most: int | None = None) -> Iterator[slice]:
    """Slices of so many rows of features, or of all of them; each of so many rows at most."""
    rows, size = features.shape
    count = rows if count is None else count
    numbers = 2 * features.nnz / max(rows, 1) if is_sparse(features) else size  # with its place
    step = max(int(TILE_BYTES / (8 * max(numbers, 1))), TILE_ROWS)
    step = step if most is None else max(min(step, most), 1)
    for start in range(0, count, step):
        yield slice(start, min(start + step, count))
