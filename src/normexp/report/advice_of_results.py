"""Advice that rests on what the losses reached: one rule a function."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.stats import binomtest

from .advice import Advice
from .advice_beside_baselines import centroid_suffices, nothing_learnt, only_probabilities
from .advice_of_calibration import uncalibrated
from .commands import again, training
from .compared import Comparison
from .result import Result
from .significance import SIGNIFICANT, corrected, holm

# A gap below a point of accuracy is nothing that a stronger penalty would be worth.
GAP = 0.01
# Of a class with so few rows that half are found, the recall is known to 25 points up and down:
# Wilson's interval for a half is 1.96 / √(n + 3.84) wide.
FEW = 12
# Of n rows of a class none is found: its recall is below 3.84 / (n + 3.84), a half from 4 on.
LOST = 4
ALPHAS = 10  # to choose among


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


def unfinished(comparison: Comparison) -> Iterator[Advice]:
    """Training that ended at the last iteration allowed, not at the minimum."""
    names = tuple(result.name for result in comparison.results if not result.is_converged)
    if names:
        more = 10 * comparison.max_iter
        command = again(comparison, max_iter=more)
        yield Advice("unfinished", {"names": names, "iterations": comparison.max_iter}, (command,))


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
    best = comparison.winner
    confusion = best.metrics.confusion
    lost = (best.metrics.hits == 0) & (confusion.sum(axis=1) >= LOST)
    names = tuple(comparison.class_names[k] for k in np.flatnonzero(lost))
    if names:
        rows = int(confusion.sum(axis=1)[lost].sum())
        yield Advice("never-predicted", {"name": best.name, "names": names, "rows": rows})


def choice(comparison: Comparison) -> Iterator[Advice]:
    """Which loss to train with: one that no other beats, with probabilities where that is free."""
    best = comparison.winner
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
