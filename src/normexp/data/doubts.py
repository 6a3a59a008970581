"""What numbers may not be what they seem: each is said, and taken as it stands."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import issparse

from .columns import blocks_of, named
from .notes import Note
from .raw import Raw
from .schema import PLAIN, Column
from .texts import as_text
from .words import LISTED
from .writing import Writing

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
    came: Raw,
    names: tuple[str, ...],
    columns: Array,
    schema: Sequence[Column],
    missing: Callable[[], Sequence[str]],
) -> Iterator[Note]:
    """Every doubt about numbers.

    `columns` of shape (columns, rows) are those called `names` of what came, as `schema` says to
    read them, without what stands for a missing value: whatever else `missing` says.
    """
    if issparse(columns):  # of what is doubted here, next to nothing is 0
        return
    with np.errstate(invalid="ignore"):
        low, high = (edge.reduce(columns, axis=1) for edge in (np.fmin, np.fmax))
    low, high = low.astype(np.float64), high.astype(np.float64)
    yield from _naming_rows(names, columns, low, high)
    for value, (held, cells) in _standing_for_none(names, columns, low, high).items():
        text = f"{value:.0f}"
        also = str([text, *missing()])
        yield Note("sentinel", names=tuple(held), n=cells, value=text, missing=also)
    yield from _dated(names, columns, low, high)
    large = [names[i] for i in np.flatnonzero(np.fmax(np.abs(low), np.abs(high)) >= EXACT)]
    writings = {each.name: each.writing for each in schema}
    if rounded := [name for name in large if _is_rounded(came, name, writings.get(name, PLAIN))]:
        yield Note("rounded-integers", names=tuple(rounded))
    if came.lines is not None and isinstance(came.features, pl.DataFrame):  # every cell is text
        yield from _codes(came.features, [each.name for each in schema if each.kind == "number"])


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
) -> dict[float, tuple[list[str], int]]:
    """Numbers such as -999 that stand there twice, further from all others than these lie apart.

    With the columns that hold them, and in how many cells.
    """
    found: dict[float, tuple[list[str], int]] = defaultdict(lambda: ([], 0))
    for i in np.flatnonzero(np.isin(low, SENTINELS) | np.isin(high, SENTINELS)).tolist():
        numbers = columns[i].astype(np.float64)
        for value in sorted({low[i], high[i]} & set(SENTINELS)):
            others = numbers[(numbers != value) & ~np.isnan(numbers)]
            count = int(np.sum(numbers == value))
            if count < 2 or len(others) < 2:
                continue
            least, most = others.min(), others.max()
            if max(least - value, value - most) > most - least > 0:
                held, cells = found[value]
                found[value] = [*held, names[i]], cells + count
    return found


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


def _is_rounded(came: Raw, name: str, writing: Writing) -> bool:
    """Whether a column came with whole numbers that float64 has not."""
    if not isinstance(came.features, pl.DataFrame):
        cells = came.features[:, came.feature_names.index(name)]
        return cells.dtype.kind in "iu" and _has_none_of(map(int, _large(cells)))
    column = named(came.features)[name]
    if column.dtype.is_float():
        return False
    whole = writing.plain(as_text(column).str.strip_chars()).str.replace(r"\.0*$", "")
    digits = whole.filter(whole.str.contains(r"^[+-]?[0-9]{16,}$").fill_null(False))
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
        is_code = cells.str.contains(r"^\s*0[0-9]").fill_null(False)
        places = np.flatnonzero(is_code.to_numpy())
        texts = cells.filter(is_code).str.strip_chars()
        for place, text in zip(places.tolist(), texts, strict=True):
            found.setdefault(block[place // len(features)], text)
    if found:
        yield Note("leading-zeros", names=tuple(found), first=next(iter(found.values())))
