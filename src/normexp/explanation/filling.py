"""Formulas with numbers for their letters, and their sums written out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .formula import (
    Big,
    Call,
    Derivative,
    Formula,
    Fraction,
    Group,
    IsPositive,
    Name,
    Negative,
    Number,
    Power,
    Product,
    Sum,
    Transposed,
    group,
    negative,
    power,
    product,
    total,
    transposed,
    value_of,
)


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
