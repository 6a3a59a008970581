"""What numbers may not be what they seem: each is said, and taken as it stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import issparse

from .columns import blocks_of, named
from .notes import Note
from .schema import Column
from .texts import as_text
from .words import LISTED

Array = NDArray[Any]

# Fewer rows may well be a measurement that happens to rise by steps, or to differ.
MIN_ROWS_THAT_COUNT = 10
# What stands for a missing number where there has to be one.
SENTINELS = [-9.0, *(sign * (10.0**digits - 1) for digits in range(2, 7) for sign in (-1, 1))]
# How a column that numbers or names its rows is called, by its last word.
NAMING = re.compile(
    r"(?i:(.*[\W_])?(id|ids|uuid|key|index|no|nr|number|row))|.*[a-z](Id|ID|Key|No|Nr)|.*[编序]号"
)
EXACT = 2.0**53  # from here on float64 has not every whole number
DAYS = 1900_01_01, 2100_12_31  # dates that are written without a sign between
MANY_LOOKED_AT = 10_000  # whole numbers of a column


def doubts_of(
    features: Array | pl.DataFrame,
    names: tuple[str, ...],
    columns: Array,
    schema: Sequence[Column],
    is_text: bool,
) -> Iterator[Note]:
    """Every doubt about numbers.

    `columns` of shape (columns, rows) are those called `names`, of the features as they came and as
    `schema` says to read them; where these are a file's, every cell of theirs is text.
    """
    if issparse(columns):  # of what is doubted here, next to nothing is 0
        return
    with np.errstate(invalid="ignore"):
        low, high = (edge.reduce(columns, axis=1) for edge in (np.fmin, np.fmax))
    low, high = low.astype(np.float64), high.astype(np.float64)
    yield from _naming_rows(names, columns, low, high)
    yield from _standing_for_none(names, columns, low, high)
    yield from _dated(names, columns, low, high)
    large = [names[i] for i in np.flatnonzero(np.fmax(np.abs(low), np.abs(high)) >= EXACT)]
    if rounded := [name for name in large if _is_rounded(features, names.index(name), name)]:
        yield Note("rounded-integers", names=tuple(rounded))
    if is_text and isinstance(features, pl.DataFrame):
        yield from _codes(features, [each.name for each in schema if each.kind == "number"])


def _naming_rows(names: tuple[str, ...], columns: Array, low: Array, high: Array) -> Iterator[Note]:
    """Columns that count, and those that are called as what names rows and never repeat."""
    rows = columns.shape[1]
    if rows < MIN_ROWS_THAT_COUNT:
        return
    with np.errstate(invalid="ignore", over="ignore"):
        steps = (high - low) / (rows - 1)
        may_count = (steps >= 1) & (steps == np.floor(steps)) & (low == np.floor(low))
    counting, naming = [], []
    for i, name in enumerate(names):
        if not (may_count[i] or NAMING.fullmatch(name.strip())):
            continue
        apart = np.diff(np.sort(columns[i]).astype(np.float64))
        if may_count[i] and (apart == steps[i]).all():
            counting.append(name)
        elif NAMING.fullmatch(name.strip()) and (apart > 0).all() and _are_whole(columns[i]):
            naming.append(name)
    for kind, found in (("counting", counting), ("naming", naming)):
        if found:
            yield Note(kind, names=tuple(found), drop=str(found[:LISTED]))


def _are_whole(numbers: Array) -> bool:
    return bool((numbers == np.floor(numbers)).all())


def _standing_for_none(
    names: tuple[str, ...], columns: Array, low: Array, high: Array
) -> Iterator[Note]:
    """Numbers such as -999 that stand there twice, further from all others than these lie apart."""
    for i in np.flatnonzero(np.isin(low, SENTINELS) | np.isin(high, SENTINELS)).tolist():
        numbers = columns[i].astype(np.float64)
        for value in sorted({low[i], high[i]} & set(SENTINELS)):
            others = numbers[(numbers != value) & ~np.isnan(numbers)]
            count = int(np.sum(numbers == value))
            if count < 2 or len(others) < 2:
                continue
            least, most = others.min(), others.max()
            if max(least - value, value - most) > most - least > 0:
                yield Note("sentinel", name=names[i], n=count, value=f"{value:.0f}")


def _dated(names: tuple[str, ...], columns: Array, low: Array, high: Array) -> Iterator[Note]:
    """Columns of numbers such as 20261125."""
    found = []
    for i in np.flatnonzero((low >= DAYS[0]) & (high <= DAYS[1])).tolist():
        numbers = columns[i][~np.isnan(columns[i].astype(np.float64))]
        month, day = numbers // 100 % 100, numbers % 100
        if _are_whole(numbers) and ((month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)).all():
            found.append(names[i])
    if found:
        yield Note("dated-numbers", names=tuple(found))


def _is_rounded(features: Array | pl.DataFrame, place: int, name: str) -> bool:
    """Whether a column held whole numbers that float64 has not."""
    if not isinstance(features, pl.DataFrame):
        cells = features[:, place]
        return cells.dtype.kind in "iu" and _has_none_of(map(int, _large(cells)))
    column = named(features)[name]
    if column.dtype.is_float():
        return False
    texts = as_text(column).str.strip_chars()
    digits = texts.filter(texts.str.contains(r"^[+-]?[0-9]{16,}$").fill_null(False))
    return _has_none_of(map(int, digits.head(MANY_LOOKED_AT)))


def _large(cells: Array) -> Array:
    return cells[np.abs(cells.astype(np.float64)) >= EXACT][:MANY_LOOKED_AT]


def _has_none_of(numbers: Iterable[int]) -> bool:
    """Whether float64 rounds one of these."""
    return any(number != int(float(number)) for number in numbers)


def _codes(features: pl.DataFrame, names: Sequence[str]) -> Iterator[Note]:
    """Columns of numbers in which some begin with a 0 that no number needs."""
    found: dict[str, str] = {}
    columns = named(features)
    for block, cells in blocks_of({name: columns[name] for name in names}, pl.String):
        is_code = cells.str.starts_with("0").fill_null(False)
        places = np.flatnonzero(is_code.to_numpy())
        texts = cells.filter(is_code)
        codes = texts.str.contains("^0[0-9]").to_numpy()
        for place, text in zip(places[codes].tolist(), texts.filter(codes), strict=True):
            found.setdefault(block[place // len(features)], text)
    if found:
        yield Note("leading-zeros", names=tuple(found), first=next(iter(found.values())))
