"""What was found in a batch, as data: what renderings are given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..losses import Loss


@dataclass(frozen=True, eq=False)
class Finding:
    """One kind of trouble, the rows that have it, and what to do.

    Attributes
    ----------
    kind : str
        Such as "zero-loss", the same in every language.
    severity : {"error", "warning", "note"}
    rows : ndarray of int
        The rows: of shape (n,), or (n, d) where a batch has d > 1 axes beside that of the classes.
    numbers : mapping of str to ndarray
        What was measured, an entry for each of `rows`: "ordinary loss", "true loss", "label".
    title, happens, do : str
        What it is, what comes of it, and what to do about it.
    """

    kind: str
    severity: str
    rows: NDArray[np.intp]
    numbers: Mapping[str, NDArray[Any]]
    title: str
    happens: str
    do: str

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values; inf and NaN are among them."""
        return {
            "kind": self.kind,
            "severity": self.severity,
            "title": self.title,
            "happens": self.happens,
            "do": self.do,
            "count": len(self.rows),
            "rows": self.rows.tolist(),
            "numbers": {name: values.tolist() for name, values in self.numbers.items()},
        }


@dataclass(frozen=True, eq=False, repr=False)
class Findings:
    """Findings, the gravest first, and what the batch was: see `Diagnosis`, which can be shown."""

    findings: tuple[Finding, ...]
    loss: Loss
    value: float | None
    shape: tuple[int, ...]
    classes: int
    dtype: str
    language: str

    @property
    def ok(self) -> bool:
        """Whether no finding is an error. Warnings and notes there may be."""
        return not self.of("error")

    def __bool__(self) -> bool:
        return self.ok

    def __contains__(self, kind: object) -> bool:
        return any(finding.kind == kind for finding in self.findings)

    def __getitem__(self, kind: str) -> Finding:
        for finding in self.findings:
            if finding.kind == kind:
                return finding
        raise KeyError(kind)

    def of(self, severity: str) -> tuple[Finding, ...]:
        """The findings of one severity."""
        return tuple(finding for finding in self.findings if finding.severity == severity)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values; inf and NaN are among them."""
        return {
            "ok": self.ok,
            "loss": repr(self.loss),
            "value": self.value,
            "shape": list(self.shape),
            "classes": self.classes,
            "dtype": self.dtype,
            "findings": [finding.to_dict() for finding in self.findings],
        }
