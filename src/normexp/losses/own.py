"""A loss that is written with NumPy: `RowLoss.of_rows`, and what every loss does around it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..kernels import Target
from .bound import Batch

Matrix = NDArray[np.float64]


@np.errstate(over="ignore")  # what has no room in the type is inf, without a warning
def compute(
    loss: Any, rows: NDArray[Any], batch: Batch, losses: NDArray[Any], grad: NDArray[Any]
) -> None:
    """The loss of every row, weighted: 0 where it counts nowhere, NaN where it has no largest
    logit; and the gradient, 0 for classes that do not exist, if it is asked for.
    """
    z = as_matrix(rows).astype(np.float64)
    exists = as_matrix(batch.where) if batch.where.size else np.full(z.shape, True)
    z[~exists] = -np.inf
    target: Target = batch.target
    of_classes = as_matrix(target.classes) if target.classes.ndim > 1 else target.classes
    weight = row_weights(target, of_classes)
    counts = (weight != 0) & exists.any(axis=1)
    computed = counts & np.isfinite(z.max(axis=1))
    values = np.where(counts, np.nan, 0.0)
    slopes = np.where(counts[:, None], np.nan, np.zeros_like(z))
    value, slope = loss.of_rows(z[computed], of_classes[computed])
    shape = z[computed].shape
    values[computed] = weight[computed] * checked(loss, value, shape[:1], "losses")
    slopes[computed] = weight[computed, None] * checked(loss, slope, shape, "gradients")
    losses[...] = values
    if grad.size:
        slopes[~exists & computed[:, None]] = 0.0
        out = grad if grad.ndim == 2 else np.moveaxis(grad, 1, -1)
        out[...] = slopes.reshape(out.shape)


def as_matrix(rows: NDArray[Any]) -> NDArray[Any]:
    """(rows, classes), from that shape or from (outer, classes, inner)."""
    return rows if rows.ndim == 2 else np.moveaxis(rows, 1, -1).reshape(-1, rows.shape[1])


def row_weights(target: Target, of_classes: NDArray[Any]) -> Matrix:
    """The weight of each row times that of its class, or the target's mean of the class weights."""
    if of_classes.ndim == 1:
        known = np.where(of_classes >= 0, target.weight, 0.0)
        return known * target.class_weight[of_classes] if target.class_weight.size else known
    if not target.class_weight.size:
        return target.weight
    mass = of_classes.sum(axis=1)
    mean = np.divide(of_classes @ target.class_weight, mass, np.ones(len(mass)), where=mass > 0)
    return np.asarray(target.weight * mean)


def checked(loss: Any, values: Any, shape: tuple[int, ...], what: str) -> Matrix:
    array = np.asarray(values, np.float64)
    if array.shape != shape:
        raise ValueError(
            f"{type(loss).__name__}.of_rows must give {what} of shape {shape}, got {array.shape}"
        )
    return array
