"""Tables, CSV and Parquet: one column holds the labels, the others are features."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import polars.selectors as cs

from .delimited import read_delimited
from .opening import check_magic, opened
from .raw import Raw
from .words import listed

# How published tables spell a missing value; the UCI repository's is "?".
MISSING = ["", "?", " ?", "NA", "N/A", "NaN", "nan", "NULL", "null"]


def read_csv(path: Path, target: str | None = None) -> Raw:
    """Read delimited text; a column holds numbers if all its values are, else booleans, else text.

    The types are guessed anew for each file.
    """
    raw = read_delimited(path, target)
    assert isinstance(raw.features, pl.DataFrame)  # mypy
    text = raw.features if raw.target is None else raw.features.with_columns(raw.target)
    frame = pl.read_csv(text.write_csv().encode(), null_values=MISSING, infer_schema_length=None)
    notes = raw.notes
    if "" in text.columns:
        frame = frame.drop("")
        notes += ("the column without a name left out: row numbers, as pandas writes them",)
    labels, features = _split(frame, target)
    return _raw(labels, _strip(features), target, notes=notes, is_cut=raw.is_cut, lines=raw.lines)


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
        "name the column that holds the classes with target="
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
    # A damaged Parquet file can panic inside polars, which is no Exception.
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(f"{name} is damaged, or not of its format: {reason}") from error
