"""A comparison beside an earlier one: what has changed, and whether chance explains it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.stats import fisher_exact

from .change import Against, Change
from .compared import Comparison
from .result import Result
from .significance import by_signs, corrected, holm, mcnemar


class EarlierMetrics(msgspec.Struct):
    """What is read of the metrics of a loss."""

    accuracy: float
    log_loss: float | str | None
    parts: list[float] | None = None


class EarlierResult(msgspec.Struct):
    """What is read of a loss."""

    name: str
    predicted: list[int]
    surprise: list[float | str] | None
    metrics: EarlierMetrics


class Earlier(msgspec.Struct):
    """What is read of an earlier comparison."""

    data: str
    class_names: list[str]
    rows: list[int]
    truth: list[int]
    results: list[EarlierResult]

    def __post_init__(self) -> None:
        for each in (self.truth, *(result.predicted for result in self.results)):
            if len(each) != len(self.rows):
                raise ValueError(f"expected {len(self.rows)} class ids, got {len(each)}")
            if not all(0 <= k < len(self.class_names) for k in each):
                raise ValueError(f"expected class ids below {len(self.class_names)}")


def read_earlier(path: Path) -> Earlier:
    """Read the numbers that `normexp compare` writes beside a report.

    Raises
    ------
    ValueError
        If these are none.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Earlier)
    except msgspec.DecodeError as error:
        raise ValueError(
            f"{path}: expected the numbers of a report of this version, as `normexp compare` "
            f"writes them beside it: {error}"
        ) from None


def against(comparison: Comparison, earlier: Earlier) -> Against:
    """Set a comparison beside an earlier one.

    Where the test rows are the same, by position and class, rows that only one of both is right
    about decide: McNemar's exact test; where they were tested in as many parts, the corrected
    resampled t test too, and the larger p. Elsewhere both are taken for samples of their own:
    Fisher's exact test, which sees less. The log losses of the same rows are parted by signs drawn
    at random for their differences. P-values are adjusted for the number of losses (Holm).
    """
    is_paired = _truth(comparison) == _truth(earlier)
    before = {result.name: result for result in earlier.results}
    both = [(before[r.name], r) for r in comparison.results if r.name in before]
    old_truth = np.array(earlier.truth)
    p_values = holm(
        [
            _paired(comparison, np.array(old.predicted) == old_truth, old.metrics, new)
            if is_paired
            else _apart(old_truth, np.array(old.predicted), new)
            for old, new in both
        ]
    )
    changes = [
        Change(
            name=new.name,
            accuracy_before=old.metrics.accuracy,
            accuracy=new.metrics.accuracy,
            p=p,
            log_loss_before=_number(old.metrics.log_loss),
            log_loss=new.metrics.log_loss,
            log_loss_p=_by_signs(old.surprise, new.surprise) if is_paired else None,
        )
        for (old, new), p in zip(both, p_values, strict=True)
    ]
    names = [result.name for result in comparison.results]
    return Against(
        data=earlier.data,
        is_paired=is_paired,
        changes=tuple(changes),
        new=tuple(name for name in names if name not in before),
        gone=tuple(name for name in before if name not in names),
    )


def _truth(comparison: Comparison | Earlier) -> list[tuple[int, str]]:
    """The test rows with the names of their classes."""
    names = [comparison.class_names[k] for k in comparison.truth]
    return list(zip(map(int, comparison.rows), names, strict=True))


def _paired(
    comparison: Comparison, was_right: NDArray[np.bool_], old: EarlierMetrics, new: Result
) -> float:
    p = mcnemar(was_right, new.is_right)
    parts = new.metrics.parts
    if parts is None or old.parts is None or len(old.parts) != len(parts):
        return p
    return max(p, corrected(parts - np.array(old.parts), comparison.test_to_train).p)


def _apart(truth: NDArray[Any], predicted: NDArray[Any], new: Result) -> float:
    hits = int(np.sum(predicted == truth)), int(new.is_right.sum())
    wrong = len(truth) - hits[0], len(new.is_right) - hits[1]
    return float(fisher_exact([hits, wrong]).pvalue)


def _by_signs(
    before: list[float | str] | None, after: NDArray[np.floating[Any]] | None
) -> float | None:
    if before is None or after is None:
        return None
    return by_signs(after - np.array(before, dtype=np.float64))


def _number(value: float | str | None) -> float | None:
    return None if value is None else float(value)
