"""Columns of text side by side: cells stripped, the missing ones null."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .columns import column_of, joined

# What pandas reads as missing, and the question mark of the UCI repository; the empty cell always
# is.
MARKERS = (
    *("#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN"),
    *("<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null", "?"),
)


@dataclass(frozen=True, eq=False)
class Texts:
    """The cells of some columns of text, one column after the other.

    Attributes
    ----------
    names : tuple of str
    rows : int
        Of each column.
    written : Series
        The texts without the space around them; what is empty is null.
    cells : Series
        The same, in which what stands for a missing value is null too.
    """

    names: tuple[str, ...]
    rows: int
    written: pl.Series
    cells: pl.Series

    @classmethod
    def of(
        cls, names: Sequence[str], columns: Sequence[pl.Series], rows: int, missing: Iterable[str]
    ) -> Texts:
        """Strip columns of text, and make null what is one of `missing`."""
        written = joined(columns, pl.String).str.strip_chars()
        written = written.set(written == "", None)
        return cls(tuple(names), rows, written, written.set(written.is_in(list(missing)), None))

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, column: int) -> pl.Series:
        return column_of(self.cells, column, self.rows, self.names[column])

    def take(self, columns: Iterable[int]) -> Texts:
        """The columns at some positions."""
        columns = list(columns)
        if columns == list(range(len(self))):
            return self
        written, cells = (
            joined([column_of(series, column, self.rows) for column in columns], pl.String)
            for series in (self.written, self.cells)
        )
        return Texts(tuple(self.names[column] for column in columns), self.rows, written, cells)

    def table(self, of_cells: pl.Series) -> NDArray[np.bool_]:
        """What is true of each cell, as an array (columns, rows)."""
        truth: NDArray[np.bool_] = of_cells.fill_null(False).to_numpy()
        return truth.reshape(len(self), self.rows)

    def count(self, of_cells: pl.Series) -> NDArray[np.int64]:
        """Of how many cells of each column something is true."""
        counts: NDArray[np.int64] = self.table(of_cells).sum(axis=1, dtype=np.int64)
        return counts

    def without(self, names: Iterable[str]) -> Texts:
        """The columns with other names."""
        gone = set(names)
        return self.take(i for i, name in enumerate(self.names) if name not in gone)

    def kinds(self) -> pl.DataFrame:
        """Each text of each column once: the number of its `column`, and the `text`."""
        number = np.repeat(np.arange(len(self)), self.rows)
        return pl.DataFrame({"column": number, "text": self.cells}).drop_nulls().unique()

    def different(self) -> NDArray[np.int64]:
        """How many texts each column holds."""
        return np.bincount(self.kinds()["column"].to_numpy(), minlength=len(self))


def as_text(column: pl.Series) -> pl.Series:
    """A column of any type as the texts that a file would hold; whole numbers without a point."""
    dtype = column.dtype
    if dtype == pl.String:
        return column
    if dtype.is_float():
        column = column.fill_nan(None)
        whole = column.cast(pl.Int64, strict=False)
        is_whole = (whole.cast(dtype) == column).fill_null(False)
        return whole.cast(pl.String).zip_with(is_whole, column.cast(pl.String))
    if isinstance(dtype, pl.Datetime):
        return column.dt.to_string("%Y-%m-%d %H:%M:%S")
    return column.cast(pl.String)
