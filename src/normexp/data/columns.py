"""Columns of a frame, one after the other, as one series.

An operation on one series takes as long as its cells; on 20,000 columns, each would cost the price
of a call.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

BLOCK = 1 << 22  # cells


def named(frame: pl.DataFrame) -> dict[str, pl.Series]:
    """The columns by their names."""
    return dict(zip(frame.columns, frame.get_columns(), strict=True))


def framed(columns: dict[str, pl.Series]) -> pl.DataFrame:
    """The inverse of `named`."""
    frame = pl.DataFrame(list(columns.values()))
    frame.columns = list(columns)  # an empty name would have been replaced
    return frame


def by_type(frame: pl.DataFrame) -> dict[pl.DataType, list[str]]:
    """The names of the columns of each type."""
    found = defaultdict(list)
    for name, dtype in zip(frame.columns, frame.dtypes, strict=True):
        found[dtype].append(name)
    return found


def joined(columns: Sequence[pl.Series], dtype: Any) -> pl.Series:
    """Columns of any one type, one after the other, as a series of type `dtype`."""
    if not columns:
        return pl.Series(dtype=dtype)
    return pl.concat(columns).rechunk().cast(dtype)


def column_of(cells: pl.Series, column: int, rows: int, name: str = "") -> pl.Series:
    """One of the columns that stand one after the other in a series."""
    return cells.slice(column * rows, rows).alias(name)


def blocks_of(
    columns: Mapping[str, pl.Series], dtype: Any
) -> Iterator[tuple[list[str], pl.Series]]:
    """Columns of one type, some at a time as one series with their names.

    So a wide table takes few calls, and a tall one no second copy of all of it.
    """
    names = list(columns)
    rows = len(columns[names[0]]) if names else 0
    size = max(BLOCK // max(rows, 1), 1)
    for block in (names[start : start + size] for start in range(0, len(names), size)):
        yield block, joined([columns[name] for name in block], dtype)
