"""What each row of logits of an affine map is like: its loss, and what its softmax says.

With ``p = softmax(z)`` of the logits z, divided by the temperature, and their entropy H:

    ∂ logsumexp/∂z_k = p_k        ∂ log p_y/∂z_k = [k = y] − p_k        ∂H/∂z_k = −p_k (log p_k + H)
"""

from collections.abc import Collection
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._wide_weight import WideWeight, narrowed
from .kernels import Logits, kernels_for
from .linear_hessian import counted
from .linear_loss import Operands, check_shape, tiles

Array = NDArray[Any]


class LinearStatistics(NamedTuple):
    """Of each sample; one that is left out has 0 everywhere, and −1 as its `argmax`.

    Attributes
    ----------
    losses
        As of ``reduction="none"``.
    log_probability
        log p_y of the target, without smoothing and weights.
    logsumexp
        log Σ_k exp(z_k), of logits divided by the temperature.
    entropy
        −Σ_k p_k log p_k.
    argmax
        The class with the largest logit, the first of several.
    rank
        How many classes have a larger logit than the target, and 1; 0 where a logit is NaN.
    """

    losses: Any
    log_probability: Any
    logsumexp: Any
    entropy: Any
    argmax: Any
    rank: Any


class Upstream(NamedTuple):
    """The gradients of something by the statistics that have a gradient; None is 0."""

    losses: Array | None
    log_probability: Array | None
    logsumexp: Array | None
    entropy: Array | None


class Rows(NamedTuple):
    """A tile: its features and logits, and what softmax makes of these."""

    features: Array
    logits: Array
    p: Array
    log_p: Array  # 0 where p is 0
    logsumexp: Array
    entropy: Array


class Sweep:
    """A loss of class ids and its plain cross-entropy, both bound, over an affine map."""

    def __init__(self, bound: Any, plain: Any, given: Operands) -> None:
        check_shape(bound, given)
        self.bound, self.plain, self.given = bound, plain, given
        self._left_out = plain.left_out()
        self._scaling = plain.loss.scaling
        self._weight = WideWeight(given.weight, given.dtype)
        row_bytes = 4 * len(given.weight) * given.dtype.itemsize
        self._tiles = tiles(row_bytes, len(given.features), len(given.features))

    def statistics(self) -> LinearStatistics:
        """Flat, of float64 and int64."""
        samples = len(self.given.features)
        losses, surprise = self.bound.new_losses(), self.plain.new_losses()
        logsumexp, entropy = np.zeros((2, samples))
        argmax, rank = np.zeros((2, samples), np.int64)
        target, none = self.plain.target.classes, None
        for tile in self._tiles:
            rows = self._rows(tile)
            self.bound.compute(rows.logits, tile, losses, none)
            self.plain.compute(rows.logits, tile, surprise, none)
            logsumexp[tile], entropy[tile] = rows.logsumexp, rows.entropy
            z, where = rows.logits, self._where(tile)
            if where.size:
                z = np.where(where, z, -np.inf)
            at_target = np.take_along_axis(z, np.maximum(target[tile], 0)[:, np.newaxis], 1)
            argmax[tile] = z.argmax(axis=1)
            rank[tile] = (z > at_target).sum(axis=1) + 1
            rank[tile][np.isnan(rows.logsumexp)] = 0
        if self._left_out is not None:
            for one, nothing in ((logsumexp, 0), (entropy, 0), (argmax, -1), (rank, 0)):
                one[self._left_out] = nothing
        return LinearStatistics(losses, 0.0 - surprise, logsumexp, entropy, argmax, rank)

    def gradients(self, upstream: Upstream, wanted: Collection[str]) -> tuple[Any, Any, Any]:
        """Those of Σ upstream · statistics by features, weight and bias, where they are wanted."""
        x, w, b, dtype, types, shape = self.given
        of_x, of_w, of_b = np.zeros(x.shape, types[0]), np.zeros(w.shape, dtype), np.zeros(len(w))
        scratch = self.bound.new_losses()
        for tile in self._tiles:
            rows = self._rows(tile)
            grad = self._of_softmax(rows, upstream, tile)
            part = np.empty_like(grad)
            for bound, its, sign in (
                (self.bound, upstream.losses, 1),
                (self.plain, upstream.log_probability, -1),
            ):
                if its is not None:
                    bound.compute(rows.logits, tile, scratch, part)
                    part *= sign * its[tile, np.newaxis].astype(dtype)
                    grad += part
            if self._left_out is not None:
                grad[self._left_out[tile]] = 0
            if "features" in wanted:
                self._weight.put_features(grad, of_x[tile])
            if "weight" in wanted:
                of_w += grad.T @ rows.features
                of_b += grad.sum(axis=0)
        by_bias = None if b is None or "weight" not in wanted else of_b.astype(types[2])
        return (
            of_x.reshape(shape) if "features" in wanted else None,
            narrowed(of_w, types[1]) if "weight" in wanted else None,
            by_bias,
        )

    def _where(self, tile: slice) -> NDArray[np.bool_]:
        return np.asarray(self.plain.where[tile])

    def _rows(self, tile: slice) -> Rows:
        x, _, b, dtype, *_ = self.given
        features = counted(x[tile].astype(dtype, copy=False), self._left_out, tile)
        z = self._weight.logits(features)
        if b is not None:
            z += b
        logits, kernels = Logits(z, self._where(tile), *self._scaling), kernels_for(z)
        p, log_p = kernels.softmax(logits), kernels.log_softmax(logits)
        log_p[p == 0] = 0
        entropy = -np.einsum("rk,rk->r", p, log_p, dtype=np.float64)
        return Rows(features, z, p, log_p, kernels.logsumexp(logits).astype(np.float64), entropy)

    def _of_softmax(self, rows: Rows, upstream: Upstream, tile: slice) -> Array:
        """What logsumexp and entropy add to the gradient by the logits."""
        grad = np.zeros_like(rows.logits)
        if upstream.logsumexp is not None:
            grad += upstream.logsumexp[tile, np.newaxis].astype(grad.dtype)
        if upstream.entropy is not None:
            above = rows.entropy[:, np.newaxis].astype(grad.dtype) + rows.log_p
            grad -= upstream.entropy[tile, np.newaxis].astype(grad.dtype) * above
        temperature, cap = self._scaling
        grad *= rows.p / grad.dtype.type(temperature)
        if cap is not None:
            with np.errstate(over="ignore"):
                grad /= np.cosh(rows.logits / grad.dtype.type(cap)) ** 2
        return grad
