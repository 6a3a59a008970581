"""Texts as columns of 0 and 1, of which each row has one for each column of text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from .notes import Note

MISSING = "(missing)"

Categories = Mapping[str, tuple[str, ...]]


def categories_of(columns: Sequence[pl.Series]) -> dict[str, tuple[str, ...]]:
    """The sorted texts of each column, none where it is constant."""
    if not columns:
        return {}
    found = _cells(columns).unique().sort("column", "text")
    texts = found.group_by("column", maintain_order=True).agg("text")["text"].to_list()
    return {
        column.name: tuple(names) if len(names) > 1 else ()
        for column, names in zip(columns, texts, strict=True)
    }


def positions(columns: Sequence[pl.Series], categories: Categories) -> NDArray[np.int64]:
    """Which of all categories each cell is, as (columns, rows); −1 for one that is not known."""
    if not columns:
        return np.empty((0, 0), dtype=np.int64)
    known = pl.DataFrame(
        {
            "column": np.repeat(
                np.arange(len(columns), dtype=np.uint32), [len(t) for t in categories.values()]
            ),
            "text": pl.Series(
                [text for texts in categories.values() for text in texts], dtype=pl.String
            ),
        }
    ).with_row_index("position")
    cells = _cells(columns).join(known, ["column", "text"], how="left", maintain_order="left")
    found = cells["position"].cast(pl.Int64).fill_null(-1).to_numpy()
    return np.asarray(found.reshape(len(columns), -1))


def one_hot(found: NDArray[np.int64], rows: int, width: int) -> csr_array:
    """A 1 at each position that was found."""
    column, row = np.nonzero(found >= 0)
    where = row, found[column, row]
    return csr_array((np.ones(len(row)), where), shape=(rows, width))


def told_unseen(columns: Sequence[pl.Series], categories: Categories) -> tuple[Note, ...]:
    """Count and name the texts of each column that are none of its categories."""
    found = positions(columns, categories)
    notes = []
    for i, column in enumerate(columns):
        unseen = pl.Series(found[i] < 0)
        if categories[column.name] and unseen.any():
            texts = column.fill_null(MISSING).filter(unseen).value_counts(sort=True, name="(rows)")
            rows = int(unseen.sum())
            notes.append(Note("unseen", name=column.name, n=rows, texts=tuple(texts[:, 0])))
    return tuple(notes)


def _cells(columns: Sequence[pl.Series]) -> pl.DataFrame:
    """The cells of all columns, one column after the other, with the number of the column."""
    rows = len(columns[0])
    number = np.repeat(np.arange(len(columns), dtype=np.uint32), rows)
    return pl.DataFrame({"column": number, "text": pl.concat(columns).fill_null(MISSING)})
