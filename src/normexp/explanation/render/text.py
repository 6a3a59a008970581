"""A derivation as plain text, for a terminal."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from ..derivation import Derivation
from ..formula import (
    Big,
    Call,
    Derivative,
    Dots,
    Formula,
    Fraction,
    Group,
    IsPositive,
    Matrix,
    Name,
    Negative,
    Number,
    Power,
    Product,
    Sum,
    digits,
)
from ..steps import Step
from ..words import phrase
from .outline import Table, equations, sections, title

WIDTH = 88  # of the sentences


def formula(of: Formula) -> str:
    """Set a formula on one line.

    Examples
    --------
    >>> z, m = Name("z"), Name("m")
    >>> formula(2 * (z["k"] - m) ** 2)
    '2 · (z_k − m)²'
    """
    match of:
        case Number():
            mantissa, exponent = digits(of.value)
            return f"{mantissa}e{exponent}" if exponent else mantissa
        case Name(letter, index):
            return f"{letter}_{','.join(map(str, index))}" if index else letter
        case Sum(terms):
            return formula(terms[0]) + "".join(map(_further, terms[1:]))
        case Negative(inner):
            return f"−{formula(inner)}"
        case Product(factors):
            return " · ".join(map(formula, factors))
        case Fraction(top, bottom):
            return f"{_whole(top)} / {_whole(bottom)}"
        case Power(base, exponent):
            return formula(base) + {2: "²", "T": "ᵀ"}[exponent]
        case Call(function, arguments):
            return f"{function}({', '.join(map(formula, arguments))})"
        case Big(sign, index, body, omit):
            return f"{sign}_{index}{'' if omit is None else f'≠{omit}'} {formula(body)}"
        case Group(inner):
            return f"({formula(inner)})"
        case IsPositive(inner):
            return f"[{formula(inner)} > 0]"
        case Derivative(inner, by):
            return f"∂{formula(inner)}/∂{formula(by)}"
        case Matrix(rows):
            return "[" + "; ".join(" ".join(map(formula, row)) for row in rows) + "]"
        case Dots():
            return "…"
    raise AssertionError(of)


def _further(term: Formula) -> str:
    """A term that is not the first of a sum, with its sign."""
    if isinstance(term, Negative):
        return f" − {formula(term.of)}"
    return f" + {formula(term)}"


def _whole(of: Formula) -> str:
    """Numerator or denominator: on one line they need parentheses that a fraction bar saves."""
    is_whole = isinstance(of, Number | Name | Call | Group | Power | Matrix)
    return formula(of) if is_whole else f"({formula(of)})"


def text(derivation: Derivation) -> str:
    """Set a derivation: the table of the classes, and step by step how its numbers come about."""
    return "\n".join([title(derivation), *_body(derivation)])


def _body(derivation: Derivation) -> Iterator[str]:
    """Of a batch the first sample, and what it has beyond its samples."""
    language = derivation.language
    for sample in derivation.samples[:1]:
        yield from ("", phrase("sample", language, index=0), *_body(sample))
    if len(derivation.samples) > 1:
        count = len(derivation.samples) - 1
        yield from ("", phrase("more", language, count=count))
    for section in sections(derivation):
        yield from ("", _underlined(section.title))
        if section.table is not None:
            yield from ("", *_table(section.table))
        for step in section.steps:
            yield from ("", *_step(step))


def _step(step: Step) -> Iterator[str]:
    yield step.title
    for parts in equations(step):
        yield from ["    …"] if parts is None else _equals(parts)
    yield from _wrapped(step.why)


def _equals(parts: Sequence[Formula]) -> list[str]:
    """One line, or where that is too long one for each equals sign."""
    first, *others = map(formula, parts)
    line = " = ".join([first, *others])
    if len(line) <= WIDTH:
        return [f"    {line}"]
    return [f"    {first}", *(f"      = {other}" for other in others)]


def _table(of: Table) -> Iterator[str]:
    labels, columns = [f"  {of.corner}"], [[formula(heading)] for heading in of.headings]
    for row in of.rows:
        label, is_target, values = row or ("…", False, [])
        labels.append(("→ " if is_target else "  ") + label)
        for k, column in enumerate(columns):
            column.append(formula(Number(values[k])) if values else "…")
    cells = [_aligned(labels, left=True), *map(_aligned, columns)]
    for line in zip(*cells, strict=True):
        yield "  ".join(line).rstrip()


def _aligned(cells: list[str], left: bool = False) -> list[str]:
    width = max(map(_width, cells))
    blanks = [" " * (width - _width(cell)) for cell in cells]
    return [c + b if left else b + c for c, b in zip(cells, blanks, strict=True)]


def _underlined(of: str) -> str:
    return f"{of}\n{'─' * _width(of)}"


def _width(of: str) -> int:
    """Columns of a terminal: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in of)


def _wrapped(sentence: str) -> Iterator[str]:
    """Lines of words; Chinese may break between any two characters, but not before a comma."""
    line = ""
    for word in re.findall(r"[\u4e00-\u9fff][，。；：）”]*|[^\s\u4e00-\u9fff]+|\s+", sentence):
        if _width(line + word) > WIDTH and word.strip():
            yield f"    {line.rstrip()}"
            line = ""
        line += word
    if line:
        yield f"    {line}"
