"""The contract's products of a linear map with few outputs, on NumPy arrays."""

import numpy as np

from ..contract import Array
from .entries import Entries
from .threads import over_rows

products = Entries("products")

# Features that a range begins at a multiple of: whole cache lines, and whole blocks of the kernel.
GRANULE = 48


def linear(x: Array, weight: Array, out: Array) -> Array:
    if not are_read_in_place(x, weight):
        return np.matmul(x, weight.T, out=out)
    form = products.linear.form(x.dtype.char, (x, weight, out))
    over_rows(lambda start, stop: form(x, weight, out, start, stop), len(x), x.size)
    return out


def add_outer(grad: Array, x: Array, total: Array) -> Array:
    if not are_read_in_place(x, total):
        total += grad.T @ x
        return total
    form = products.outer.form(x.dtype.char, (grad, x, total))
    over_rows(lambda start, stop: form(grad, x, total, start, stop), x.shape[1], x.size, GRANULE)
    return total


def are_read_in_place(x: Array, weight: Array) -> bool:
    """Whether the kernels serve: where the numbers of a row are neighbours."""
    rows = (x, weight)
    return x.size > 0 and all(array.strides[1] == array.itemsize for array in rows)
