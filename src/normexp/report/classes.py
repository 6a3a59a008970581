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
    confused_with, times : int or None, int
        The class that its rows are most often taken for, and how many are; None if none is.
    """

    rows: int
    precision: float | None
    recall: float | None
    f1: float | None
    confused_with: int | None
    times: int


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
    >>> first, second = class_scores(np.array([[2, 2], [0, 0]]))
    >>> first.rows, first.precision, first.recall, round(first.f1, 3)
    (4, 1.0, 0.5, 0.667)
    >>> first.confused_with, first.times
    (1, 2)
    >>> second
    ClassScore(rows=0, precision=0.0, recall=None, f1=0.0, confused_with=None, times=0)
    """
    rows, taken, right = confusion.sum(axis=1), confusion.sum(axis=0), confusion.diagonal()
    wrong = _wrong(confusion)
    most, times = wrong.argmax(axis=1), wrong.max(axis=1)
    return [
        ClassScore(
            row,
            _ratio(hits, called),
            _ratio(hits, row),
            _ratio(2 * hits, row + called),
            other if many else None,
            many,
        )
        for row, called, hits, other, many in zip(
            *(each.tolist() for each in (rows, taken, right, most, times)), strict=True
        )
    ]


def _wrong(confusion: NDArray[np.integer[Any]]) -> NDArray[np.integer[Any]]:
    """The mistakes alone."""
    wrong = confusion.copy()
    np.fill_diagonal(wrong, 0)
    return wrong


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def confused_pairs(confusion: NDArray[np.integer[Any]], most: int = PAIRS) -> list[Pair]:
    """Return the mistakes that are made most often, the most frequent first.

    Examples
    --------
    >>> confused_pairs(np.array([[8, 2, 0], [0, 9, 1], [0, 0, 5]]))
    [Pair(truth=0, predicted=1, times=2, rows=10), Pair(truth=1, predicted=2, times=1, rows=10)]
    """
    wrong, rows = _wrong(confusion), confusion.sum(axis=1)
    frequent = np.argsort(-wrong, axis=None, kind="stable")[:most]
    places = (divmod(place, len(wrong)) for place in frequent.tolist())
    return [
        Pair(truth, taken, int(wrong[truth, taken]), int(rows[truth]))
        for truth, taken in places
        if wrong[truth, taken]
    ]
