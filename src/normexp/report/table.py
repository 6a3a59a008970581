"""The measures in the table of results: their numbers, and which number is best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from .._sentences import sentences
from .._text import filled
from .metrics import BINS, Metrics
from .result import Result
from .words import ROOM

NONE = "–"
OCCASIONAL = {"parts", "alpha"}  # rows of the table that are there where they say something


class Cell(NamedTuple):
    """One number as it is printed."""

    text: str
    is_best: bool


@dataclass(frozen=True)
class Measure:
    """What is measured, and how its number is read from a result and written."""

    name: str
    value: Callable[[Any], Any]
    form: Callable[[Any], str]
    best: Callable[[Sequence[Any]], Any] | None = None

    def heading(self, language: str = "en") -> str:
        heading: str = sentences(ROOM, language)["heading"][self.name]
        return heading

    def meaning(self, language: str = "en", is_of_parts: bool = False) -> str:
        meanings = sentences(ROOM, language)["meaning"]
        name = f"{self.name}-parts" if is_of_parts else self.name
        return filled(meanings.get(name, meanings[self.name]), bins=BINS)

    def cells(self, items: Sequence[Metrics] | Sequence[Result]) -> list[Cell]:
        """A cell for each item; the best is marked where there is one and items differ."""
        values = [self.value(item) for item in items]
        known = [value for value in values if value is not None]
        best = self.best(known) if self.best and len(set(known)) > 1 else None
        return [
            Cell(NONE if value is None else self.form(value), value is not None and value == best)
            for value in values
        ]


def percent(share: float) -> str:
    """
    >>> percent(0.96944)
    '96.9%'
    """
    return f"{share:.1%}"


def _ends(shares: Sequence[float]) -> str:
    """From the lowest to the highest, in percent.

    >>> _ends([0.5, 0.25])
    '25.0–50.0'
    """
    return f"{100 * min(shares):.1f}–{100 * max(shares):.1f}"


METRICS = (
    Measure("accuracy", lambda metrics: metrics.accuracy, percent, max),
    Measure(
        "interval",
        lambda metrics: metrics.accuracy_interval,
        _ends,
    ),
    Measure(
        "parts", lambda metrics: None if metrics.parts is None else tuple(metrics.parts), _ends
    ),
    Measure("macro-f1", lambda metrics: metrics.macro_f1, "{:.3f}".format, max),
    Measure("log-loss", lambda metrics: metrics.log_loss, "{:.3g}".format, min),
    Measure("brier", lambda metrics: metrics.brier, "{:.3g}".format, min),
    Measure("calibration-error", lambda metrics: metrics.calibration_error, percent, min),
)

TRAINING = (
    Measure("alpha", lambda result: result.alpha if result.sweep else None, "{:.3g}".format),
    Measure("objective", lambda result: result.objective, "{:.4g}".format),
    Measure(
        "iterations",
        lambda result: (result.iterations, result.is_converged),
        lambda pair: f"{pair[0]}{'' if pair[1] else '*'}",
    ),
    Measure("seconds", lambda result: result.seconds, "{:.3f}".format),
)


def rows(
    metrics: Sequence[Metrics], results: Sequence[Result] = ()
) -> list[tuple[Measure, list[Cell]]]:
    """Each measure with a cell for each item: of metrics alone, or of training as well.

    There may be metrics of more items than were trained: theirs come last.
    """
    untrained = [Cell(NONE, False)] * (len(metrics) - len(results))
    found = [(measure, measure.cells(metrics)) for measure in METRICS] + [
        (measure, measure.cells(results) + untrained) for measure in TRAINING if results
    ]
    return [
        (measure, cells)
        for measure, cells in found
        if measure.name not in OCCASIONAL or any(cell.text != NONE for cell in cells)
    ]
