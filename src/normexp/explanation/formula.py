"""Formulas as small trees: written once, filled in with numbers, set as text, LaTeX or MathML.

Operators build them, so that they are written as they read: ``m - z["k"]``, ``e["k"] / S``.
Parentheses are put where they are needed, also around a negative number that takes a name's place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Index = str | int
SHOWN = 6  # of the terms of a long sum, or the rows of a matrix; the others become an ellipsis


class Formula:
    """What all formulas can do: be added, subtracted, multiplied, divided and raised."""

    def __add__(self, other: Formula | float) -> Formula:
        return total([self, formula(other)])

    def __radd__(self, other: Formula | float) -> Formula:
        return total([formula(other), self])

    def __sub__(self, other: Formula | float) -> Formula:
        return total([self, negative(formula(other))])

    def __rsub__(self, other: Formula | float) -> Formula:
        return total([formula(other), negative(self)])

    def __mul__(self, other: Formula | float) -> Formula:
        return product([self, formula(other)])

    def __rmul__(self, other: Formula | float) -> Formula:
        return product([formula(other), self])

    def __truediv__(self, other: Formula | float) -> Formula:
        return Fraction(self, formula(other))

    def __rtruediv__(self, other: Formula | float) -> Formula:
        return Fraction(formula(other), self)

    def __pow__(self, exponent: Formula | float) -> Formula:
        return power(self, formula(exponent))

    def __neg__(self) -> Formula:
        return negative(self)


@dataclass(frozen=True)
class Number(Formula):
    value: float


@dataclass(frozen=True)
class Name(Formula):
    """A number by its letter, or one of several: ``Name("z")["k"]`` is z_k."""

    letter: str
    index: tuple[Index, ...] = ()

    def __getitem__(self, index: Index | tuple[Index, ...]) -> Name:
        return Name(self.letter, index if isinstance(index, tuple) else (index,))


@dataclass(frozen=True)
class Sum(Formula):
    """Terms with plus between them, or minus where a term is negative."""

    terms: tuple[Formula, ...]


@dataclass(frozen=True)
class Negative(Formula):
    of: Formula


@dataclass(frozen=True)
class Product(Formula):
    factors: tuple[Formula, ...]


@dataclass(frozen=True)
class Fraction(Formula):
    top: Formula
    bottom: Formula


@dataclass(frozen=True)
class Power(Formula):
    base: Formula
    exponent: Formula


@dataclass(frozen=True)
class Transposed(Formula):
    of: Formula


@dataclass(frozen=True)
class Call(Formula):
    function: str
    arguments: tuple[Formula, ...]


@dataclass(frozen=True)
class Big(Formula):
    """Σ or max of `body` for every value of an index, but for the one that `omit` stands for.

    Filled in, it passes over those whose number of the letter `mass` is 0: they add nothing, also
    where the body is infinite.
    """

    sign: str
    index: str
    body: Formula
    omit: str | None = None
    mass: str | None = None


@dataclass(frozen=True)
class Group(Formula):
    """Parentheses."""

    of: Formula


@dataclass(frozen=True)
class IsPositive(Formula):
    """[x > 0]: 1 if it holds, 0 if not."""

    of: Formula


@dataclass(frozen=True)
class Derivative(Formula):
    of: Name
    by: Name


@dataclass(frozen=True)
class Matrix(Formula):
    rows: tuple[tuple[Formula, ...], ...]


@dataclass(frozen=True)
class Dots(Formula):
    """What was left out."""


DOTS = Dots()


def formula(value: Formula | float) -> Formula:
    return value if isinstance(value, Formula) else Number(value)


def call(function: str, *arguments: Formula | float) -> Formula:
    return Call(function, tuple(map(formula, arguments)))


def sum_over(
    index: str, body: Formula, omit: str | None = None, mass: str | None = None
) -> Formula:
    return Big("Σ", index, _factor(body), omit, mass)


def max_over(index: str, body: Formula, omit: str | None = None) -> Formula:
    return Big("max", index, _factor(body), omit)


def transposed(of: Formula) -> Formula:
    return Transposed(_raised(of))


def group(of: Formula) -> Formula:
    return Group(of) if isinstance(of, Sum | Negative | Product | Fraction | Big) else of


def matrix(values: NDArray[Any]) -> Formula:
    """A matrix, or a vector as its one column."""
    rows = values if values.ndim == 2 else values[:, np.newaxis]
    return Matrix(tuple(tuple(Number(float(x)) for x in row) for row in rows))


def value_of(value: Any) -> Formula:
    """A result: a number, or a matrix of them."""
    return matrix(value) if np.ndim(value) else Number(float(value))


def total(terms: Sequence[Formula]) -> Formula:
    """Terms side by side; a negative number that is not the first gets parentheses."""
    first, *others = (*terms[0].terms, *terms[1:]) if isinstance(terms[0], Sum) else terms
    if not others:
        return first
    return Sum((first, *(Group(one) if _is_negative_number(one) else one for one in others)))


def product(factors: Sequence[Formula]) -> Formula:
    flat: list[Formula] = []
    for one in factors:
        flat += one.factors if isinstance(one, Product) else (_factor(one),)
    # What follows a Σ would seem to be a part of it.
    ends = [Group(one) if isinstance(one, Big) else one for one in flat[:-1]]
    return Product((*ends, flat[-1]))


def negative(of: Formula) -> Formula:
    return Negative(Group(of) if isinstance(of, Sum | Negative) or _is_negative_number(of) else of)


def power(base: Formula, exponent: Formula) -> Formula:
    return Power(_raised(base), exponent)


def _raised(base: Formula) -> Formula:
    """What something stands at the top right of."""
    is_whole = isinstance(base, Name | Call | Group | Matrix)
    if isinstance(base, Number):  # 2e-9² would square the exponent alone
        is_whole = not _is_negative_number(base) and not digits(base.value)[1]
    return base if is_whole else Group(base)


def _factor(of: Formula) -> Formula:
    return Group(of) if isinstance(of, Sum | Negative) or _is_negative_number(of) else of


def _is_negative_number(of: Formula) -> bool:
    return isinstance(of, Number) and of.value < 0


@dataclass(frozen=True)
class Known:
    """The numbers behind the letters: one, or an array that an index chooses from.

    `at` has what single indices stand for (y, the target), `over` what those of sums run over.
    """

    numbers: dict[str, Any] = field(default_factory=dict)
    at: dict[str, int] = field(default_factory=dict)
    over: dict[str, Sequence[int]] = field(default_factory=dict)

    def bound(self, **at: int) -> Known:
        return Known(self.numbers, {**self.at, **at}, self.over)

    def copy(self) -> Known:
        return Known(dict(self.numbers), dict(self.at), dict(self.over))


def indexed(name: Name, known: Known) -> Name:
    """The name with numbers for its indices."""
    at = [known.at.get(i, i) if isinstance(i, str) else i for i in name.index]
    return Name(name.letter, tuple(at))


def rebuilt(of: Formula, each: Callable[[Formula], Formula]) -> Formula:
    """The formula with something done to each of its parts, and parentheses as these need them."""
    match of:
        case Sum(terms):
            return total([each(term) for term in terms])
        case Negative(inner):
            return negative(each(inner))
        case Product(factors):
            return product([each(factor) for factor in factors])
        case Fraction(top, bottom):
            return Fraction(each(top), each(bottom))
        case Power(base, exponent):
            return power(each(base), each(exponent))
        case Transposed(inner):
            return transposed(each(inner))
        case Call(function, arguments):
            return Call(function, tuple(map(each, arguments)))
        case Group(inner):
            return group(each(inner))
        case IsPositive(inner):
            return IsPositive(each(inner))
        case _:
            return of


def filled(of: Formula, known: Known) -> Formula:
    """The formula with numbers for the letters that are known, its sums written out."""
    match of:
        case Name(letter):
            name = indexed(of, known)
            if letter in known.numbers and not any(isinstance(i, str) for i in name.index):
                value = known.numbers[letter]
                return value_of(value[name.index] if name.index else value)
            return name
        case Big(sign, index, body, omit, mass):
            left_out = known.at[omit] if omit is not None else None
            each = [k for k in known.over[index] if k != left_out]
            if mass is not None:
                each = [k for k in each if known.numbers[mass][k] != 0]
            ones = [filled(body, known.bound(**{index: k})) for k in each]
            if not ones:
                return Number(0.0)
            return Call("max", tuple(ones)) if sign == "max" else total(ones)
        case Derivative(inner, by):
            return Derivative(indexed(inner, known), indexed(by, known))
        case _:
            return rebuilt(of, lambda part: filled(part, known))


def abridged(of: Formula) -> Formula:
    """The formula with an ellipsis in its long sums, lists and matrices."""
    match of:
        case Sum(terms):
            return Sum(_ends(tuple(map(abridged, terms))))
        case Call(function, arguments):
            return Call(function, _ends(tuple(map(abridged, arguments))))
        case Group(inner):
            return Group(abridged(inner))
        case Matrix(rows):
            short = [_ends(row) for row in rows]
            gap = (DOTS,) * len(short[0])
            return Matrix(tuple(row if isinstance(row, tuple) else gap for row in _ends(short)))
        case _:
            return rebuilt(of, abridged)


def _ends(items: Any) -> tuple[Any, ...]:
    """The first items and the last, with DOTS between them if there are many."""
    if len(items) <= SHOWN:
        return tuple(items)
    return (*items[: SHOWN - 2], DOTS, items[-1])


def digits(value: float) -> tuple[str, str]:
    """A number as it is shown: six digits, and the exponent of ten if it needs one."""
    # Adding 0 makes −0 a plain 0.
    mantissa, _, exponent = f"{value + 0.0:.6g}".partition("e")
    return mantissa, str(int(exponent)) if exponent else ""
