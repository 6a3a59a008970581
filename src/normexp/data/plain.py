"""Columns of text in which every cell is plainly a number, as most are: read in one go."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import polars as pl

from .columns import blocks_of, column_of


def plain_numbers(
    columns: Mapping[str, pl.Series], missing: Collection[str]
) -> dict[str, pl.Series]:
    """Those of some columns of text whose every cell is a finite number, as numbers.

    >>> columns = {"x": pl.Series(["1", "-2.5e3"]), "y": pl.Series(["1", " 2"])}
    >>> {name: numbers.to_list() for name, numbers in plain_numbers(columns, ()).items()}
    {'x': [1.0, -2500.0]}
    """
    if len(numbers_among(missing)):
        return {}  # a number may stand for a missing value
    found = {}
    for block, cells in blocks_of(columns, pl.String):
        numbers = cells.cast(pl.Float64, strict=False)
        rows = len(columns[block[0]])
        is_number = numbers.is_finite().fill_null(False).to_numpy().reshape(len(block), rows)
        for i in np.flatnonzero(is_number.all(axis=1)).tolist():
            found[block[i]] = column_of(numbers, i, rows, block[i])
    return found


def numbers_among(missing: Collection[str], dtype: pl.DataType | None = None) -> pl.Series:
    """The finite numbers among what stands for a missing value, as a column of `dtype` has them.

    >>> numbers_among(["NA", "-999", "nan"]).to_list()
    [-999.0]
    """
    numbers = pl.Series(list(missing), dtype=pl.String).cast(pl.Float64, strict=False)
    if dtype is not None and dtype.is_float():  # -0.1 of 32 bits is another number
        numbers = numbers.cast(dtype).cast(pl.Float64)
    return numbers.filter(numbers.is_finite())
