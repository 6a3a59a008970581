"""Frames of other libraries as those of polars."""

from __future__ import annotations

import sys
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .columns import framed
from .words import listed


def is_frame(data: Any) -> bool:
    """Whether `data` is a frame of polars or pandas."""
    return isinstance(data, pl.DataFrame) or _is_pandas(data)


def as_frame(data: Any) -> pl.DataFrame | NDArray[Any]:
    """A frame of polars; what is no frame as an array.

    >>> as_frame(pl.DataFrame({"x": [1]})).shape, as_frame([[1, 2]]).shape
    ((1, 1), (1, 2))
    """
    if isinstance(data, pl.DataFrame):
        return data
    if _is_pandas(data):
        names = [str(name) for name in data.columns]
        if len(set(names)) < len(names):
            raise ValueError(f"two columns of the frame have the same name: {listed(names)}")
        return framed({name: _column(data.iloc[:, i]) for i, name in enumerate(names)})
    return np.asarray(data)


def _is_pandas(data: Any) -> bool:
    pandas = sys.modules.get("pandas")  # if nobody has imported it, this is none of its frames
    return pandas is not None and isinstance(data, pandas.DataFrame)


def _column(column: Any) -> pl.Series:
    """A column of pandas: by its buffer where NumPy has the type, elsewhere value by value."""
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "biufM":
        return pl.Series(column.to_numpy(), nan_to_null=True)
    values = column.astype(object).where(column.notna(), None).tolist()
    try:
        return pl.Series(values)
    except TypeError:  # values of several types
        if all(value is None or _is_number(value) for value in values):
            return pl.Series([None if value is None else float(value) for value in values])
        return pl.Series([None if value is None else str(value) for value in values])


def _is_number(value: Any) -> bool:
    is_one = isinstance(value, int | float | Decimal | np.integer | np.floating)
    return is_one and not isinstance(value, bool)
