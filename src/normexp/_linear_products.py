"""The two products of features and weight in a linear loss: by BLAS, or by kernels of our own."""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ._sparse import emptied, is_sparse
from ._wide_weight import WideWeight, narrowed, parts_of
from .kernels import PADDING, SparseRows, kernels_for

Array = NDArray[Any]
Memory = Callable[[str, tuple[int, ...], np.dtype[Any]], Array]  # that is used again
LeftOut = NDArray[np.bool_] | None  # samples of a tile

FEW_CLASSES = 24  # of more of them BLAS is as fast
FEW_NUMBERS = 1 << 20  # of a weight with few classes; its gradient is added up in float64
FEATURES_BYTES = 4 << 20  # of one tile, where classes are few
WIDENED_BYTES = 8 << 20  # of one tile, where features come in another type than is computed in


class Products(Protocol):
    """The products of features and weight, and of logits' gradients with both, tile by tile.

    Attributes
    ----------
    most_rows : int
        How many rows of features a tile may have, for the room that they take.
    added_in : dtype
        What gradients are added up in.
    """

    most_rows: int
    added_in: np.dtype[Any]

    def rows(self, x: Any, tile: slice, left_out: LeftOut) -> Any:
        """The features of a tile; a sample that is left out may hold NaN, and 0 · NaN is not 0."""

    def put_logits(self, seen: Any, logits: Array) -> None:
        """logits = seen @ weight.T + bias"""

    def put_features(self, grad: Array, out: Array) -> None:
        """out = grad @ weight"""

    def add(self, grad: Array, seen: Any, is_all: bool) -> None:
        """total += grad.T @ seen, of a tile that may be all of the samples"""

    def gradient(self) -> Array:
        """The total in the shape of the weight. It is asked for once."""


def products_of(
    x: Any, w: Array, b: Array | None, dtype: np.dtype[Any], memory: Memory
) -> Products:
    """The products that are quickest for such features and such a weight, computed in a type."""
    if is_sparse(x):
        return SparseProducts(x, w, b, dtype)
    if are_few(w):
        return FewProducts(x, w.astype(dtype, copy=False), b, dtype, memory)
    return DenseProducts(x, w, b, dtype, memory)


def are_few(w: Array) -> bool:
    """Whether there are so few classes that kernels of our own are faster than BLAS."""
    return len(w) <= FEW_CLASSES and w.size <= FEW_NUMBERS


class DenseProducts:
    """Those of dense features, by BLAS."""

    def __init__(
        self, x: Array, w: Array, b: Array | None, dtype: np.dtype[Any], memory: Memory
    ) -> None:
        self.w, self.b, self.added_in = WideWeight(w, dtype), b, dtype
        self.memory = memory
        self.total: Array | None = None
        self.most_rows = len(x)
        if x.dtype != dtype:
            self.most_rows = rows_within(WIDENED_BYTES, w.shape[1], dtype)

    def rows(self, x: Array, tile: slice, left_out: LeftOut) -> Array:
        seen = x[tile]
        if seen.dtype == self.w.dtype and left_out is None:
            return seen
        given, seen = seen, self.memory("features", seen.shape, self.w.dtype)
        np.copyto(seen, given)
        if left_out is not None:
            seen[left_out] = 0
        return seen

    def put_logits(self, seen: Array, logits: Array) -> None:
        self.w.put_logits(seen, logits)
        if self.b is not None:
            logits += self.b

    def put_features(self, grad: Array, out: Array) -> None:
        self.w.put_features(grad, out)

    def add(self, grad: Array, seen: Array, is_all: bool) -> None:
        """Some classes at a time, but what can be the total as it is computed is put there.

        Of one tile that is each product, rounded to the type that the weight came in; of several it
        is the first.
        """
        is_first, given = self.total is None, self.w.values
        if self.total is None:
            self.total = np.empty(given.shape, given.dtype if is_all else self.w.dtype)
            if self.total.dtype == self.w.dtype:
                np.matmul(grad.T, seen, out=self.total)
                return
        for part in parts_of(given.shape, self.w.dtype):
            of_part = self.total[part]
            product = self.memory("product", of_part.shape, self.w.dtype)
            np.matmul(grad[:, part].T, seen, out=product)
            if is_first:
                of_part[...] = product
            else:
                of_part += product

    def gradient(self) -> Array:
        given, total = self.w.values, self.total
        if total is None:
            return np.zeros_like(given)
        return narrowed(total, given.dtype)


class FewProducts(DenseProducts):
    """Those of few classes, which BLAS is not made for."""

    def __init__(
        self, x: Array, w: Array, b: Array | None, dtype: np.dtype[Any], memory: Memory
    ) -> None:
        super().__init__(x, w, np.zeros(len(w), dtype) if b is None else b, dtype, memory)
        self.added_in = np.dtype(np.float64)
        self.sums = np.zeros(w.shape)
        self.most_rows = rows_within(FEATURES_BYTES, w.shape[1], dtype)

    def put_logits(self, seen: Array, logits: Array) -> None:
        kernels_for(logits).linear(seen, self.w.values, self.b, logits)

    def add(self, grad: Array, seen: Array, is_all: bool) -> None:
        kernels_for(grad).add_outer(grad, seen, self.sums)

    def gradient(self) -> Array:
        return self.sums


class SparseProducts:
    """Those of sparse features, for which weights of one feature lie side by side."""

    def __init__(self, x: Any, w: Array, b: Array | None, dtype: np.dtype[Any]) -> None:
        self.weight, self.b = w.astype(dtype, copy=False), b
        self.w = by_feature(self.weight)
        self.added_in = np.dtype(np.float64)
        self.total = np.zeros(self.w.shape)
        self.most_rows = x.shape[0]

    def rows(self, x: Any, tile: slice, left_out: LeftOut) -> SparseRows:
        return sparse_rows(x, tile) if left_out is None else sparse_rows(emptied(x[tile], left_out))

    def put_logits(self, seen: SparseRows, logits: Array) -> None:
        kernels_for(logits).sparse_linear(self.w, seen, logits)
        if self.b is not None:
            logits += self.b

    def put_features(self, grad: Array, out: Array) -> None:
        np.matmul(grad, self.weight, out=out)

    def add(self, grad: Array, seen: SparseRows, is_all: bool) -> None:
        kernels_for(grad).add_sparse_outer(grad, seen, self.total)

    def gradient(self) -> Array:
        return np.ascontiguousarray(self.total[:, : len(self.weight)].T)


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


def rows_within(room: int, inputs: int, dtype: np.dtype[Any]) -> int:
    """Rows of features, in a type, for which there is so much room."""
    return room // max(inputs * dtype.itemsize, 1)
