"""A folder of Parquet or .npy files, read as the one table that they are parts of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from .opening import check_size
from .parts import has_labels, parts_of
from .raw import Raw


def read_parts(path: Path, target: str | None = None) -> Raw:
    """Read all rows, file by file in the order of their names.

    Raises
    ------
    ValueError
        As by `parts_of`, and if files differ in what a column or the labels are.
    """
    parts = parts_of(path, target, require_target=has_labels(path))
    if not len(parts):
        raise ValueError(f"{path.name} has no rows")
    check_size(8 * len(parts) * parts.columns, path.name)
    named, raws = zip(*parts.raws(len(parts)), strict=True)
    first: Raw = raws[0]
    features = [raw.features for raw in raws]
    labels = [raw.target for raw in raws if raw.target is not None]
    return replace(
        first,
        features=_table(named, features)
        if isinstance(first.features, pl.DataFrame)
        else np.concatenate(features),
        target=_column("target", named, labels) if labels else None,
        notes=tuple(dict.fromkeys(note for raw in raws for note in raw.notes)),
        before=0,
    )


def _table(named: Sequence[str], frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """All rows, in the columns of the first."""
    names = frames[0].columns
    return pl.DataFrame([_column(name, named, [each[name] for each in frames]) for name in names])


def _column(name: str, named: Sequence[str], parts: Sequence[pl.Series]) -> pl.Series:
    """The cells of a column, which are numbers in all files, or of one type."""
    known = [(file, part) for file, part in zip(named, parts, strict=True) if part.dtype != pl.Null]
    for file, part in known[1:]:
        first = known[0][1].dtype
        if part.dtype != first and not (part.dtype.is_numeric() and first.is_numeric()):
            raise ValueError(
                f"{file}: {name!r} is of type {part.dtype}, in {known[0][0]} of {first}"
            )
    frames = [part.alias(name).to_frame() for part in parts]
    return pl.concat(frames, how="vertical_relaxed").to_series()
