"""The kind of each column of a table, learnt from all of its cells."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import numpy as np
import polars as pl

from .columns import by_type, named
from .dates import DATED, DAYS, ORDERS, TWO_DIGITS, read_dates
from .doubtful_texts import doubts_of_texts
from .notes import Note
from .numbers import are_few, find_numbers
from .plain import plain_numbers
from .schema import Column, Kind
from .texts import Texts, as_text
from .words import LISTED

# More texts than this in one column, or nearly as many as it has cells, are names of the rows and
# no property of them.
MAX_CATEGORIES = 1000
NEARLY_ALL = 0.75
MIN_ROWS_OF_NAMES = 50
MIN_ROWS_TO_DIFFER = 10


def learn_columns(
    frame: pl.DataFrame,
    *,
    is_typed: bool,
    missing: Collection[str],
    keep: Collection[str] = (),
    semicolons: bool = False,
    days: Sequence[str] = DAYS,
) -> tuple[tuple[Column, ...], list[Note]]:
    """Learn what each column of `frame` holds, and say what is not plain to see.

    Parameters
    ----------
    is_typed : bool
        Whether texts are texts; otherwise they are those of a file, and may stand for numbers.
    missing : collection of str
        The texts that stand for a missing value.
    keep : collection of str
        Columns of text to keep, however many texts they hold.
    semicolons : bool
        Whether semicolons part the cells, as they do where the comma is the decimal sign.
    days : sequence of str
        The formats of dates to look for.

    Raises
    ------
    ValueError
        If a column has a type that is none of numbers, texts, truth values and dates.
    """
    kinds: dict[str, Kind] = {
        name: kind
        for dtype, names in by_type(frame).items()
        for kind in [_kind_of(dtype, names[0])]
        for name in names
    }
    cells = {name: as_text(cells) for name, cells in named(frame).items() if kinds[name] == "text"}

    def texts_of(names: Iterable[str]) -> Texts:
        chosen = {name: cells[name] for name in names}
        return Texts.of(tuple(chosen), list(chosen.values()), len(frame), missing)

    plain = {} if is_typed else plain_numbers(cells, missing)
    texts = texts_of(name for name in cells if name not in plain)
    columns: dict[str, Column] = {}
    notes: list[Note] = []
    if not is_typed:
        kinds |= dict.fromkeys(plain, "number")
        columns, notes = find_numbers(texts, lambda: texts_of(plain), semicolons)
        texts = texts.without(columns)
    found, remarks = _find_dates(texts, days)
    columns |= found
    notes += remarks
    left_out, remarks = _find_names(texts.without([*found, *keep]))
    notes += remarks
    notes += doubts_of_texts(texts.without([*found, *left_out]), is_typed)
    if left_out:
        columns |= {name: Column(name, "left out") for name in left_out}
        notes.append(Note("names", columns=tuple(left_out.values())))
    return tuple(columns.get(name) or Column(name, kinds[name]) for name in frame.columns), notes


def _kind_of(dtype: pl.DataType, name: str) -> Kind:
    """The kind of a column by its type."""
    if dtype.is_numeric() or dtype == pl.Null:
        return "number"
    if dtype == pl.Boolean:
        return "boolean"
    if dtype == pl.Date or isinstance(dtype, pl.Datetime):
        return "date"
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        return "text"
    raise ValueError(
        f"column {name!r} holds values of type {dtype}, which are neither numbers nor categories "
        f"nor dates: turn it into numbers, or leave it out with drop=[{name!r}]"
    )


def _find_dates(texts: Texts, days: Sequence[str]) -> tuple[dict[str, Column], list[Note]]:
    """The columns of text that hold dates, and what could be read otherwise."""
    found, notes = {}, []
    dated = texts.count(texts.cells.str.contains(DATED))
    for i in np.flatnonzero(dated).tolist():
        name, cells = texts.names[i], texts[i].drop_nulls()
        read = {day: len(cells) - read_dates(cells, day).null_count() for day in days}
        day = max(read, key=lambda day: read[day])
        if read[day] and are_few(len(cells) - read[day], len(cells)):
            found[name] = Column(name, "date", day=day)
            if day in ORDERS:
                notes.append(Note(ORDERS[day], name=name))
        elif 2 * dated[i] >= len(cells):
            notes += _no_dates(name, cells, int(dated[i]), day)
    return found, notes


def _no_dates(name: str, cells: pl.Series, dated: int, day: str) -> list[Note]:
    """Why texts that look like dates are none, if it can be said; `day` fits most of them."""
    column = {"name": name, "dated": dated, "n": len(cells)}
    unread = read_dates(cells, day).is_null()
    others = cells.filter(unread).unique(maintain_order=True)
    if not unread.all():
        alike = int((~unread).sum())
        return [Note("mixed-dates", **column, alike=alike, others=tuple(others))]
    short = others.filter(others.str.contains(TWO_DIGITS))
    return [Note("short-years", **column, short=short[0])] if len(short) else []


def _find_names(texts: Texts) -> tuple[dict[str, Note], list[Note]]:
    """The columns of text that nearly all differ, and how far; and where rows are few for that."""
    found, alone = {}, []
    different, cells = texts.different(), texts.count(texts.cells.is_not_null())
    for name, kinds, rows in zip(texts.names, different.tolist(), cells.tolist(), strict=True):
        if kinds > MAX_CATEGORIES or (rows >= MIN_ROWS_OF_NAMES and kinds > NEARLY_ALL * rows):
            found[name] = Note("texts-of", name=name, texts=kinds, cells=rows)
        elif kinds == rows >= MIN_ROWS_TO_DIFFER:
            alone.append(name)
    notes = [Note("all-different", names=tuple(alone), drop=str(alone[:LISTED]))] if alone else []
    return found, notes
