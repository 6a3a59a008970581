"""A result with its working shown, every number of it computed by the library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .render import html, latex, plain, svg, text
from .working import Working


@dataclass(frozen=True, eq=False, repr=False)
class Derivation(Working):
    """How a result comes about: for one sample, or for a batch whose samples are derived apart.

    Attributes
    ----------
    loss : Loss or None
        None for softmax alone.
    language : {"en", "zh"}
    target : int, list or None
    value : float, ndarray or None
        The loss; an array for ``reduction="none"``.
    grad : ndarray or None
        Its gradient with respect to the logits, in their shape.
    columns : dict of str to ndarray
        The table: a number for each class under ASCII names; for binary cross-entropy for each
        element, for a batch for each sample.
    headings : dict of str to Formula
        What the columns are.
    steps : tuple of Step
        From the logits to the loss, which is the value of the last one.
    gradient : tuple of Step
        From the loss back to the logits.
    backward : tuple of Step
        From the logits back to weight, bias and features.
    graph : Graph
        The same as nodes and edges.
    samples : tuple of Derivation
        Of a batch: the derivation of each sample's own loss.
    """

    samples: tuple[Derivation, ...] = ()

    def __repr__(self) -> str:
        return f"Derivation(loss={self.loss!r}, target={self.target!r}, value={self.value!r})"

    def text(self, width: int = text.WIDTH) -> str:
        """Plain text for a terminal of so many columns."""
        return text.text(self, width)

    def __str__(self) -> str:
        return self.text()

    def latex(self) -> str:
        """LaTeX for an article: sentences and displayed formulas.

        It needs the package amsmath, and for Chinese a document class such as ctexart.
        """
        return latex.latex(self)

    def html(self) -> str:
        """A fragment of HTML with MathML, which needs nothing else."""
        return html.html(self)

    def svg(self) -> str:
        """The graph as a picture."""
        return svg.svg(self)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values and lists; −inf, inf and NaN may be among the numbers."""
        return plain.plain(self)

    def _repr_html_(self) -> str:
        return self.html()

    def _repr_latex_(self) -> str:
        return latex.formulas(self)
