"""A diagnosis as text and as HTML, in English and in Chinese."""

from __future__ import annotations

import math
from html import escape

from .._text import filled
from .findings import Finding, Findings
from .words import SEVERITIES, counted, number, phrase

ROWS_SHOWN = 8
EXAMPLES_SHOWN = 3


def text(diagnosis: Findings) -> str:
    """The summary in one line, and a paragraph for each finding.

    Examples
    --------
    >>> import normexp as nex
    >>> print(nex.diagnose([[2.0, 1.0, 0.1], [0.5, 0.2, 1.3]], [0, 2]))
    Healthy: 2 rows of 3 classes in float64, loss 0.497439
    """
    lines = [summary(diagnosis)]
    for finding in diagnosis.findings:
        shown = (*examples(finding, diagnosis), finding.happens, f"→ {finding.do}")
        lines += ["", heading(finding, diagnosis), *(f"  {line}" for line in shown)]
    return "\n".join(lines)


def html(diagnosis: Findings) -> str:
    """The same as a fragment of HTML, in the colours of the page around it."""
    parts = [f'<div lang="{diagnosis.language}"><p>{escape(summary(diagnosis))}</p><dl>']
    for finding in diagnosis.findings:
        numbers = [f"<code>{escape(line)}</code>" for line in examples(finding, diagnosis)]
        lines = "<br>".join((*numbers, escape(finding.happens), f"→ {escape(finding.do)}"))
        title = escape(heading(finding, diagnosis))
        parts.append(f"<dt><strong>{title}</strong></dt><dd>{lines}</dd>")
    return "".join([*parts, "</dl></div>"])


def summary(diagnosis: Findings) -> str:
    """How many findings of each severity, in what batch."""
    language = diagnosis.language
    counts = [
        counted(f"{severity}s", count, language)
        for severity in SEVERITIES
        if (count := len(diagnosis.of(severity)))
    ]
    if not diagnosis.of("error") and not diagnosis.of("warning"):
        counts = [phrase("healthy", language), *counts]
    batch = phrase(
        "batch_of_elements" if diagnosis.loss.is_elementwise else "batch",
        language,
        rows=counted("rows", math.prod(diagnosis.shape), language),
        classes=counted("classes", diagnosis.classes, language),
        dtype=diagnosis.dtype,
    )
    value = diagnosis.value
    loss = [] if value is None else [phrase("loss", language, value=value)]
    comma = phrase("comma", language)
    return phrase(
        "summary", language, findings=comma.join(counts), batch=comma.join([batch, *loss])
    )


def heading(finding: Finding, diagnosis: Findings) -> str:
    language = diagnosis.language
    return phrase(
        "heading",
        language,
        name=phrase(finding.severity, language),
        title=finding.title,
        rows=rows(finding, diagnosis),
    )


def rows(finding: Finding, diagnosis: Findings) -> str:
    """How many rows, and the first of them."""
    language, count = diagnosis.language, len(finding.rows)
    if count == math.prod(diagnosis.shape):
        return counted("all_rows", count, language)
    places = phrase("comma", language).join(map(_place, finding.rows[:ROWS_SHOWN].tolist()))
    if count > ROWS_SHOWN:
        places += phrase("more", language, more=count - ROWS_SHOWN)
    return phrase("places", language, rows=counted("rows", count, language), places=places)


def examples(finding: Finding, diagnosis: Findings) -> list[str]:
    """The numbers of the first rows, a line for each."""
    if not finding.numbers:
        return []
    language = diagnosis.language
    return [
        phrase(
            "example",
            language,
            place=_place(row),
            numbers=phrase("comma", language).join(
                filled("{name} {value:.6g}", name=number(name, language), value=values[i])
                for name, values in finding.numbers.items()
            ),
        )
        for i, row in enumerate(finding.rows[:EXAMPLES_SHOWN].tolist())
    ]


def _place(row: int | list[int]) -> str:
    """A row by its index; (n, h, w) where a batch has several axes."""
    return str(row) if isinstance(row, int) else f"({', '.join(map(str, row))})"
