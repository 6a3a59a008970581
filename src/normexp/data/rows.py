"""The rows of a delimited text: by polars where that is right, with care where it may not be."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .dialect import Dialect
from .notes import Note
from .records import BLANKS, MalformedError, Record, lines_like_rows, records
from .regular import read_regular
from .words import counted


class Rows(NamedTuple):
    """The rows as texts, the line that each begins in, blank lines among them, what to say."""

    frame: pl.DataFrame
    lines: NDArray[np.int64]
    blank: int
    notes: list[Note]


def read_rows(text: str, dialect: Dialect, names: list[str]) -> Rows:
    """Read `text`, the rows alone, without a line end at its end.

    Raises
    ------
    MalformedError
        If a quote is left open, or a row has more cells or fewer than there are `names`.
    """
    if not text:
        frame = pl.DataFrame(schema=dict.fromkeys(names, pl.String))
        return Rows(frame, np.empty(0, np.int64), 0, [])
    if dialect.separator == BLANKS and '"' not in text:
        tabbed = re.sub("[ \t]+", "\t", re.sub(r"(?m)^[ \t]+|[ \t]+(?=\r?$)", "", text))
        if read := read_regular(tabbed, names, "\t"):
            return _rows(tabbed, dialect, *read)
    if read := read_regular(text, names, dialect.separator):
        return _rows(text, dialect, *read)
    if '\\"' in text:
        # Quotes may be escaped with backslashes, as MySQL does it, instead of doubled.
        doubled = text.replace("\\\\", "\0").replace('\\"', '""').replace("\0", "\\")
        if read := read_regular(doubled, names, dialect.separator):
            rows = _rows(doubled, dialect, *read)
            return rows._replace(notes=[*rows.notes, Note("backslashes")])
    return _read_with_care(text, dialect, names)


def _rows(text: str, dialect: Dialect, frame: pl.DataFrame, before: NDArray[np.int64]) -> Rows:
    starts, stops = before[:-1], before[1:]
    spans = np.flatnonzero(stops - starts > 1)
    lines = text.split("\n") if len(spans) else []
    chunks = (
        (dialect.line + starts[i], "\n".join(lines[starts[i] : stops[i]])) for i in spans.tolist()
    )
    return Rows(frame, dialect.line + starts, 0, _swallowing(chunks, dialect, frame.width))


def _read_with_care(text: str, dialect: Dialect, names: list[str]) -> Rows:
    rows: list[Record] = []
    blank = comments = 0
    for record in records(text, dialect.separator, line=dialect.line):
        if len(record.cells) == len(names):
            rows.append(record)
        elif record.is_blank:
            blank += 1
        elif dialect.comment and text.startswith(dialect.comment, record.start):
            comments += 1
        else:
            raise MalformedError(_wrong_width(record, len(names), dialect))
    frame = pl.DataFrame(
        [row.cells for row in rows], schema=dict.fromkeys(names, pl.String), orient="row"
    )
    loose = [row.line for row in rows if row.has_loose_quotes]
    chunks = ((row.line, text[row.start : row.end].rstrip("\r\n")) for row in rows if row.lines > 1)
    notes = _swallowing(chunks, dialect, len(names))
    if comments:
        notes.append(Note("comments-among-rows", n=comments))
    if loose:
        notes.append(Note("loose-quotes", n=len(loose), line=loose[0]))
    return Rows(frame, np.array([row.line for row in rows], np.int64), blank, notes)


def _swallowing(chunks: Iterable[tuple[int, str]], dialect: Dialect, width: int) -> list[Note]:
    """Say which rows, given as their first line and their text, seem to swallow others."""
    found = [(line, lines_like_rows(chunk, dialect.separator, width)) for line, chunk in chunks]
    hidden = [(line, count) for line, count in found if count > 1]
    if not hidden:
        return []
    lines = sum(count for _, count in hidden)
    return [Note("swallowing", lines=lines, n=len(hidden), line=int(hidden[0][0]))]


def _wrong_width(record: Record, width: int, dialect: Dialect) -> str:
    expected = "the header names" if dialect.names is not None else "the first row has"
    cause = (
        f": does a cell hold {dialect.separator!r} without quotes around it?"
        if len(record.cells) > width
        else ": is the line cut off?"
    )
    return (
        f"line {record.line} has {counted(len(record.cells), 'cell')}, {expected} "
        f"{counted(width, 'column')}{cause}"
    )
