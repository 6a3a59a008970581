"""The target as a mass for every class, and which rows count."""

import numpy as np
from numpy.typing import NDArray

from ..contract import Array, Target
from .rows import Matrix, column, rows


def coefficient(values: Array, count: int) -> Array:
    return values if values.size else np.zeros(count)


def read_mass(target: Target, classes: int, first: int = 0) -> Matrix:
    """The target as a mass for every class from `first` on: one-hot for a class id."""
    if target.classes.ndim > 1:
        return rows(target.classes)
    numbers = np.arange(first, first + classes)
    return np.asarray(column(target.classes) == numbers, np.float64)


def read_target(target: Target, live: NDArray[np.bool_], first: int = 0) -> Matrix:
    """t_k = class_weight[k] · (weight · mass_k + smoothing), smoothing on live classes only."""
    count, classes = live.shape
    spread = np.where(live, column(coefficient(target.smoothing, count)), 0)
    t = column(target.weight) * read_mass(target, classes, first) + spread
    if target.class_weight.size == 0:
        return np.asarray(t)
    return np.asarray(target.class_weight[first : first + classes] * t)


def label_weight(target: Target, mass: Matrix) -> Matrix:
    """weight · Σ_k class_weight[k] · mass_k / Σ_k mass_k; without any mass, the weight."""
    if target.class_weight.size == 0:
        return np.asarray(target.weight)
    total = mass.sum(axis=1)
    return np.where(total > 0, target.weight * (mass @ target.class_weight) / total, target.weight)


def is_ignored(target: Target) -> NDArray[np.bool_]:
    """Rows of which nothing counts, whatever they hold."""
    weight = target.weight
    if target.classes.ndim == 1 and target.class_weight.size:
        weight = weight * target.class_weight[np.maximum(target.classes, 0)]
    coefficients = weight, target.smoothing, target.norm
    ignored: NDArray[np.bool_] = np.all(
        [coefficient(part, len(weight)) == 0 for part in coefficients], axis=0
    )
    return ignored | (target.classes < 0) if target.classes.ndim == 1 else ignored
