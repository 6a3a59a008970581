"""Losses compared on the same rows: all that is found, as data."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from .advice import Advice, told
from .baselines import Baseline
from .metrics import Metrics
from .result import Result
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
    test_size, seed, alpha, max_iter
        As they were asked for.
    notes : tuple of str
        What was done to the data.
    rows, truth : arrays of int
        The test rows by their position in the data set, and the class id of each.
    results : tuple of Result
    baselines : tuple of Baseline
        What is reached without learning weights, on the same rows.
    class_weights : tuple of ClassWeights or None
        What each class looks for; None where rows are images (see `Result.templates`).
    versions : dict
    machine : str
    advice : tuple of Advice
        What to do now, the gravest first.
    """

    data: str
    source: tuple[str, ...]
    class_names: tuple[str, ...]
    features: int
    image_shape: tuple[int, ...] | None
    train_rows: int
    test_rows: int
    test_size: float
    seed: int
    alpha: float
    max_iter: int
    notes: tuple[str, ...]
    rows: Indices
    truth: Indices
    results: tuple[Result, ...]
    baselines: tuple[Baseline, ...]
    class_weights: tuple[ClassWeights, ...] | None
    versions: dict[str, str]
    machine: str
    advice: tuple[Advice, ...] = ()

    @property
    def metrics(self) -> list[Metrics]:
        """Of each result, then of each baseline."""
        return [
            *(each.metrics for each in self.results),
            *(each.metrics for each in self.baselines),
        ]

    def to_dict(self, language: str = "en") -> dict[str, Any]:
        """Everything as plain values that JSON can hold: a key for each attribute, all the way.

        Each advice in words, too.
        """
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self), default=lambda a: a.tolist()))
        for entry, advice in zip(plain["advice"], self.advice, strict=True):
            entry |= told(advice, language)._asdict()
        return plain
