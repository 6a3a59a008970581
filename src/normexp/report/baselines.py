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
    surprise : array or None
        For each of them −log p of its class, in nats, where the rule tells probabilities: those of
        the majority are the shares of the classes among the training rows.
    log_loss_parts : array or None
        And the mean of each part, where rows were tested in several.
    """

    name: str
    metrics: Metrics
    predicted: Indices
    is_right: NDArray[np.bool_]
    surprise: NDArray[np.float64] | None = None
    log_loss_parts: NDArray[np.float64] | None = None


def majority(part: Split) -> Indices:
    """Predict the most frequent class of the training rows for every row."""
    return np.full(len(part.test_target), np.bincount(part.train_target).argmax())


def surprise_of_shares(part: Split) -> NDArray[np.float64]:
    """−log of the share that the class of each test row has of the training rows."""
    counts = np.bincount(part.train_target, minlength=len(part.labels))
    surprise: NDArray[np.float64] = np.log(len(part.train_target) / counts[part.test_target])
    return surprise


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
