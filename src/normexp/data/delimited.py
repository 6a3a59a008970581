"""Delimited text, such as CSV: every cell as the text that stands there, every record a row."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .opening import read_plain
from .raw import Raw
from .words import counted, listed

SEPARATORS = ",;\t"


def read_delimited(path: Path, target: str | None = None) -> Raw:
    """Read comma-, semicolon- or tab-separated text whose first line names the columns.

    Every column is text, just as it stands in the file; an empty cell is the empty text. What the
    texts mean is not asked here.
    """
    try:
        text = read_plain(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path.name} is not UTF-8 text: {error.reason}") from error
    separator = max(SEPARATORS, key=text.partition("\n")[0].count)
    names, rows, lines, blank = _records(text, separator, path.name)
    if duplicates := sorted(name for name, count in Counter(names).items() if count > 1):
        raise ValueError(
            f"{path.name}: the first line names {listed(duplicates)} more than once; "
            "it must give each column a name of its own"
        )
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")

    notes = []
    is_cut = not text.endswith(("\n", "\r"))
    if is_cut:
        notes.append(f"the last line of {path.name} does not end: the file may be cut off")
    if blank:
        notes.append(f"{counted(blank, 'blank row')} left out")
    features = frame.drop(target, strict=False) if target is not None else frame
    return Raw(
        features=features,
        target=frame[target] if target is not None and target in frame.columns else None,
        feature_names=tuple(features.columns),
        notes=tuple(notes),
        is_cut=is_cut,
        lines=lines,
        separator=separator,
    )


def _records(
    text: str, separator: str, name: str
) -> tuple[list[str], list[list[str]], NDArray[np.int64], int]:
    """Return the header, the rows, the line that each begins in, and how many were blank."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[list[str]] = []
    lines, blank = [], 0
    try:
        header = next(reader, [])
        before = reader.line_num
        for row in reader:
            if not row:
                blank += 1
            elif len(row) != len(header):
                raise ValueError(
                    f"{name}: row {len(rows) + blank + 1} has {counted(len(row), 'value')}, the "
                    f"header names {counted(len(header), 'column')}"
                )
            else:
                rows.append(row)
                lines.append(before + 1)
            before = reader.line_num
    except csv.Error as error:
        raise ValueError(f"{name} is damaged: line {reader.line_num}: {error}") from error
    return header, rows, np.array(lines, np.int64), blank
