"""The products of a linear map, in float64."""

import numpy as np

from ..contract import Array


def linear(x: Array, weight: Array, out: Array) -> Array:
    out[...] = x.astype(np.float64) @ weight.astype(np.float64).T
    return out


def add_outer(grad: Array, x: Array, total: Array) -> Array:
    total += grad.astype(np.float64).T @ x.astype(np.float64)
    return total
