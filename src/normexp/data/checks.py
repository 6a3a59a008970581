"""What numbers of a source cannot be learnt from."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import issparse

from .columns import by_type, joined, named
from .sparse import first_infinite


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
