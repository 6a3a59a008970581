"""What a comparison shows, in words: each of them computed from its numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from .._text import with_minus
from .comparison import Comparison, Result
from .table import percent

SIGNIFICANT = 0.05


def mcnemar(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    """How likely chance alone parts two classifiers so far: McNemar's exact test, two-sided.

    Of the rows that only one of them gets right, each is as likely to have either in the right.

    Parameters
    ----------
    first, second : arrays of bool, shape (n,)
        Whether each classifier is right about each row.

    References
    ----------
    Q. McNemar, Note on the sampling error of the difference between correlated proportions, 1947.

    Examples
    --------
    >>> mcnemar(np.array([True] * 5 + [False]), np.array([False] * 5 + [True]))
    0.21875
    """
    only_first, only_second = int(np.sum(first & ~second)), int(np.sum(second & ~first))
    disagreements = only_first + only_second
    return float(binomtest(only_first, disagreements).pvalue) if disagreements else 1.0


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values for their number: at level a, the chance of any false alarm is a at most.

    The smallest of n is multiplied by n, the next by n − 1, and so on; none falls below the one
    before it.

    References
    ----------
    S. Holm, A simple sequentially rejective multiple test procedure, 1979.

    Examples
    --------
    >>> holm([0.03, 0.01, 0.5])
    [0.06, 0.03, 0.5]
    """
    order = np.argsort(p_values)
    factors = np.arange(len(order), 0, -1)
    adjusted = np.empty(len(order))
    adjusted[order] = np.maximum.accumulate(np.minimum(1.0, factors * np.sort(p_values)))
    return adjusted.tolist()


def summary(comparison: Comparison) -> list[str]:
    """Sentences: who wins, by how much, and whether the test set can tell.

    The p-values are adjusted for the number of losses that the winner is compared with.
    """
    ranked = sorted(comparison.results, key=lambda result: -result.metrics.accuracy)
    winner, *others = ranked
    level = [result for result in others if result.metrics.accuracy == winner.metrics.accuracy]
    behind = others[len(level) :]
    sentences = [_lead(comparison, [winner, *level])]
    sentences += _differences(winner, behind, whose=f"{winner.name}’s" if level else "Its")
    sentences += _confusions(comparison, winner)
    sentences += _calibration(ranked)
    return sentences


def _lead(comparison: Comparison, winners: Sequence[Result]) -> str:
    predict = "predicts" if len(winners) == 1 else "predict"
    losses = len(comparison.results)
    most = f", the most of the {losses} losses" if len(winners) < losses else ""
    share = percent(winners[0].metrics.accuracy)
    return (
        f"{joined([result.name for result in winners])} {predict} {share} of the "
        f"{comparison.test_rows:,} test rows correctly{most}."
    )


def _differences(winner: Result, behind: Sequence[Result], whose: str) -> list[str]:
    """Which losses the test set can tell from the winner, and which it cannot."""
    p_values = holm([mcnemar(winner.is_right, result.is_right) for result in behind])
    tested = list(zip(behind, p_values, strict=True))
    apart = [_difference(winner, *pair) for pair in tested if pair[1] < SIGNIFICANT]
    close = [_difference(winner, *pair) for pair in tested if pair[1] >= SIGNIFICANT]
    sentences = []
    if close:
        sentences.append(
            f"{whose} lead over {joined(close)} is within the sampling error of a test set of this "
            "size."
        )
    if apart:
        sentences.append(f"{whose} lead over {joined(apart)} is more than chance explains.")
    return sentences


def _difference(winner: Result, other: Result, p_value: float) -> str:
    points = 100 * (winner.metrics.accuracy - other.metrics.accuracy)
    return f"{other.name} ({points:.1f} points, p = {with_minus(f'{p_value:.2g}')})"


def _confusions(comparison: Comparison, winner: Result) -> list[str]:
    """The mistake that the winner makes most often, if it makes one twice."""
    confused = winner.metrics.confusion.copy()
    np.fill_diagonal(confused, 0)
    truth, taken = np.unravel_index(confused.argmax(), confused.shape)
    times = confused[truth, taken]
    if times < 2:
        return []
    names = comparison.class_names
    return [
        f"{winner.name}’s most frequent mistake is to take {names[truth]} for {names[taken]} "
        f"({times} of {winner.metrics.confusion[truth].sum()} rows)."
    ]


def _calibration(results: Sequence[Result]) -> list[str]:
    """How far the best probabilities can be believed."""
    judged = [result for result in results if result.metrics.log_loss is not None]
    if not judged:
        return []
    best = min(judged, key=lambda result: result.metrics.log_loss or 0.0)
    assert best.metrics.calibration_error is not None
    return [
        f"The probabilities of {best.name} are {percent(best.metrics.calibration_error)} off on "
        "average (calibration error)."
    ]


def unfinished(results: Sequence[Result]) -> list[str]:
    """Which numbers are not those of the minimum."""
    names = [result.name for result in results if not result.is_converged]
    if not names:
        return []
    return [
        f"The training of {joined(names)} ended before its minimum was certain to the tolerance."
    ]


def joined(words: Sequence[str]) -> str:
    """
    >>> joined(["a"]), joined(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
