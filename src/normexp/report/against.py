"""A comparison beside an earlier one: what has changed, and whether chance explains it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.stats import fisher_exact

from .change import Against, Change
from .compared import Comparison
from .result import Result
from .significance import by_signs, corrected, holm, mcnemar

PLAN = ("test_size", "folds", "seed", "seeds")


class EarlierMetrics(msgspec.Struct):
    """What is read of the metrics of a loss."""

    accuracy: float
    log_loss: float | str | None
    parts: list[float] | None = None
    log_loss_parts: list[float | str] | None = None


class EarlierResult(msgspec.Struct):
    """What is read of a loss."""

    name: str
    predicted: list[int]
    surprise: list[float | str] | None
    metrics: EarlierMetrics


class Earlier(msgspec.Struct):
    """What is read of an earlier comparison."""

    data: str
    test_size: float | None
    folds: int | None
    seed: int
    seeds: int
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
    about decide: McNemar's exact test. The log losses of the same rows are parted by signs drawn
    at random for their differences. Where the plan is the same too, by folds or share and seeds,
    the parts are: the corrected resampled t test decides with them, by the larger p, and the
    numbers are means over the seeds. Elsewhere they are those of the first seed, as the tests are.
    Of other rows both are taken for samples of their own: Fisher's exact test, which sees less.
    P-values are adjusted for the number of losses (Holm).
    """
    is_paired = _truth(comparison) == _truth(earlier)
    is_same_plan = is_paired and all(
        getattr(comparison, name) == getattr(earlier, name) for name in PLAN
    )
    truth = np.array(earlier.truth)
    before = {result.name: Run.read(result, truth, is_same_plan) for result in earlier.results}
    both = [
        (before[result.name], Run.of(result, is_same_plan))
        for result in comparison.results
        if result.name in before
    ]
    ratio = comparison.test_to_train
    p_values = holm(
        [_of_accuracy(old, new, ratio) if is_paired else _apart(old, new) for old, new in both]
    )
    of_log_loss = adjusted(
        [_of_log_loss(old, new, ratio) if is_paired else None for old, new in both]
    )
    names = [result.name for result in comparison.results]
    return Against(
        data=earlier.data,
        is_paired=is_paired,
        is_same_plan=is_same_plan,
        changes=tuple(
            Change(
                name=new.name,
                accuracy_before=old.accuracy,
                accuracy=new.accuracy,
                p=p,
                log_loss_before=old.log_loss,
                log_loss=new.log_loss,
                log_loss_p=log_loss_p,
            )
            for (old, new), p, log_loss_p in zip(both, p_values, of_log_loss, strict=True)
        ),
        new=tuple(name for name in names if name not in before),
        gone=tuple(name for name in before if name not in names),
        other_classes=tuple(sorted({*comparison.class_names} ^ {*earlier.class_names})),
    )


class Run(NamedTuple):
    """What one run has of a loss: by its rows for the first seed, and where it counts its parts."""

    name: str
    is_right: NDArray[np.bool_]
    surprise: NDArray[np.floating[Any]] | None
    accuracy: float
    log_loss: float | None
    parts: NDArray[np.float64] | None
    log_loss_parts: NDArray[np.float64] | None

    @classmethod
    def of(cls, result: Result, is_of_parts: bool) -> Run:
        metrics = result.metrics
        numbers = metrics.accuracy, metrics.log_loss, metrics.parts, metrics.log_loss_parts
        of_parts = numbers if is_of_parts else None
        return cls._made(result.name, result.is_right, result.surprise, of_parts)

    @classmethod
    def read(cls, old: EarlierResult, truth: NDArray[Any], is_of_parts: bool) -> Run:
        metrics = old.metrics
        log_loss = None if metrics.log_loss is None else float(metrics.log_loss)
        parts = _numbers(metrics.parts), _numbers(metrics.log_loss_parts)
        of_parts = (metrics.accuracy, log_loss, *parts) if is_of_parts else None
        is_right = np.array(old.predicted) == truth
        return cls._made(old.name, is_right, _numbers(old.surprise), of_parts)

    @classmethod
    def _made(
        cls,
        name: str,
        is_right: NDArray[np.bool_],
        surprise: NDArray[np.floating[Any]] | None,
        of_parts: tuple[Any, ...] | None,
    ) -> Run:
        """With the numbers of all parts, or else with those of the rows of the first seed."""
        if of_parts is None:
            log_loss = None if surprise is None else float(surprise.mean())
            of_parts = float(is_right.mean()), log_loss, None, None
        return cls(name, is_right, surprise, *of_parts)


def _truth(comparison: Comparison | Earlier) -> list[tuple[int, str]]:
    """The test rows with the names of their classes."""
    names = [comparison.class_names[k] for k in comparison.truth]
    return list(zip(map(int, comparison.rows), names, strict=True))


def _of_accuracy(old: Run, new: Run, test_to_train: float) -> float:
    """p of rows, and of parts if both have them."""
    p = mcnemar(old.is_right, new.is_right)
    if old.parts is None or new.parts is None:
        return p
    return max(p, corrected(new.parts - old.parts, test_to_train).p)


def _apart(old: Run, new: Run) -> float:
    hits = int(old.is_right.sum()), int(new.is_right.sum())
    wrong = len(old.is_right) - hits[0], len(new.is_right) - hits[1]
    return float(fisher_exact([hits, wrong]).pvalue)


def _of_log_loss(old: Run, new: Run, test_to_train: float) -> float | None:
    """p of rows, and of parts if both have them; None without probabilities or where one is 0."""
    if old.surprise is None or new.surprise is None:
        return None
    if not (np.isfinite(old.surprise).all() and np.isfinite(new.surprise).all()):
        return None
    p = by_signs(new.surprise - old.surprise)
    if old.log_loss_parts is None or new.log_loss_parts is None:
        return p
    differences = new.log_loss_parts - old.log_loss_parts
    if p is None or not np.isfinite(differences).all():
        return None
    return max(p, corrected(differences, test_to_train).p)


def adjusted(p_values: Sequence[float | None]) -> list[float | None]:
    """Those that there are, for their number.

    >>> adjusted([0.01, None, 0.5])
    [0.02, None, 0.5]
    """
    found = iter(holm([p for p in p_values if p is not None]))
    return [None if p is None else next(found) for p in p_values]


def _numbers(values: Sequence[float | str] | None) -> NDArray[np.float64] | None:
    """As JSON holds them, in which infinity is text."""
    return None if values is None else np.array(values, dtype=np.float64)
