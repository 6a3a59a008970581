"""How good predictions of several parts of the rows are, together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from ..losses import CrossEntropy
from .metrics import Metrics, measure
from .significance import corrected
from .split import Indices, Split


class Tested(NamedTuple):
    """The test rows of a split, for which of the seeds, and after how many rows of training."""

    seed: int
    rows: Indices
    truth: Indices
    train_rows: int

    @classmethod
    def of(cls, seed: int, part: Split) -> Tested:
        return cls(seed, part.test_rows, part.test_target, len(part.train_target))


class Judgement(NamedTuple):
    """Predictions of the first seed, in the order of the rows, and the metrics of all seeds."""

    predicted: Indices
    is_right: NDArray[np.bool_]
    metrics: Metrics


def together(
    tested: Sequence[Tested], values: Sequence[NDArray[Any]], seed: int = 0
) -> NDArray[Any]:
    """What was found for the test rows of each part of a seed, in the order of the rows."""
    parts = [i for i, part in enumerate(tested) if part.seed == seed]
    order = np.argsort(np.concatenate([tested[i].rows for i in parts]), kind="stable")
    found: NDArray[Any] = np.concatenate([values[i] for i in parts])[order]
    return found


def judge(
    tested: Sequence[Tested],
    predicted: Sequence[Indices],
    classes: int,
    log_proba: Sequence[NDArray[np.floating[Any]] | None],
) -> Judgement:
    """Judge predictions.

    The numbers are the means over the seeds; the confusion and the reliability those of the first,
    beside which the reliabilities of the others stand, and their hits.
    """
    truths = [part.truth for part in tested]
    known = [each for each in log_proba if each is not None]
    of_seeds = [
        measure(
            together(tested, truths, seed),
            together(tested, predicted, seed),
            classes,
            together(tested, known, seed) if known else None,
        )
        for seed in range(tested[-1].seed + 1)
    ]
    first = of_seeds[0]
    if len(tested) > 1:
        first = replace(
            _mean(of_seeds), log_loss_parts=_log_losses(truths, known), **_spread(tested, predicted)
        )
    own = together(tested, predicted)
    return Judgement(own, own == together(tested, truths), first)


def _mean(of_seeds: Sequence[Metrics]) -> Metrics:
    names = ("accuracy", "macro_f1", "log_loss", "brier", "calibration_error")
    of_name = {name: [getattr(each, name) for each in of_seeds] for name in names}
    means: dict[str, Any] = {
        name: float(np.mean(v)) for name, v in of_name.items() if v[0] is not None
    }
    first, *others = of_seeds
    if others:
        means["other_reliabilities"] = tuple(e.reliability for e in others if e.reliability)
        means["other_hits"] = np.sum([each.hits for each in others], axis=0)
    return replace(first, **means)


def _spread(tested: Sequence[Tested], predicted: Sequence[Indices]) -> dict[str, Any]:
    """The accuracy of each part, and the interval that these and the number of rows allow.

    It is the wider one of the corrected resampled t interval and of Wilson's for all rows that
    were tested: parts that happen to be alike say nothing of rows that are not there.
    """
    parts = np.array([np.mean(p == part.truth) for p, part in zip(predicted, tested, strict=True)])
    centre = float(np.average(parts, weights=[len(part.rows) for part in tested]))
    rows = len(np.unique(np.concatenate([part.rows for part in tested])))
    wilson = binomtest(round(centre * rows), rows).proportion_ci(method="wilson")
    margin = corrected(parts, test_to_train(tested)).margin
    low, high = min(centre - margin, wilson.low), max(centre + margin, wilson.high)
    return {"parts": parts, "accuracy_interval": (max(float(low), 0.0), min(float(high), 1.0))}


def _log_losses(
    truths: Sequence[Indices], log_proba: Sequence[NDArray[np.floating[Any]]]
) -> NDArray[np.float64] | None:
    """The log loss of each part."""
    if not log_proba:
        return None
    found = zip(log_proba, truths, strict=True)
    return np.array([float(CrossEntropy()(each, truth)) for each, truth in found])


def test_to_train(tested: Sequence[Tested]) -> float:
    """Test rows of a part for each row that it was trained on."""
    return float(np.mean([len(part.rows) / part.train_rows for part in tested]))
