"""The names of a table's columns, and whether the line that should hold them is a row instead."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import polars as pl

from .notes import Note
from .words import listed

NUMBER = re.compile(r"[-+−]?[$€£]?(\d([\d.,'’ ]*\d)?\.?|[.,]\d+)(e[-+]?\d+)?[%€]?", re.IGNORECASE)


def column_names(cells: Sequence[str]) -> list[str]:
    """Return the names without the white space around them, and for a blank one its place.

    Raises
    ------
    ValueError
        If a name stands there more than once.

    Examples
    --------
    >>> column_names(["x ", " ", "y"])
    ['x', 'column 2', 'y']
    """
    stripped = [cell.strip() for cell in cells]
    names = [name or f"column {i + 1}" for i, name in enumerate(stripped)]
    if duplicates := sorted(name for name, count in Counter(names).items() if count > 1):
        raise ValueError(
            f"names {listed(duplicates)} more than once; it must give each column a name of its own"
        )
    return names


def without_nameless(frame: pl.DataFrame, cells: Sequence[str]) -> tuple[pl.DataFrame, list[Note]]:
    """Give the first column no name if it has none, and leave out what has neither name nor cells.

    Tools that number or name the rows put that first, without a name; others end every line with a
    separator, or keep columns apart by blank ones. `cells` is the header as it stands in the file.

    >>> table = pl.DataFrame({"column 1": ["7"], "column 2": [" "], "x": ["1"]})
    >>> frame, notes = without_nameless(table, ["", "", "x"])
    >>> frame.columns, notes
    (['', 'x'], ['1 column with neither name nor value left out'])
    """
    nameless = [i for i, name in enumerate(cells) if not name.strip()]
    columns = [frame.to_series(i) for i in nameless]
    blank = [column.name for column in columns if not any(map(str.strip, column.to_list()))]
    dropped = set(blank)
    named = [column.name for column in columns if column.name not in dropped]
    notes = []
    if blank:
        notes.append(Note("nameless-blank", n=len(blank)))
        frame = frame.drop(blank)
    if nameless[:1] == [0] and columns[0].name in named:
        frame = frame.rename({named.pop(0): ""})
    if named:
        notes.append(Note("nameless", names=tuple(named)))
    return frame, notes


def is_number(cell: str) -> bool:
    """Tell whether people would take the text for a number.

    >>> [is_number(cell) for cell in ("5.1", "1 234,5", "−3", "5%", "$5", "1e-3", "5,", "5a")]
    [True, True, True, True, True, True, False, False]
    """
    return NUMBER.fullmatch(cell.strip()) is not None


def looks_like_names(cells: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether a column holds numbers alone, but for the text that `cells` has above it.

    >>> looks_like_names(["x", "kind"], [["1", "a"]]), looks_like_names(["2", "b"], [["1", "a"]])
    (True, False)
    """
    columns = zip(cells, zip(*rows, strict=False), strict=False)
    return any(
        cell.strip() and not is_number(cell) and all(map(is_number, column))
        for cell, column in columns
    )


def looks_like_row(cells: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether the cells that should be names look like the first row of the table instead.

    So they do if one is a text that its column repeats, or if they hold numbers that neither count
    (0, 1, 2; 2019, 2020) nor measure (a spectrum's wavelengths).

    >>> looks_like_row(["5.1", "setosa"], [["4.9", "setosa"]]), looks_like_row(["0", "1"], [])
    (True, False)
    """
    numbers = [cell.strip() for cell in cells if is_number(cell)]
    have_decimals = any(re.search(r"[.,]\d", number) for number in numbers)
    if (have_decimals or len(numbers) == len(cells)) and not _is_scale(numbers):
        return True
    return any(
        cell.strip() and not is_number(cell) and cell in column
        for cell, column in zip(cells, zip(*rows, strict=False), strict=False)
    )


def _is_scale(numbers: Sequence[str]) -> bool:
    try:
        values = [float(number) for number in numbers]
    except ValueError:
        return False
    steps = [after - before for before, after in pairwise(values)]
    return all(step == 1 for step in steps) or (
        len(steps) > 4 and (min(steps) > 0 or max(steps) < 0)
    )
