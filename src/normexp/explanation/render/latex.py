"""A working as LaTeX: sentences with displayed formulas, for an article or a notebook."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..formula import Formula, Index, Number
from ..steps import Step
from ..words import phrase
from ..working import Working
from .outline import Table, equations, sections, title
from .setting import Setting

COMMANDS = {
    "ℓ": r"\ell",
    "σ": r"\sigma",
    "ε": r"\varepsilon",
    "λ": r"\lambda",
    "μ": r"\mu",
    "τ": r"\tau",
    "α": r"\alpha",
    "γ": r"\gamma",
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
    "γ": r"$\gamma$",
    "σ": r"$\sigma$",
    "±": r"$\pm$",
    "²": "$^2$",
    **{letter: f"\\{letter}" for letter in "#$%&_{}"},
}


class LaTeX(Setting):
    r"""Sets formulas for math mode.

    Examples
    --------
    >>> formula.name("e", ("k",))
    'e_{k}'
    >>> formula.number("1.5", "-9")
    '1.5 \\times 10^{-9}'
    """

    plus, minus, opposite = " + ", " - ", "-"
    times, comma = r" \cdot ", ", "
    above_zero, dots = " > 0", r"\dots"

    def number(self, mantissa: str, exponent: str) -> str:
        mantissa = mantissa.replace("inf", r"\infty").replace("nan", r"\mathrm{NaN}")
        return rf"{mantissa} \times 10^{{{exponent}}}" if exponent else mantissa

    def name(self, letter: str, index: tuple[Index, ...]) -> str:
        name = COMMANDS.get(letter, letter if len(letter) == 1 else rf"\mathrm{{{letter}}}")
        return f"{name}_{{{','.join(map(str, index))}}}" if index else name

    def fraction(self, top: Formula, bottom: Formula) -> str:
        return rf"\frac{{{self(top)}}}{{{self(bottom)}}}"

    def power(self, base: str, exponent: Formula) -> str:
        return f"{base}^{{{self(exponent)}}}"

    def transposed(self, of: str) -> str:
        return f"{of}^{{T}}"

    def function(self, name: str) -> str:
        return COMMANDS.get(name, rf"\mathrm{{{name}}}")

    def within(self, brackets: str, inside: str) -> str:
        opening, closing = tuple(brackets)
        return rf"\left{opening}{inside}\right{closing}"

    def operator(self, sign: str, index: str, omit: str | None) -> str:
        under = index if omit is None else rf"{index} \ne {omit}"
        return rf"{COMMANDS[sign]}_{{{under}}} "

    def derivative(self, of: str, by: str) -> str:
        return rf"\frac{{\partial {of}}}{{\partial {by}}}"

    def matrix(self, rows: Iterable[Iterable[str]]) -> str:
        grid = r" \\ ".join(" & ".join(row) for row in rows)
        return rf"\begin{{bmatrix}} {grid} \end{{bmatrix}}"


formula = LaTeX()


def latex(working: Working) -> str:
    """Set a working, each step a paragraph, to be put into a document."""
    return "\n".join([rf"\section*{{{escaped(title(working))}}}", *_body(working)]) + "\n"


def formulas(working: Working) -> str:
    """The formulas without the sentences, in one display, which is what a notebook can show."""
    steps = [step for one in _parts(working) for section in sections(one) for step in section.steps]
    lines = [line for step in steps for line in _lines(step)]
    return "$$\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}$$"


def escaped(sentence: str) -> str:
    """Text as LaTeX reads it."""
    return "".join(ESCAPED.get(letter, letter) for letter in sentence)


def _parts(working: Working) -> list[Working]:
    """The first sample of a batch, and then the batch."""
    return [*working.samples[:1], working]


def _body(working: Working) -> Iterator[str]:
    language = working.language
    for sample in working.samples[:1]:
        yield rf"\section*{{{escaped(phrase('sample', language, index=0))}}}"
        yield from _body(sample)
    if len(working.samples) > 1:
        yield escaped(phrase("more", language, count=len(working.samples) - 1))
    for section in sections(working):
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
