"""The two products of features and weight in a linear loss: by BLAS, or by kernels of our own."""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ._sparse import emptied, is_sparse
from .kernels import PADDING, SparseRows, kernels_for

Array = NDArray[Any]
Memory = Callable[[str, tuple[int, ...], np.dtype[Any]], Array]  # that is used again
LeftOut = NDArray[np.bool_] | None  # samples of a tile

FEW_CLASSES = 24  # of more of them BLAS is as fast
FEW_NUMBERS = 1 << 20  # of a weight with few classes; its gradient is added up in float64
FEATURES_BYTES = 4 << 20  # of one tile, where classes are few
WIDENED_BYTES = 16 << 20  # of one tile, where features come in another type than is computed in
PRODUCT_BYTES = 8 << 20  # of the gradient of the weight, computed at a time and then added


class Products(Protocol):
    """The products of features and weight, and of logits' gradients and features, tile by tile.

    Attributes
    ----------
    most_rows : int
        How many rows of features a tile may have, for the room that they take.
    total : ndarray
        The gradient of the weight so far, arranged as it is added up.
    """

    most_rows: int
    total: Array

    def rows(self, x: Any, tile: slice, left_out: LeftOut) -> Any:
        """The features of a tile; a sample that is left out may hold NaN, and 0 · NaN is not 0."""

    def put_logits(self, seen: Any, logits: Array) -> None:
        """logits = seen @ weight.T + bias"""

    def add(self, grad: Array, seen: Any) -> None:
        """total += grad.T @ seen"""

    def gradient(self) -> Array:
        """The total in the shape of the weight."""


def products_of(x: Any, w: Array, b: Array | None, memory: Memory) -> Products:
    """The products that are quickest for such features and such a weight."""
    if is_sparse(x):
        return SparseProducts(x, w, b)
    if are_few(w):
        return FewProducts(x, w, b, memory)
    return DenseProducts(x, w, b, memory)


def are_few(w: Array) -> bool:
    """Whether there are so few classes that kernels of our own are faster than BLAS."""
    return len(w) <= FEW_CLASSES and w.size <= FEW_NUMBERS


class DenseProducts:
    """Those of dense features, by BLAS."""

    def __init__(self, x: Array, w: Array, b: Array | None, memory: Memory) -> None:
        self.w, self.b = w, b
        self.memory = memory
        self.total: Array = np.zeros(w.shape, w.dtype)
        self._has_added = False
        self.most_rows = len(x)
        if x.dtype != w.dtype:
            self.most_rows = rows_within(WIDENED_BYTES, w)

    def rows(self, x: Array, tile: slice, left_out: LeftOut) -> Array:
        seen = x[tile]
        if seen.dtype != self.w.dtype:
            narrow, seen = seen, self.memory("features", seen.shape, self.w.dtype)
            np.copyto(seen, narrow)
        return seen if left_out is None else np.where(left_out[:, None], 0, seen)

    def put_logits(self, seen: Array, logits: Array) -> None:
        np.matmul(seen, self.w.T, out=logits)
        if self.b is not None:
            logits += self.b

    def add(self, grad: Array, seen: Array) -> None:
        """Some classes at a time; but the first product is the total."""
        if not self._has_added:
            np.matmul(grad.T, seen, out=self.total)
            self._has_added = True
            return
        row_bytes = max(self.total.shape[1], 1) * self.total.itemsize
        step = max(PRODUCT_BYTES // row_bytes, 1)
        for start in range(0, len(self.total), step):
            part = slice(start, min(start + step, len(self.total)))
            product = self.memory("product", self.total[part].shape, self.total.dtype)
            np.matmul(grad[:, part].T, seen, out=product)
            self.total[part] += product

    def gradient(self) -> Array:
        return self.total


class FewProducts(DenseProducts):
    """Those of few classes, which BLAS is not made for."""

    def __init__(self, x: Array, w: Array, b: Array | None, memory: Memory) -> None:
        super().__init__(x, w, np.zeros(len(w), w.dtype) if b is None else b, memory)
        self.total = np.zeros(w.shape)
        self.most_rows = rows_within(FEATURES_BYTES, w)

    def put_logits(self, seen: Array, logits: Array) -> None:
        kernels_for(logits).linear(seen, self.w, self.b, logits)

    def add(self, grad: Array, seen: Array) -> None:
        kernels_for(grad).add_outer(grad, seen, self.total)


class SparseProducts:
    """Those of sparse features, for which weights of one feature lie side by side."""

    def __init__(self, x: Any, w: Array, b: Array | None) -> None:
        self.classes, self.b = len(w), b
        self.w = by_feature(w)
        self.total = np.zeros(self.w.shape)
        self.most_rows = x.shape[0]

    def rows(self, x: Any, tile: slice, left_out: LeftOut) -> SparseRows:
        return sparse_rows(x, tile) if left_out is None else sparse_rows(emptied(x[tile], left_out))

    def put_logits(self, seen: SparseRows, logits: Array) -> None:
        kernels_for(logits).sparse_linear(self.w, seen, logits)
        if self.b is not None:
            logits += self.b

    def add(self, grad: Array, seen: SparseRows) -> None:
        kernels_for(grad).add_sparse_outer(grad, seen, self.total)

    def gradient(self) -> Array:
        return np.ascontiguousarray(self.total[:, : self.classes].T)


def sparse_rows(x: Any, tile: slice = slice(None)) -> SparseRows:
    """Rows of a `csr_array`, without a copy of their numbers."""
    start, stop, _ = tile.indices(x.shape[0])
    starts = x.indptr[start : stop + 1].astype(np.int64)
    return SparseRows(np.ascontiguousarray(x.data), np.ascontiguousarray(x.indices), starts)


def by_feature(weight: Array) -> Array:
    """A weight as products with sparse rows take it."""
    classes, inputs = weight.shape
    columns = np.zeros((inputs, -(-classes // PADDING) * PADDING), weight.dtype)
    columns[:, :classes] = weight.T
    return columns


def rows_within(room: int, w: Array) -> int:
    """Rows of features, in the type of a weight, for which there is so much room."""
    return int(room // max(w.shape[1] * w.itemsize, 1))
