"""What texts may not be what they seem: each is said, and taken for the category that it is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from .notes import Note
from .schema import PLAIN
from .texts import Texts

TRUTH = ["true", "false"]
# Fewer texts may well be categories, whatever they look like.
MANY = 10
NUMBER_FIRST = r"^[<>~≈]?\s?[+-]?\p{Nd}"


def doubts_of_texts(texts: Texts, is_typed: bool) -> Iterator[Note]:
    """Every doubt about columns of categories, whose cells are texts by their type or a file's."""
    kinds = texts.kinds()
    many = np.bincount(kinds["column"].to_numpy(), minlength=len(texts)) > MANY
    present = texts.count(texts.cells.is_not_null())
    are_numbers = texts.count(PLAIN.read(texts.cells).is_not_null()) == present
    if is_typed and (found := np.flatnonzero(many & are_numbers)).size:
        yield Note("number-texts", names=tuple(texts.names[i] for i in found))
    begin_so = texts.count(texts.cells.str.contains(NUMBER_FIRST)) == present
    for i in np.flatnonzero(many & begin_so & ~are_numbers).tolist():
        first = texts[i].drop_nulls()[0]
        yield Note("measure-texts", name=texts.names[i], first=first)
    yield from _spellings(texts, kinds)


def _spellings(texts: Texts, kinds: pl.DataFrame) -> Iterator[Note]:
    """Texts of a column that differ in capitals alone; true and false are one however spelt."""
    kinds = kinds.with_columns(lower=pl.col("text").str.to_lowercase())
    alike = (
        kinds.filter(pl.len().over("column", "lower") > 1, ~pl.col("lower").is_in(TRUTH))
        .sort("column", "lower", "text")
        .group_by("column", maintain_order=True)
        .agg("text")
    )
    for column, found in alike.iter_rows():
        yield Note("alike-texts", name=texts.names[column], texts=tuple(found))
