"""What numbers of a source cannot be learnt from, or should not."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .columns import numbers_of
from .words import listed

# Fewer rows may well be a measurement that happens to rise by steps.
MIN_ROWS_THAT_COUNT = 10


def check_finite(features: NDArray[Any] | pl.DataFrame, names: tuple[str, ...]) -> None:
    """Raise ValueError if a number is infinite."""
    names, columns = _numbers(features, names)
    if columns.dtype.kind != "f":
        return
    infinite = np.isinf(columns)
    if infinite.any():
        row, column = np.argwhere(infinite.T)[0]
        raise ValueError(
            f"column {names[column]!r} holds an infinite number in row {row + 1} (the first row is "
            "1): correct it, or leave the field empty"
        )


def told_counting(features: NDArray[Any] | pl.DataFrame, names: tuple[str, ...]) -> list[str]:
    """Say which columns may be nothing but the numbers of the rows.

    >>> told_counting(np.arange(20.0)[::-1, np.newaxis], ("id",))
    ["the numbers of 'id' merely count; if they number the rows, leave them out with drop=['id']"]
    """
    names, columns = _numbers(features, names)
    rows = columns.shape[1]
    if rows < MIN_ROWS_THAT_COUNT:
        return []
    with np.errstate(invalid="ignore"):  # a column with a missing number does not count
        low, high = columns.min(axis=1), columns.max(axis=1)
        steps = (high - low) / (rows - 1)
        may_count = (steps >= 1) & (steps == np.floor(steps)) & (low == np.floor(low))
    found = [
        names[i]
        for i in np.flatnonzero(may_count)
        if (np.diff(np.sort(columns[i])) == steps[i]).all()
    ]
    if not found:
        return []
    return [
        f"the numbers of {listed(found)} merely count; if they number the rows, leave them out "
        f"with drop={found[:10]}"
    ]


def _numbers(
    features: NDArray[Any] | pl.DataFrame, names: tuple[str, ...]
) -> tuple[tuple[str, ...], NDArray[Any]]:
    """The names of the columns of numbers, and these as an array (columns, rows)."""
    if isinstance(features, pl.DataFrame):
        return numbers_of(features)
    return names, features.T
