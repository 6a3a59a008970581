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
    if len(found := np.flatnonzero(many & begin_so & ~are_numbers)):
        first = texts[int(found[0])].drop_nulls()[0]
        yield Note("measure-texts", names=tuple(texts.names[i] for i in found), first=first)
    yield from _spellings(texts, kinds)


def _spellings(texts: Texts, kinds: pl.DataFrame) -> Iterator[Note]:
    """Texts that differ in capitals alone in a column; true and false are one however spelt."""
    kinds = kinds.with_columns(lower=pl.col("text").str.to_lowercase())
    alike = (
        kinds.filter(pl.len().over("column", "lower") > 1, ~pl.col("lower").is_in(TRUTH))
        .sort("column", "lower", "text")
        .group_by("column", "lower", maintain_order=True)
        .agg("text")
    )
    if len(alike):
        names = dict.fromkeys(texts.names[column] for column in alike["column"])
        found = dict.fromkeys(map(tuple, alike["text"].to_list()))
        yield Note("alike-texts", names=tuple(names), texts=tuple(found))
