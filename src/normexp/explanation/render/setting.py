"""Formulas set in type: the one walk through their trees that text, LaTeX and MathML share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

from ..formula import (
    Big,
    Call,
    Derivative,
    Dots,
    Formula,
    Fraction,
    Group,
    Index,
    IsPositive,
    Matrix,
    Name,
    Negative,
    Number,
    Power,
    Product,
    Sum,
    Transposed,
    digits,
)


class Setting(ABC):
    """Sets a formula when it is called; each kind of formula is given its parts as they are set."""

    plus: str  # between two terms
    minus: str
    opposite: str  # before a term
    times: str
    comma: str
    above_zero: str
    dots: str

    def __call__(self, of: Formula) -> str:
        match of:
            case Number(value):
                return self.number(*digits(value))
            case Name(letter, index):
                return self.name(letter, index)
            case Sum(terms):
                return self.row([self(terms[0]), *map(self._further, terms[1:])])
            case Negative(inner):
                return self.row([self.opposite, self(inner)])
            case Product(factors):
                return self.row([self.times.join(map(self, factors))])
            case Fraction(top, bottom):
                return self.fraction(top, bottom)
            case Power(base, exponent):
                return self.power(self(base), exponent)
            case Transposed(inner):
                return self.transposed(self(inner))
            case Call(function, arguments):
                inside = self.comma.join(map(self, arguments))
                return self.row([self.function(function), self.within("()", inside)])
            case Big(sign, index, body, omit):
                return self.row([self.operator(sign, index, omit), self(body)])
            case Group(inner):
                return self.within("()", self(inner))
            case IsPositive(inner):
                return self.within("[]", self(inner) + self.above_zero)
            case Derivative(inner, by):
                return self.derivative(self(inner), self(by))
            case Matrix(rows):
                return self.matrix([map(self, row) for row in rows])
            case Dots():
                return self.dots
        raise AssertionError(of)

    def _further(self, term: Formula) -> str:
        """A term that is not the first of a sum, with its sign."""
        if isinstance(term, Negative):
            return self.minus + self(term.of)
        return self.plus + self(term)

    def row(self, parts: Sequence[str]) -> str:
        """Parts side by side."""
        return "".join(parts)

    @abstractmethod
    def number(self, mantissa: str, exponent: str) -> str: ...

    @abstractmethod
    def name(self, letter: str, index: tuple[Index, ...]) -> str: ...

    @abstractmethod
    def fraction(self, top: Formula, bottom: Formula) -> str: ...

    @abstractmethod
    def power(self, base: str, exponent: Formula) -> str: ...

    @abstractmethod
    def transposed(self, of: str) -> str: ...

    @abstractmethod
    def function(self, name: str) -> str: ...

    @abstractmethod
    def within(self, brackets: str, inside: str) -> str: ...

    @abstractmethod
    def operator(self, sign: str, index: str, omit: str | None) -> str: ...

    @abstractmethod
    def derivative(self, of: str, by: str) -> str: ...

    @abstractmethod
    def matrix(self, rows: Iterable[Iterable[str]]) -> str: ...
