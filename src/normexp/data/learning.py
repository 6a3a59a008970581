"""The kind of each column of a table, learnt from all of its cells."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .dates import DAYS, ORDERS, looks_like_date, read_dates
from .schema import Column
from .texts import Texts
from .words import counted, listed
from .writing import UNITS, Tally, Writing, unit_of

# More texts than this in one column, or nearly as many as it has cells, are names of the rows and
# no property of them.
MAX_CATEGORIES = 1000
NEARLY_ALL = 0.75
MIN_ROWS_OF_NAMES = 50

# The share of cells that may hold something else in a column of numbers or dates.
EXCEPTIONS = 0.1
# Where so many numbers differ, they are no categories, whatever the cells beside them hold.
MANY_NUMBERS = 20
# What stands for a missing number in no file but by mistake, or in a spreadsheet, in lower case.
NOTHING = {
    *("-", "--", "---", "–", "—", ".", "..", "...", "*", "\\n", "n.a.", "n.a", "na", "nil", "n/d"),
    *("#value!", "#ref!", "#div/0!", "#name?", "#num!", "#null!", "#n/a", "<na>", "nan", "n/a"),
    *("unknown", "missing", "not available", "not applicable", "none", "null", "?", "nd"),
}
SAMPLE = 5


def learn_columns(
    frame: pl.DataFrame,
    *,
    is_typed: bool,
    missing: Collection[str],
    keep: Collection[str] = (),
    semicolons: bool = False,
) -> tuple[tuple[Column, ...], list[str]]:
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

    Raises
    ------
    ValueError
        If a column has a type that is none of numbers, texts, truth values and dates.
    """
    columns = {column.name: _of_type(column) for column in frame.get_columns()}
    texts = Texts.of(
        [column for column in frame.get_columns() if columns[column.name].kind == "text"],
        len(frame),
        missing,
    )
    notes: list[str] = []
    if not is_typed:
        notes += _find_numbers(columns, texts, semicolons)
    left_out = []
    for i, name in enumerate(texts.names):
        if columns[name].kind != "text":
            continue
        cells = texts[i].drop_nulls()
        if day := _day(cells):
            columns[name] = Column(name, "date", day=day)
            if day in ORDERS:
                notes.append(f"column {name!r} read as dates, {ORDERS[day]}")
        elif name not in keep and _are_names(different := cells.n_unique(), len(cells)):
            columns[name] = replace(columns[name], kind="left out")
            left_out.append(f"{name} ({different} texts in {len(cells)} cells)")
    if left_out:
        notes.append(
            "left out, as texts that nearly all differ are names and no properties: "
            f"{listed(left_out)}; keep=[...] brings a column in"
        )
    return tuple(columns.values()), notes


def _of_type(column: pl.Series) -> Column:
    name, dtype = column.name, column.dtype
    if dtype.is_numeric() or dtype == pl.Null:
        return Column(name, "number")
    if dtype == pl.Boolean:
        return Column(name, "boolean")
    if dtype == pl.Date or isinstance(dtype, pl.Datetime):
        return Column(name, "date")
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        return Column(name, "text")
    raise ValueError(
        f"column {name!r} holds values of type {dtype}, which are neither numbers nor categories "
        f"nor dates: turn it into numbers, or leave it out with drop=[{name!r}]"
    )


def _find_numbers(columns: dict[str, Column], texts: Texts, semicolons: bool) -> list[str]:
    """Find the columns of a text file that hold numbers, or true and false."""
    present = texts.table(texts.cells.is_not_null()).sum(axis=1)
    is_plain = texts.table(Writing().read(texts.cells).is_not_null()).sum(axis=1) == present
    truth = texts.cells.str.to_lowercase().is_in(["true", "false"])
    is_truth = (texts.table(truth).sum(axis=1) == present) & (present > 0)
    with_digits = texts.table(texts.cells.str.contains(r"\d")).sum(axis=1)
    is_candidate = (2 * with_digits >= present) & ~is_plain & ~is_truth

    for name, is_of_truth, is_of_numbers in zip(texts.names, is_truth, is_plain, strict=True):
        if is_of_truth or is_of_numbers:
            columns[name] = Column(name, "boolean" if is_of_truth else "number")
    told: dict[str, list[str]] = defaultdict(list)
    notes = []
    for i, writing in _writings(texts, is_plain, is_candidate, semicolons).items():
        name, cells = texts.names[i], texts[i].drop_nulls()
        odd = cells.filter(writing.read(cells).is_null())
        if _are_numbers(cells, odd):
            columns[name] = Column(name, "number", writing)
            for remark in _remarks(cells, writing) if is_candidate[i] or writing.thousands else ():
                told[remark].append(name)
        elif 2 * len(odd) <= len(cells):
            notes.append(
                f"column {name!r} taken for texts, though {len(cells) - len(odd)} of "
                f"{counted(len(cells), 'cell')} hold numbers: others hold {listed(_often(odd))}"
            )
    return notes + [f"{remark}: {listed(names)}" for remark, names in told.items()]


def _writings(
    texts: Texts, is_plain: NDArray[np.bool_], is_candidate: NDArray[np.bool_], semicolons: bool
) -> Mapping[int, Writing]:
    """How the numbers of candidates are written, and those of plain columns beside commas."""
    candidates, plain = np.flatnonzero(is_candidate), np.flatnonzero(is_plain)
    tally = Tally.of(texts.take(candidates))
    points, commas = tally.votes("."), tally.votes(",")
    writings = {}
    if commas:
        of_plain = Tally.of(texts.take(plain))
        points += of_plain.votes(".")
        if commas > points:  # then 1.234 is a thousand and more
            writings = {int(i): Writing(*of_plain.separators(k, ",")) for k, i in enumerate(plain)}
    decimal = "," if commas > points or (semicolons and not points) else "."
    with_signs = texts.table(texts.cells.str.contains(UNITS)).sum(axis=1)
    for k, i in enumerate(candidates.tolist()):
        unit = unit_of(texts[i]) if with_signs[i] else ""
        writings[i] = Writing(*tally.separators(k, decimal), unit)
    return writings


def _are_numbers(cells: pl.Series, odd: pl.Series) -> bool:
    """Whether `cells` are numbers though the `odd` ones among them are not."""
    numbers = len(cells) - len(odd)
    if len(odd) == 0:
        return True
    if cells.str.contains(r"^0\d").any():  # codes, such as 01
        return False
    if set(odd.str.to_lowercase().unique()) <= NOTHING:
        return numbers >= len(odd)
    many = cells.n_unique() - odd.n_unique() > MANY_NUMBERS
    return _are_few(len(odd), len(cells)) or (many and numbers >= len(odd))


def _are_few(odd: int, cells: int) -> bool:
    """Whether so many cells may be exceptions: a tenth, or one of five."""
    return odd <= EXCEPTIONS * cells or (odd == 1 and cells >= 5)


def _day(cells: pl.Series) -> str | None:
    """The format of the dates that the cells hold, if they do."""
    if not any(looks_like_date(cell) for cell in cells.head(SAMPLE)):
        return None
    read = {day: len(cells) - read_dates(cells, day).null_count() for day in DAYS}
    best = max(read, key=lambda day: read[day])
    return best if read[best] and _are_few(len(cells) - read[best], len(cells)) else None


def _are_names(different: int, cells: int) -> bool:
    return different > MAX_CATEGORIES or (
        cells >= MIN_ROWS_OF_NAMES and different > NEARLY_ALL * cells
    )


def _remarks(cells: pl.Series, writing: Writing) -> list[str]:
    """What is to be said of how numbers were read."""
    remarks = []
    if writing.decimal == ",":
        remarks.append("numbers with a decimal comma")
    if writing.thousands:
        remarks.append(f"numbers with {writing.thousands!r} between thousands")
    if writing.unit:
        bare = int((~cells.str.contains(writing.unit, literal=True)).sum())
        alike = f", {bare} without read alike" if bare else ""
        remarks.append(f"numbers with {writing.unit!r}{alike}")
    return remarks


def _often(texts: pl.Series) -> list[str]:
    """The texts, the most frequent first."""
    return texts.value_counts(sort=True)[:, 0].to_list()
