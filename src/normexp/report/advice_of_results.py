"""Advice that rests on what the losses reached: one rule a function."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import binomtest

from .advice import Advice
from .baselines import Baseline
from .commands import again, training
from .compared import Comparison
from .metrics import Metrics, Reliability
from .result import Result
from .significance import SIGNIFICANT, by_signs, corrected, holm

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
    learnt_nothing = list(nothing_learnt(comparison))
    yield from learnt_nothing
    yield from never_predicted(comparison)
    if not learnt_nothing:
        yield from only_probabilities(comparison)
        yield from centroid_suffices(comparison)
        yield from overfits(comparison)
        yield from uncalibrated(comparison)
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


class Level(NamedTuple):
    """How the best loss stands beside a baseline that none is better than beyond chance."""

    best: Result
    p: float


def _level(comparison: Comparison, baseline: Baseline) -> Level | None:
    """The best loss, unless one is better than the baseline beyond chance.

    The p-values are adjusted for the number of losses.
    """
    results = comparison.results
    p_values = holm([comparison.chance(result, baseline) for result in results])
    for result, p in zip(results, p_values, strict=True):
        if p < SIGNIFICANT and result.metrics.accuracy > baseline.metrics.accuracy:
            return None
    best = winner(comparison)
    return Level(best, p_values[results.index(best)])


class Beyond(NamedTuple):
    """The loss of the least log loss of those that beat the shares of the classes by it."""

    name: str
    log_loss: float
    base: float
    p: float


def _beyond_shares(comparison: Comparison) -> Beyond | None:
    """Whether probabilities are better than the shares of the classes, row by row."""
    base = comparison.baselines[0].surprise
    if base is None:
        return None
    told = [
        (result.name, result.surprise, p)
        for result in comparison.results
        if result.surprise is not None
        if (p := _by_log_loss(comparison, result)) is not None
    ]
    found = [
        Beyond(name, float(surprise.mean()), float(np.mean(base)), p)
        for (name, surprise, _), p in zip(told, holm([p for *_, p in told]), strict=True)
    ]
    better = [each for each in found if each.p < SIGNIFICANT and each.log_loss < each.base]
    return min(better, key=lambda each: each.log_loss, default=None)


def _by_log_loss(comparison: Comparison, result: Result) -> float | None:
    """p of its log loss beside that of the shares: of rows, and of several parts the larger p."""
    base = comparison.baselines[0]
    if base.surprise is None or result.surprise is None:
        return None
    p = by_signs(base.surprise - result.surprise)
    parts = result.metrics.log_loss_parts
    if p is None or parts is None or base.log_loss_parts is None:
        return p
    return max(p, corrected(base.log_loss_parts - parts, comparison.test_to_train).p)


def nothing_learnt(comparison: Comparison) -> Iterator[Advice]:
    """Neither labels nor probabilities are better than those of the most frequent class."""
    majority = comparison.baselines[0]
    level = _level(comparison, majority)
    if level is not None and _beyond_shares(comparison) is None:
        facts = {"best": level.best.metrics.accuracy, "majority": majority.metrics.accuracy}
        yield Advice("nothing-learnt", facts | {"p": level.p})


def only_probabilities(comparison: Comparison) -> Iterator[Advice]:
    """Probabilities are better than the shares of the classes, labels than none beyond chance."""
    majority = comparison.baselines[0]
    level = _level(comparison, majority)
    if level is not None and (beyond := _beyond_shares(comparison)) is not None:
        facts = {"best": level.best.metrics.accuracy, "majority": majority.metrics.accuracy}
        yield Advice(
            "only-probabilities",
            facts
            | {"p": level.p}
            | {
                "name": beyond.name,
                "log_loss": beyond.log_loss,
                "base": beyond.base,
                "p_log_loss": beyond.p,
            },
        )


def centroid_suffices(comparison: Comparison) -> Iterator[Advice]:
    """No loss is better than the nearest mean row, beyond chance."""
    centroid = comparison.baselines[1]
    if (level := _level(comparison, centroid)) is not None:
        facts = {
            "name": level.best.name,
            "best": level.best.metrics.accuracy,
            "centroid": centroid.metrics.accuracy,
            "p": level.p,
        }
        yield Advice("centroid-suffices", facts)


def overfits(comparison: Comparison) -> Iterator[Advice]:
    """Accuracy on the training rows above that on the test rows, by more than GAP for certain.

    Not where alpha was chosen.

    Newcombe's interval of a difference of shares, of the Wilson intervals of both; of several
    losses with such a gap the widest is told, at a level divided by their number.

    References
    ----------
    R. G. Newcombe, Interval estimation for the difference between independent proportions, 1998.
    """
    if comparison.alphas is not None:
        return
    gaps = {result.name: _least_gap(comparison, result) for result in comparison.results}
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


def _least_gap(comparison: Comparison, result: Result) -> float:
    """The lower end of the interval of training accuracy − test accuracy."""
    level = 1 - SIGNIFICANT / len(comparison.results)
    train, test = result.train_accuracy, result.metrics.accuracy
    high = _share(test, comparison.test_rows, level).high
    if result.metrics.parts is not None:
        margin = corrected(result.metrics.parts, comparison.test_to_train, level).margin
        high = max(high, min(test + margin, 1.0))
    low = _share(train, comparison.train_rows, level).low
    return float(train - test - np.hypot(train - low, high - test))


def _share(share: float, rows: int, level: float) -> Any:
    """Wilson's interval of a share."""
    return binomtest(round(share * rows), rows).proportion_ci(level, method="wilson")


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
                () if comparison.calibrate else (again(comparison, "--calibrate"),),
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
