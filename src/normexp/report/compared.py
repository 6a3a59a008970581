"""Losses compared on the same rows: all that is found, as data."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from ..data.notes import said
from .advice import Advice, told
from .baselines import Baseline
from .change import Against
from .copies import Copies
from .metrics import Metrics
from .plan import ENOUGH, FOLDS, SHARE
from .result import Result
from .significance import corrected, mcnemar
from .split import Indices
from .weights import ClassWeights


@dataclass(frozen=True, eq=False)
class Comparison:
    """The results of some losses on one split, and what it takes to repeat them.

    Attributes
    ----------
    data : str
    source : tuple of str
        The words by which the command line reads it.
    class_names : tuple of str
    features : int
        After encoding.
    image_shape : tuple or None
    train_rows, test_rows : int
        Of the first training, and of all parts.
    test_size, folds : float or None, int or None
        The share of the rows that was for testing, or the number of parts of which each was.
    seed, seeds : int
        The first, and how many.
    alpha, alphas, max_iter, calibrate
        As they were asked for: the strength of the penalty, or among how many it was chosen.
    further : tuple of str
        More words of the command, such as where the report is written.
    test_to_train : float
        Test rows of a part for each row that it was trained on.
    notes : tuple of str
        What was done to the data.
    copies : Copies
        Test rows that stand among the training rows too.
    rows, truth : arrays of int
        The test rows of the first seed by their position in the source of the data set, from 0 on,
        and the class id of each.
    results : tuple of Result
    baselines : tuple of Baseline
        What is reached without learning weights, on the same rows.
    class_weights : tuple of ClassWeights or None
        What each class looks for; None where rows are images (see `Result.templates`).
    versions : dict
    machine : str
    advice : tuple of Advice
        What to do now, the gravest first.
    against : Against or None
        What has changed since an earlier comparison, if there is one.
    """

    data: str
    source: tuple[str, ...]
    class_names: tuple[str, ...]
    features: int
    image_shape: tuple[int, ...] | None
    train_rows: int
    test_rows: int
    test_size: float | None
    folds: int | None
    seed: int
    seeds: int
    alpha: float
    alphas: int | None
    max_iter: int
    calibrate: bool
    further: tuple[str, ...]
    test_to_train: float
    notes: tuple[str, ...]
    copies: Copies
    rows: Indices
    truth: Indices
    results: tuple[Result, ...]
    baselines: tuple[Baseline, ...]
    class_weights: tuple[ClassWeights, ...] | None
    versions: dict[str, str]
    machine: str
    advice: tuple[Advice, ...] = ()
    against: Against | None = None

    @property
    def metrics(self) -> list[Metrics]:
        """Of each result, then of each baseline."""
        return [
            *(each.metrics for each in self.results),
            *(each.metrics for each in self.baselines),
        ]

    @property
    def winner(self) -> Result:
        """The most accurate."""
        return max(self.results, key=lambda result: result.metrics.accuracy)

    @property
    def is_by_rule(self) -> bool:
        """Whether the rows are judged as they would be if nothing was asked for."""
        if self.folds is None:
            return self.test_size == SHARE and self.test_rows >= ENOUGH
        return self.folds == FOLDS and self.test_rows * SHARE < ENOUGH

    @property
    def trainings(self) -> int:
        """How often each loss was trained."""
        return (self.folds or 1) * self.seeds

    def chance(self, first: Result | Baseline, second: Result | Baseline) -> float:
        """How likely chance alone parts two of them so far.

        McNemar's exact test; of several parts or seeds also the corrected resampled t test of
        their differences, and the larger p of both.
        """
        p = mcnemar(first.is_right, second.is_right)
        if first.metrics.parts is None or second.metrics.parts is None:
            return p
        differences = first.metrics.parts - second.metrics.parts
        return max(p, corrected(differences, self.test_to_train).p)

    def to_dict(self, language: str = "en") -> dict[str, Any]:
        """Everything as plain values that JSON can hold: a key for each attribute, all the way.

        Each advice in words, too, and every note.
        """
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self), default=lambda a: a.tolist()))
        plain["notes"] = [said(note, language) for note in self.notes]
        for entry, advice in zip(plain["advice"], self.advice, strict=True):
            entry |= told(advice, language)._asdict()
        return plain
