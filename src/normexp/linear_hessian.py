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

from ._wide_weight import WideWeight, narrowed
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
    x, w, b, dtype, types, shape = given
    check_shape(bound, given)
    weight = WideWeight(w, dtype)
    u, v, c = vectors
    if u is not None:
        u = u.reshape(x.shape)
    along_weight = None if v is None else WideWeight(v, dtype)
    left_out = bound.left_out()
    losses = bound.new_losses()
    of_losses = np.zeros(losses.shape, dtype)
    of_x = np.zeros(x.shape, dtype)
    of_w, of_b = np.zeros(w.shape, dtype), np.zeros(len(w), dtype)
    per_sample = losses.size // max(len(x), 1)
    for tile in tiles(4 * len(w) * dtype.itemsize, len(x), len(x)):
        x_t = counted(x[tile].astype(dtype, copy=False), left_out, tile)
        u_t = None if u is None else counted(u[tile].astype(dtype, copy=False), left_out, tile)
        z, r = weight.logits(x_t), np.zeros((len(x_t), len(w)), dtype)
        if b is not None:
            z += b
        if along_weight is not None:
            r += along_weight.logits(x_t)
        if u_t is not None:
            r += weight.logits(u_t)
        if c is not None:
            r += c.astype(dtype, copy=False)
        grad = np.empty_like(z)
        bound.compute(z, tile, losses, grad)
        along = (grad * r).reshape(len(z) * per_sample, len(w) // max(per_sample, 1)).sum(axis=1)
        of_losses[tile.start * per_sample : tile.stop * per_sample] = along
        change = bound.hessian_of_rows(z, tile, r)
        if upstream is not None:
            grad *= upstream[tile]
            change *= upstream[tile]
        of_x[tile] = weight.features(change)
        of_w += change.T @ x_t
        of_b += change.sum(axis=0)
        if along_weight is not None:
            of_x[tile] += along_weight.features(grad)
        if u_t is not None:
            of_w += grad.T @ u_t
    return HessianProduct(
        of_losses,
        of_x.reshape(shape).astype(types[0], copy=False),
        narrowed(of_w, types[1]),
        None if b is None else of_b.astype(types[2], copy=False),
    )


def counted(rows: Array, left_out: NDArray[np.bool_] | None, tile: slice) -> Array:
    """The rows of a tile, 0 where a sample is left out, whatever it holds."""
    return rows if left_out is None else np.where(left_out[tile, np.newaxis], 0, rows)
