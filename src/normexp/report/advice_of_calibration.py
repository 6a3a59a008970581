"""Advice on probabilities that cannot be believed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from .advice import Advice
from .commands import again
from .compared import Comparison
from .metrics import Metrics, Reliability
from .significance import SIGNIFICANT, holm

DRAWS = 4000


def uncalibrated(comparison: Comparison) -> Iterator[Advice]:
    """Probabilities whose calibration error is more than chance makes of true ones."""
    judged = [result for result in comparison.results if result.metrics.reliability]
    found = [_misjudged(result.metrics) for result in judged]
    p_values = holm([each.p for each in found])
    for result, (error, surplus, chance, _), p in zip(judged, found, p_values, strict=True):
        is_of_use = result.calibrated is None or _lower(result.calibrated, result.metrics)
        if p < SIGNIFICANT and is_of_use:
            yield Advice(
                "too-sure" if surplus > 0 else "too-unsure",
                {"name": result.name, "error": error, "chance": chance, "p": p},
                () if comparison.calibrate else (again(comparison, "--calibrate"),),
            )


class Misjudged(NamedTuple):
    """How far probabilities are off, and above the truth; what chance may do, and its p."""

    error: float
    surplus: float
    chance: float
    p: float


def _misjudged(metrics: Metrics) -> Misjudged:
    """Of several seeds the means, and twice the median of the p-values.

    References
    ----------
    N. Meinshausen, L. Meier and P. Bühlmann, p-values for high-dimensional regression, 2009: what
    is below 1 in 20 so is that seldom, however the seeds depend on each other.
    """
    assert metrics.reliability is not None
    seeds = (metrics.reliability, *metrics.other_reliabilities)
    found = [
        (
            bins.calibration_error,
            np.average(bins.confidence - bins.accuracy, weights=bins.count),
            *_by_chance(bins),
        )
        for bins in seeds
    ]
    error, surplus, chance, _ = np.mean(found, axis=0).tolist()
    p_values = [p for *_, p in found]
    p = p_values[0] if len(seeds) == 1 else min(2 * float(np.median(p_values)), 1.0)
    return Misjudged(error, surplus, chance, p)


def _lower(after: Metrics, before: Metrics) -> bool:
    """Whether a temperature that was tried has lowered the log loss."""
    return (after.log_loss or 0.0) < (before.log_loss or 0.0)


def _by_chance(bins: Reliability) -> tuple[float, float]:
    """What 95 in 100 errors of true probabilities stay below, and how often they are as large.

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
    return float(np.quantile(errors, 0.95)), float(seldom)
