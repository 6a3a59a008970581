"""Several losses on one split of one data set: what each of them learns, in numbers."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

from ..data import Dataset
from ..linear import LinearClassifier
from ..losses import COMPARED, LOSSES, RowLoss
from ..model import class_name
from .baselines import BASELINES, Baseline
from .metrics import Metrics, measure
from .result import Result
from .split import Indices, split
from .training import Progress, train
from .weights import ClassWeights, class_weights

DEFAULTS = LinearClassifier()
PACKAGES = ("normexp", "numpy", "scipy", "scikit-learn")


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
    rows, truth : arrays of int
        The test rows by their position in the data set, and the class id of each.
    results : tuple of Result
    baselines : tuple of Baseline
        What is reached without learning weights, on the same rows.
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
    rows: Indices
    truth: Indices
    results: tuple[Result, ...]
    baselines: tuple[Baseline, ...]
    class_weights: tuple[ClassWeights, ...] | None
    versions: dict[str, str]
    machine: str

    @property
    def metrics(self) -> list[Metrics]:
        """Of each result, then of each baseline."""
        return [
            *(each.metrics for each in self.results),
            *(each.metrics for each in self.baselines),
        ]

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
    part = split(dataset, test_size, seed)
    results, coefficients = [], []
    for name, loss in losses.items():
        if on_start is not None:
            on_start(name)
        training = train(name, loss, part, alpha, max_iter, on_progress)
        results.append(Result.of(name, loss, training, part))
        coefficients.append(training.classifier.coef_)
    baselines = [(name, predict(part)) for name, predict in BASELINES.items()]
    names = part.encoder.feature_names
    return Comparison(
        data=dataset.name,
        class_names=tuple(class_name(dataset.class_names, label) for label in part.labels.tolist()),
        features=len(names),
        image_shape=dataset.image_shape,
        train_rows=len(part.train_target),
        test_rows=len(part.test_target),
        test_size=test_size,
        seed=seed,
        alpha=alpha,
        max_iter=max_iter,
        notes=(*dataset.notes, *part.notes, *part.encoder.notes),
        rows=part.test_rows,
        truth=part.test_target,
        results=tuple(results),
        baselines=tuple(
            Baseline(name, measure(part.test_target, predicted, len(part.labels)), predicted)
            for name, predicted in baselines
        ),
        class_weights=class_weights(names, coefficients) if dataset.image_shape is None else None,
        versions={"Python": platform.python_version()} | {name: version(name) for name in PACKAGES},
        machine=f"{platform.system()}, {platform.machine()}, {os.cpu_count()} CPUs",
    )
