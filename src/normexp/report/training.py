"""One loss, trained on the training rows of a split and asked about its test rows."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from ..functions import log_softmax
from ..linear import Iteration, LinearClassifier
from ..losses import RowLoss
from .calibration import temperature_of
from .mistakes import Mistake, hardest_mistakes
from .split import Indices, Split
from .sweep import Sweep

Progress = Callable[[str, Iteration, float], object]

FEW = 32  # rows


@dataclass(frozen=True, eq=False)
class Curve:
    """The course of training: weights of 0, then the state after each iteration.

    The accuracy is that on the test rows.
    """

    seconds: NDArray[np.float64]
    objective: NDArray[np.float64]
    accuracy: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Training:
    """What one training gave.

    Attributes
    ----------
    classifier : LinearClassifier
    start : float
        The objective for weights of 0.
    seconds : float
        Of training alone.
    curve : Curve
    train_accuracy : float
        On the rows that it was trained on.
    predicted : array of int
        The class id of each test row.
    log_proba : array of shape (n, classes) or None
        Logarithms of the probabilities of each test row, where the loss has any.
    mistakes : tuple of Mistake
    templates : array of shape (classes, *image_shape) or None
    sweep : Sweep or None
        How alpha was chosen, where it was.
    temperature : float or None
        The one that fits the training rows best, where it was asked for and there is one.
    calibrated : array of shape (n, classes) or None
        `log_proba` at this temperature.
    """

    classifier: LinearClassifier
    start: float
    seconds: float
    curve: Curve
    train_accuracy: float
    predicted: Indices
    log_proba: NDArray[np.floating[Any]] | None
    mistakes: tuple[Mistake, ...]
    templates: NDArray[np.floating[Any]] | None
    sweep: Sweep | None
    temperature: float | None = None
    calibrated: NDArray[np.floating[Any]] | None = None

    @property
    def is_converged(self) -> bool:
        """Whether it ended at the minimum, to its tolerance."""
        return bool(self.classifier.gap_ <= self.classifier.tol)


def make_ready(loss: RowLoss, part: Split) -> None:
    """Make every kernel that a training needs, before a clock is started: a short one of few rows.

    Where they are not compiled ahead, that takes longer than many a training.
    """
    _, firsts = np.unique(part.train_target, return_index=True)
    rows = np.union1d(firsts, np.arange(min(FEW, len(part.train_target))))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is to be said of so few rows is nothing
        LinearClassifier(loss, max_iter=2).fit(part.train_features[rows], part.train_target[rows])


def train(
    name: str,
    loss: RowLoss,
    part: Split,
    alpha: float,
    max_iter: int,
    on_progress: Progress | None = None,
    found: Sweep | None = None,
    calibrate: bool = False,
    seed: int = 0,
) -> Training:
    """Train with one loss, watching the accuracy on the test rows.

    With the alpha that a sweep has chosen, if there is one.
    """
    alpha = alpha if found is None else found.chosen
    zeros = np.zeros((len(part.labels), part.train_features.shape[1]), part.train_features.dtype)
    start = loss.linear_value_and_grad(part.train_features, zeros, part.train_target).value
    # Equal logits are taken for the first class.
    course = [(0.0, float(start), float(np.mean(part.test_target == 0)))]
    watching = 0.0

    def watch(state: Iteration) -> None:
        nonlocal watching
        began = perf_counter()
        logits = part.test_features @ state.coef.T + state.intercept
        accuracy = float(np.mean(logits.argmax(axis=1) == part.test_target))
        course.append((state.seconds - watching, state.objective, accuracy))
        if on_progress is not None:
            on_progress(name, state, accuracy)
        watching += perf_counter() - began

    classifier = LinearClassifier(loss, alpha=alpha, max_iter=max_iter, callbacks=[watch])
    began = perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a result says so itself
        classifier.fit(part.train_features, part.train_target)
    seconds = perf_counter() - began - watching

    predicted = classifier.predict(part.test_features)
    log_proba = None
    if hasattr(classifier, "predict_log_proba"):
        log_proba = classifier.predict_log_proba(part.test_features)
    temperature, calibrated = None, log_proba
    if calibrate and log_proba is not None:
        temperature = temperature_of(classifier, part, seed)
        calibrated = log_softmax(log_proba, temperature=temperature or 1.0)
    templates = None
    if part.dataset.image_shape is not None:
        weights = classifier.coef_ / part.encoder.scale
        templates = weights.reshape(-1, *part.dataset.image_shape)
    return Training(
        classifier=classifier,
        start=float(start),
        seconds=seconds,
        curve=Curve(*np.array(course).T),
        train_accuracy=float(classifier.score(part.train_features, part.train_target)),
        predicted=predicted,
        log_proba=log_proba,
        mistakes=hardest_mistakes(classifier, part, predicted, log_proba),
        templates=templates,
        sweep=found,
        temperature=temperature,
        calibrated=calibrated if calibrate else None,
    )
