"""A diagnosis as text and as HTML, in English and in Chinese."""

from __future__ import annotations

import math
from html import escape
from typing import NamedTuple

from .._text import filled
from ..losses import BinaryCrossEntropy
from .diagnosis import Diagnosis, Finding
from .words import NUMBERS_IN_CHINESE, SEVERITIES

ROWS_SHOWN = 8
EXAMPLES_SHOWN = 3

Forms = tuple[str, str]  # for one and for many


class Sentences(NamedTuple):
    """What stands around the findings, with gaps."""

    healthy: str
    summary: str
    comma: str
    rows: Forms
    all_rows: Forms
    classes: Forms
    batch: str
    batch_of_elements: str
    loss: str
    severities: dict[str, Forms]
    names: dict[str, str]
    heading: str
    places: str
    more: str
    example: str


ENGLISH = Sentences(
    healthy="Healthy",
    summary="{findings}: {batch}",
    comma=", ",
    rows=("{n} row", "{n} rows"),
    all_rows=("the only row", "all {n} rows"),
    classes=("{n} class", "{n} classes"),
    batch="{rows} of {classes} in {dtype}",
    batch_of_elements="{rows} of yes or no in {dtype}",
    loss="loss {value:.6g}",
    severities={
        "error": ("{n} error", "{n} errors"),
        "warning": ("{n} warning", "{n} warnings"),
        "note": ("{n} note", "{n} notes"),
    },
    names={"error": "ERROR", "warning": "WARNING", "note": "NOTE"},
    heading="{name}: {title} ({rows})",
    places="{rows}: {places}",
    more=" and {more} more",
    example="row {place}: {numbers}",
)
CHINESE = Sentences(
    healthy="正常",
    summary="{findings}：{batch}",
    comma="，",
    rows=("{n} 行", "{n} 行"),
    all_rows=("唯一的一行", "全部 {n} 行"),
    classes=("{n} 个类别", "{n} 个类别"),
    batch="{rows}，{classes}，{dtype}",
    batch_of_elements="{rows}，是或否，{dtype}",
    loss="损失 {value:.6g}",
    severities={
        "error": ("{n} 个错误", "{n} 个错误"),
        "warning": ("{n} 个警告", "{n} 个警告"),
        "note": ("{n} 个提示", "{n} 个提示"),
    },
    names={"error": "错误", "warning": "警告", "note": "提示"},
    heading="{name}：{title}（{rows}）",
    places="{rows}：{places}",
    more=" 等",
    example="第 {place} 行：{numbers}",
)
SENTENCES = {"en": ENGLISH, "zh": CHINESE}


def text(diagnosis: Diagnosis) -> str:
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


def html(diagnosis: Diagnosis) -> str:
    """The same as a fragment of HTML, in the colours of the page around it."""
    parts = [f'<div lang="{diagnosis.language}"><p>{escape(summary(diagnosis))}</p><dl>']
    for finding in diagnosis.findings:
        numbers = [f"<code>{escape(line)}</code>" for line in examples(finding, diagnosis)]
        lines = "<br>".join((*numbers, escape(finding.happens), f"→ {escape(finding.do)}"))
        title = escape(heading(finding, diagnosis))
        parts.append(f"<dt><strong>{title}</strong></dt><dd>{lines}</dd>")
    return "".join([*parts, "</dl></div>"])


def summary(diagnosis: Diagnosis) -> str:
    """How many findings of each severity, in what batch."""
    sentences = SENTENCES[diagnosis.language]
    counts = [
        counted(count, sentences.severities[severity])
        for severity in SEVERITIES
        if (count := len(diagnosis.of(severity)))
    ]
    if not diagnosis.of("error") and not diagnosis.of("warning"):
        counts = [sentences.healthy, *counts]
    is_binary = isinstance(diagnosis.loss, BinaryCrossEntropy)
    batch = (sentences.batch_of_elements if is_binary else sentences.batch).format(
        rows=counted(math.prod(diagnosis.shape), sentences.rows),
        classes=counted(diagnosis.classes, sentences.classes),
        dtype=diagnosis.dtype,
    )
    value = diagnosis.value
    loss = [] if value is None else [filled(sentences.loss, value=value)]
    return sentences.summary.format(
        findings=sentences.comma.join(counts), batch=sentences.comma.join([batch, *loss])
    )


def heading(finding: Finding, diagnosis: Diagnosis) -> str:
    sentences = SENTENCES[diagnosis.language]
    return sentences.heading.format(
        name=sentences.names[finding.severity],
        title=finding.title,
        rows=rows(finding, diagnosis),
    )


def rows(finding: Finding, diagnosis: Diagnosis) -> str:
    """How many rows, and the first of them."""
    sentences = SENTENCES[diagnosis.language]
    count = len(finding.rows)
    if count == math.prod(diagnosis.shape):
        return counted(count, sentences.all_rows)
    places = sentences.comma.join(map(_place, finding.rows[:ROWS_SHOWN].tolist()))
    if count > ROWS_SHOWN:
        places += sentences.more.format(more=count - ROWS_SHOWN)
    return sentences.places.format(rows=counted(count, sentences.rows), places=places)


def examples(finding: Finding, diagnosis: Diagnosis) -> list[str]:
    """The numbers of the first rows, a line for each."""
    sentences = SENTENCES[diagnosis.language]
    if not finding.numbers:
        return []
    names = {} if diagnosis.language == "en" else NUMBERS_IN_CHINESE
    return [
        sentences.example.format(
            place=_place(row),
            numbers=sentences.comma.join(
                filled("{name} {value:.6g}", name=names.get(name, name), value=values[i])
                for name, values in finding.numbers.items()
            ),
        )
        for i, row in enumerate(finding.rows[:EXAMPLES_SHOWN].tolist())
    ]


def counted(count: int, forms: Forms) -> str:
    return forms[count != 1].format(n=count)


def _place(row: int | list[int]) -> str:
    """A row by its index; (n, h, w) where a batch has several axes."""
    return str(row) if isinstance(row, int) else f"({', '.join(map(str, row))})"
