"""Several losses on one split of one data set: what each of them learns, in numbers."""

from __future__ import annotations

import json
import os
import platform
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from ..data import Dataset
from ..linear import Iteration, LinearClassifier
from ..losses import COMPARED, LOSSES, RowLoss
from ..model import class_name
from .metrics import Metrics, measure
from .mistakes import Mistake, hardest_mistakes
from .split import Split, split
from .weights import ClassWeights, class_weights

DEFAULTS = LinearClassifier()
PACKAGES = ("normexp", "numpy", "scipy", "scikit-learn")

Progress = Callable[[str, Iteration, float], object]


@dataclass(frozen=True, eq=False)
class Curve:
    """The course of training: weights of 0, then the state after each iteration.

    The accuracy is that on the test rows.
    """

    seconds: NDArray[np.float64]
    objective: NDArray[np.float64]
    accuracy: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Result:
    """What one loss learnt.

    Attributes
    ----------
    name, loss : str
        What the loss is called, and the loss with its options.
    objective, start : float
        The mean loss of the training rows and the penalty, in the end and for weights of 0.
    iterations : int
    seconds : float
        Of training alone.
    is_converged : bool
        Whether training ended at the minimum, to its tolerance.
    curve : Curve
    metrics : Metrics
        On the test rows.
    is_right : array of bool
        For each test row.
    mistakes : tuple of Mistake
        The worst one first.
    templates : array of shape (classes, *image_shape) or None
        Where rows are images, the weights of each class for the pixels as they came.
    """

    name: str
    loss: str
    objective: float
    start: float
    iterations: int
    seconds: float
    is_converged: bool
    curve: Curve
    metrics: Metrics
    is_right: NDArray[np.bool_]
    mistakes: tuple[Mistake, ...]
    templates: NDArray[np.floating[Any]] | None


@dataclass(frozen=True, eq=False)
class Comparison:
    """The results of some losses on one split, and what it takes to repeat them.

    Attributes
    ----------
    data : str
    class_names : tuple of str
    features : int
        After encoding.
    image_shape : tuple or None
    train_rows, test_rows : int
    test_size, seed, alpha, max_iter
        As they were asked for.
    notes : tuple of str
        What was done to the data.
    results : tuple of Result
    class_weights : tuple of ClassWeights or None
        What each class looks for; None where rows are images (see `Result.templates`).
    versions : dict
    machine : str
    """

    data: str
    class_names: tuple[str, ...]
    features: int
    image_shape: tuple[int, ...] | None
    train_rows: int
    test_rows: int
    test_size: float
    seed: int
    alpha: float
    max_iter: int
    notes: tuple[str, ...]
    results: tuple[Result, ...]
    class_weights: tuple[ClassWeights, ...] | None
    versions: dict[str, str]
    machine: str

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values that JSON can hold: a key for each attribute, all the way."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self), default=lambda a: a.tolist()))
        return plain


def compare(
    dataset: Dataset,
    losses: Mapping[str, RowLoss] | None = None,
    *,
    test_size: float = 0.2,
    seed: int = 0,
    alpha: float = DEFAULTS.alpha,
    max_iter: int = DEFAULTS.max_iter,
    on_start: Callable[[str], object] | None = None,
    on_progress: Progress | None = None,
) -> Comparison:
    """Train a linear classifier with each of some losses on the same rows, and measure them.

    Parameters
    ----------
    dataset : Dataset
        With labels.
    losses : mapping of str to loss, optional
        By default softmax, svm and squared-error.
    test_size, seed
        As for `split`.
    alpha, max_iter
        As for `normexp.linear.LinearClassifier`, the same for every loss.
    on_start : callable, optional
        Called with the name of a loss before its kernels are made ready.
    on_progress : callable, optional
        Called after each iteration with the name of the loss, the classifier's `Iteration` and the
        accuracy on the test rows.

    Raises
    ------
    ValueError
        If the rows have no labels, or too few of a class to be split.

    Examples
    --------
    >>> from normexp.data import load
    >>> comparison = compare(load("iris"), {"softmax": LOSSES["softmax"]})
    >>> comparison.train_rows, comparison.test_rows
    (120, 30)
    >>> comparison.results[0].metrics.accuracy > 0.8
    True
    """
    losses = losses or {name: LOSSES[name] for name in COMPARED}
    parts = split(dataset, test_size, seed)
    trained = [
        _train(name, loss, parts, alpha, max_iter, on_start, on_progress)
        for name, loss in losses.items()
    ]
    results, coefficients = zip(*trained, strict=True)
    names = parts.encoder.feature_names
    return Comparison(
        data=dataset.name,
        class_names=tuple(
            class_name(dataset.class_names, label) for label in parts.labels.tolist()
        ),
        features=len(names),
        image_shape=dataset.image_shape,
        train_rows=len(parts.train_target),
        test_rows=len(parts.test_target),
        test_size=test_size,
        seed=seed,
        alpha=alpha,
        max_iter=max_iter,
        notes=(*dataset.notes, *parts.notes, *parts.encoder.notes),
        results=results,
        class_weights=class_weights(names, coefficients) if dataset.image_shape is None else None,
        versions={"Python": platform.python_version()} | {name: version(name) for name in PACKAGES},
        machine=f"{platform.system()}, {platform.machine()}, {os.cpu_count()} CPUs",
    )


def _train(
    name: str,
    loss: RowLoss,
    parts: Split,
    alpha: float,
    max_iter: int,
    on_start: Callable[[str], object] | None,
    on_progress: Progress | None,
) -> tuple[Result, NDArray[np.floating[Any]]]:
    """Train with one loss, watching the accuracy on the test rows, and measure what it learnt.

    Returns the weights too, as they are for encoded features.
    """
    if on_start is not None:
        on_start(name)
    # Also the call that compiles the loss's kernels, before the clock is started.
    zeros = np.zeros((len(parts.labels), parts.train_features.shape[1]), parts.train_features.dtype)
    start = loss.linear_value_and_grad(parts.train_features, zeros, parts.train_target).value
    # Equal logits are taken for the first class.
    course = [(0.0, float(start), float(np.mean(parts.test_target == 0)))]
    watching = 0.0

    def watch(state: Iteration) -> None:
        nonlocal watching
        began = perf_counter()
        logits = parts.test_features @ state.coef.T + state.intercept
        accuracy = float(np.mean(logits.argmax(axis=1) == parts.test_target))
        course.append((state.seconds - watching, state.objective, accuracy))
        if on_progress is not None:
            on_progress(name, state, accuracy)
        watching += perf_counter() - began

    classifier = LinearClassifier(loss, alpha=alpha, max_iter=max_iter, callbacks=[watch])
    began = perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a result says so itself
        classifier.fit(parts.train_features, parts.train_target)
    seconds = perf_counter() - began - watching

    predicted = classifier.predict(parts.test_features)
    log_proba = None
    if hasattr(classifier, "predict_log_proba"):
        log_proba = classifier.predict_log_proba(parts.test_features)
    templates = None
    if parts.dataset.image_shape is not None:
        weights = classifier.coef_ / parts.encoder.scale
        templates = weights.reshape(-1, *parts.dataset.image_shape)
    result = Result(
        name=name,
        loss=repr(loss),
        objective=float(classifier.objective_),
        start=float(start),
        iterations=int(classifier.n_iter_),
        seconds=seconds,
        is_converged=bool(classifier.gap_ <= classifier.tol),
        curve=Curve(*np.array(course).T),
        metrics=measure(parts.test_target, predicted, len(parts.labels), log_proba),
        is_right=predicted == parts.test_target,
        mistakes=hardest_mistakes(classifier, parts, predicted, log_proba),
        templates=templates,
    )
    return result, classifier.coef_
