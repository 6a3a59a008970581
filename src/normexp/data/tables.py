"""Tables, CSV and Parquet: one column holds the labels, the others are features."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from .delimited import read_delimited
from .frames import as_frame
from .lists import spread
from .opening import check_magic, check_size, opened
from .raw import Raw
from .words import LISTED, counted, did_you_mean, listed


def read_csv(
    path: Path,
    target: str | None = None,
    *,
    encoding: str | None = None,
    header: bool = True,
    separator: str | None = None,
) -> Raw:
    """Read delimited text, each cell as the text that stands there.

    Without a header `target` may be an index.
    """
    raw = read_delimited(path, encoding=encoding, header=header, separator=separator)
    if not header:
        target = _indexed(raw.feature_names, target)
    return parted(raw, target, path.name)


def read_parquet(path: Path, target: str | None = None) -> Raw:
    """Read a Parquet file."""
    with opened(path) as file:
        check_magic(path.name, file.read(4), b"PAR1", "a Parquet file")
        file.seek(0)
        with readable_table(path.name):
            rows = pl.scan_parquet(file).select(pl.len()).collect().item()
            file.seek(0)
            # A column of one value takes next to no room in the file, and 8 bytes a row here.
            check_size(8 * rows * len(pl.read_parquet_schema(file)), path.name)
            file.seek(0)
            frame = pl.read_parquet(file)
    frame, notes = spread(frame, path.name)
    return parted(Raw(frame, None, tuple(frame.columns), notes=notes), target, path.name)


def read_frame(data: Any, target: str | None = None) -> Raw:
    """Read a frame of polars or pandas."""
    frame = as_frame(data)
    assert isinstance(frame, pl.DataFrame)  # mypy
    frame, notes = spread(frame, "frame")
    return parted(Raw(frame, None, tuple(frame.columns), notes=notes), target, "frame")


def _indexed(names: Sequence[str], target: str | None) -> str | None:
    """Return the name of the column whose index `target` is, where it is one."""
    if target is None or not re.fullmatch(r"-?\d+", target):
        return target
    if not -len(names) <= int(target) < len(names):
        raise ValueError(
            f"target: expected the index of a column, got {target} for a table of "
            f"{counted(len(names), 'column')}"
        )
    return names[int(target)]


def parted(raw: Raw, target: str | None, name: str) -> Raw:
    """Part the labels from the other columns of a table; names count without the space around."""
    frame = raw.features
    assert isinstance(frame, pl.DataFrame)  # mypy
    names = [column.strip() for column in frame.columns]
    if duplicates := [each for each, count in Counter(names).items() if count > 1]:
        raise ValueError(
            f"{name} names {listed(duplicates)} more than once; it must give each column a name of "
            "its own"
        )
    frame = frame.clone()
    frame.columns = names
    if target is None:
        trouble = "name the column that holds the classes with target="
    elif (wanted := target.strip()) in names:
        labels = frame.drop_in_place(wanted)  # of the clone
        return replace(raw, features=frame, target=labels, feature_names=tuple(frame.columns))
    else:
        trouble = f"there is no column {target!r}{did_you_mean(target, names)}"
    return replace(
        raw,
        features=frame,
        feature_names=tuple(names),
        no_target=f"{trouble}; the columns are {_all(names)}{raw.no_target}",
    )


def _all(names: Sequence[str]) -> str:
    """Names of which the last may well be that of the labels.

    >>> _all([f"x{i}" for i in range(12)] + ["y"])[-35:]
    "'x8', 'x9' and 3 more, the last 'y'"
    """
    last = f", the last {listed(names[-1:])}" if len(names) > LISTED else ""
    return listed(names) + last


@contextmanager
def readable_table(name: str) -> Iterator[None]:
    """Turn what the parsers raise into one line that names the file."""
    try:
        yield
    # A damaged Parquet file can panic inside polars, which is no Exception.
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(f"{name} is damaged, or not of its format: {reason}") from error
