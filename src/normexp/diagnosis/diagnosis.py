"""A diagnosis: what was found, and how it shows itself."""

from __future__ import annotations

from dataclasses import dataclass

from .findings import Findings
from .render import html, text


@dataclass(frozen=True, eq=False, repr=False)
class Diagnosis(Findings):
    """What is wrong with a batch of logits; true where no finding is an error.

    Attributes
    ----------
    findings : tuple of Finding
        Errors first, then warnings, then notes.
    loss : Loss
    value : float or None
        The true loss of the rows whose target can be read; None without a target.
    shape : tuple of int
        Of the batch, without the axis of the classes.
    classes : int
    dtype : str
    language : {"en", "zh"}
    """

    def __str__(self) -> str:
        return text(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return html(self)
