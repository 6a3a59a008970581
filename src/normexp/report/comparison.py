"""Several losses on the same parts of one data set: each is trained, judged and advised on."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from .. import _check
from ..data import Dataset
from ..linear import LinearClassifier
from ..losses import COMPARED, LOSSES, RowLoss
from ..model import class_name
from .advice_of_data import by_data
from .advice_of_results import by_results
from .baselines import BASELINES, Baseline, majority, surprise_of_shares
from .compared import Comparison
from .copies import count_copies
from .judgement import Tested, judge, test_to_train, together
from .plan import planned
from .result import Result
from .split import Indices, Split
from .sweep import sweep
from .training import Progress, Training, make_ready, train
from .weights import class_weights, scales_of

DEFAULTS = LinearClassifier()
PACKAGES = ("normexp", "numpy", "scipy", "scikit-learn")


def compare(
    dataset: Dataset,
    losses: Mapping[str, RowLoss] | None = None,
    *,
    test_size: float | None = None,
    folds: int | None = None,
    seed: int = 0,
    seeds: int = 1,
    alpha: float = DEFAULTS.alpha,
    alphas: int | None = None,
    max_iter: int = DEFAULTS.max_iter,
    calibrate: bool = False,
    source: Sequence[str] | None = None,
    further: Sequence[str] = (),
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
    test_size : float, optional
        The share of the rows to test on.
    folds : int, optional
        Test on all rows instead, in so many parts: on each after training on the others. By
        default a fifth of the rows is tested on if these are 200 or more, and otherwise all, in 5
        parts.
    seed, seeds : int
        The rows are split by the seed; with several seeds they are split anew by each that follows.
    alpha, max_iter
        As for `normexp.linear.LinearClassifier`, the same for every loss.
    alphas : int, optional
        Choose alpha among so many in place of it, for each loss and training, on its training rows
        alone: see `sweep`.
    calibrate : bool
        Also find the temperature of each loss with probabilities, on its training rows alone, and
        say what it does to them.
    source : sequence of str, optional
        The words by which the command line reads the data, for the commands of the advice; by
        default the name of the data set.
    further : sequence of str
        Other words for these commands, such as where the report is to be written.
    on_start : callable, optional
        Called with the name of a loss before its kernels are made ready.
    on_progress : callable, optional
        Called after each iteration with the name of the loss, the classifier's `Iteration` and the
        accuracy on the test rows.

    Raises
    ------
    ValueError
        If the rows have no labels, or too few of a class to be split; if a share and folds are
        asked for.

    Examples
    --------
    >>> from normexp.data import load
    >>> comparison = compare(load("iris"), {"softmax": LOSSES["softmax"]})
    >>> comparison.folds, comparison.train_rows, comparison.test_rows
    (5, 120, 150)
    >>> comparison.results[0].metrics.accuracy > 0.9
    True
    """
    losses = losses or {name: LOSSES[name] for name in COMPARED}
    if alphas is not None and _check.integer(alphas, "alphas") < 2:
        raise ValueError(f"alphas: expected at least 2 to choose among, got {alphas}")
    plan = planned(dataset, test_size, folds, seed, seeds)
    first: Split | None = None
    tested, notes = list[Tested](), dict[str, None]()
    trained: dict[str, list[Training]] = {name: [] for name in losses}
    ruled: dict[str, list[Indices]] = {name: [] for name in BASELINES}
    by_shares = list[NDArray[np.float64]]()
    for i, part in plan.parts(dataset):
        first = first or part
        tested.append(Tested.of(i, part))
        notes |= dict.fromkeys(part.notes)
        for name, loss in losses.items():
            if part is first:
                if on_start is not None:
                    on_start(name)
                make_ready(loss, part)
            found = sweep(loss, part, alphas, max_iter, seed) if alphas is not None else None
            trained[name].append(
                train(name, loss, part, alpha, max_iter, on_progress, found, calibrate, seed)
            )
        for name, predict in BASELINES.items():
            ruled[name].append(predict(part))
        by_shares.append(surprise_of_shares(part))
    assert first is not None  # a plan has a part
    names, classes, is_table = (
        first.encoder.feature_names,
        len(first.labels),
        dataset.image_shape is None,
    )
    coefficients = [trainings[0].classifier.coef_ for trainings in trained.values()]
    truth = together(tested, [part.truth for part in tested])
    comparison = Comparison(
        data=dataset.name,
        source=tuple([dataset.name] if source is None else source),
        class_names=tuple(class_name(dataset.class_names, each) for each in first.labels.tolist()),
        features=len(names),
        image_shape=dataset.image_shape,
        train_rows=len(first.train_target),
        test_rows=len(truth),
        test_size=plan.test_size,
        folds=plan.folds,
        seed=seed,
        seeds=seeds,
        alpha=alpha,
        alphas=alphas,
        max_iter=max_iter,
        calibrate=calibrate,
        further=tuple(further),
        test_to_train=test_to_train(tested),
        notes=(*dataset.notes, *notes, *first.encoder.notes),
        copies=count_copies(dataset, tested),
        rows=dataset.positions_of(together(tested, [part.rows for part in tested])),
        truth=truth,
        results=tuple(
            Result.of(name, loss, trained[name], tested, classes) for name, loss in losses.items()
        ),
        baselines=tuple(
            Baseline(
                name,
                judged.metrics,
                judged.predicted,
                judged.is_right,
                *(_by_shares(tested, by_shares) if BASELINES[name] is majority else ()),
            )
            for name, predicted in ruled.items()
            for judged in [judge(tested, predicted, classes, [])]
        ),
        class_weights=class_weights(names, coefficients, scales_of(first.encoder))
        if is_table
        else None,
        versions={"Python": platform.python_version()} | {name: version(name) for name in PACKAGES},
        machine=f"{platform.system()}, {platform.machine()}, {os.cpu_count()} CPUs",
    )
    advice = (*by_data(comparison, first), *by_results(comparison))
    return replace(comparison, advice=advice)


def _by_shares(
    tested: Sequence[Tested], surprise: Sequence[NDArray[np.float64]]
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """−log of the share of each row's class, and of several parts the mean of each."""
    parts = np.array([each.mean() for each in surprise]) if len(tested) > 1 else None
    return together(tested, surprise), parts
