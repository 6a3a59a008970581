"""The contract's products of a linear map with few outputs, on NumPy arrays."""

import numpy as np

from ..contract import Array
from .calls import lines
from .entries import Entries
from .threads import over_rows

products = Entries("products")

GRANULE = 32  # features that a range begins at a multiple of: whole cache lines


def linear(x: Array, weight: Array, bias: Array, out: Array) -> Array:
    if not are_read_in_place(x, weight):
        np.matmul(x, weight.T, out=out)
        out += bias
        return out
    weight = aligned(weight)
    form = products.linear.form(x.dtype.char, (x, weight, bias, out))
    over_rows(lambda start, stop: form(x, weight, bias, out, start, stop), len(x), x.size)
    return out


def add_outer(grad: Array, x: Array, total: Array) -> Array:
    if not are_read_in_place(grad, x, total):
        total += grad.T @ x
        return total
    form = products.add_outer.form(x.dtype.char, (grad, x, total))
    over_rows(lambda start, stop: form(grad, x, total, start, stop), x.shape[1], x.size, GRANULE)
    return total


def aligned(weight: Array) -> Array:
    """A copy, which is small beside the features, whose rows begin cache lines."""
    classes, inputs = weight.shape
    rows = lines(classes, inputs, weight.dtype)[:, :inputs]
    rows[...] = weight
    return rows


def are_read_in_place(*matrices: Array) -> bool:
    """Whether the kernels serve: where the numbers of a row are neighbours."""
    return all(array.size > 0 and array.strides[1] == array.itemsize for array in matrices)
