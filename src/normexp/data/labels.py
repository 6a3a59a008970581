"""Labels: integers, or texts as they stand in the file."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .notes import Note
from .texts import MARKERS, as_text
from .words import counted, listed

INT64 = range(-(2**63), 2**63)
NUMBER = re.compile(r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?|inf)", re.IGNORECASE)
LABEL_TYPES = (pl.String, pl.Categorical, pl.Enum, pl.Boolean, pl.Null)


@dataclass(frozen=True)
class Labels:
    """How the labels of the training rows are written.

    Attributes
    ----------
    are_integers : bool
        Otherwise they are texts.
    classes : tuple of str
        The labels as texts.
    missing : tuple of str
        What stands for a missing label, beside the empty cell.
    """

    are_integers: bool
    classes: tuple[str, ...]
    missing: tuple[str, ...] = ()

    def state(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {
            "are_integers": self.are_integers,
            "classes": list(self.classes),
            "missing": list(self.missing),
        }

    @classmethod
    def from_state(cls, plain: dict[str, Any]) -> Labels:
        """Return the labels that `state` was taken of."""
        return cls(plain["are_integers"], tuple(plain["classes"]), tuple(plain["missing"]))

    def read(self, column: pl.Series) -> LabelsRead:
        """Read a column by what was learnt.

        A text is the class that is written so; else the class that is the same truth value, or,
        where classes or column are numbers and not texts, the same number. Where the classes are
        0 and 1, or false and true, numbers and truth values mean one another. A marker of missing
        values that is no class is missing.

        Raises
        ------
        ValueError
            If a label is none of the classes.
        """
        texts = _texts(column)
        counts = _counts(texts)
        found = {text: self._class_of(text, column.dtype.is_numeric()) for text in counts}
        others = [text for text, name in found.items() if name is None]
        missing = [text for text in others if text in {"", *self.missing, *MARKERS}]
        if unknown := sorted(set(others) - set(missing)):
            rows = sum(counts[text] for text in unknown)
            raise ValueError(
                f"{counted(rows, 'row')} with the label {listed(unknown)}, which the model was not "
                f"trained on; it knows {listed(self.classes)}"
            )
        names = texts.replace_strict(list(found), list(found.values()), return_dtype=pl.String)
        values = names.drop_nulls()
        return LabelsRead(
            values.cast(pl.Int64).to_numpy()
            if self.are_integers
            else np.array(values.to_list(), dtype=np.str_),
            names.is_not_null().to_numpy(),
            tuple(Note("missing-label", label=text, n=counts[text]) for text in missing if text),
        )

    def _class_of(self, text: str, is_number: bool) -> str | None:
        if text in self._values:
            return text
        value = _value(text)
        if value is None:
            return None
        equal = [
            name
            for name, known in self._values.items()
            if known == value and self._may_equal(known, value, is_number)
        ]
        return equal[0] if len(equal) == 1 else None

    def _may_equal(self, known: Any, value: Any, is_number: bool) -> bool:
        """Whether a class and a label that Python finds equal, as True and 1, mean the same."""
        truths = isinstance(known, bool) + isinstance(value, bool)
        if truths == 1:
            return self._are_binary
        return truths == 2 or self.are_integers or is_number

    @cached_property
    def _are_binary(self) -> bool:
        """Whether the classes are the integers 0 and 1, or false and true."""
        values = self._values.values()
        alike = self.are_integers or all(isinstance(value, bool) for value in values)
        return alike and set(values) == {0, 1}

    @cached_property
    def _values(self) -> dict[str, Any]:
        return {name: _value(name) for name in self.classes}


@dataclass(frozen=True, eq=False)
class LabelsRead:
    """The labels of the rows that have one, which rows these are, and what was done."""

    values: NDArray[Any]
    present: NDArray[np.bool_]
    notes: tuple[Note, ...]


def learn_labels(
    column: pl.Series, *, is_typed: bool, missing: Collection[str] | None
) -> tuple[Labels, LabelsRead]:
    """Learn how labels are written, and read them.

    The empty cell is missing, and what `missing` says. Where all labels but markers of missing
    values are integers, the markers are missing too; a class beside texts may be called by one.

    Raises
    ------
    ValueError
        If the labels are numbers but not whole ones, or of a type that no label has.
    """
    dtype = column.dtype
    if not (dtype.is_numeric() or dtype in LABEL_TYPES):
        raise ValueError(f"expected labels that are text or integers, got {dtype}")
    counts = _counts(_texts(column))
    names = [text for text in counts if text and text not in (missing or ())]
    plain = [text for text in names if missing is not None or text not in MARKERS]
    notes = []
    is_text = not dtype.is_numeric()
    are_integers = not (is_typed and dtype == pl.String) and _are_integers(plain, is_text=is_text)
    if are_integers:
        whole = {text: str(int(_value(text) or 0)) for text in plain}
        pointed = [text for text in plain if "." in text]
        if dtype.is_float() or pointed:
            came = pointed[0] if pointed else f"{plain[0]}.0"
            notes.append(Note("integers", label=came))
        names = list(dict.fromkeys(whole.values()))
    else:
        names, remarks = _one_spelling(names)
        notes += remarks + _alike(names)
    if not are_integers and missing is None:
        notes += [
            Note("marker-class", label=text, n=counts[text]) for text in names if text in MARKERS
        ]
    labels = Labels(are_integers, tuple(names), tuple(missing or ()))
    read = labels.read(column)
    return labels, LabelsRead(read.values, read.present, (*notes, *read.notes))


def _texts(column: pl.Series) -> pl.Series:
    """Stripped, and empty where the column has nothing."""
    return as_text(column).str.strip_chars().fill_null("")


def _counts(texts: pl.Series) -> dict[str, int]:
    """How often each text occurs, in the order of the rows."""
    found = pl.DataFrame({"text": texts}).group_by("text", maintain_order=True).len()
    return dict(zip(found["text"].to_list(), found["len"].to_list(), strict=True))


def _value(text: str) -> bool | int | float | None:
    """The number or the truth value that a text stands for."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    tidy = text.replace("−", "-")
    if not NUMBER.fullmatch(tidy):
        return None
    try:
        return int(tidy) if tidy.lstrip("+-").isdecimal() else float(tidy)
    except ValueError:  # thousands of digits
        return None


def _one_spelling(names: Collection[str]) -> tuple[list[str], list[Note]]:
    """Classes without TRUE where True came before it, and what was done."""
    first: dict[str | bool, str] = {}
    notes = []
    for name in names:
        value = _value(name)
        spelt = first.setdefault(value if isinstance(value, bool) else name, name)
        if spelt != name:
            notes.append(Note("spelling", label=name, spelt=spelt))
    return list(first.values()), notes


def _alike(names: Collection[str]) -> list[Note]:
    """Classes that differ in nothing but their writing, as 01 and 1 or Yes and yes do: each set."""
    meant: dict[Any, list[str]] = {}
    for name in names:
        value = _value(name)
        is_number = value is not None and not isinstance(value, bool)  # True is no other 1
        meant.setdefault(value if is_number else name.casefold(), []).append(name)
    alike = tuple(tuple(each) for each in meant.values() if len(each) > 1)
    return [Note("alike-labels", labels=alike)] if alike else []


def _are_integers(texts: Collection[str], *, is_text: bool) -> bool:
    """Whether labels are integers; texts such as 01 and 1e3 are codes."""
    values = {text: _value(text) for text in texts}
    if not values or any(value is None or isinstance(value, bool) for value in values.values()):
        return False
    for text, value in values.items():
        if isinstance(value, float) and not (value.is_integer() and int(value) in INT64):
            raise ValueError(
                f"expected labels that are text or integers, got {text}: this looks like the "
                "target of a regression"
            )
    is_code = any(re.match("[+−-]?0[0-9]", text) for text in texts) or (
        is_text and any("e" in text.lower() for text in texts)
    )
    return not is_code and all(int(value) in INT64 for value in values.values() if value)
