"""Advice that rests on what the losses reached: one rule a function."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import numpy as np
from scipy.stats import binomtest

from .advice import Advice
from .commands import MODEL, again, training
from .compared import Comparison
from .metrics import Metrics, Reliability
from .result import Result
from .significance import SIGNIFICANT, holm

# A gap below a point of accuracy is nothing that a stronger penalty would be worth.
GAP = 0.01
# Of a class with so few rows that half are found, the recall is known to 25 points up and down:
# Wilson's interval for a half is 1.96 / √(n + 3.84) wide.
FEW = 12
# Of n rows of a class none is found: its recall is below 3.84 / (n + 3.84), a half from 4 on.
LOST = 4
ALPHAS = 10  # to choose among
DRAWS = 4000


def by_results(comparison: Comparison) -> Iterator[Advice]:
    """Every advice by the results, the gravest first."""
    yield from unfinished(comparison)
    if learnt_nothing := list(nothing_learnt(comparison)):
        yield from learnt_nothing
    else:
        yield from centroid_suffices(comparison)
        yield from overfits(comparison)
        yield from uncalibrated(comparison)
        yield from never_predicted(comparison)
    yield from few_rows(comparison)
    if not learnt_nothing:
        yield from choice(comparison)


def winner(comparison: Comparison) -> Result:
    return max(comparison.results, key=lambda result: result.metrics.accuracy)


def unfinished(comparison: Comparison) -> Iterator[Advice]:
    """Training that ended at the last iteration allowed, not at the minimum."""
    names = tuple(result.name for result in comparison.results if not result.is_converged)
    if names:
        more = 10 * comparison.max_iter
        command = again(comparison, max_iter=more)
        yield Advice("unfinished", {"names": names, "iterations": comparison.max_iter}, (command,))


def nothing_learnt(comparison: Comparison) -> Iterator[Advice]:
    """No loss is better than the most frequent class, beyond chance."""
    best, majority = winner(comparison), comparison.baselines[0]
    p = comparison.chance(best, majority)
    if p >= SIGNIFICANT or best.metrics.accuracy <= majority.metrics.accuracy:
        facts = {"best": best.metrics.accuracy, "majority": majority.metrics.accuracy, "p": p}
        yield Advice("nothing-learnt", facts)


def centroid_suffices(comparison: Comparison) -> Iterator[Advice]:
    """No loss is better than the nearest mean row, beyond chance."""
    best, centroid = winner(comparison), comparison.baselines[1]
    p = comparison.chance(best, centroid)
    if p >= SIGNIFICANT or best.metrics.accuracy <= centroid.metrics.accuracy:
        facts = {
            "name": best.name,
            "best": best.metrics.accuracy,
            "centroid": centroid.metrics.accuracy,
            "p": p,
        }
        yield Advice("centroid-suffices", facts)


def overfits(comparison: Comparison) -> Iterator[Advice]:
    """Accuracy on the training rows above that on the test rows, by more than GAP for certain.

    Not where alpha was chosen.

    Newcombe's interval of a difference of shares, of the Wilson intervals of both; of several
    losses with such a gap the widest is told.

    References
    ----------
    R. G. Newcombe, Interval estimation for the difference between independent proportions, 1998.
    """
    if comparison.alphas is not None:
        return
    gaps = {result.name: _least_gap(result, comparison.train_rows) for result in comparison.results}
    name = max(gaps, key=gaps.__getitem__)
    if gaps[name] > GAP:
        result = next(each for each in comparison.results if each.name == name)
        facts = {
            "name": name,
            "train": result.train_accuracy,
            "test": result.metrics.accuracy,
            "gap": gaps[name],
        }
        yield Advice(
            "overfits",
            facts,
            (again(comparison, "--alphas", str(ALPHAS)),),
        )


def _least_gap(result: Result, train_rows: int) -> float:
    """The lower end of the interval of training accuracy − test accuracy."""
    hits = round(result.train_accuracy * train_rows)
    low = binomtest(hits, train_rows).proportion_ci(method="wilson").low
    high = result.metrics.accuracy_interval[1]
    train, test = result.train_accuracy, result.metrics.accuracy
    return float(train - test - np.hypot(train - low, high - test))


def uncalibrated(comparison: Comparison) -> Iterator[Advice]:
    """Probabilities whose calibration error is more than chance makes of true ones."""
    judged = [result for result in comparison.results if result.metrics.reliability]
    errors = [
        _by_chance(result.metrics.reliability) for result in judged if result.metrics.reliability
    ]
    for result, (_, chance), p in zip(judged, errors, holm([p for p, _ in errors]), strict=True):
        bins = result.metrics.reliability
        assert bins is not None
        is_of_use = result.calibrated is None or _lower(result.calibrated, result.metrics)
        if p < SIGNIFICANT and is_of_use:
            surplus = float(np.average(bins.confidence - bins.accuracy, weights=bins.count))
            yield Advice(
                "too-sure" if surplus > 0 else "too-unsure",
                {
                    "name": result.name,
                    "error": bins.calibration_error,
                    "chance": chance,
                    "p": p,
                },
                (
                    *([again(comparison, "--calibrate")] if result.calibrated is None else []),
                    training(comparison, result.name),
                    shlex.join(["normexp", "calibrate", MODEL, "held-out.csv"]),
                ),
            )


def _lower(after: Metrics, before: Metrics) -> bool:
    """Whether a temperature that was tried has lowered the log loss."""
    return (after.log_loss or 0.0) < (before.log_loss or 0.0)


def _by_chance(bins: Reliability) -> tuple[float, float]:
    """How often true probabilities would seem as wrong, and what 95 in 100 stay below.

    The rows of a bin are drawn with its mean probability, which varies a little more than with
    each its own.

    References
    ----------
    J. Bröcker and L. A. Smith, Increasing the reliability of reliability diagrams, 2007.
    """
    rng = np.random.default_rng(0)
    hits = rng.binomial(bins.count, bins.confidence, size=(DRAWS, len(bins.count)))
    errors = np.abs(hits - bins.count * bins.confidence).sum(axis=1) / bins.count.sum()
    seldom = (1 + np.sum(errors >= bins.calibration_error)) / (1 + DRAWS)
    return float(seldom), float(np.quantile(errors, 0.95))


def few_rows(comparison: Comparison) -> Iterator[Advice]:
    """Classes with so few test rows, or none, that their scores say little."""
    counts = np.bincount(comparison.truth, minlength=len(comparison.class_names))
    few = np.flatnonzero(counts < FEW)
    if len(few):
        names = tuple(
            comparison.class_names[k] for k in few[np.argsort(counts[few], kind="stable")]
        )
        fewest = int(counts[few].min())
        facts = {"names": names, "fewest": fewest, "few": FEW}
        yield Advice("few-rows" if fewest else "untested", facts)


def never_predicted(comparison: Comparison) -> Iterator[Advice]:
    """Classes of which the best loss finds not one row, of LOST or more."""
    best = winner(comparison)
    confusion = best.metrics.confusion
    lost = (confusion.diagonal() == 0) & (confusion.sum(axis=1) >= LOST)
    names = tuple(comparison.class_names[k] for k in np.flatnonzero(lost))
    if names:
        rows = int(confusion.sum(axis=1)[lost].sum())
        yield Advice("never-predicted", {"name": best.name, "names": names, "rows": rows})


def choice(comparison: Comparison) -> Iterator[Advice]:
    """Which loss to train with: one that no other beats, with probabilities where that is free."""
    best = winner(comparison)
    others = [result for result in comparison.results if result is not best]
    p_values = holm([comparison.chance(best, result) for result in others])
    level = [r for r, p in zip(others, p_values, strict=True) if p >= SIGNIFICANT]
    chosen = next((r for r in (best, *level) if r.metrics.log_loss is not None), best)
    facts = {
        "name": chosen.name,
        "share": chosen.metrics.accuracy,
        "low": chosen.metrics.accuracy_interval[0],
        "high": chosen.metrics.accuracy_interval[1],
    }
    kind = "choose" if chosen is best else "choose-probabilities"
    yield Advice(kind, facts | {"best": best.name}, (training(comparison, chosen.name),))
