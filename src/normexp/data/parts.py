"""A folder of Parquet or .npy files as one data set, which is read some rows at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from .cleaning import UnlabelledError, Wishes, clean
from .dataset import Dataset
from .labels import learn_labels
from .lists import spread
from .named import raw_of
from .opening import check_file, readable
from .raw import Raw
from .schema import Schema
from .tables import parted, readable_table
from .words import listed

# Numbers of 8 bytes that a cell takes while it is read and made a feature, and a feature meanwhile.
OF_CELL, OF_FEATURE = 6, 4
FEWEST = 64  # rows

Read = Callable[[Path, int, int], Raw]  # so many rows of a file, from one on


@dataclass(frozen=True)
class Parts:
    """The rows of the files of a folder.

    Attributes
    ----------
    name : str
        Of the folder.
    rows : mapping of path to int
        The rows of each file.
    columns : int
        Of each row.
    read : callable
    """

    name: str
    rows: dict[Path, int]
    columns: int
    read: Read

    def __len__(self) -> int:
        return sum(self.rows.values())

    def at_once(self, memory: int, features: int = 0) -> int:
        """How many rows may be read together so that they take no more memory."""
        return max(memory // (8 * (OF_CELL * self.columns + OF_FEATURE * features)), FEWEST)

    def pieces(self, at_once: int) -> int:
        """How many times rows are read in a pass."""
        return sum(ceil(rows / at_once) for rows in self.rows.values())

    def raws(self, at_once: int) -> Iterator[tuple[str, Raw]]:
        """All rows, so many at a time, and the name of what they stand in."""
        for path, rows in self.rows.items():
            for start in range(0, rows, at_once):
                raw = self.read(path, start, min(at_once, rows - start))
                yield f"{self.name}/{path.name}", replace(raw, before=start)

    def datasets(
        self, schema: Schema, at_once: int, wishes: Wishes | None = None
    ) -> Iterator[Dataset]:
        """All rows, or all with a label where this is not wished otherwise, read by a schema."""
        for name, raw in self.raws(at_once):
            try:
                dataset = clean(raw, name, wishes or Wishes(), schema)
            except UnlabelledError:
                continue
            yield dataset


def is_parts_folder(path: Path) -> bool:
    """Whether a folder holds Parquet files, or .npy files X_… with their labels y_…."""
    return path.is_dir() and bool(_tables(path) or _arrays(path))


def has_tables(path: Path) -> bool:
    """Whether a folder holds Parquet files."""
    return bool(_tables(path))


def has_labels(path: Path) -> bool:
    """Whether some of its arrays have labels beside them."""
    return any(_labels_beside(file).exists() for file in _arrays(path))


def files_of(path: Path) -> list[Path]:
    """The files that hold the rows of such a folder."""
    arrays = _arrays(path)
    return _tables(path) or [*arrays, *map(_labels_beside, arrays)]


def parts_of(path: Path, target: str | None, require_target: bool = True) -> Parts:
    """The rows of a folder: all of its Parquet files, or each X_….npy with its y_….npy.

    Where labels are not required, those of arrays are not looked at.

    Raises
    ------
    ValueError
        If a file is not of its format, an array has no labels, or files differ in their columns.
    """
    if tables := _tables(path):
        rows, columns = {}, set[tuple[str, ...]]()
        for file in tables:
            check_file(file)
            with readable_table(file.name):
                rows[file] = pl.scan_parquet(file).select(pl.len()).collect().item()
                columns.add(tuple(sorted(pl.read_parquet_schema(file))))
        if len(columns) > 1:
            first, other, *_ = map(set, columns)
            raise ValueError(
                f"{path.name}: its files differ in their columns: {listed(sorted(first ^ other))}"
            )
        return Parts(path.name, rows, len(next(iter(columns))), _table_reader(target))
    if target is not None:
        raise ValueError(f"target: {path.name} has its labels in files of their own, y_….npy")
    arrays = {file: _mapped(file) for file in _arrays(path)}
    for file, array in arrays.items():
        if array.ndim < 2:
            raise ValueError(f"{file.name} has the shape {array.shape}: expected (n, …)")
        if require_target and (labels := _mapped(_labels_beside(file))).shape != array.shape[:1]:
            raise ValueError(
                f"{file.name} has the shape {array.shape}, its labels {labels.shape}: expected "
                "(n, …) and (n,)"
            )
    if len({array.shape[1:] for array in arrays.values()}) > 1:
        shapes = {file.name: array.shape for file, array in arrays.items()}
        raise ValueError(f"{path.name}: its files differ in their columns: {shapes}")
    columns_of = next(iter(arrays.values())).shape[1:]
    rows = {file: len(array) for file, array in arrays.items()}
    return Parts(path.name, rows, int(np.prod(columns_of)), _array_reader(require_target))


def learn_schema(parts: Parts, wishes: Wishes, at_once: int) -> tuple[Schema, tuple[str, ...]]:
    """How cells are read: the kinds of columns by the first rows, the labels by all; and notes."""
    raws = parts.raws(at_once)
    first = next(raws, None)
    if first is None:
        raise ValueError(f"{parts.name} has no rows")
    name, raw = first
    if raw.target is None:
        raise ValueError(f"target: {name} comes without labels: {raw.no_target}")
    unlabelled = replace(wishes, require_target=False)
    learnt = clean(replace(raw, target=None), name, unlabelled)
    found: pl.Series | None = None
    for _, each in chain([first], raws):
        assert each.target is not None
        kinds = each.target.unique(maintain_order=True)
        if found is not None and kinds.dtype != found.dtype:
            raise ValueError(
                f"target: {name} has labels of type {found.dtype}, another file of {parts.name} of "
                f"{kinds.dtype}"
            )
        found = kinds if found is None else pl.concat([found, kinds]).unique(maintain_order=True)
    assert found is not None
    try:
        labels, read = learn_labels(found, is_typed=True, missing=wishes.missing)
    except ValueError as error:
        raise ValueError(f"target: {parts.name}: {error}") from error
    if len(classes := set(read.values.tolist())) < 2:
        raise ValueError(
            f"target: expected two classes or more, but {parts.name} has "
            + (f"only {classes.pop()!r}" if classes else "no label")
        )
    assert learnt.schema is not None
    return replace(learnt.schema, labels=labels), learnt.notes


def _tables(path: Path) -> list[Path]:
    return sorted(file for file in path.glob("*.parquet") if file.name[0] not in "._")


def _arrays(path: Path) -> list[Path]:
    return sorted(path.glob("X_*.npy"))


def _labels_beside(path: Path) -> Path:
    return path.with_name(f"y{path.name[1:]}")


def _table_reader(target: str | None) -> Read:
    def read(path: Path, start: int, rows: int) -> Raw:
        with readable_table(path.name):
            frame = pl.scan_parquet(path).slice(start, rows).collect()
        frame, notes = spread(frame, path.name)
        return parted(Raw(frame, None, tuple(frame.columns), notes=notes), target, path.name)

    return read


def _array_reader(with_labels: bool) -> Read:
    def read(path: Path, start: int, rows: int) -> Raw:
        part = slice(start, start + rows)
        labels = np.array(_mapped(_labels_beside(path))[part]) if with_labels else None
        return raw_of(path.name, np.array(_mapped(path)[part]), labels)

    return read


def _mapped(path: Path) -> Any:
    """An array in a file, of which no more is read than is asked for."""
    if not path.exists():
        raise ValueError(
            f"{path.parent.name}: there is no {path.name}, the labels of X{path.name[1:]}"
        )
    check_file(path)
    with readable(path.name):
        return np.load(path, mmap_mode="r", allow_pickle=False)
