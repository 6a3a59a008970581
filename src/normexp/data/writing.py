"""Numbers as people write them: a decimal comma, thousands apart, 5%, $5, the typographic minus."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .texts import Texts

# No-break, thin and narrow no-break space.
SPACES = "[\u00a0\u2009\u202f]"
UNITS = r"[\p{Sc}%‰]"

# The sign before the decimals, and what parts thousands. Of those that read as many cells of a
# column, the first is meant that suits the rest of the file.
SEPARATED = [
    *((".", ""), (",", ""), (".", ","), (",", "."), (".", " "), (",", " "), (".", "'"), (",", "'"))
]


@dataclass(frozen=True, order=True)
class Writing:
    """How the numbers of a column are written.

    Attributes
    ----------
    decimal : "." or ","
    thousands : str
        What stands between groups of three digits, if anything does.
    unit : str
        A currency sign, % or ‰ before or after the numbers, if one is. It changes no number:
        ``5%`` is 5, as are the cells beside it.

    Examples
    --------
    >>> Writing(",", ".", "€").read(pl.Series(["1.234,5 €", "€ −7", "1.2"])).to_list()
    [1234.5, -7.0, None]
    """

    decimal: str = "."
    thousands: str = ""
    unit: str = ""

    @property
    def pattern(self) -> str:
        """A regular expression for one number."""
        point, comma, unit = map(re.escape, (self.decimal, self.thousands, self.unit))
        groups = rf"[1-9][0-9]{{0,2}}(?:{comma}[0-9]{{3}})+|" if comma else ""
        number = rf"(?:(?:{groups}[0-9]+)(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]+)?"
        before, after = (rf"(?:{unit} ?)?", rf"(?: ?{unit})?") if unit else ("", "")
        return rf"^{before}[+-]?{before}{number}{after}$"

    def read(self, cells: pl.Series) -> pl.Series:
        """The numbers that texts stand for, null for a text that is none in this writing."""
        plain = cells.cast(pl.Float64, strict=False) if self.decimal == "." else None
        if plain is not None and plain.null_count() == cells.null_count():
            return plain.fill_nan(None)
        numbers = self.plain(cells).cast(pl.Float64)
        return (
            numbers
            if plain is None
            else plain.fill_nan(None).zip_with(plain.is_not_null(), numbers)
        )

    def plain(self, cells: pl.Series) -> pl.Series:
        """The same numbers as texts with a decimal point and nothing between thousands.

        >>> Writing(",", ".", "€").plain(pl.Series(["1.234,50 €", "1.2"])).to_list()
        ['1234.50', None]
        """
        texts = tidied(cells)
        texts = texts.set((~texts.str.contains(self.pattern)).fill_null(True), None)
        # The pattern has seen to the order of what is left.
        texts = texts.str.replace_all(rf"[^0-9eE+\-{self.decimal}]", "")
        return texts.str.replace(self.decimal, ".", literal=True)

    def state(self) -> list[str]:
        """Return plain values, for JSON."""
        return [self.decimal, self.thousands, self.unit]


def tidied(cells: pl.Series) -> pl.Series:
    """One minus sign and one kind of space."""
    return cells.str.replace_all("−", "-", literal=True).str.replace_all(SPACES, " ")


def unit_of(cells: pl.Series) -> str:
    """The sign that most of these texts carry beside their digits, or ""."""
    signs = cells.str.extract(rf"^[+-−]?({UNITS}) ?[+-−]?[0-9]|[0-9] ?({UNITS})$", 0)
    signs = signs.str.extract(rf"({UNITS})").drop_nulls()
    return str(signs.mode().sort()[0]) if len(signs) else ""


@dataclass(frozen=True, eq=False)
class Tally:
    """How many cells of each column are numbers in each of `SEPARATED`, whatever their unit."""

    counts: NDArray[np.int64]

    @classmethod
    def of(cls, texts: Texts) -> Tally:
        if not texts.names:
            return cls(np.zeros((len(SEPARATED), 0), dtype=np.int64))
        signs = rf"^([+-]?){UNITS} ?|^([+-]?.*[0-9]) ?{UNITS}$"
        bare = tidied(texts.cells).str.replace(signs, "$1$2")
        patterns = [Writing(*separators).pattern for separators in SEPARATED]
        return cls(
            np.array([texts.table(bare.str.contains(each)).sum(axis=1) for each in patterns])
        )

    @property
    def best(self) -> NDArray[np.bool_]:
        """Which separators read the most of a column, if any of it is a number."""
        most = self.counts.max(axis=0)
        best: NDArray[np.bool_] = (self.counts == most) & (most > 0)
        return best

    def voters(self, decimal: str) -> list[int]:
        """The columns that can only have this sign before their decimals."""
        others = np.array([sign != decimal for sign, _ in SEPARATED])
        best = self.best
        return np.flatnonzero(best.any(axis=0) & ~best[others].any(axis=0)).tolist()

    def separators(self, column: int, decimal: str) -> tuple[str, str]:
        """Those of a column: if it can have it, with the sign `decimal` before its decimals."""
        possible = [SEPARATED[i] for i in np.flatnonzero(self.best[:, column])] or SEPARATED
        return next((pair for pair in possible if pair[0] == decimal), possible[0])
