"""Columns of lists, such as embeddings: a column for each place in the list."""

from __future__ import annotations

from collections import Counter

import polars as pl

from .images import NAME_SIZE
from .notes import Note
from .opening import check_size
from .words import listed


def spread(frame: pl.DataFrame, source: str) -> tuple[pl.DataFrame, tuple[Note, ...]]:
    """Replace each column of lists of numbers by columns ``name_0``, ``name_1`` and so on.

    Raises ValueError if the lists of a column are not of one length.

    >>> spread(pl.DataFrame({"e": [[1, 2], [3, 4]], "y": ["a", "b"]}), "t")[0].columns
    ['e_0', 'e_1', 'y']
    """
    columns: list[pl.Series] = []
    notes = []
    for column in frame:
        if not _holds_lists(column.dtype):
            columns.append(column)
            continue
        places = _places(column, source)
        columns += places
        notes.append(Note("spread", name=column.name, n=len(places)))
    names = Counter(column.name for column in columns)
    if twice := [name for name, count in names.items() if count > 1]:
        raise ValueError(f"{source}: the lists have the names of other columns: {listed(twice)}")
    return pl.DataFrame(columns), tuple(notes)


def _holds_lists(dtype: pl.DataType) -> bool:
    """Whether a type is that of lists, or of lists of lists, of numbers."""
    is_list = isinstance(dtype, pl.List | pl.Array)
    while isinstance(dtype, pl.List | pl.Array):
        dtype = dtype.inner  # type: ignore[assignment]
    return is_list and (dtype.is_numeric() or dtype == pl.Boolean)


def _places(column: pl.Series, source: str) -> list[pl.Series]:
    """The columns that a column of lists becomes."""
    if not isinstance(column.dtype, pl.List | pl.Array):
        return [column]
    lists = column if isinstance(column.dtype, pl.Array) else _of_one_length(column, source)
    assert isinstance(lists.dtype, pl.Array)  # mypy
    width = lists.dtype.shape[0]
    check_size(NAME_SIZE * width, source)
    fields = [f"{column.name}_{place}" for place in range(width)]
    spread = lists.arr.to_struct(fields=fields).struct.unnest()
    return [each for place in spread for each in _places(place, source)]


def _of_one_length(column: pl.Series, source: str) -> pl.Series:
    lengths = sorted(column.list.len().drop_nulls().unique())
    if len(lengths) > 1:
        raise ValueError(
            f"{source}: column {column.name!r} holds lists of {lengths[0]} to {lengths[-1]} "
            "numbers: expected lists of one length"
        )
    return column.list.to_array(lengths[0] if lengths else 0)
