"""Delimited text, such as CSV: every cell as the text that stands there, every record a row."""

from __future__ import annotations

import re
from pathlib import Path

from .decoding import decoded
from .dialect import Dialect, find_dialect
from .header import column_names, looks_like_row, without_nameless
from .notes import Note
from .opening import read_plain
from .raw import Raw
from .records import BLANKS, MalformedError, line_ends, records
from .rows import read_rows
from .words import columns, listed


def read_delimited(
    path: Path,
    *,
    encoding: str | None = None,
    header: bool = True,
    separator: str | None = None,
) -> Raw:
    """Read a table of text; the options are those of `normexp.data.load`.

    Every column is text, just as it stands in the file; an empty cell is the empty text. What the
    texts mean is not asked here.

    Raises
    ------
    ValueError
        If the text cannot be decoded, a quote is left open, a column's name stands there twice, or
        a row has more cells or fewer than the header has names.
    """
    if separator is not None and not re.fullmatch(r'[^"\r\n]', str(separator)):
        raise ValueError(f"separator: expected one character, got {separator!r}")
    text = decoded(read_plain(path), path.name, encoding)
    if not text or text.isspace():
        raise ValueError(f"{path.name} holds nothing but white space")
    end = len(text)
    while text[end - 1] in "\r\n":
        end -= 1
    ends = line_ends(text[end:])
    try:
        dialect = find_dialect(text, header=header, separator=separator)
        names = _names(text, dialect)
        frame, lines, blank, notes = read_rows(text[dialect.start : end], dialect, names)
    except MalformedError as error:
        raise ValueError(f"{path.name}: {error}") from error
    frame, nameless = without_nameless(frame, dialect.names or ())
    is_cut = not ends
    return Raw(
        features=frame,
        target=None,
        feature_names=tuple(frame.columns),
        notes=(
            *([Note("cut", file=path.name)] * is_cut),
            *_remarks(dialect, blank + max(ends - 1, 0)),
            *notes,
            *nameless,
        ),
        no_target=_hint(dialect),
        is_cut=is_cut,
        lines=lines,
        separator=dialect.separator,
    )


def _names(text: str, dialect: Dialect) -> list[str]:
    """Return a name for each column: the header's, or its place."""
    if dialect.names is None:
        first = next(records(text, dialect.separator, dialect.start, dialect.line))
        return list(columns(len(first.cells)))
    try:
        return column_names(dialect.names)
    except ValueError as error:
        raise MalformedError(f"line {dialect.names_at} {error}{_hint(dialect)}") from error


def _hint(dialect: Dialect) -> str:
    """Ask whether there is a header at all, if it does not look like one."""
    if not (names := _doubtful(dialect)):
        return ""
    return f"; if {listed(names, 3)} are not names but a row of the table, give header=False"


def _doubtful(dialect: Dialect) -> tuple[str, ...]:
    """The names of the columns if they look like a row."""
    names = tuple(dialect.names or ())
    return names if names and looks_like_row(names, dialect.rows) else ()


def _remarks(dialect: Dialect, blank: int) -> list[Note]:
    """Say what was found, and left out, besides the rows."""
    remarks = []
    if dialect.separator == BLANKS:
        remarks.append(Note("blanks"))
    if dialect.comments:
        remarks.append(Note("comments", n=dialect.comments))
    if names := _doubtful(dialect):
        remarks.append(Note("doubtful-header", line=dialect.names_at, names=names))
    if dialect.has_row_names:
        remarks.append(Note("row-names"))
    if blank:
        remarks.append(Note("blank-lines", n=blank))
    return remarks
