"""What each class looks for: the features whose weights speak most for it or against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import Encoder
from .classes import MANY

SHOWN, SHOWN_OF_MANY = 8, 5  # features of a class, where there are few or MANY of them
ROUNDING = np.finfo(np.float64).eps  # a share of the largest weight that is none


@dataclass(frozen=True, eq=False)
class ClassWeights:
    """The features that weigh most for or against one class, with any of the losses.

    Attributes
    ----------
    features : tuple of str
        The strongest first: by the largest weight as a share of the loss's largest.
    weights : array of shape (losses, features)
        In logits: for a standard deviation of a number, for a text that is there.
    scales : array of shape (features,)
        The standard deviation of a number, in the units of its column; 1 for a text: a weight
        divided by it is that of one unit.
    """

    features: tuple[str, ...]
    weights: NDArray[np.float64]
    scales: NDArray[np.float64]


def scales_of(encoder: Encoder) -> NDArray[np.float64]:
    """What each encoded feature was divided by: a number by its deviation, a text by 1."""
    texts = len(encoder.feature_names) - len(encoder.scale)
    return np.concatenate([encoder.scale, np.ones(texts)])


def class_weights(
    names: Sequence[str],
    coefficients: Sequence[NDArray[np.floating[Any]]],
    scales: NDArray[np.float64],
    shown: int | None = None,
) -> tuple[ClassWeights, ...]:
    """Return for each class the features that matter most to it.

    Parameters
    ----------
    names : sequence of str
        Of the features.
    coefficients : sequence of arrays of shape (classes, features)
        The weights that each loss learnt.
    scales : array of shape (features,)
        What each feature was divided by.
    shown : int, optional
        So many features of each class at most; by default 8, or 5 where the classes are many.

    Examples
    --------
    >>> first, _ = class_weights(["x", "y"], [np.array([[1.0, -2.0], [0.0, 0.0]])], np.ones(2))
    >>> first.features, first.weights
    (('y', 'x'), array([[-2.,  1.]]))
    """
    largest = [float(np.abs(coef).max(initial=0.0)) or 1.0 for coef in coefficients]
    classes = len(coefficients[0])
    shown = shown or (SHOWN if classes < MANY else SHOWN_OF_MANY)
    found = []
    for k in range(classes):
        weights = np.array([coef[k] for coef in coefficients], dtype=np.float64)
        strength = np.max(np.abs(weights) / np.array(largest)[:, None], axis=0)
        strongest = np.argsort(-strength, kind="stable")[:shown]
        strongest = strongest[strength[strongest] > ROUNDING]
        features = tuple(names[i] for i in strongest)
        found.append(ClassWeights(features, weights[:, strongest], scales[strongest]))
    return tuple(found)
