"""The products of a linear map, in float64."""

import numpy as np

from ..contract import Array, SparseRows


def linear(x: Array, weight: Array, bias: Array, out: Array) -> Array:
    out[...] = x.astype(np.float64) @ weight.astype(np.float64).T + bias
    return out


def add_outer(grad: Array, x: Array, total: Array) -> Array:
    total += grad.astype(np.float64).T @ x.astype(np.float64)
    return total


def sparse_linear(weight: Array, x: SparseRows, out: Array) -> Array:
    dense = filled(x, len(weight))
    out[...] = dense @ weight[:, : out.shape[1]].astype(np.float64)
    return out


def add_sparse_outer(grad: Array, x: SparseRows, total: Array) -> Array:
    add_outer(filled(x, len(total)), grad, total[:, : grad.shape[1]])
    return total


def filled(x: SparseRows, inputs: int) -> Array:
    """The rows with their zeros; numbers in one place add up."""
    dense = np.zeros((len(x.starts) - 1, inputs))
    rows = np.repeat(np.arange(len(dense)), np.diff(x.starts))
    its = slice(x.starts[0], x.starts[-1])
    np.add.at(dense, (rows, x.indices[its]), x.values[its])
    return dense
