"""The contract's products of a linear map with sparse features, on NumPy arrays."""

from ..contract import PADDING, Array, SparseRows
from .entries import Entries
from .threads import over_rows

sparse = Entries("sparse")


def sparse_linear(weight: Array, x: SparseRows, out: Array) -> Array:
    form = sparse.sparse_linear.form(key_of(weight, x), (weight, x, out))
    rows, classes = out.shape
    over_rows(lambda start, stop: form(weight, x, out, start, stop), rows, x.size * classes)
    return out


def add_sparse_outer(grad: Array, x: SparseRows, total: Array) -> Array:
    form = sparse.sparse_outer.form(key_of(grad, x), (grad, x, total))
    run, classes = lambda start, stop: form(grad, x, total, start, stop), grad.shape[1]
    over_rows(run, classes, x.size * classes, PADDING)
    return total


def key_of(matrix: Array, x: SparseRows) -> tuple[str, ...]:
    return matrix.dtype.char, x.values.dtype.char, x.indices.dtype.char
