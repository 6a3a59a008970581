"""A working as HTML with MathML: a fragment for a notebook or a page, or a page of its own."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from ..._policy import content_policy
from ..formula import DOTS, Formula, Number
from ..steps import Step
from ..words import phrase
from ..working import Working
from . import text
from .mathml import mathml
from .outline import SHOWN, Table, equations, sections, title
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


def html(working: Working) -> str:
    """Set a working as a fragment that needs nothing else and takes the colours around it."""
    language = working.language
    return (
        f'<div class="normexp" lang="{language}">\n<style>\n{STYLE}\n</style>\n'
        f"<h2>{escape(title(working))}</h2>\n" + "\n".join(_body(working)) + "\n</div>\n"
    )


def page(working: Working) -> str:
    """The same as a whole page, light or dark as the reader has it."""
    language, body = working.language, html(working)
    return PAGE.format(
        language=language, policy=content_policy(), title=escape(title(working)), body=body
    )


def _body(working: Working) -> Iterator[str]:
    """The samples of a batch, folded in but for the first; then what all have in common."""
    language = working.language
    for index, sample in enumerate(working.samples[:SHOWN]):
        opened = "" if index else ' open=""'
        yield f"<details{opened}><summary>{phrase('sample', language, index=index)}</summary>"
        yield from _body(sample)
        yield "</details>"
    if len(working.samples) > SHOWN:
        count = len(working.samples) - SHOWN
        yield f"<p>{phrase('more', language, count=count)}</p>"
    for section in sections(working):
        yield f"<h3>{escape(section.title)}</h3>"
        if section.table is not None:
            yield _wide(_table(section.table, phrase("target", language)), section.title)
        for step in section.steps:
            yield from _step(step)
    if working.graph.nodes:
        name = phrase("graph", language)
        yield f"<h3>{name}</h3>"
        yield f"<p>{phrase('graph_reads', language)}</p>"
        yield _wide(svg(working), name)


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
