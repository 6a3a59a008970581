"""Products with the Hessian of the loss of an affine map, tile by tile.

With the logits ``Z = X Wᵀ + b``, the gradient G of their loss and the Hessian H of each row, and
vectors U, V, c in the shapes of X, W, b: the logits change by ``R = X Vᵀ + U Wᵀ + c`` along them,
and the gradients ``G W``, ``Gᵀ X``, ``Gᵀ 1`` by

    H·R W + G V,        H·Rᵀ X + Gᵀ U,        H·Rᵀ 1

Only a tile of Z, R, G and H·R ever stands in memory.
"""

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from .linear_loss import BoundLoss, Operands, check_shape, tiles

Array = NDArray[Any]


class Vectors(NamedTuple):
    """What a Hessian is multiplied with; None is 0."""

    features: Array | None
    weight: Array | None
    bias: Array | None


class HessianProduct(NamedTuple):
    """What losses and gradients change by along the vectors; a bias that is None has no product."""

    losses: Array  # for each sample, or for each element
    features: Array
    weight: Array
    bias: Array | None


class TwiceDifferentiable(BoundLoss, Protocol):
    def hessian_of_rows(self, logits: Array, samples: slice, vector: Array) -> Array:
        """The Hessian of the losses of these samples times a vector of the shape of the logits."""


def hessian_product(
    bound: TwiceDifferentiable, given: Operands, vectors: Vectors, upstream: Array | None = None
) -> HessianProduct:
    """The product; with `upstream`, that with the Hessian of Σ upstream · loss."""
    x, w, b, types, shape = given
    check_shape(bound, given)
    u, v, c = (None if one is None else one.astype(w.dtype, copy=False) for one in vectors)
    if u is not None:
        u = u.reshape(x.shape)
    left_out = bound.left_out()
    losses = bound.new_losses()
    of_losses = np.zeros(losses.shape, w.dtype)
    of_x = np.zeros(x.shape, w.dtype)
    of_w, of_b = np.zeros(w.shape, w.dtype), np.zeros(len(w), w.dtype)
    per_sample = losses.size // max(len(x), 1)
    for tile in tiles(4 * len(w) * w.itemsize, len(x), len(x)):
        x_t = counted(x[tile].astype(w.dtype, copy=False), left_out, tile)
        u_t = None if u is None else counted(u[tile], left_out, tile)
        z, r = x_t @ w.T, np.zeros((len(x_t), len(w)), w.dtype)
        if b is not None:
            z += b
        if v is not None:
            r += x_t @ v.T
        if u_t is not None:
            r += u_t @ w.T
        if c is not None:
            r += c
        grad = np.empty_like(z)
        bound.compute(z, tile, losses, grad)
        along = (grad * r).reshape(len(z) * per_sample, -1).sum(axis=1)
        of_losses[tile.start * per_sample : tile.stop * per_sample] = along
        change = bound.hessian_of_rows(z, tile, r)
        if upstream is not None:
            grad *= upstream[tile]
            change *= upstream[tile]
        of_x[tile] = change @ w
        of_w += change.T @ x_t
        of_b += change.sum(axis=0)
        if v is not None:
            of_x[tile] += grad @ v
        if u_t is not None:
            of_w += grad.T @ u_t
    return HessianProduct(
        of_losses,
        of_x.reshape(shape).astype(types[0], copy=False),
        of_w.astype(types[1], copy=False),
        None if b is None else of_b.astype(types[2], copy=False),
    )


def counted(rows: Array, left_out: NDArray[np.bool_] | None, tile: slice) -> Array:
    """The rows of a tile, 0 where a sample is left out, whatever it holds."""
    return rows if left_out is None else np.where(left_out[tile, np.newaxis], 0, rows)
