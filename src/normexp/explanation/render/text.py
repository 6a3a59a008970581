"""A working as plain text, for a terminal."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from ..._text import with_minus
from ..formula import Call, Formula, Group, Index, Matrix, Name, Number, Power, Transposed
from ..steps import Step
from ..words import phrase
from ..working import Working
from .outline import Table, equations, sections, title
from .setting import Setting

WIDTH = 80
INDENT = "    "
EQUAL = "      = "  # on a line of its own
HANGED = "        "  # what goes on from the line before

# Where a formula goes on in a new line: between the terms of a sum, else before any operator, and
# in a long row of a matrix between two numbers.
BREAKS = tuple(map(re.compile, (r" (?=[+−] )|(?<=[,;]) ", r" (?=[·/] )", r" (?![+−·/] )(?<! . )")))


class Text(Setting):
    """Sets formulas on one line.

    Examples
    --------
    >>> z, m = Name("z"), Name("m")
    >>> formula(2 * (z["k"] - m) ** 2)
    '2 · (z_k − m)²'
    """

    plus, minus, opposite = " + ", " − ", "−"
    times, comma = " · ", ", "
    above_zero, dots = " > 0", "…"

    def number(self, mantissa: str, exponent: str) -> str:
        return with_minus(f"{mantissa}e{exponent}" if exponent else mantissa)

    def name(self, letter: str, index: tuple[Index, ...]) -> str:
        return f"{letter}_{','.join(map(str, index))}" if index else letter

    def fraction(self, top: Formula, bottom: Formula) -> str:
        return f"{self._whole(top)} / {self._whole(bottom)}"

    def _whole(self, of: Formula) -> str:
        """On one line parts need parentheses that a fraction bar or a raised exponent saves."""
        is_whole = isinstance(of, Number | Name | Call | Group | Power | Transposed | Matrix)
        return self(of) if is_whole else self.within("()", self(of))

    def power(self, base: str, exponent: Formula) -> str:
        return f"{base}²" if exponent == Number(2) else f"{base}^{self._whole(exponent)}"

    def transposed(self, of: str) -> str:
        return f"{of}ᵀ"

    def function(self, name: str) -> str:
        return name

    def within(self, brackets: str, inside: str) -> str:
        return inside.join(brackets)

    def operator(self, sign: str, index: str, omit: str | None) -> str:
        return f"{sign}_{index}{'' if omit is None else f'≠{omit}'} "

    def derivative(self, of: str, by: str) -> str:
        return f"∂{of}/∂{by}"

    def matrix(self, rows: Iterable[Iterable[str]]) -> str:
        return self.within("[]", "; ".join(map(" ".join, rows)))


formula = Text()


def text(working: Working, width: int = WIDTH) -> str:
    """Set a working: the table of the classes, and step by step how its numbers come about.

    No line is wider than `width` columns, but for a word or a number that is wider itself.
    """
    return "\n".join([*_wrapped(title(working), width, ""), *_body(working, width)])


def _body(working: Working, width: int) -> Iterator[str]:
    """Of a batch the first sample, and what it has beyond its samples."""
    language = working.language
    for sample in working.samples[:1]:
        yield from ("", phrase("sample", language, index=0), *_body(sample, width))
    if len(working.samples) > 1:
        count = len(working.samples) - 1
        yield from ("", phrase("more", language, count=count))
    for section in sections(working):
        yield from ("", *_underlined(section.title, width))
        if section.table is not None:
            yield from ("", *_table(section.table, width))
        for step in section.steps:
            yield from ("", *_step(step, width))


def _step(step: Step, width: int) -> Iterator[str]:
    yield from _wrapped(step.title, width, "")
    for parts in equations(step):
        yield from [f"{INDENT}…"] if parts is None else _equals(parts, width)
    yield from _wrapped(step.why, width)


def _equals(parts: Sequence[Formula], width: int) -> Iterator[str]:
    """One line, or where that is too long one for each equals sign, and more where one is."""
    first, *others = map(formula, parts)
    line = INDENT + " = ".join([first, *others])
    if _width(line) <= width:
        yield line
        return
    yield from _broken(INDENT + first, width)
    for other in others:
        yield from _broken(EQUAL + other, width)


def _broken(line: str, width: int) -> Iterator[str]:
    """A formula in lines that begin with an operator, or end with a comma."""
    pieces = [line]
    for breaks in BREAKS:
        parts = [breaks.split(p) if _width(HANGED + p) > width else [p] for p in pieces]
        pieces = list(chain.from_iterable(parts))
    taken, *others = pieces
    for piece in others:
        if _width(f"{taken} {piece}") > width:
            yield taken
            taken = HANGED + piece
        else:
            taken = f"{taken} {piece}"
    yield taken


def _table(of: Table, width: int) -> Iterator[str]:
    """A line for each class; columns that have no room come below, beside the classes again."""
    labels, columns = [f"  {of.corner}"], [[formula(heading)] for heading in of.headings]
    for row in of.rows:
        label, is_target, values = row or ("…", False, [])
        labels.append(("→ " if is_target else "  ") + label)
        for k, column in enumerate(columns):
            column.append(formula(Number(values[k])) if values else "…")
    first = _aligned(labels, left=True)
    room = width - _width(first[0])
    for k, some in enumerate(_fitting(list(map(_aligned, columns)), room)):
        if k:
            yield ""
        for line in zip(first, *some, strict=True):
            yield "  ".join(line).rstrip()


def _fitting(columns: list[list[str]], room: int) -> Iterator[list[list[str]]]:
    """As many columns at a time as there is room for, one at least."""
    some: list[list[str]] = []
    left = room
    for column in columns:
        needed = 2 + _width(column[0])
        if some and needed > left:
            yield some
            some, left = [], room
        some.append(column)
        left -= needed
    yield some


def _aligned(cells: list[str], left: bool = False) -> list[str]:
    width = max(map(_width, cells))
    blanks = [" " * (width - _width(cell)) for cell in cells]
    return [c + b if left else b + c for c, b in zip(cells, blanks, strict=True)]


def _underlined(of: str, width: int) -> Iterator[str]:
    yield from _wrapped(of, width, "")
    yield "─" * min(width, _width(of))


def _width(of: str) -> int:
    """Columns of a terminal: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in of)


def _wrapped(sentence: str, width: int, indent: str = INDENT) -> Iterator[str]:
    """Lines of words; Chinese may break between any two characters, but not before a comma."""
    line = ""
    for word in re.findall(r"[\u4e00-\u9fff][，。；：）”]*|[^\s\u4e00-\u9fff]+|\s+", sentence):
        if line.strip() and _width(indent + line + word) > width and word.strip():
            yield indent + line.rstrip()
            line = ""
        line += word
    if line:
        yield indent + line
