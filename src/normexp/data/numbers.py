"""Which columns of a text file hold numbers, and how these are written there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import polars as pl

from .notes import Note
from .schema import PLAIN, Column
from .texts import Texts
from .writing import UNITS, Tally, Writing, unit_of

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

# The kind of a note, and its facts but for the columns that it is of.
Remark: TypeAlias = "tuple[Any, ...]"


def find_numbers(
    texts: Texts, plain_numbers: Callable[[], Texts], semicolons: bool
) -> tuple[dict[str, Column], list[Note]]:
    """The columns that hold numbers, or true and false, and what could be read otherwise.

    Columns that are known to be plain numbers may have to be read otherwise too.
    """
    present = texts.count(texts.cells.is_not_null())
    is_plain = texts.count(PLAIN.read(texts.cells).is_not_null()) == present
    plain = texts.take(np.flatnonzero(is_plain))
    rest = texts.take(np.flatnonzero(~is_plain))
    present = present[~is_plain]
    truth = rest.cells.str.to_lowercase().is_in(["true", "false"])
    is_truth = rest.count(truth) == present
    has_digits = 2 * rest.count(rest.cells.str.contains("[0-9]")) >= present

    found = {name: Column(name, "number") for name in plain.names}
    found |= {rest.names[i]: Column(rest.names[i], "boolean") for i in np.flatnonzero(is_truth)}
    candidates = rest.take(np.flatnonzero(has_digits & ~is_truth))
    told: dict[Remark, list[str]] = defaultdict(list)
    notes = []
    grouped, doubtful, written = _writings(lambda: [plain, plain_numbers()], candidates, semicolons)
    if doubtful:
        notes.append(Note("point-decimals", names=tuple(doubtful)))
    for name, writing in grouped.items():
        found[name] = Column(name, "number", writing)
        if writing.thousands:
            told[_of_thousands(writing)].append(name)
    for i, writing in enumerate(written):
        name, cells = candidates.names[i], candidates[i].drop_nulls()
        odd = cells.filter(writing.read(cells).is_null())
        if _are_numbers(cells, odd):
            found[name] = Column(name, "number", writing)
            for remark in _remarks(cells, writing):
                told[remark].append(name)
        elif 2 * len(odd) <= len(cells):
            numbers = len(cells) - len(odd)
            often = tuple(odd.value_counts(sort=True)[:, 0])
            notes.append(
                Note("nearly-numbers", name=name, numbers=numbers, n=len(cells), others=often)
            )
    notes += [
        Note(kind, names=tuple(names), **dict(facts)) for (kind, *facts), names in told.items()
    ]
    return found, notes


def are_few(odd: int, cells: int) -> bool:
    """Whether so many cells may be exceptions: a tenth, or one of five."""
    return odd <= EXCEPTIONS * cells or (odd == 1 and cells >= 5)


def _are_numbers(cells: pl.Series, odd: pl.Series) -> bool:
    """Whether `cells` are numbers though the `odd` ones among them are not."""
    numbers = len(cells) - len(odd)
    if len(odd) == 0:
        return True
    if cells.str.contains("^0[0-9]").any():  # codes, such as 01
        return False
    if set(odd.str.to_lowercase().unique()) <= NOTHING:
        return numbers >= len(odd)
    many = cells.n_unique() - odd.n_unique() > MANY_NUMBERS
    return are_few(len(odd), len(cells)) or (many and numbers >= len(odd))


def _writings(
    plain: Callable[[], list[Texts]], candidates: Texts, semicolons: bool
) -> tuple[dict[str, Writing], list[str], list[Writing]]:
    """How the numbers of candidates are written; and those of plain columns beside commas.

    Between the two, the plain columns whose points may part thousands, with no other to tell.
    """
    tally = Tally.of(candidates)
    signed = candidates.count(candidates.cells.str.contains(UNITS))

    def writing(i: int, decimal: str) -> Writing:
        unit = unit_of(candidates[i]) if signed[i] else ""
        return Writing(*tally.separators(i, decimal), unit)

    def holds_numbers(i: int, decimal: str) -> bool:
        cells = candidates[i].drop_nulls()
        if tally.counts[:, i].max() == len(cells):
            return True
        return _are_numbers(cells, cells.filter(writing(i, decimal).read(cells).is_null()))

    # A list such as 1,2,3 says nothing of decimals.
    points, commas = (
        sum(holds_numbers(i, decimal) for i in tally.voters(decimal)) for decimal in ".,"
    )
    grouped, doubtful = {}, []
    if commas or semicolons:
        of_plain = [(each, Tally.of(each)) for each in plain()]
        points += sum(len(each.voters(".")) for _, each in of_plain)
        if commas > points:  # then 1.234 is a thousand and more
            grouped = {
                name: Writing(*each.separators(i, ","))
                for texts, each in of_plain
                for i, name in enumerate(texts.names)
            }
        elif not points:
            doubtful = [
                name
                for texts, each in of_plain
                for i, name in enumerate(texts.names)
                if each.separators(i, ",") == (",", ".")
            ]
    decimal = "," if commas > points else "" if semicolons and not points else "."
    return grouped, doubtful, [writing(i, decimal) for i in range(len(candidates))]


def _of_thousands(writing: Writing) -> Remark:
    return "thousands", ("sign", writing.thousands)


def _remarks(cells: pl.Series, writing: Writing) -> list[Remark]:
    """What is to be said of how numbers were read."""
    remarks: list[Remark] = []
    if writing.decimal == "," and cells.str.contains(",").any():
        remarks.append(("decimal-comma",))
    if writing.thousands:
        remarks.append(_of_thousands(writing))
    if writing.unit:
        bare = int((~cells.str.contains(writing.unit, literal=True)).sum())
        unit = ("unit", writing.unit)
        remarks.append(("unit-or-bare", unit, ("bare", bare)) if bare else ("unit", unit))
    return remarks
