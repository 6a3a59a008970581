"""From what a source holds to what can be learnt from: each check, and each treatment noted."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from scipy.sparse import issparse

from .checks import check_finite, numbers_of
from .columns import blocks_of, by_type, framed, named
from .dataset import Dataset
from .doubts import doubts_of
from .labels import learn_labels
from .learning import learn_columns
from .notes import Note
from .plain import numbers_among
from .raw import Raw
from .reading import are_blank, read_table, told_without_unit
from .schema import Column, Schema
from .svmlight import fitted
from .texts import MARKERS, as_text
from .words import did_you_mean, listed

# The numbers of the rows: as pandas writes them into CSV, as it calls them when it reads that
# again, and as it writes them into Parquet.
ROW_NUMBERS = re.compile(r"|Unnamed: \d+|__index_level_\d+__")

UNLABELLED = "without a label"
MANY_LABELS = 10  # of fewer rows, half may well be of a class of their own


class UnlabelledError(ValueError):
    """No row has a label."""


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What `load` was asked for; see there."""

    require_target: bool = True
    drop: Sequence[str] = ()
    keep: Sequence[str] = ()
    missing: Sequence[str] | None = None
    carry: Sequence[str] = ()

    def __post_init__(self) -> None:
        for name in ("drop", "keep", "missing", "carry"):
            if isinstance(given := getattr(self, name), str):
                raise TypeError(f"{name}: expected a list of texts, got the text {given!r}")
            if not all(isinstance(text, str) for text in given or ()):
                raise TypeError(f"{name}: expected a list of texts, got {given!r}")


def clean(raw: Raw, name: str, wishes: Wishes, schema: Schema | None = None) -> Dataset:
    """Make the data set `name` from what its reader found: by a schema, or learning one."""
    if raw.target is None and wishes.require_target:
        raise ValueError(f"target: {name} comes without labels: {raw.no_target}")
    rows = raw.features.shape[0]
    if raw.target is not None and len(raw.target) != rows:
        raise ValueError(f"{name} has {rows} rows but {len(raw.target)} labels")
    if rows == 0:
        raise ValueError(f"{name} has no rows")
    carried = _carried(raw, wishes.carry)
    notes: list[str] = list(raw.notes)
    is_new = schema is None
    if schema is None:
        chosen, treatments = _chosen(raw, wishes)
        if not chosen.feature_names:
            raise ValueError(f"{name} has no features, only labels")
        schema, remarks = _learnt(chosen, wishes, raw.feature_names)
        notes += treatments + remarks
    elif not schema.columns:  # it is that of arrays, whose numbers are plain
        schema = replace(schema, columns=_learnt(raw, wishes, raw.feature_names)[0].columns)
    source = raw
    raw, treatments = _read(raw, schema)
    if not raw.feature_names:
        raise ValueError(f"{name}: no column is left to learn from; {'; '.join(notes)}")
    notes += treatments
    if not is_new:
        notes += _told_blank(source, raw.feature_names)
        if isinstance(source.features, pl.DataFrame):
            notes += told_without_unit(source.features, schema.columns)
    numbers = numbers_of(raw.features, raw.feature_names)
    check_finite(name, *numbers, raw.before)
    if is_new and raw.image_shape is None:
        notes += doubts_of(source, *numbers, schema.columns, lambda: _markers_of(source, wishes))
    dataset = Dataset(
        name,
        raw.features,
        None,
        raw.feature_names,
        raw.image_shape,
        raw.class_names,
        tuple(notes),
        schema=schema,
        carried=carried,
    )
    return dataset if raw.target is None else _labelled(dataset, raw, raw.target, wishes)


def _chosen(raw: Raw, wishes: Wishes) -> tuple[Raw, list[Note]]:
    """The features that are asked for; those that number the rows only when asked for."""
    notes = []
    dropped = set(wishes.drop)
    if dropped:
        if raw.image_shape is not None:
            raise ValueError("drop: the rows are images, which have no columns to leave out")
        _check_known("drop", wishes.drop, raw.feature_names)
        notes.append(Note("asked", names=tuple(wishes.drop)))
    _check_known("keep", wishes.keep, raw.feature_names)
    numbering = [name for name in raw.feature_names if ROW_NUMBERS.fullmatch(name)]
    if numbering := [name for name in numbering if name not in {*dropped, *wishes.keep}]:
        kind = "row-numbers-nameless" if numbering == [""] else "row-numbers"
        notes.append(Note(kind, names=tuple(numbering)))
        dropped |= set(numbering)
    return _without(raw, dropped), notes


def _without(raw: Raw, names: Collection[str]) -> Raw:
    """The features with other names."""
    kept = [i for i, name in enumerate(raw.feature_names) if name not in names]
    if len(kept) == len(raw.feature_names):
        return raw
    others = tuple(raw.feature_names[i] for i in kept)
    return replace(raw, features=raw.features[:, kept], feature_names=others)


def _learnt(raw: Raw, wishes: Wishes, names: tuple[str, ...]) -> tuple[Schema, list[Note]]:
    """The schema of the chosen features among those with some names."""
    missing = MARKERS if wishes.missing is None else tuple(wishes.missing)
    if isinstance(raw.features, pl.DataFrame):
        columns, notes = learn_columns(
            raw.features,
            is_typed=raw.lines is None,
            missing=missing,
            keep=wishes.keep,
            semicolons=raw.separator == ";",
        )
        return Schema(columns, missing), notes
    if raw.image_shape is not None:
        return Schema((), missing), []
    # The columns of an array are told by their places, and so by those left out before them.
    kept = set(raw.feature_names)
    columns = tuple(Column(name, "number" if name in kept else "left out") for name in names)
    return Schema(columns, missing), []


def _read(raw: Raw, schema: Schema) -> tuple[Raw, list[Note]]:
    """The features as the schema has them; an array has numbers already."""
    wanted = [column for column in schema.columns if column.kind != "left out"]
    if not isinstance(raw.features, pl.DataFrame):
        left_out = {column.name for column in schema.columns if column.kind == "left out"}
        notes: list[Note] = []
        if raw.is_sparse:
            raw, notes = fitted(_without(raw, left_out), [column.name for column in wanted])
        else:
            raw = _in_place(raw, schema, left_out)
        raw, holes = _holed(raw, schema.missing)
        return raw, notes + holes
    known = set(raw.feature_names)
    if absent := [column.name for column in wanted if column.name not in known]:
        raise ValueError(
            f"features: no column {listed(absent)}{did_you_mean(absent[0], raw.feature_names)}; "
            f"the model was trained with it, and the columns here are {listed(raw.feature_names)}"
        )
    features, notes = read_table(raw.features, wanted, schema.missing)
    return replace(raw, features=features, feature_names=tuple(features.columns)), notes


def _in_place(raw: Raw, schema: Schema, left_out: set[str]) -> Raw:
    """The columns of an array that are not left out, which it has to hold in their places."""
    names = tuple(column.name for column in schema.columns)
    if not left_out or left_out.isdisjoint(raw.feature_names):
        return raw
    if raw.feature_names == names:
        return _without(replace(raw, image_shape=None), left_out)
    # One that is wider may hold its labels too, where these have not been parted from it.
    if len(raw.feature_names) <= len(names) or raw.target is not None:
        raise ValueError(
            f"features: expected an array of shape (n, {len(names)}), as in training, got "
            f"{raw.features.shape}; {listed(sorted(left_out))} of it left out"
        )
    return raw


def _holed(raw: Raw, missing: Sequence[str]) -> tuple[Raw, list[Note]]:
    """An array, sparse or not, in which the numbers that stand for a missing value are NaN."""
    values = raw.features
    numbers = numbers_among(missing).to_numpy()
    if not len(numbers) or isinstance(values, pl.DataFrame):
        return raw, []
    if issparse(values) and 0 in numbers:
        raise ValueError("missing: expected no 0 where rows are sparse, whose other cells it is")
    if values.dtype.kind == "f":
        numbers = numbers.astype(values.dtype)
    is_missing = np.isin(values.data if issparse(values) else values, numbers)
    if not (cells := int(is_missing.sum())):
        return raw, []
    notes = [Note("missing-numbers", n=cells, missing=tuple(missing))]
    values = values.astype(values.dtype if values.dtype.kind == "f" else np.float64)
    held: Any = values.data if issparse(values) else values
    held[is_missing] = np.nan
    return replace(raw, features=values), notes


def _told_blank(source: Raw, chosen: Collection[str]) -> list[Note]:
    """Say which of the chosen columns hold nothing in any row."""
    features = source.features
    if isinstance(features, pl.DataFrame):
        cells = named(features)
        names = [name for name in chosen if are_blank(cells[name])]
    elif issparse(features) or features.dtype.kind != "f":
        return []
    else:
        blank = np.flatnonzero(np.isnan(features).all(axis=0)).tolist()
        names = [name for i in blank if (name := source.feature_names[i]) in chosen]
    return [Note("blank-columns", n=len(names), names=tuple(names))] if names else []


def _labelled(dataset: Dataset, raw: Raw, column: pl.Series, wishes: Wishes) -> Dataset:
    """The data set with its labels; with the rows that have none, or else without these."""
    assert dataset.schema is not None
    labels, is_new = dataset.schema.labels, dataset.schema.labels is None
    if wishes.require_target and is_new and raw.is_cut and (column == column[-1]).sum() == 1:
        raise ValueError(
            f"target: the last line of {dataset.name} does not end, and its label {column[-1]!r} "
            "occurs in no other row: the file seems cut off; if it is whole, end the line"
        )
    try:
        if labels is None:
            is_typed = raw.lines is None
            labels, read = learn_labels(column, is_typed=is_typed, missing=wishes.missing)
        else:
            read = labels.read(column)
    except ValueError as error:
        if not wishes.require_target:
            return dataset
        raise ValueError(f"target: {dataset.name}: {error}") from error
    schema = replace(dataset.schema, labels=labels)
    present = np.flatnonzero(read.present)
    absent = len(dataset) - len(present)
    if not wishes.require_target:
        return replace(dataset, target=None if absent else read.values, schema=schema)
    if len(present) == 0:
        raise UnlabelledError(f"target: no row of {dataset.name} has a label")
    if is_new and (read.values == read.values[0]).all():
        raise ValueError(
            f"target: expected two classes or more, but every label of {dataset.name} is "
            f"{read.values[0]}"
        )
    notes = list(read.notes)
    if is_new and 2 * (kinds := len(labels.classes)) > len(present) >= MANY_LABELS:
        notes.append(Note("many-classes", classes=kinds, n=len(present)))
    if absent:
        dataset = dataset.take(present)
        notes.append(Note("unlabelled", n=absent))
    return replace(
        dataset,
        target=read.values,
        schema=schema,
        notes=(*dataset.notes, *notes),
        left_out={UNLABELLED: absent} if absent else {},
    )


def _markers_of(raw: Raw, wishes: Wishes) -> Sequence[str]:
    """What stands for a missing value here, and has to be given beside another that does."""
    if wishes.missing is not None:
        return wishes.missing
    held = set[str]()
    if isinstance(raw.features, pl.DataFrame):
        columns = named(raw.features)
        texts = {
            name: as_text(columns[name])
            for dtype, names in by_type(raw.features).items()
            if dtype in (pl.String, pl.Categorical, pl.Enum)
            for name in names
        }
        for _, cells in blocks_of(texts, pl.String):
            held.update(set(MARKERS).intersection(cells.str.strip_chars().unique()))
    with suppress(ValueError):  # of labels that are none it is told where they are read
        if raw.target is not None:
            _, read = learn_labels(raw.target, is_typed=raw.lines is None, missing=None)
            held.update(n.facts["label"] for n in read.notes if n.kind == "missing-label")
    return [text for text in MARKERS if text in held]


def _carried(raw: Raw, carry: Sequence[str]) -> pl.DataFrame | None:
    """The columns to carry through to the predictions, as they stand."""
    if not carry:
        return None
    if not isinstance(raw.features, pl.DataFrame):
        raise ValueError("carry: the rows are an array, which has no columns to carry through")
    columns = raw.features.get_columns()
    if raw.target is not None:
        columns.append(raw.target)
    by_name = {column.name: column for column in columns}
    _check_known("carry", carry, tuple(by_name))
    return framed({name: by_name[name] for name in carry})


def _check_known(argument: str, names: Sequence[str], known: tuple[str, ...]) -> None:
    among = set(known)
    if unknown := [name for name in names if name not in among]:
        raise ValueError(
            f"{argument}: no column {listed(unknown)}{did_you_mean(unknown[0], known)} among the "
            f"features, which are {listed(known)}"
        )
