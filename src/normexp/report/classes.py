"""The classes one by one: how well each is recognised, and which are taken for which."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

MANY = 25  # classes, and a matrix of them is no picture any more
PAIRS = 12


class ClassScore(NamedTuple):
    """How well one class is recognised; None where there is nothing to divide by.

    Attributes
    ----------
    rows : int
        Test rows of the class.
    precision, recall : float or None
        The share of the rows taken for the class that are of it, and of its rows that are found.
    f1 : float or None
        Their harmonic mean.
    """

    rows: int
    precision: float | None
    recall: float | None
    f1: float | None


class Pair(NamedTuple):
    """`times` of the `rows` rows of the class `truth` were taken for the class `predicted`."""

    truth: int
    predicted: int
    times: int
    rows: int


def class_scores(confusion: NDArray[np.integer[Any]]) -> list[ClassScore]:
    """Return the scores of each class, from how often class j (row) was taken for k (column).

    Examples
    --------
    >>> class_scores(np.array([[2, 2], [0, 0]]))[0]
    ClassScore(rows=4, precision=1.0, recall=0.5, f1=0.6666666666666666)
    >>> class_scores(np.array([[2, 2], [0, 0]]))[1]
    ClassScore(rows=0, precision=0.0, recall=None, f1=0.0)
    """
    rows, taken, right = confusion.sum(axis=1), confusion.sum(axis=0), confusion.diagonal()
    return [
        ClassScore(row, _ratio(hits, called), _ratio(hits, row), _ratio(2 * hits, row + called))
        for row, called, hits in zip(rows.tolist(), taken.tolist(), right.tolist(), strict=True)
    ]


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def confused_pairs(confusion: NDArray[np.integer[Any]], most: int = PAIRS) -> list[Pair]:
    """Return the mistakes that are made most often, the most frequent first.

    Examples
    --------
    >>> confused_pairs(np.array([[8, 2, 0], [0, 9, 1], [0, 0, 5]]))
    [Pair(truth=0, predicted=1, times=2, rows=10), Pair(truth=1, predicted=2, times=1, rows=10)]
    """
    wrong = confusion.copy()
    np.fill_diagonal(wrong, 0)
    rows = confusion.sum(axis=1)
    frequent = np.argsort(-wrong, axis=None, kind="stable")[:most]
    places = (divmod(place, len(wrong)) for place in frequent.tolist())
    return [
        Pair(truth, taken, int(wrong[truth, taken]), int(rows[truth]))
        for truth, taken in places
        if wrong[truth, taken]
    ]
