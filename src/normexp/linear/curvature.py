"""The Hessian of a loss by the logits of a row, and its mean ``C = Σ_i s_i · ∂²loss_i/∂z_i²``."""

from collections.abc import Callable
from functools import partial, singledispatch
from typing import NamedTuple

import numpy as np

from ..losses import Bound, CrossEntropy, RowLoss, SquaredError
from .objective import Array

DIFFERENCE = 1e-5  # between logits, for a loss that tells no second derivative


class Curvature(NamedTuple):
    """How the Hessians are computed, and what is known of them.

    `of_rows` takes a loss that is bound to some rows with their weights, their logits, and the
    weights again; it gives the weighted Hessian of each row, of shape (rows, classes, classes).
    `mean` takes logits and weights and gives C, where there is a formula for it.
    """

    of_rows: Callable[[Bound, Array, Array], Array]
    mean: Callable[[Array, Array], Array] | None = None
    is_constant: bool = False  # the same Hessian at any logits


@singledispatch
def curvature_of(loss: RowLoss) -> Curvature:
    """The curvature of a loss: what is not registered is worked out class by class."""
    return Curvature(by_differences if loss.kernel is None else by_products)


@curvature_of.register
def _(loss: CrossEntropy) -> Curvature:
    if loss.softcap is not None or loss.z_loss:
        return Curvature(by_products)
    return Curvature(partial(of_softmax, loss), partial(mean_of_softmax, loss))


@curvature_of.register
def _(loss: SquaredError) -> Curvature:
    if loss.on == "probabilities":
        return Curvature(by_products)
    return Curvature(by_products, mean_of_squares, is_constant=True)


def of_softmax(loss: CrossEntropy, bound: Bound, logits: Array, weight: Array) -> Array:
    """``s_i · (diag(p_i) − p_i p_iᵀ) / temperature²``"""
    p = loss.probabilities(logits)
    weighted = p * (weight / loss.temperature**2)[:, None]
    return laplacian(weighted[:, :, None] * p[:, None, :])


def mean_of_softmax(loss: CrossEntropy, logits: Array, weight: Array) -> Array:
    """``Σ_i s_i · (diag(p_i) − p_i p_iᵀ) / temperature²``"""
    p = loss.probabilities(logits)
    weighted = p * (weight / loss.temperature**2)[:, None]
    return laplacian(p.T @ weighted)


def laplacian(products: Array) -> Array:
    """The matrices whose rows sum to 0, with the negative of these off the diagonal.

    ``p_k − p_k²`` is summed from the other classes, as ``Σ_j p_k p_j``: of a confident row it would
    have no digits left.
    """
    classes = np.arange(products.shape[-1])
    result = -products
    result[..., classes, classes] = 0.0
    result[..., classes, classes] = -result.sum(axis=-1)
    return np.asarray(result)


def mean_of_squares(logits: Array, weight: Array) -> Array:
    """``2 Σ_i s_i · I``, of ``Σ_k (z_k − t_k)²``"""
    return np.asarray(2 * weight.sum() * np.eye(logits.shape[1]))


def by_products(bound: Bound, logits: Array, weight: Array) -> Array:
    """A Hessian product with each class."""
    units = np.eye(logits.shape[1])
    columns = [bound.hessian_product(logits, np.broadcast_to(e, logits.shape)) for e in units]
    return np.stack(columns, axis=2)


def by_differences(bound: Bound, logits: Array, weight: Array) -> Array:
    """How the gradient changes with the logits of each class."""
    before = bound.value_and_grad(logits).grad
    steps = DIFFERENCE * np.eye(logits.shape[1])
    columns = [bound.value_and_grad(logits + step).grad - before for step in steps]
    hessians = np.stack(columns, axis=2) / DIFFERENCE
    return np.asarray((hessians + hessians.transpose(0, 2, 1)) / 2)


def hessian_product(bound: Bound, logits: Array, vector: Array) -> Array:
    """The Hessian of each row times a vector of its own."""
    if bound.loss.kernel is not None:
        return np.asarray(bound.hessian_product(logits, vector))
    largest = float(np.abs(vector).max(initial=0.0))
    step = DIFFERENCE / largest if largest else 1.0
    change = bound.value_and_grad(logits + step * vector).grad - bound.value_and_grad(logits).grad
    return np.asarray(change / step)
