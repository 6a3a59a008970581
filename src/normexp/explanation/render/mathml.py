"""Formulas as MathML, without the ``math`` around them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..formula import Formula, Index
from .setting import Setting


class MathML(Setting):
    """Sets formulas as MathML.

    Examples
    --------
    >>> mathml.name("p", ("k",))
    '<msub><mi>p</mi><mi>k</mi></msub>'
    """

    plus = "<mo>+</mo>"
    minus = opposite = "<mo>−</mo>"
    times = "<mo>⋅</mo>"
    comma = "<mo>,</mo>"
    above_zero = "<mo>&gt;</mo><mn>0</mn>"
    dots = "<mo>…</mo>"

    def row(self, parts: Sequence[str]) -> str:
        return f"<mrow>{''.join(parts)}</mrow>"

    def number(self, mantissa: str, exponent: str) -> str:
        sign = "<mo>−</mo>" if mantissa.startswith("-") else ""
        mantissa = mantissa.lstrip("-")
        body = f"<mn>{mantissa}</mn>"
        if mantissa in ("inf", "nan"):
            body = "<mi>∞</mi>" if mantissa == "inf" else "<mi>NaN</mi>"
        if exponent:
            minus = "<mo>−</mo>" if exponent.startswith("-") else ""
            power = f"{minus}<mn>{exponent.lstrip('-')}</mn>"
            body += f"<mo>×</mo><msup><mn>10</mn><mrow>{power}</mrow></msup>"
        return f"<mrow>{sign}{body}</mrow>" if sign or exponent else body

    def name(self, letter: str, index: tuple[Index, ...]) -> str:
        if not index:
            return f"<mi>{letter}</mi>"
        indices = self.comma.join(map(self._index, index))
        below = indices if len(index) == 1 else self.row([indices])
        return f"<msub><mi>{letter}</mi>{below}</msub>"

    def fraction(self, top: Formula, bottom: Formula) -> str:
        return f"<mfrac>{self(top)}{self(bottom)}</mfrac>"

    def power(self, base: str, exponent: Formula) -> str:
        return f"<msup>{base}{self(exponent)}</msup>"

    def transposed(self, of: str) -> str:
        return f"<msup>{of}<mi>T</mi></msup>"

    def function(self, name: str) -> str:
        return f"<mi>{name}</mi><mo>&#x2061;</mo>"

    def within(self, brackets: str, inside: str) -> str:
        opening, closing = tuple(brackets)
        return f"<mrow><mo>{opening}</mo>{inside}<mo>{closing}</mo></mrow>"

    def operator(self, sign: str, index: str, omit: str | None) -> str:
        operator = "<mo>∑</mo>" if sign == "Σ" else '<mo lspace="0" rspace="0.2em">max</mo>'
        under = self._index(index)
        if omit is not None:
            under = self.row([under, "<mo>≠</mo>", self._index(omit)])
        return f"<munder>{operator}{under}</munder>"

    def derivative(self, of: str, by: str) -> str:
        above, below = (self.row(["<mo>∂</mo>", one]) for one in (of, by))
        return f"<mfrac>{above}{below}</mfrac>"

    def matrix(self, rows: Iterable[Iterable[str]]) -> str:
        cells = ["".join(f"<mtd>{cell}</mtd>" for cell in row) for row in rows]
        grid = "".join(f"<mtr>{row}</mtr>" for row in cells)
        return self.within("[]", f"<mtable>{grid}</mtable>")

    @staticmethod
    def _index(of: Index) -> str:
        return f"<mn>{of}</mn>" if isinstance(of, int) else f"<mi>{of}</mi>"


mathml = MathML()
