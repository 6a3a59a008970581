"""What commands read besides their options."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from ..data import Dataset
    from ..model import Model


class Rows(NamedTuple):
    """Rows for a trained model: a file's as one data set, a folder's some at a time, in order."""

    name: str
    total: int  # with those that are left out
    read: Callable[[], Iterable[Dataset]]
    pieces: int = 1

    @property
    def datasets(self) -> Iterable[Dataset]:
        """All of them, those of a folder read anew."""
        return self.read()


def load_for(model: Model, data: str, reading: dict[str, Any], **options: Any) -> Dataset:
    """Rows for a trained model, read as those of its training were.

    By default their labels are where those were.
    """
    from ..data import load, options_of

    schema, target = model.schema, model.target
    how = {"schema": schema, **options}
    if reading["target"] is not None or target is None or "target" not in options_of(data):
        return load(data, **reading, **how)
    if schema and re.fullmatch(r"-?\d+", str(target)) and not options.get("require_target", True):
        # An index is that of the labels only where there are more columns than features.
        dataset = load(data, **reading, **how)
        if dataset.features.shape[1] <= len(schema.columns):
            return dataset
    return load(data, **{**reading, "target": target}, **how)


def rows_for(model: Model, data: str, reading: dict[str, Any], memory: int, **options: Any) -> Rows:
    """The same of a file, and of a folder of files, whose rows take no more memory than this."""
    if not is_folder(data):
        dataset = load_for(model, data, reading, **options)
        left_out = sum(dataset.left_out.values())
        return Rows(dataset.name, len(dataset) + left_out, lambda: [dataset])
    from ..data.cleaning import Wishes
    from ..data.parts import has_tables, parts_of

    check_for_folder(reading)
    if model.schema is None:
        raise ValueError(
            "the model does not say how columns are read, which a part of the rows cannot tell: "
            "a folder of files needs a model with a schema"
        )
    path, wishes = Path(data), Wishes(**options)
    target = reading["target"]
    if target is None and model.target is not None and has_tables(path):
        target = str(model.target)
    parts = parts_of(path, target, wishes.require_target)
    if not len(parts):
        raise ValueError(f"{parts.name} has no rows")
    made = len(model.encoder.feature_names) + len(model.classifier.classes_)
    at_once = parts.at_once(memory, made)
    read = partial(parts.datasets, model.schema, at_once, wishes)
    return Rows(parts.name, len(parts), read, parts.pieces(at_once))


def is_folder(data: str) -> bool:
    """Whether DATA is a folder of files that is read some rows at a time."""
    from ..data import builtin_names
    from ..data.parts import is_parts_folder

    return data not in builtin_names() and is_parts_folder(Path(data))


def check_for_folder(reading: dict[str, Any]) -> None:
    """Refuse options that say nothing of such a folder."""
    given = {name for name, value in reading.items() if value is not None and name != "header"}
    if unsuited := sorted(given - {"target"}):
        raise ValueError(f"{unsuited[0]}: it says nothing of a folder of files")
