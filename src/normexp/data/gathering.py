"""The encoder of rows that are read part by part: what it learns of each is put together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import issparse

from .dataset import Dataset
from .dates import part_names
from .encoding import NO_DAY, Encoder, kinds_of, moments, notes_of, numbers_of, texts_of
from .learning import MAX_CATEGORIES
from .notes import Note
from .onehot import MISSING
from .schema import Column, Schema

MOST_NOTES = 30

Array = NDArray[np.float64]
Read = Callable[[Schema], Iterator[Dataset]]


@dataclass(frozen=True, eq=False)
class Moments:
    """How many numbers each column has, their mean, and their squared distances from it."""

    count: NDArray[np.int64]
    mean: Array
    squares: Array

    @classmethod
    def of(cls, values: NDArray[np.floating]) -> Moments:
        mean, deviation = moments(values)
        count = len(values) - np.isnan(values).sum(axis=0)
        return cls(count, mean, deviation**2 * count)

    def with_those(self, other: Moments) -> Moments:
        """Of both.

        References
        ----------
        T. F. Chan, G. H. Golub and R. J. LeVeque, Updating formulae and a pairwise algorithm for
        computing sample variances, 1979.
        """
        count = self.count + other.count
        share = other.count / np.maximum(count, 1)
        apart = other.mean - self.mean
        mean = np.where(self.count == 0, other.mean, self.mean + apart * share)
        squares = self.squares + other.squares + apart**2 * share * self.count
        return Moments(count, mean, squares)

    @property
    def deviation(self) -> Array:
        found: Array = np.sqrt(self.squares / np.maximum(self.count, 1))
        return found


def encoder_of(read: Read, schema: Schema, keep: Sequence[str] = ()) -> tuple[Encoder, Schema, int]:
    """The encoder that all rows together would give, after two passes over them.

    With a schema that leaves out columns of more than 1000 texts, unless they are to be kept, and
    the number of rows. Among the encoder's notes are those of the rows.
    """
    texts, firsts, schema, remarks = _kinds_of_all(read, schema, keep)
    found: Moments | None = None
    rows = 0
    told: dict[str, list[str]] = {}
    for dataset in read(schema):
        numbers, _, dates = _kinds(dataset)
        values = numbers_of(dataset.features, numbers, {name: firsts[name] for name in dates})
        if issparse(values):
            raise ValueError(f"{dataset.name}: rows of a folder of files may not be sparse")
        its = Moments.of(values)
        found = its if found is None else found.with_those(its)
        last, rows = dataset, rows + len(dataset)
        for note in dataset.notes:
            if getattr(note, "kind", "") != "unlabelled":  # of all together the caller knows them
                told.setdefault(note, []).append(dataset.name)
    assert found is not None
    numbers += tuple(name for day in dates for name in part_names(day, firsts[day]))
    if len(overflow := np.flatnonzero(~np.isfinite(found.mean + found.squares))):
        raise ValueError(f"column {numbers[overflow[0]]!r}: the variance of its numbers overflows")
    categories = {name: tuple(sorted(its)) if len(its) > 1 else () for name, its in texts.items()}
    if not (numbers or categories):
        raise ValueError(f"features: no column is left to learn from; {'; '.join(remarks)}")
    deviation = found.deviation
    scale = np.where(deviation > 0, deviation, 1.0)
    if last.image_shape is not None:
        scale = np.full_like(deviation, np.sqrt(np.mean(deviation**2)) or 1.0)
    encoder = Encoder(numbers, found.mean, scale, categories, firsts)
    holed = np.where(found.count < rows, np.nan, 0.0)
    notes = notes_of(last, encoder, holed[None], deviation)
    return replace(encoder, notes=(*remarks, *together(told), *notes)), schema, rows


def together(told: dict[str, list[str]]) -> list[Note]:
    """The notes of some parts, each once, with where it was made.

    >>> together({"3 cells taken as missing": ["big/a"], "1 row left out": ["big/a", "big/b"]})
    ['big/a: 3 cells taken as missing', '1 row left out (of 2 parts, the first in big/a)']
    """
    notes = [
        Note("in-part", note=note, part=names[0])
        if len(names) == 1
        else Note("in-parts", note=note, n=len(names), part=names[0])
        for note, names in told.items()
    ]
    rest = len(notes) - MOST_NOTES
    return notes if rest <= 0 else [*notes[:MOST_NOTES], Note("others", n=rest)]


def _has(dataset: Dataset, name: str) -> bool:
    """Whether a column of a table holds something."""
    return isinstance(dataset.features, pl.DataFrame) and dataset.features[name].count() > 0


def _kinds(dataset: Dataset) -> tuple[tuple[str, ...], tuple[str, ...], dict[str, str]]:
    if isinstance(dataset.features, pl.DataFrame):
        return kinds_of(dataset.features)
    return dataset.feature_names, (), {}


def _kinds_of_all(
    read: Read, schema: Schema, keep: Sequence[str]
) -> tuple[dict[str, set[str]], dict[str, str], Schema, list[Note]]:
    """The texts of each column and the first of its dates; columns of too many are left out."""
    texts: dict[str, set[str]] = {}
    firsts: dict[str, str] = {}
    too_many: list[str] = []
    for dataset in read(schema):
        _, names, dates = _kinds(dataset)
        for column in texts_of(dataset.features, tuple(n for n in names if n not in too_many)):
            its = texts.setdefault(column.name, set())
            its.update(column.fill_null(MISSING).unique().to_list())
            if len(its) > MAX_CATEGORIES and column.name not in keep:
                del texts[column.name]
                too_many.append(column.name)
        for name, day in dates.items():
            known = firsts.setdefault(name, day if _has(dataset, name) else "")
            if _has(dataset, name) and (day < known or not known):
                firsts[name] = day
    firsts = {name: day or NO_DAY for name, day in firsts.items()}
    if not too_many:
        return texts, firsts, schema, []
    columns = tuple(
        Column(each.name, "left out") if each.name in too_many else each for each in schema.columns
    )
    note = Note("too-many-texts", most=MAX_CATEGORIES, names=tuple(too_many))
    return texts, firsts, replace(schema, columns=columns), [note]
