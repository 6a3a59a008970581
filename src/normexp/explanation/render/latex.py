"""A derivation as LaTeX: sentences with displayed formulas, for an article or a notebook."""

from __future__ import annotations

from collections.abc import Iterator

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

COMMANDS = {
    "ℓ": r"\ell",
    "σ": r"\sigma",
    "ε": r"\varepsilon",
    "λ": r"\lambda",
    "μ": r"\mu",
    "τ": r"\tau",
    "α": r"\alpha",
    "Σ": r"\sum",
    "max": r"\max",
    "exp": r"\exp",
    "log": r"\log",
    "tanh": r"\tanh",
    "cosh": r"\cosh",
}
ESCAPED = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "−": "$-$",
    "≠": r"$\ne$",
    "∞": r"$\infty$",
    "σ": r"$\sigma$",
    "±": r"$\pm$",
    "²": "$^2$",
    **{letter: f"\\{letter}" for letter in "#$%&_{}"},
}


def formula(of: Formula) -> str:
    r"""Set a formula for math mode.

    Examples
    --------
    >>> e, S = Name("e"), Name("S")
    >>> formula(e["k"] / S)
    '\\frac{e_{k}}{S}'
    """
    match of:
        case Number():
            mantissa, exponent = digits(of.value)
            mantissa = mantissa.replace("inf", r"\infty").replace("nan", r"\mathrm{NaN}")
            return rf"{mantissa} \times 10^{{{exponent}}}" if exponent else mantissa
        case Name(letter, index):
            name = COMMANDS.get(letter, letter if len(letter) == 1 else rf"\mathrm{{{letter}}}")
            return f"{name}_{{{','.join(map(str, index))}}}" if index else name
        case Sum(terms):
            return formula(terms[0]) + "".join(map(_further, terms[1:]))
        case Negative(inner):
            return f"-{formula(inner)}"
        case Product(factors):
            return r" \cdot ".join(map(formula, factors))
        case Fraction(top, bottom):
            return rf"\frac{{{formula(top)}}}{{{formula(bottom)}}}"
        case Power(base, exponent):
            return f"{formula(base)}^{{{exponent}}}"
        case Call(function, arguments):
            name = COMMANDS.get(function, rf"\mathrm{{{function}}}")
            inside = ", ".join(map(formula, arguments))
            return rf"{name}\left({inside}\right)"
        case Big(sign, index, body, omit):
            under = index if omit is None else rf"{index} \ne {omit}"
            return rf"{COMMANDS[sign]}_{{{under}}} {formula(body)}"
        case Group(inner):
            return rf"\left({formula(inner)}\right)"
        case IsPositive(inner):
            return rf"\left[{formula(inner)} > 0\right]"
        case Derivative(inner, by):
            return rf"\frac{{\partial {formula(inner)}}}{{\partial {formula(by)}}}"
        case Matrix(rows):
            grid = r" \\ ".join(" & ".join(map(formula, row)) for row in rows)
            return rf"\begin{{bmatrix}} {grid} \end{{bmatrix}}"
        case Dots():
            return r"\dots"
    raise AssertionError(of)


def _further(term: Formula) -> str:
    if isinstance(term, Negative):
        return f" - {formula(term.of)}"
    return f" + {formula(term)}"


def latex(derivation: Derivation) -> str:
    """Set a derivation, each step a paragraph, to be put into a document."""
    return "\n".join([rf"\section*{{{escaped(title(derivation))}}}", *_body(derivation)]) + "\n"


def formulas(derivation: Derivation) -> str:
    """The formulas without the sentences, in one display, which is what a notebook can show."""
    steps = [
        step for one in _parts(derivation) for section in sections(one) for step in section.steps
    ]
    lines = [line for step in steps for line in _lines(step)]
    return "$$\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}$$"


def escaped(sentence: str) -> str:
    """Text as LaTeX reads it."""
    return "".join(ESCAPED.get(letter, letter) for letter in sentence)


def _parts(derivation: Derivation) -> list[Derivation]:
    """The first sample of a batch, and then the batch."""
    return [*derivation.samples[:1], derivation]


def _body(derivation: Derivation) -> Iterator[str]:
    language = derivation.language
    for sample in derivation.samples[:1]:
        yield rf"\section*{{{escaped(phrase('sample', language, index=0))}}}"
        yield from _body(sample)
    if len(derivation.samples) > 1:
        yield escaped(phrase("more", language, count=len(derivation.samples) - 1))
    for section in sections(derivation):
        yield rf"\subsection*{{{escaped(section.title)}}}"
        if section.table is not None:
            yield from _table(section.table)
        for step in section.steps:
            yield rf"\paragraph{{{escaped(step.title)}}} {escaped(step.why)}"
            if lines := list(_lines(step)):
                yield "\\begin{align*}\n" + " \\\\\n".join(lines) + "\n\\end{align*}"


def _lines(step: Step) -> Iterator[str]:
    """The formula and its results, aligned at the first equals sign."""
    for parts in equations(step):
        if parts is None:
            yield r"& \;\;\vdots"
        else:
            first, *others = map(formula, parts)
            yield f"{first} &= {' = '.join(others)}"


def _table(of: Table) -> Iterator[str]:
    yield rf"\begin{{tabular}}{{l{'r' * len(of.headings)}}}"
    yield " & ".join([escaped(of.corner), *(f"${formula(one)}$" for one in of.headings)]) + r" \\"
    yield r"\hline"
    for row in of.rows:
        label, is_target, values = row or (r"\dots", False, [])
        label = rf"\textbf{{{label}}}" if is_target else label
        yield " & ".join([label, *(f"${formula(Number(value))}$" for value in values)]) + r" \\"
    yield r"\end{tabular}"
