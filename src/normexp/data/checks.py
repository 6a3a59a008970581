"""What numbers of a source cannot be learnt from, or should not."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import issparse

from .columns import by_type, joined, named
from .notes import Note
from .sparse import first_infinite
from .words import LISTED

# Fewer rows may well be a measurement that happens to rise by steps.
MIN_ROWS_THAT_COUNT = 10


def numbers_of(
    features: NDArray[Any] | pl.DataFrame, names: tuple[str, ...]
) -> tuple[tuple[str, ...], NDArray[Any]]:
    """The names of the columns of numbers, and these as an array (columns, rows)."""
    if not isinstance(features, pl.DataFrame):
        return names, features.T
    columns = named(features)
    of_numbers = [
        name
        for dtype, of_type in by_type(features).items()
        if dtype == pl.Float64
        for name in of_type
    ]
    values = joined([columns[name] for name in of_numbers], pl.Float64).to_numpy()
    return tuple(of_numbers), values.reshape(len(of_numbers), len(features))


def check_finite(
    source: str, names: tuple[str, ...], columns: NDArray[Any], before: int = 0
) -> None:
    """Raise ValueError if a number is infinite, in rows before which the source has others."""
    if issparse(columns):
        found = first_infinite(columns.T)
    else:
        infinite = np.isinf(columns) if columns.dtype.kind == "f" else np.empty((0, 0), bool)
        found = tuple(np.argwhere(infinite.T)[0]) if infinite.any() else None
    if found is not None:
        row, column = found
        raise ValueError(
            f"{source}: column {names[column]!r} holds an infinite number in row "
            f"{before + row + 1} (the first row is 1): correct it, or leave the field empty"
        )


def told_counting(names: tuple[str, ...], columns: NDArray[Any]) -> list[Note]:
    """Say which columns may be nothing but the numbers of the rows.

    >>> told_counting(("id",), np.arange(20)[np.newaxis, ::-1])
    ["the numbers of 'id' merely count; if they number the rows, leave them out with drop=['id']"]
    """
    if issparse(columns):  # of what counts, next to nothing is 0
        return []
    rows = columns.shape[1]
    if rows < MIN_ROWS_THAT_COUNT:
        return []
    with np.errstate(invalid="ignore", over="ignore"):  # nothing that is NaN counts
        low, high = (edge(columns, axis=1).astype(np.float64) for edge in (np.min, np.max))
        steps = (high - low) / (rows - 1)
        may_count = (steps >= 1) & (steps == np.floor(steps)) & (low == np.floor(low))
    found = [
        names[i]
        for i in np.flatnonzero(may_count)
        if (np.diff(np.sort(columns[i]).astype(np.float64)) == steps[i]).all()
    ]
    if not found:
        return []
    return [Note("counting", names=tuple(found), drop=str(found[:LISTED]))]
