"""A derivation as HTML with MathML: a fragment for a notebook or a page, or a page of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from ..._policy import content_policy
from ..derivation import Derivation
from ..formula import (
    DOTS,
    SHOWN,
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
from . import text
from .outline import Table, equations, sections, title
from .svg import svg

STYLE = """
.normexp { line-height: 1.5; --rule: color-mix(in srgb, currentColor 20%, transparent); }
.normexp h2, .normexp h3, .normexp h4 { line-height: 1.25; overflow-wrap: anywhere; }
.normexp h3 { margin: 2rem 0 .75rem; padding-top: .75rem; border-top: 1px solid var(--rule); }
.normexp h4 { margin: 1.25rem 0 .25rem; font-size: 1em; }
.normexp p { margin: .25rem 0 .5rem; max-width: 42rem; text-wrap: pretty; }
.normexp .wide { overflow-x: auto; padding: .25rem 0; }
.normexp .wide:focus-visible { outline: 2px solid currentColor; outline-offset: 2px; }
.normexp .wide svg { display: block; }
.normexp table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.normexp tr { background: none; }
.normexp th, .normexp td { padding: .3rem .7rem; text-align: right; white-space: nowrap; }
.normexp th, .normexp td { color: inherit; border: 0; border-bottom: 1px solid var(--rule); }
.normexp th:first-child { text-align: left; padding-left: 0; }
.normexp th { font-weight: 400; }
.normexp .target > * { font-weight: 700; }
.normexp math {
  margin: 0; width: max-content; text-align: left;
  font-family: "Latin Modern Math", "STIX Two Math", "Cambria Math", "DejaVu Math TeX Gyre", math;
}
.normexp mtd { padding: .3em .2em; text-align: left; }
.normexp mtr > mtd:first-child { text-align: right; }
.normexp mrow mtd, .normexp mrow mtr > mtd:first-child { text-align: center; padding: .1em .4em; }
.normexp summary { cursor: pointer; margin: .75rem 0; font-weight: 600; }
""".strip()

PAGE = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{
  margin: 0 auto; max-width: 62rem; padding: 1rem clamp(1rem, 4vw, 3rem) 4rem;
  font-family: system-ui, sans-serif;
  color: light-dark(#1d1c1a, #eceae5); background: light-dark(#fdfcf9, #17181b);
}}
</style>
</head>
<body>
{body}
</body>
</html>
"""


def mathml(of: Formula) -> str:
    """Set a formula as MathML, without the ``math`` around it.

    Examples
    --------
    >>> p, t = Name("p"), Name("t")
    >>> mathml(p["k"] - t["k"])
    '<mrow><msub><mi>p</mi><mi>k</mi></msub><mo>−</mo><msub><mi>t</mi><mi>k</mi></msub></mrow>'
    """
    match of:
        case Number():
            return _number(of.value)
        case Name(letter, index):
            if not index:
                return f"<mi>{letter}</mi>"
            indices = "<mo>,</mo>".join(map(_index, index))
            indices = indices if len(index) == 1 else f"<mrow>{indices}</mrow>"
            return f"<msub><mi>{letter}</mi>{indices}</msub>"
        case Sum(terms):
            return _row([mathml(terms[0]), *map(_further, terms[1:])])
        case Negative(inner):
            return _row(["<mo>−</mo>", mathml(inner)])
        case Product(factors):
            return f"<mrow>{_joined('<mo>⋅</mo>', factors)}</mrow>"
        case Fraction(top, bottom):
            return f"<mfrac>{mathml(top)}{mathml(bottom)}</mfrac>"
        case Power(base, exponent):
            sign = f"<mi>{exponent}</mi>" if isinstance(exponent, str) else f"<mn>{exponent}</mn>"
            return f"<msup>{mathml(base)}{sign}</msup>"
        case Call(function, arguments):
            inside = _joined("<mo>,</mo>", arguments)
            return _row([f"<mi>{function}</mi><mo>&#x2061;</mo>", _within("()", [inside])])
        case Big(sign, index, body, omit):
            operator = "<mo>∑</mo>" if sign == "Σ" else '<mo lspace="0" rspace="0.2em">max</mo>'
            under = _index(index)
            if omit is not None:
                under = _row([under, "<mo>≠</mo>", _index(omit)])
            return _row([f"<munder>{operator}{under}</munder>", mathml(body)])
        case Group(inner):
            return _within("()", [mathml(inner)])
        case IsPositive(inner):
            return _within("[]", [mathml(inner), "<mo>&gt;</mo><mn>0</mn>"])
        case Derivative(inner, by):
            above, below = (_row(["<mo>∂</mo>", mathml(one)]) for one in (inner, by))
            return f"<mfrac>{above}{below}</mfrac>"
        case Matrix(rows):
            cells = ["".join(f"<mtd>{mathml(cell)}</mtd>" for cell in row) for row in rows]
            grid = "".join(f"<mtr>{row}</mtr>" for row in cells)
            return _within("[]", [f"<mtable>{grid}</mtable>"])
        case Dots():
            return "<mo>…</mo>"
    raise AssertionError(of)


def _number(value: float) -> str:
    mantissa, exponent = digits(value)
    sign = "<mo>−</mo>" if mantissa.startswith("-") else ""
    mantissa = mantissa.lstrip("-")
    body = f"<mn>{mantissa}</mn>"
    if mantissa in ("inf", "nan"):
        body = "<mi>∞</mi>" if mantissa == "inf" else "<mi>NaN</mi>"
    if exponent:
        power = (
            f"<mo>−</mo><mn>{exponent[1:]}</mn>" if exponent[0] == "-" else f"<mn>{exponent}</mn>"
        )
        body += f"<mo>×</mo><msup><mn>10</mn><mrow>{power}</mrow></msup>"
    return f"<mrow>{sign}{body}</mrow>" if sign or exponent else body


def _index(of: str | int) -> str:
    return f"<mn>{of}</mn>" if isinstance(of, int) else f"<mi>{of}</mi>"


def _further(term: Formula) -> str:
    if isinstance(term, Negative):
        return f"<mo>−</mo>{mathml(term.of)}"
    return f"<mo>+</mo>{mathml(term)}"


def _joined(operator: str, formulas: Sequence[Formula]) -> str:
    return operator.join(map(mathml, formulas))


def _row(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"<mrow>{''.join(parts)}</mrow>"


def _within(brackets: str, parts: Sequence[str]) -> str:
    opening, closing = brackets[0], brackets[1]
    return f"<mrow><mo>{opening}</mo>{''.join(parts)}<mo>{closing}</mo></mrow>"


def html(derivation: Derivation) -> str:
    """Set a derivation as a fragment that needs nothing else and takes the colours around it."""
    language = derivation.language
    return (
        f'<div class="normexp" lang="{language}">\n<style>\n{STYLE}\n</style>\n'
        f"<h2>{escape(title(derivation))}</h2>\n" + "\n".join(_body(derivation)) + "\n</div>\n"
    )


def page(derivation: Derivation) -> str:
    """The same as a whole page, light or dark as the reader has it."""
    language, body = derivation.language, html(derivation)
    return PAGE.format(
        language=language, policy=content_policy(), title=escape(title(derivation)), body=body
    )


def _body(derivation: Derivation) -> Iterator[str]:
    """The samples of a batch, folded in but for the first; then what all have in common."""
    language = derivation.language
    for index, sample in enumerate(derivation.samples[:SHOWN]):
        opened = "" if index else ' open=""'
        yield f"<details{opened}><summary>{phrase('sample', language, index=index)}</summary>"
        yield from _body(sample)
        yield "</details>"
    if len(derivation.samples) > SHOWN:
        count = len(derivation.samples) - SHOWN
        yield f"<p>{phrase('more', language, count=count)}</p>"
    for section in sections(derivation):
        yield f"<h3>{escape(section.title)}</h3>"
        if section.table is not None:
            yield _wide(_table(section.table, phrase("target", language)), section.title)
        for step in section.steps:
            yield from _step(step)
    if derivation.graph.nodes:
        name = phrase("graph", language)
        yield f"<h3>{name}</h3>"
        yield f"<p>{phrase('graph_reads', language)}</p>"
        yield _wide(svg(derivation), name)


def _step(step: Step) -> Iterator[str]:
    yield f"<h4>{escape(step.title)}</h4>"
    yield f"<p>{escape(step.why)}</p>"
    rows = [_equals(first, rest) for first, rest in _aligned(step)]
    if rows:
        yield _wide(
            f'<math display="block"><mtable displaystyle="true">{"".join(rows)}</mtable></math>',
            step.title,
        )


def _aligned(step: Step) -> Iterator[tuple[Formula | None, list[Formula]]]:
    """Left and right of the equals signs that stand below each other.

    A single result has each of them on a line of its own; several have a line each.
    """
    lines = equations(step)
    for k, line in enumerate(lines):
        if line is None:
            yield DOTS, []
        elif k == 0 and step.chain:
            yield line[0], line[1:2]
            yield from ((None, [part]) for part in line[2:])
        else:
            yield line[0], line[1:]


def _equals(first: Formula | None, rest: list[Formula]) -> str:
    left = "" if first is None else mathml(first)
    right = "".join(f"<mo>=</mo>{mathml(one)}" for one in rest)
    return f"<mtr><mtd>{left}</mtd><mtd>{right}</mtd></mtr>"


def _wide(body: str, name: str) -> str:
    """What may be wider than the page scrolls in a box of its own, by keyboard too."""
    return f'<div class="wide" role="region" tabindex="0" aria-label="{escape(name)}">{body}</div>'


def _table(of: Table, target: str) -> str:
    # Formulas are named: not everybody's screen reader has MathML.
    headings = "".join(
        f'<th scope="col" aria-label="{escape(text.formula(heading))}">'
        f"<math>{mathml(heading)}</math></th>"
        for heading in of.headings
    )
    rows = [f'<tr><th scope="col">{of.corner}</th>{headings}</tr>']
    for row in of.rows:
        label, is_target, values = row or ("⋮", False, [])
        kind = f' class="target" title="{target}"' if is_target else ""
        label = f"→ {label}" if is_target else label
        cells = "".join(f"<td>{text.formula(Number(value))}</td>" for value in values)
        rows.append(f'<tr{kind}><th scope="row">{label}</th>{cells}</tr>')
    return f"<table>{''.join(rows)}</table>"
