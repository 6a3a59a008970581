"""Eigenvalues and eigenvectors of the covariance of features, or the largest of them."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._sparse import is_sparse
from .objective import Array
from .products import gradient, logits, tiles, wide


class Spectrum(NamedTuple):
    """``G ≈ U diag(λ) Uᵀ + tail · (I − U Uᵀ)`` of a symmetric matrix G of shape (d, d)."""

    values: Array  # (rank,), ascending
    vectors: Array  # (d, rank)
    tail: float


def spectrum_of(
    features: Any, index: NDArray[np.intp], weight: Array, mean: Array, rank: int
) -> Spectrum:
    """The spectrum of ``G = Σ_i w_i (x_i − μ)(x_i − μ)ᵀ / Σ_i w_i`` over some rows i.

    Where the rank is d, dense features have all of it computed.
    """
    weight = weight[index] / weight[index].sum()
    size = len(mean)
    if rank == size and not is_sparse(features):
        return whole_spectrum(covariance(features, index, weight, mean))
    return leading_spectrum(
        lambda matrix: covariance_product(features, index, weight, mean, matrix), size, rank
    )


def whole_spectrum(matrix: Array) -> Spectrum:
    values, vectors = np.linalg.eigh(matrix)
    values = np.maximum(values, 0)
    return Spectrum(values, vectors, float(values[0]))


def leading_spectrum(product: Callable[[Array], Array], size: int, rank: int) -> Spectrum:
    """The spectrum of a G that is known by its products with matrices of a few columns.

    It is that of G within the span of ``G² Ω``, for random Ω of so many columns, and the rest is
    put at the smallest.

    References
    ----------
    N. Halko, P.-G. Martinsson and J. A. Tropp, Finding structure with randomness, 2011.
    """
    span = np.random.default_rng(0).normal(size=(size, rank))
    for _ in range(2):
        span, _ = np.linalg.qr(product(span))
    within = span.T @ product(span)
    values, vectors = np.linalg.eigh((within + within.T) / 2)
    values = np.maximum(values, 0)
    return Spectrum(values, span @ vectors, float(values[0]))


def covariance(features: Any, index: NDArray[np.intp], weight: Array, mean: Array) -> Array:
    """G of dense features. Squares of features that were not centred would cancel."""
    total = np.zeros((len(mean), len(mean)))
    for rows in tiles(features, len(index)):
        scaled = wide(features[index[rows]], mean)
        scaled *= np.sqrt(weight[rows])[:, None]
        total += scaled.T @ scaled
    return total


def covariance_product(
    features: Any, index: NDArray[np.intp], weight: Array, mean: Array, matrix: Array
) -> Array:
    """G times a matrix of a few columns. Sparse features stay what they are."""
    total = np.zeros_like(matrix)
    of_mean = mean @ matrix
    for rows in tiles(features, len(index)):
        seen = features[index[rows]]
        product = logits(seen, matrix.T)
        product -= of_mean
        product *= weight[rows, None]
        total += gradient(seen, product).T
        total -= np.outer(mean, product.sum(axis=0))
    return total
