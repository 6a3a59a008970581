"""Several losses on one split of one data set: each is trained, judged and advised on."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version

from ..data import Dataset
from ..linear import LinearClassifier
from ..losses import COMPARED, LOSSES, RowLoss
from ..model import class_name
from .advice_of_data import by_data
from .advice_of_results import by_results
from .baselines import BASELINES, Baseline
from .compared import Comparison
from .metrics import measure
from .result import Result
from .split import split
from .training import Progress, train
from .weights import class_weights

DEFAULTS = LinearClassifier()
PACKAGES = ("normexp", "numpy", "scipy", "scikit-learn")


def compare(
    dataset: Dataset,
    losses: Mapping[str, RowLoss] | None = None,
    *,
    test_size: float = 0.2,
    seed: int = 0,
    alpha: float = DEFAULTS.alpha,
    max_iter: int = DEFAULTS.max_iter,
    source: Sequence[str] | None = None,
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
    source : sequence of str, optional
        The words by which the command line reads the data, for the commands of the advice; by
        default the name of the data set.
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
    comparison = Comparison(
        data=dataset.name,
        source=tuple([dataset.name] if source is None else source),
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
    advice = (*by_data(comparison, part), *by_results(comparison))
    return replace(comparison, advice=advice)
