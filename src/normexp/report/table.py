"""The measures in the table of results: their words, their numbers, and which number is best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from .comparison import Result
from .metrics import BINS, Metrics

NONE = "–"
NO_PROBABILITIES = (
    f"{NONE}: the logits of this loss mean no probabilities, so that there are none to judge."
)


class Cell(NamedTuple):
    """One number as it is printed."""

    text: str
    is_best: bool


@dataclass(frozen=True)
class Measure:
    """A heading, what it means, and how its number is read from a result and written."""

    heading: str
    meaning: str
    value: Callable[[Any], Any]
    form: Callable[[Any], str]
    best: Callable[[Sequence[Any]], Any] | None = None

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


METRICS = (
    Measure(
        "accuracy",
        "the share of the test rows whose class is predicted",
        lambda metrics: metrics.accuracy,
        percent,
        max,
    ),
    Measure(
        "95% interval",
        "where the accuracy on all such rows lies, for all that a test set of this size can tell "
        "(Wilson’s interval)",
        lambda metrics: metrics.accuracy_interval,
        lambda interval: "{:.1f}–{:.1f}".format(*(100 * end for end in interval)),
    ),
    Measure(
        "macro F1",
        "F1, the harmonic mean of precision and recall, averaged over the classes",
        lambda metrics: metrics.macro_f1,
        "{:.3f}".format,
        max,
    ),
    Measure(
        "log loss",
        "the mean of −log p of the true class, in nats",
        lambda metrics: metrics.log_loss,
        "{:.3g}".format,
        min,
    ),
    Measure(
        "Brier score",
        "the mean of Σₖ (pₖ − tₖ)², where t is 1 for the true class and 0 for the others; from 0, "
        "the best, to 2",
        lambda metrics: metrics.brier,
        "{:.3g}".format,
        min,
    ),
    Measure(
        "calibration error",
        f"rows sorted by the probability of their predicted class into {BINS} bins of equal width: "
        "the mean over the rows of |accuracy − mean probability| of their bin",
        lambda metrics: metrics.calibration_error,
        percent,
        min,
    ),
)

TRAINING = (
    Measure(
        "objective",
        "what training minimises, the mean loss of the training rows + α/2 · ‖W‖²; each loss has "
        "its own scale, so compare none with another",
        lambda result: result.objective,
        "{:.4g}".format,
    ),
    Measure(
        "iterations",
        "of the solver; * where training ended before the minimum was certain to its tolerance",
        lambda result: (result.iterations, result.is_converged),
        lambda pair: f"{pair[0]}{'' if pair[1] else '*'}",
    ),
    Measure(
        "seconds",
        "of training alone, on the machine named in this report",
        lambda result: result.seconds,
        "{:.2f}".format,
    ),
)


def rows(
    metrics: Sequence[Metrics], results: Sequence[Result] = ()
) -> list[tuple[Measure, list[Cell]]]:
    """Each measure with a cell for each item: of metrics alone, or of training as well."""
    return [(measure, measure.cells(metrics)) for measure in METRICS] + [
        (measure, measure.cells(results)) for measure in TRAINING if results
    ]
