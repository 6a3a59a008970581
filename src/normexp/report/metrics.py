"""How good predictions are: of labels, and of probabilities where a classifier has any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix

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
    parts : array or None
        Where rows were tested in several parts, or for several seeds, the accuracy of each.
    log_loss_parts : array or None
        And the log loss of each, where there are probabilities.
    other_reliabilities : tuple of Reliability
        Where there are several seeds, that of each but the first.
    other_hits : array of shape (classes,) or None
        And how many rows of each class are predicted right for them, together.
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
    parts: NDArray[np.float64] | None = None
    log_loss_parts: NDArray[np.float64] | None = None
    other_reliabilities: tuple[Reliability, ...] = ()
    other_hits: NDArray[np.int64] | None = None

    @property
    def hits(self) -> NDArray[np.int64]:
        """How many rows of each class are predicted right, for all seeds."""
        first: NDArray[np.int64] = self.confusion.diagonal()
        return first if self.other_hits is None else first + self.other_hits


@dataclass(frozen=True, eq=False)
class Bins:
    """Sums over the rows of each bin of confidence, whose upper edge belongs to it."""

    count: NDArray[np.int64]
    confidence: NDArray[np.float64]
    hits: NDArray[np.int64]

    @classmethod
    def of(
        cls, confidence: NDArray[np.floating[Any]], is_right: NDArray[np.bool_], bins: int = BINS
    ) -> Bins:
        edges = np.linspace(0.0, 1.0, bins + 1)
        members = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
        return cls(
            np.bincount(members, minlength=bins),
            np.bincount(members, confidence, bins).astype(np.float64),
            np.bincount(members[is_right], minlength=bins),
        )

    def __add__(self, other: Bins) -> Bins:
        return Bins(
            self.count + other.count, self.confidence + other.confidence, self.hits + other.hits
        )

    def reliability(self) -> Reliability:
        edges = np.linspace(0.0, 1.0, len(self.count) + 1)
        held = np.flatnonzero(self.count)
        count = self.count[held]
        means = (total[held] / count for total in (self.confidence, self.hits))
        return Reliability(edges[held], edges[held + 1], count, *means)


@dataclass(frozen=True, eq=False)
class Tally:
    """What is to be known of some rows for the metrics of them and others together.

    Attributes
    ----------
    confusion : array of shape (classes, classes)
        ``confusion[j, k]`` rows of class j were taken for class k.
    log_loss, brier : float or None
        The means over the rows.
    bins : Bins or None
    """

    confusion: NDArray[np.int64]
    log_loss: float | None
    brier: float | None
    bins: Bins | None

    @classmethod
    def of(
        cls,
        truth: NDArray[np.integer[Any]],
        predicted: NDArray[np.integer[Any]],
        classes: int,
        log_proba: NDArray[np.floating[Any]] | None = None,
    ) -> Tally:
        """Of predictions; see `measure`."""
        confusion = confusion_matrix(truth, predicted, labels=np.arange(classes))
        if log_proba is None:
            return cls(confusion, None, None, None)
        return cls(
            confusion,
            # Log-probabilities are logits that softmax leaves as they are.
            float(CrossEntropy()(log_proba, truth)),
            float(SquaredError(on="probabilities")(log_proba, truth)),
            Bins.of(np.exp(log_proba.max(axis=1)), truth == predicted),
        )

    @property
    def rows(self) -> int:
        return int(self.confusion.sum())

    def __add__(self, other: Tally) -> Tally:
        """Of the rows of both."""

        def mean(mine: float | None, its: float | None) -> float | None:
            if mine is None or its is None:
                return None
            return float(np.average([mine, its], weights=[self.rows, other.rows]))

        return Tally(
            self.confusion + other.confusion,
            mean(self.log_loss, other.log_loss),
            mean(self.brier, other.brier),
            self.bins + other.bins if self.bins and other.bins else None,
        )

    def metrics(self) -> Metrics:
        rows, hits = self.rows, int(self.confusion.trace())
        interval = binomtest(hits, rows).proportion_ci(method="wilson")
        seen = self.confusion.sum(axis=0) + self.confusion.sum(axis=1)
        of_class = 2 * self.confusion.diagonal()[seen > 0] / seen[seen > 0]
        found = None if self.bins is None else self.bins.reliability()
        return Metrics(
            rows=rows,
            accuracy=hits / rows,
            accuracy_interval=(float(interval.low), float(interval.high)),
            macro_f1=float(of_class.mean()),
            log_loss=self.log_loss,
            brier=self.brier,
            calibration_error=None if found is None else found.calibration_error,
            confusion=self.confusion,
            reliability=found,
        )


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
    return Tally.of(truth, predicted, classes, log_proba).metrics()


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
    return Bins.of(confidence, is_right, bins).reliability()


def evaluate(model: Model, dataset: Dataset) -> Metrics:
    """Measure a trained model on labelled rows.

    Raises
    ------
    ValueError
        If the rows have no labels, or one that the model does not know.
    """
    return tally(model, dataset).metrics()


def tally(model: Model, dataset: Dataset) -> Tally:
    """What `evaluate` measures, to be added to that of other rows."""
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
    return Tally.of(truth, predicted, len(classes), log_proba)
