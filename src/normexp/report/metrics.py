"""How good predictions are: of labels, and of probabilities where a classifier has any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

from ..data import Dataset
from ..losses import CrossEntropy, SquaredError
from ..model import Model

BINS = 15


@dataclass(frozen=True, eq=False)
class Reliability:
    """Rows by the probability of their predicted class, in equal bins; empty bins are left out.

    Attributes
    ----------
    lower, upper : arrays of shape (bins,)
        A bin holds the confidences in (lower, upper].
    count : array of shape (bins,)
    confidence, accuracy : arrays of shape (bins,)
        The mean confidence of the bin's rows, and the share of them that is right.
    """

    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    count: NDArray[np.int64]
    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]

    @property
    def calibration_error(self) -> float:
        """``Σ_b count_b / n · |accuracy_b − confidence_b|``.

        References
        ----------
        C. Guo et al., On calibration of modern neural networks, 2017.
        """
        gaps = np.abs(self.accuracy - self.confidence)
        return float(np.average(gaps, weights=self.count))


@dataclass(frozen=True, eq=False)
class Metrics:
    """The quality of predictions for `rows` rows; None for what needs probabilities, without them.

    Attributes
    ----------
    accuracy : float
        The share of rows that is right.
    accuracy_interval : tuple of float
        Where the accuracy on all such data lies with 95% confidence (Wilson's interval).
    macro_f1 : float
        The mean over the classes of F1, the harmonic mean of precision and recall.
    log_loss : float or None
        The mean of −log p of the true class, in nats.
    brier : float or None
        The mean of Σ_k (p_k − t_k)², between 0 and 2.
    calibration_error : float or None
        See `Reliability.calibration_error`.
    confusion : array of shape (classes, classes)
        ``confusion[j, k]`` rows of class j were taken for class k.
    """

    rows: int
    accuracy: float
    accuracy_interval: tuple[float, float]
    macro_f1: float
    log_loss: float | None
    brier: float | None
    calibration_error: float | None
    confusion: NDArray[np.int64]
    reliability: Reliability | None


def measure(
    truth: NDArray[np.integer[Any]],
    predicted: NDArray[np.integer[Any]],
    classes: int,
    log_proba: NDArray[np.floating[Any]] | None = None,
) -> Metrics:
    """Measure predictions of class ids.

    Parameters
    ----------
    truth, predicted : arrays of shape (n,)
        Class ids from 0 to ``classes − 1``.
    log_proba : array of shape (n, classes), optional
        Logarithms of the predicted probabilities.

    Examples
    --------
    >>> measure(np.array([0, 1, 1, 1]), np.array([0, 1, 1, 0]), classes=2).accuracy
    0.75
    """
    hits = int(np.sum(truth == predicted))
    interval = binomtest(hits, len(truth)).proportion_ci(method="wilson")
    log_loss = brier = found = None
    if log_proba is not None:
        # Log-probabilities are logits that softmax leaves as they are.
        log_loss = float(CrossEntropy()(log_proba, truth))
        brier = float(SquaredError(on="probabilities")(log_proba, truth))
        found = reliability(np.exp(log_proba.max(axis=1)), truth == predicted)
    return Metrics(
        rows=len(truth),
        accuracy=float(accuracy_score(truth, predicted)),
        accuracy_interval=(float(interval.low), float(interval.high)),
        macro_f1=float(f1_score(truth, predicted, average="macro")),
        log_loss=log_loss,
        brier=brier,
        calibration_error=None if found is None else found.calibration_error,
        confusion=confusion_matrix(truth, predicted, labels=np.arange(classes)),
        reliability=found,
    )


def reliability(
    confidence: NDArray[np.floating[Any]], is_right: NDArray[np.bool_], bins: int = BINS
) -> Reliability:
    """Sort rows into bins of equal width by confidence.

    Examples
    --------
    >>> found = reliability(np.array([0.55, 0.9, 0.95]), np.array([True, True, False]), bins=2)
    >>> found.count, found.accuracy.round(3), round(found.calibration_error, 3)
    (array([3]), array([0.667]), 0.133)
    """
    edges = np.linspace(0.0, 1.0, bins + 1)
    members = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    count = np.bincount(members, minlength=bins)
    held = np.flatnonzero(count)
    sums = [np.bincount(members, values, bins)[held] for values in (confidence, is_right)]
    mean_confidence, accuracy = (total / count[held] for total in sums)
    return Reliability(edges[held], edges[held + 1], count[held], mean_confidence, accuracy)


def evaluate(model: Model, dataset: Dataset) -> Metrics:
    """Measure a trained model on labelled rows.

    Raises
    ------
    ValueError
        If the rows have no labels, or one that the model does not know.
    """
    if dataset.target is None:
        raise ValueError(f"target: {dataset.name} has no labels to judge by")
    encoded = model.encode(dataset)
    classes = model.classifier.classes_
    if unknown := sorted(set(dataset.target.tolist()) - set(classes.tolist()), key=str):
        raise ValueError(
            f"target: {dataset.name} holds the label {unknown[0]!r}, which the model was not "
            f"trained on; it knows {', '.join(map(repr, classes.tolist()))}"
        )
    log_proba = model.classifier.predict_log_proba(encoded) if model.has_probabilities else None
    truth, predicted = (
        np.searchsorted(classes, labels)
        for labels in (dataset.target, model.classifier.predict(encoded))
    )
    return measure(truth, predicted, len(classes), log_proba)
