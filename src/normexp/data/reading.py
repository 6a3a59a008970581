"""A table read by its schema: whatever the file around a cell, the same cell is the same value."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl

from .columns import column_of, framed, joined, named
from .dates import naive, read_dates
from .notes import Note
from .plain import numbers_among, plain_numbers
from .schema import PLAIN, Column, Kind
from .texts import Texts, as_text
from .writing import Writing

# What else than its kind decides how a text is read.
HOW: dict[Kind, Callable[[Column], Any]] = {
    "number": lambda column: column.writing,
    "date": lambda column: column.day,
    "boolean": lambda _: None,
    "text": lambda _: None,
}

# Of one column: what its cells hold that are no values of its kind, and how often.
Exceptions = dict[str, Counter[str]]


def read_table(
    frame: pl.DataFrame, columns: Sequence[Column], missing: Sequence[str]
) -> tuple[pl.DataFrame, list[Note]]:
    """Return the columns that are not left out, typed by their kinds, and notes.

    A cell that its column's kind cannot hold is missing, and a note names it; so is a number among
    `missing`, however it is written. Columns may have any type: a text is read as a file's, and
    anything else as the text that a file would hold.
    """
    cells, types = named(frame), frame.schema
    groups: dict[Any, list[str]] = defaultdict(list)
    for column in columns:
        if column.kind != "left out":
            how = HOW[column.kind](column)
            groups[column.kind, how, types[column.name]].append(column.name)
    found: dict[str, pl.Series] = {}
    notes = []
    for (kind, how, dtype), names in groups.items():
        if how == PLAIN and dtype == pl.String:
            plain = plain_numbers({name: cells[name] for name in names}, missing)
            found |= plain
            names = [name for name in names if name not in plain]
        given = [cells[name] for name in names]
        if _suits(dtype, kind):
            values = written = _conform(kind, given)
        else:
            texts = Texts.of(names, [as_text(column) for column in given], len(frame), missing)
            values, written = _read(kind, how, texts), texts.written
            if kind == "number" and how.thousands:
                values = values.set(_could_be_decimals(how, texts, values), None)
        if kind == "number":
            stands_for_none = values.is_in(numbers_among(missing, dtype).to_list())
            values = values.set(stands_for_none.fill_null(False), None)
        notes += _told(kind, _exceptions(names, len(frame), written, values))
        for i, name in enumerate(names):
            found[name] = column_of(values, i, len(frame), name)
    return framed(
        {column.name: found[column.name] for column in columns if column.name in found}
    ), notes


def _suits(dtype: pl.DataType, kind: Kind) -> bool:
    """Whether a column has the type of its kind already; texts have to be looked at."""
    if kind == "number":
        return dtype.is_numeric()
    if kind == "date":
        return dtype == pl.Date or isinstance(dtype, pl.Datetime)
    return kind == "boolean" and dtype == pl.Boolean


def _conform(kind: Kind, columns: list[pl.Series]) -> pl.Series:
    """Columns that have the type of their kind, one after the other."""
    if kind == "number":
        return joined(columns, pl.Float64).fill_nan(None)
    values = pl.concat(columns).rechunk()
    return values if kind == "boolean" else naive(values)


def _read(kind: Kind, how: Any, texts: Texts) -> pl.Series:
    if kind == "number":
        numbers: pl.Series = how.read(texts.cells)
        return numbers
    if kind == "date":
        return read_dates(texts.cells, how)
    if kind == "boolean":
        truth = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}
        lower = texts.cells.str.to_lowercase()
        return lower.replace_strict(truth, default=None, return_dtype=pl.Boolean)
    # The one text that formats spell in their own ways.
    is_truth = texts.cells.str.contains("(?i)^(true|false)$").fill_null(False)
    if not is_truth.any():
        return texts.cells
    return texts.cells.str.to_lowercase().zip_with(is_truth, texts.cells)


def _could_be_decimals(writing: Writing, texts: Texts, values: pl.Series) -> pl.Series:
    """The numbers that are others where ``,`` and ``.`` change places, as they seem to here.

    Whoever writes 10.5 means 10.500 alike; no column of a file that was learnt from holds more of
    such cells than of those like 10,5.
    """
    if {writing.decimal, writing.thousands} != {",", "."}:
        return pl.repeat(False, len(values), dtype=pl.Boolean, eager=True)
    swapped = Writing(writing.thousands, writing.decimal, writing.unit).read(texts.cells)
    is_mine, is_other = values.is_not_null(), swapped.is_not_null()
    excess = texts.count(is_other & ~is_mine) - texts.count(is_mine & ~is_other)
    excess[excess == 0] = excess.sum()  # a column without a sign of its own is like the others
    seems_swapped = pl.Series(np.repeat(excess > 0, texts.rows))
    return seems_swapped & (values != swapped).fill_null(False)


def _exceptions(
    names: Sequence[str], rows: int, written: pl.Series, values: pl.Series
) -> Exceptions:
    """What stands in the cells that have no value though they are not empty."""
    odd = (written.is_not_null() & values.is_null()).to_numpy().reshape(len(names), rows)
    found = {}
    for i in np.flatnonzero(odd.any(axis=1)).tolist():
        texts = as_text(column_of(written, i, rows).filter(pl.Series(odd[i])))
        found[names[i]] = Counter(texts.to_list())
    return found


def _told(kind: Kind, exceptions: Exceptions) -> list[Note]:
    """A note for each set of texts that some columns have for exceptions."""
    alike: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, counts in exceptions.items():
        alike[tuple(text for text, _ in counts.most_common())].append(name)
    notes = []
    for texts, names in alike.items():
        cells = sum(exceptions[name].total() for name in names)
        odd = f"odd-{kind}{'s' * (len(names) > 1)}"
        notes.append(Note("missing", cells=Note(odd, names=tuple(names), texts=texts, n=cells)))
    return notes


def are_blank(cells: pl.Series) -> bool:
    """Whether a column holds nothing in any row.

    >>> are_blank(pl.Series([" ", None])), are_blank(pl.Series([1.0, None]))
    (True, False)
    """
    if cells.dtype.is_float():
        cells = cells.fill_nan(None)
    if cells.dtype != pl.String or cells.null_count() == len(cells):
        return cells.null_count() == len(cells)
    # Where one cell holds something, the first of them mostly does.
    first = cells.head(1).str.strip_chars().fill_null("")
    return first[0] == "" and bool((cells.str.strip_chars().fill_null("") == "").all())


def told_without_unit(frame: pl.DataFrame, columns: Sequence[Column]) -> list[Note]:
    """Say in which columns that were written with a unit some numbers have none."""
    alike: dict[tuple[str, int], list[str]] = defaultdict(list)
    for column in columns:
        if unit := column.writing.unit:
            cells = as_text(frame[column.name]).str.strip_chars()
            is_bare = ~cells.str.contains(unit, literal=True)
            bare = column.writing.read(cells.filter(is_bare)).drop_nulls()
            if len(bare):
                alike[unit, len(bare)].append(column.name)
    return [
        Note("unit-or-bare", unit=unit, bare=bare, names=tuple(names))
        for (unit, bare), names in alike.items()
    ]
