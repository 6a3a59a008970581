"""Advice that rests on what is reached without learning weights: one rule a function."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from .advice import Advice
from .baselines import Baseline
from .compared import Comparison
from .result import Result
from .significance import SIGNIFICANT, by_signs, corrected, holm


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
    best = comparison.winner
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
        yield Advice("nothing-learnt", _beside(majority, level))


def only_probabilities(comparison: Comparison) -> Iterator[Advice]:
    """Probabilities are better than the shares of the classes, labels than none beyond chance."""
    majority = comparison.baselines[0]
    level = _level(comparison, majority)
    if level is not None and (beyond := _beyond_shares(comparison)) is not None:
        of_log_loss = {
            "name": beyond.name,
            "log_loss": beyond.log_loss,
            "base": beyond.base,
            "p_log_loss": beyond.p,
        }
        yield Advice("only-probabilities", _beside(majority, level) | of_log_loss)


def _beside(majority: Baseline, level: Level) -> dict[str, Any]:
    accuracies = {"best": level.best.metrics.accuracy, "majority": majority.metrics.accuracy}
    return accuracies | {"p": level.p}


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
