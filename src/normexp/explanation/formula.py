"""Formulas as small trees: written once, filled in with numbers, set as text, LaTeX or MathML.

Operators build them, so that they are written as they read: ``m - z["k"]``, ``e["k"] / S``.
Parentheses are put where they are needed, also around a negative number that takes a name's place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Index = str | int


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


def digits(value: float) -> tuple[str, str]:
    """A number as it is shown: six digits, and the exponent of ten if it needs one."""
    # Adding 0 makes −0 a plain 0.
    mantissa, _, exponent = f"{value + 0.0:.6g}".partition("e")
    return mantissa, str(int(exponent)) if exponent else ""
