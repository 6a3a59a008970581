"""The loss of an affine map, tile by tile: one for classifiers and for heads of language models.

The logits of some rows are computed, their loss and its gradient, and the share of these rows in
the gradients of features, weight and bias; then the next rows take their place. Never do all the
logits stand in memory, nor a second array as large as a large weight; but the gradient of a weight
of a half type is added up in float32 where there are several tiles. Of few classes a tile is so few
rows that their features are still in a cache when the gradient asks for them again.
"""

import math
from collections.abc import Collection
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._arrays import HALF_TYPES, as_floating, loss_type
from ._linear_products import are_few, products_of
from ._sparse import as_sparse, is_sparse
from .kernels import Linear, kernels_for

Array = NDArray[Any]

TILE_BYTES = 4 << 20  # logits of one tile: they stay in a cache
TILE_ROWS = 1024  # but no fewer rows than make the most of a matrix product,
MOST_BYTES = 64 << 20  # unless they are this large
LEAST_ROWS = 64  # however wide their features are


class LinearLossGrad(NamedTuple):
    """A loss of ``features @ weight.T + bias`` and its gradients, None for what was not asked."""

    value: Any
    features: Any
    weight: Any
    bias: Any


class BoundLoss(Protocol):
    """What is asked of a loss that is bound to a target, by samples in one flat row."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the logits."""

    def left_out(self) -> NDArray[np.bool_] | None:
        """Samples that count nowhere, of shape (samples,); None where each counts."""

    def new_losses(self) -> Array:
        """Where the losses go until they are reduced."""

    def compute(self, logits: Array, samples: slice, losses: Array, grad: Array | None) -> None:
        """Put the losses of these samples where they belong, and the gradient of their logits."""

    @property
    def goes_between(self) -> bool:
        """Whether there is a kernel that computes it between the products of a linear map."""

    def compute_between(
        self, of: Linear, logits: Array, samples: slice, losses: Array, grad: Array
    ) -> None:
        """As `compute`, of logits that the linear map is to put there; add to its gradients."""

    def reduced(self, losses: Array, dtype: np.dtype[Any]) -> Any:
        """The losses as the loss gives them back."""


class Operands(NamedTuple):
    """Checked features, weight and bias."""

    features: Any  # (samples, inputs); sparse ones stay sparse
    weight: Array
    bias: Array | None  # in the type that is computed in, where the others may be of another
    dtype: np.dtype[Any]  # that is computed in
    types: list[np.dtype[Any]]  # that all three came in
    shape: tuple[int, ...]  # of the features as they came

    @property
    def logits_shape(self) -> tuple[int, ...]:
        return *self.shape[:-1], len(self.weight)


def operands(features: ArrayLike, weight: ArrayLike, bias: ArrayLike | None) -> Operands:
    """Check what makes the logits."""
    if is_sparse(features):
        x = as_sparse(features, "features")
        x_type = x.dtype
    else:
        x, x_type = as_floating(features, "features")
    w, w_type = as_floating(weight, "weight")
    if w.ndim != 2 or x.ndim < 1 or x.shape[-1] != w.shape[1]:
        raise ValueError(
            "features and weight must have the shapes (..., inputs) and (classes, inputs), "
            f"got {x.shape} and {w.shape}"
        )
    given = {"features": x_type, "weight": w_type}
    if bias is not None:
        b, b_type = as_floating(bias, "bias")
        given["bias"] = b_type
    if set(HALF_TYPES) <= {dtype.name for dtype in given.values()}:
        came = ", ".join(f"{name} of {dtype}" for name, dtype in given.items())
        raise TypeError(
            "features, weight and bias cannot be float16 and bfloat16 together, which have no "
            f"common type; convert one of them: got {came}"
        )
    dtype = loss_type(np.result_type(x.dtype, w.dtype))
    shape = x.shape
    x = x.reshape(math.prod(shape[:-1]), shape[-1])  # which may be 0
    if bias is None:
        return Operands(x, w, None, dtype, [x_type, w_type], shape)
    if b.shape != w.shape[:1]:
        raise ValueError(f"bias must have the shape {w.shape[:1]}, got {b.shape}")
    return Operands(x, w, b.astype(dtype, copy=False), dtype, [x_type, w_type, b_type], shape)


class LinearLoss:
    """A bound loss of ``features @ weight.T + bias``.

    What is computed for a tile goes to the same memory for every tile and every call, so that a
    `LinearLoss` serves one thread at a time.
    """

    def __init__(self, bound: BoundLoss) -> None:
        self.bound = bound
        self._left_out = bound.left_out()
        self._kept: dict[str, Array] = {}

    def __call__(
        self, given: Operands, wanted: Collection[str] = (), upstream: Array | None = None
    ) -> LinearLossGrad:
        """The value, and the `wanted` gradients of "features" and "weight" (with the bias).

        With `upstream`, a number for each loss in rows of samples, they are those of
        Σ upstream · loss.
        """
        x, w, b, dtype, types, _ = given
        check_shape(self.bound, given)
        losses = self.bound.new_losses()
        if self._is_fused(given, wanted, upstream):
            return self._result(given, losses, None, self._fused(given, losses))
        grad_x = np.empty(x.shape, types[0]) if "features" in wanted else None
        products = products_of(x, w, b, dtype, self._memory)
        grad_b = np.zeros(len(w), products.added_in)
        for tile in tiles(len(w) * dtype.itemsize, products.most_rows, x.shape[0]):
            seen = products.rows(x, tile, self._which_left_out(tile))
            logits = self._memory("logits", (tile.stop - tile.start, len(w)), dtype)
            products.put_logits(seen, logits)
            grad = logits if wanted else None  # in place: a kernel reads a row before it writes it
            self.bound.compute(logits, tile, losses, grad)
            if grad is None:
                continue
            if upstream is not None:
                grad *= upstream[tile]
            if grad_x is not None:
                products.put_features(grad, grad_x[tile])
            if "weight" in wanted:
                products.add(grad, seen, len(grad) == x.shape[0])
                if b is not None:
                    grad_b += np.einsum("rk->k", grad, dtype=grad_b.dtype)
        of_weight = (products.gradient(), grad_b) if "weight" in wanted else None
        return self._result(given, losses, grad_x, of_weight)

    def _is_fused(self, given: Operands, wanted: Collection[str], upstream: Array | None) -> bool:
        """Whether tiles are so small that their features are still in a cache for the gradient."""
        x, w = given.features, given.weight
        return (
            tuple(wanted) == ("weight",)
            and upstream is None
            and self.bound.goes_between
            and self._which_left_out(slice(None)) is None
            and not is_sparse(x)
            and x.dtype == w.dtype == given.dtype
            and x.size > 0
            and x.strides[1] == x.itemsize
            and are_few(w)
        )

    def _fused(self, given: Operands, losses: Array) -> tuple[Array, Array]:
        """The gradients of weight and bias."""

        def compute(of: Linear, rows: slice, logits: Array, grad: Array) -> None:
            self.bound.compute_between(of, logits, rows, losses, grad)

        x, w, b = given.features, given.weight, given.bias
        found: tuple[Array, Array] = kernels_for(w).in_blocks(
            compute, x, w, np.zeros(len(w), w.dtype) if b is None else b
        )
        return found

    def _result(
        self,
        given: Operands,
        losses: Array,
        grad_x: Array | None,
        of_weight: tuple[Array, Array] | None,
    ) -> LinearLossGrad:
        """The value, and what was asked for of the gradients, in the types of the operands."""
        types = given.types
        value = self.bound.reduced(losses, loss_type(np.result_type(*types)))
        if grad_x is not None:
            grad_x = grad_x.reshape(given.shape)
        if of_weight is None:
            return LinearLossGrad(value, grad_x, None, None)
        grad_w, grad_b = of_weight
        return LinearLossGrad(
            value,
            grad_x,
            grad_w.astype(types[1], copy=False),
            None if given.bias is None else grad_b.astype(types[2], copy=False),
        )

    def _which_left_out(self, tile: slice) -> NDArray[np.bool_] | None:
        """Samples of a tile that are left out, None if none is."""
        if self._left_out is None or not np.any(left_out := self._left_out[tile]):
            return None
        return left_out

    def _memory(self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        """An array that is used again by the next tile, and by the next call."""
        kept = self._kept.get(name)
        size = math.prod(shape)
        if kept is None or kept.dtype != dtype or kept.size < size:
            kept = self._kept[name] = np.empty(size, dtype)
        return kept[:size].reshape(shape)


def check_shape(bound: BoundLoss, given: Operands) -> None:
    if bound.shape != given.logits_shape:
        raise ValueError(
            f"features and weight make logits of shape {given.logits_shape}, "
            f"but the target is bound for logits of shape {bound.shape}"
        )


def tiles(row_bytes: int, most: int, samples: int) -> list[slice]:
    """The samples, as many at a time as are worth a matrix product of so many bytes of logits."""
    row_bytes = max(row_bytes, 1)
    rows = min(max(TILE_ROWS, TILE_BYTES // row_bytes), max(MOST_BYTES // row_bytes, 1))
    rows = min(rows, max(LEAST_ROWS, most))
    return [slice(start, min(start + rows, samples)) for start in range(0, samples, rows)]
