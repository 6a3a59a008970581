"""What is reached without learning weights: predictions that every loss should beat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from .metrics import Metrics
from .split import Indices, Split


@dataclass(frozen=True, eq=False)
class Baseline:
    """How good the predictions of a rule without weights are.

    Attributes
    ----------
    name : str
    metrics : Metrics
        On the rows that the losses are judged on.
    predicted : array of shape (n,)
        The class id of each of these rows.
    is_right : array of bool
        For each of them.
    """

    name: str
    metrics: Metrics
    predicted: Indices
    is_right: NDArray[np.bool_]


def majority(part: Split) -> Indices:
    """Predict the most frequent class of the training rows for every row."""
    return np.full(len(part.test_target), np.bincount(part.train_target).argmax())


def nearest_centroid(part: Split) -> Indices:
    """Predict the class whose mean training row is nearest: the greatest ``x·μ_k − ‖μ_k‖²/2``."""
    target, classes = part.train_target, len(part.labels)
    places = (target, np.arange(len(target)))
    members = csr_array((np.ones(len(target)), places), shape=(classes, len(target)))
    sums: Any = members @ part.train_features
    sums = sums if isinstance(sums, np.ndarray) else sums.toarray()
    means = sums / np.bincount(target, minlength=classes)[:, None]
    scores = part.test_features @ means.T - np.einsum("kd,kd->k", means, means) / 2
    nearest: NDArray[np.intp] = np.asarray(scores).argmax(axis=1)
    return nearest


BASELINES: dict[str, Callable[[Split], Indices]] = {
    "majority": majority,
    "nearest centroid": nearest_centroid,
}
