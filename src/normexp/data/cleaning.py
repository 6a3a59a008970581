"""From what a source holds to what can be learnt from: each check, and each treatment noted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .dataset import Dataset
from .raw import Raw
from .words import counted, listed


def clean(raw: Raw, name: str, *, require_target: bool, drop: Sequence[str]) -> Dataset:
    """Make the data set `name` from what its reader found."""
    if raw.target is None and require_target:
        raise ValueError(f"target: {name} comes without labels: {raw.no_target}")
    if raw.target is not None and len(raw.target) != len(raw.features):
        raise ValueError(f"{name} has {len(raw.features)} rows but {len(raw.target)} labels")
    if len(raw.features) == 0:
        raise ValueError(f"{name} has no rows")

    notes = list(raw.notes)
    features, feature_names = _without(raw, drop)
    if drop:
        notes.append(f"left out as asked: {listed(drop)}")
    if not feature_names:
        raise ValueError(f"{name} has no features, only labels")
    _check_finite(features, feature_names)

    target = None
    if raw.target is not None:
        if require_target and raw.is_cut and (raw.target == raw.target[-1]).sum() == 1:
            raise ValueError(
                f"target: the last line of {name} does not end, and its label {raw.target[-1]!r} "
                "occurs in no other row: the file seems cut off; if it is whole, end the line"
            )
        labels = raw.target.fill_nan(None) if raw.target.dtype.is_float() else raw.target
        present = np.flatnonzero(labels.is_not_null())
        if len(present) == 0:
            raise ValueError(f"target: no row of {name} has a label")
        if len(present) < len(labels):
            notes.append(f"{counted(labels.null_count(), 'row')} without a label left out")
            features = features[present]
        target, treatment = _labels(labels.drop_nulls())
        notes += treatment
        if require_target and (target == target[0]).all():
            raise ValueError(
                f"target: expected two classes or more, but every label of {name} is {target[0]}"
            )
    return Dataset(
        name, features, target, feature_names, raw.image_shape, raw.class_names, tuple(notes)
    )


def _without(raw: Raw, drop: Sequence[str]) -> tuple[NDArray[Any] | pl.DataFrame, tuple[str, ...]]:
    if not drop:
        return raw.features, raw.feature_names
    if raw.image_shape is not None:
        raise ValueError("drop: the rows are images, which have no columns to leave out")
    if unknown := [name for name in drop if name not in raw.feature_names]:
        raise ValueError(
            f"drop: no column {listed(unknown)} among the features, which are "
            f"{listed(raw.feature_names)}"
        )
    kept = [i for i, name in enumerate(raw.feature_names) if name not in drop]
    return raw.features[:, kept], tuple(raw.feature_names[i] for i in kept)


def _check_finite(features: NDArray[Any] | pl.DataFrame, names: tuple[str, ...]) -> None:
    if isinstance(features, pl.DataFrame):
        infinite = {
            column.name: column.is_infinite().arg_true()
            for column in features
            if column.dtype.is_float()
        }
        found = [(name, rows[0]) for name, rows in infinite.items() if len(rows)]
    else:
        floats = features if features.dtype.kind == "f" else features[:0]
        found = [(names[column], row) for row, column in np.argwhere(np.isinf(floats))]
    if found:
        name, row = found[0]
        raise ValueError(
            f"column {name!r} holds an infinite number in row {row + 1} (the first row is 1): "
            "correct it, or leave the field empty"
        )


def _labels(column: pl.Series) -> tuple[NDArray[Any], list[str]]:
    """Return labels as int64 or text, and what was done to them."""
    dtype = column.dtype
    if dtype in (pl.String, pl.Categorical, pl.Enum, pl.Boolean):
        return np.array(column.cast(pl.String).to_list(), dtype=np.str_), []
    if not dtype.is_numeric():
        raise ValueError(f"target: expected labels that are text or integers, got {dtype}")
    integers = column.cast(pl.Int64, strict=False)
    if len(wrong := column.filter(integers.ne_missing(column))):
        raise ValueError(
            f"target: expected labels that are text or integers, got {wrong[0]}: this looks like "
            "the target of a regression"
        )
    treatment = [] if dtype.is_integer() else [f"labels such as {column[0]} read as integers"]
    return integers.to_numpy(), treatment
