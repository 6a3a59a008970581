"""A step of a working, and the sheet that steps are worked out on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .filling import Known, filled
from .formula import Derivative, Formula, Name
from .trace import Bond, Trace
from .words import words

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Line:
    """One result: what it is, the formula it comes from, what was known then, and its value.

    There is no formula where the value is all there is to say.
    """

    name: Formula
    formula: Formula | None
    known: Known = field(repr=False)
    value: float | Array

    @property
    def symbol(self) -> Formula:
        """The name with numbers for its indices."""
        return filled(self.name, Known(at=self.known.at))

    @property
    def filled(self) -> Formula | None:
        """The formula with its numbers: made when it is shown, as few of very many lines are."""
        return None if self.formula is None else filled(self.formula, self.known)


@dataclass(frozen=True, eq=False)
class Step:
    """One idea: a symbol, the formulas that it equals one after the other, and what they give.

    Attributes
    ----------
    name : str
        Plain ASCII, the same in every language.
    symbol : Formula or None
        None for a step that is words alone.
    chain : tuple of Formula
        Each equals the next; the last one is filled in.
    lines : tuple of Line
        One for a number or a matrix, one for each class where the symbol has an index.
    value : float or ndarray
        The value of every line: the library's own.
    title, why : str
        In the language of the derivation.
    """

    name: str
    symbol: Formula | None
    chain: tuple[Formula, ...]
    lines: tuple[Line, ...]
    value: Any
    title: str
    why: str


class Sheet:
    """The numbers known so far, by their letters and in a table, and the steps that gave them."""

    def __init__(self, known: Known, loss: Name, language: str) -> None:
        self.known = known
        self.loss = loss
        self.trace = Trace()
        self.language = language
        self.columns: dict[str, Array] = {}
        self.headings: dict[str, Formula] = {}
        self.forth: list[Step] = []
        self.back: list[Step] = []
        self._steps = self.forth

    def work(
        self,
        name: str,
        symbol: Formula,
        *chain: Formula,
        value: Any,
        each: str | None = None,
        among: Iterable[int] | None = None,
        bonds: Sequence[Bond] = (),
        **facts: Any,
    ) -> None:
        """Add a step; from here on its symbol stands for its value.

        Parameters
        ----------
        value : float or array
            With `each`, an array with an entry for everything that this index may be.
        each : str, optional
            The free index of the symbol: there is a line for each class that it may be.
        among : iterable of int, optional
            Which ones, if not every class.
        bonds : sequence of Bond
            What of the numbers known so far goes into which others, for the trace.
        facts
            What the sentence of the step mentions.
        """
        known = self.known.copy()
        formula = chain[-1] if chain else None
        if each is None:
            lines = [Line(symbol, formula, known, _plain(value))]
        else:
            lines = []
            for i in known.over["k"] if among is None else among:
                bound = known.bound(**{each: i})
                lines.append(Line(symbol, formula, bound, _plain(value[i])))
        self.trace.starts(bonds, self.known.numbers)
        if isinstance(symbol, Name):
            self.known.numbers[symbol.letter] = value
        if isinstance(symbol, Derivative) and symbol.of == self.loss and each is not None:
            self.trace.grads[symbol.by.letter] = value
        self.trace.ends(bonds, self.known.numbers)
        title, why = words(name, self.language)
        self._steps.append(
            Step(name, symbol, chain, tuple(lines), _plain(value), title, why.format(**facts))
        )

    def say(self, name: str, **facts: Any) -> None:
        """Add a step that is words alone."""
        title, why = words(name, self.language)
        self._steps.append(Step(name, None, (), (), None, title, why.format(**facts)))

    def column(self, name: str, heading: Formula, values: Array) -> None:
        """Add a number for each class to the table."""
        self.columns[name] = np.asarray(values, np.float64)
        self.headings[name] = heading

    def turn(self) -> None:
        """From here on steps lead back, from the loss to its gradient."""
        self._steps = self.back


def _plain(value: Any) -> Any:
    return value if np.ndim(value) else float(value)
