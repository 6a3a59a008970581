"""Tables, CSV and Parquet: one column holds the labels, the others are features."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import polars.selectors as cs

from .opening import check_magic, opened, read_bytes
from .raw import Raw
from .words import counted, listed

SEPARATORS = ",;\t"

# How published tables spell a missing value; the UCI repository's is "?".
MISSING = ["", "?", " ?", "NA", "N/A", "NaN", "nan", "NULL", "null"]


def read_csv(path: Path, target: str | None = None) -> Raw:
    """Read comma-, semicolon- or tab-separated text whose first line names the columns.

    A column holds numbers if all its values are, else booleans (true, false), else text, as dates
    are.
    """
    data = read_bytes(path)
    with _readable(path.name):
        separator, header = _header(data)
        if duplicates := sorted({name for name in header if header.count(name) > 1}):
            raise ValueError(
                f"{path.name}: the first line names {listed(duplicates)} more than once; "
                "it must give each column a name of its own"
            )
        try:
            frame = pl.read_csv(
                data,
                separator=separator,
                null_values=MISSING,
                infer_schema_length=None,
            )
        except pl.exceptions.ComputeError:
            # If that is what is wrong, this one can tell the row.
            _check_widths(_rows(data, separator), len(header), path.name)
            raise
        # polars fills a row that is too short with nulls, so its last column is where it shows.
        if frame.width and frame[:, -1].null_count():
            _check_widths(_rows(data, separator), len(header), path.name)

    notes = []
    is_cut = not data.endswith((b"\n", b"\r"))
    if is_cut:
        notes.append(f"the last line of {path.name} does not end: the file may be cut off")
    filled = frame.filter(~pl.all_horizontal(pl.all().is_null()))
    if len(filled) < len(frame):
        notes.append(f"{counted(len(frame) - len(filled), 'blank row')} left out")
    if "" in filled.columns:
        filled = filled.drop("")
        notes.append("the column without a name left out: row numbers, as pandas writes them")
    labels, features = _split(filled, target)
    return _raw(labels, _strip(features), target, notes=tuple(notes), is_cut=is_cut)


def read_parquet(path: Path, target: str | None = None) -> Raw:
    """Read a Parquet file."""
    with opened(path) as file:
        check_magic(path.name, file.read(4), b"PAR1", "a Parquet file")
        file.seek(0)
        with _readable(path.name):
            frame = pl.read_parquet(file)
    return _raw(*_split(frame, target), target)


def _split(frame: pl.DataFrame, target: str | None) -> tuple[pl.Series | None, pl.DataFrame]:
    """Part the labels from the features, where the table has a column `target`."""
    if target is None or target not in frame.columns:
        return None, frame
    return frame[target], frame.drop(target)


def _raw(
    labels: pl.Series | None,
    features: pl.DataFrame,
    target: str | None,
    **fields: Any,
) -> Raw:
    trouble = (
        "name the column that holds the classes with target= (--target)"
        if target is None
        else f"there is no column {target!r}"
    )
    return Raw(
        # From here on a missing number is null, whichever way the file wrote it.
        features=features.with_columns(cs.float().fill_nan(None)),
        target=labels,
        feature_names=tuple(features.columns),
        no_target=f"{trouble}; the columns are {listed(features.columns)}",
        **fields,
    )


def _strip(features: pl.DataFrame) -> pl.DataFrame:
    """Strip the spaces around text; a column that then holds numbers alone is read as numbers."""
    stripped = features.with_columns(cs.string().str.strip_chars().replace("", None))
    numbers = stripped.select(cs.string().cast(pl.Float64, strict=False))
    return stripped.with_columns(
        column
        for column in numbers
        if column.null_count() == stripped[column.name].null_count() < len(column)
    )


@contextmanager
def _readable(name: str) -> Iterator[None]:
    """Turn what the parsers raise into one line that names the file."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise ValueError(f"{name} is not UTF-8 text: {error.reason}") from error
    # A damaged Parquet file can panic inside polars, which is no Exception.
    except (csv.Error, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(f"{name} is damaged, or not of its format: {reason}") from error


def _rows(data: bytes, separator: str) -> Iterator[list[str]]:
    text = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", newline="")
    return csv.reader(text, delimiter=separator)


def _header(data: bytes) -> tuple[str, list[str]]:
    """Return the separator, the one most frequent in the first line, and the columns' names."""
    line = data.partition(b"\n")[0].decode("utf-8-sig")
    separator = max(SEPARATORS, key=line.count)
    return separator, next(_rows(data, separator), [])


def _check_widths(rows: Iterable[list[str]], width: int, name: str) -> None:
    for number, row in enumerate(rows):
        if row and len(row) != width:
            raise ValueError(
                f"{name}: row {number} has {counted(len(row), 'value')}, the header names "
                f"{counted(width, 'column')}"
            )
