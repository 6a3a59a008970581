"""A table read by its schema: whatever the file around a cell, the same cell is the same value."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from .dates import naive, read_dates
from .schema import Column, Kind
from .texts import Texts, as_text, column_of
from .words import counted, listed

PLURAL = {"number": "numbers", "boolean": "true and false", "date": "dates"}

TREATMENT = " taken as missing"

# Of one column: what its cells hold that are no values of its kind, and how often.
Exceptions = dict[str, Counter[str]]


def read_table(
    frame: pl.DataFrame, columns: Sequence[Column], missing: Sequence[str]
) -> tuple[pl.DataFrame, list[str]]:
    """Return the columns that are not left out, typed by their kinds, and notes.

    A cell that its column's kind cannot hold is missing, and a note names it. Columns may have
    any type: a text is read as a file's, anything else as the text that a file would hold.
    """
    groups: dict[Any, list[pl.Series]] = defaultdict(list)
    for column in columns:
        if column.kind != "left out":
            values = frame.get_column(column.name)
            groups[_treatment(column, values.dtype)].append(values)
    found: dict[str, pl.Series] = {}
    notes = []
    for (kind, how), group in groups.items():
        if how is None:
            found |= _conform(kind, group)
            continue
        texts = Texts.of([as_text(values) for values in group], len(frame), missing)
        values = _read(kind, how, texts)
        for i, name in enumerate(texts.names):
            found[name] = column_of(values, i, len(frame), name)
        notes += _told(kind, _exceptions(texts, values))
    return pl.DataFrame([found[column.name] for column in columns if column.name in found]), notes


def _treatment(column: Column, dtype: pl.DataType) -> tuple[Kind, Any]:
    """How a column is read: by its writing as text, or, with None, from the type it already has."""
    kind = column.kind
    suits = {
        "number": dtype.is_numeric(),
        "boolean": dtype == pl.Boolean,
        "date": dtype == pl.Date or isinstance(dtype, pl.Datetime),
    }
    how = {"number": column.writing, "date": column.day}
    return kind, None if suits.get(kind) else how.get(kind, "")


def _conform(kind: Kind, group: list[pl.Series]) -> dict[str, pl.Series]:
    if kind == "boolean":
        return {values.name: values for values in group}
    if kind == "date":
        return {values.name: naive(values) for values in group}
    rows = len(group[0])
    numbers = pl.concat([values.cast(pl.Float64) for values in group]).rechunk().fill_nan(None)
    return {values.name: column_of(numbers, i, rows, values.name) for i, values in enumerate(group)}


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
    lower = texts.cells.str.to_lowercase()
    is_truth = lower.is_in(["true", "false"]).fill_null(False)
    return lower.zip_with(is_truth, texts.cells) if is_truth.any() else texts.cells


def _exceptions(texts: Texts, values: pl.Series) -> Exceptions:
    """What stands in the cells that have no value though they are not empty."""
    odd = texts.table(texts.written.is_not_null() & values.is_null())
    found = {}
    for i in np.flatnonzero(odd.any(axis=1)).tolist():
        written = column_of(texts.written, i, texts.rows)
        found[texts.names[i]] = Counter(written.filter(pl.Series(odd[i])).to_list())
    return found


def _told(kind: Kind, exceptions: Exceptions) -> list[str]:
    """A sentence for each set of texts that some columns have for exceptions."""
    alike: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, counts in exceptions.items():
        alike[tuple(text for text, _ in counts.most_common())].append(name)
    notes = []
    for texts, names in alike.items():
        rows = sum(exceptions[name].total() for name in names)
        which = f"{listed(texts)} ({counted(rows, 'row' if len(names) == 1 else 'cell')})"
        which += TREATMENT
        one = len(names) == 1
        where = f"{'column' if one else 'columns'} {listed(names)}"
        if kind in PLURAL:
            notes.append(f"{where} {'holds' if one else 'hold'} {PLURAL[kind]} except {which}")
        else:
            notes.append(f"{where}: {which}")
    return notes
