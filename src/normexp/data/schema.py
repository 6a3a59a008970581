"""The schema of a table: how its cells are read, learnt in training and used ever after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .dates import ISO
from .labels import Labels
from .texts import MARKERS
from .writing import Writing

PLAIN = Writing()
Kind = Literal["number", "boolean", "text", "date", "left out"]


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    name : str
    kind : {"number", "boolean", "text", "date", "left out"}
    writing : Writing
        Of numbers that stand there as text.
    day : str
        The format of dates that stand there as text, as for `strftime`.
    """

    name: str
    kind: Kind
    writing: Writing = PLAIN
    day: str = ISO


@dataclass(frozen=True)
class Schema:
    """How the cells of a table are read.

    Attributes
    ----------
    columns : tuple of Column
        The features; none where rows came as an array.
    missing : tuple of str
        The texts that stand for a missing value, beside the empty cell.
    labels : Labels or None

    Examples
    --------
    >>> from normexp.data import load
    >>> load("iris").schema.labels.classes
    ('0', '1', '2')
    """

    columns: tuple[Column, ...] = ()
    missing: tuple[str, ...] = MARKERS
    labels: Labels | None = None

    def state(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {
            "columns": [
                [column.name, column.kind, *column.writing.state(), column.day]
                for column in self.columns
            ],
            "missing": list(self.missing),
            "labels": self.labels and self.labels.state(),
        }

    @classmethod
    def from_state(cls, plain: Mapping[str, Any]) -> Schema:
        """Return the schema that `state` was taken of."""
        return cls(
            tuple(
                Column(name, kind, Writing(*writing), day)
                for name, kind, *writing, day in plain["columns"]
            ),
            tuple(plain["missing"]),
            plain["labels"] and Labels.from_state(plain["labels"]),
        )
