"""What every rendering shows, in which order: sections of steps, and tables with long ones cut."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeVar

from ..filling import rebuilt
from ..formula import DOTS, Call, Formula, Group, Matrix, Sum, value_of
from ..steps import Line, Step
from ..words import phrase
from ..working import Working

T = TypeVar("T")

SHOWN = 6  # of the lines of a step, the terms of a long sum, the rows of a matrix
SHOWN_ROWS = 24  # of a table


class Table(NamedTuple):
    """A row for each class: its label, whether it is the target, and a number for each heading."""

    corner: str
    headings: list[Formula]
    rows: list[tuple[str, bool, list[float]] | None]  # None where rows are left out


class Section(NamedTuple):
    """Steps under a title; of which sample, if of one of several."""

    title: str
    table: Table | None
    steps: Sequence[Step]


def title(working: Working) -> str:
    if working.loss is None or (working.value is None and not working.samples):
        return phrase("of_softmax", working.language)
    return phrase("of_loss", working.language, loss=repr(working.loss))


def sections(working: Working) -> Iterator[Section]:
    """The sections of a sample, or of what a batch has beyond its samples."""

    def called(name: str) -> str:
        return phrase(name, working.language)

    is_batch, has_loss = bool(working.samples), working.grad is not None
    forward = "to_mean" if is_batch else "to_loss" if has_loss else "to_probabilities"
    if working.columns:
        yield Section(called(forward), table(working), working.steps)
    if working.gradient:
        yield Section(called("to_scores" if has_loss else "by_scores"), None, working.gradient)
    if working.backward:
        yield Section(called("to_weights"), None, working.backward)


def table(working: Working) -> Table:
    corner = "class"
    if working.samples:
        corner = "of_samples"
    elif working.loss is not None and working.loss.is_elementwise:
        corner = "element"
    columns = list(working.columns.values())
    rows = [
        (str(k), k == working.target, [float(column[k]) for column in columns])
        for k in range(len(columns[0]))
    ]
    return Table(
        phrase(corner, working.language),
        list(working.headings.values()),
        shortened(rows, SHOWN_ROWS),
    )


def shortened(items: Sequence[T], most: int = SHOWN) -> list[T | None]:
    """The first items and the last, with None between them if there are more than `most`."""
    return list(items) if len(items) <= most else [*items[: most - 2], None, items[-1]]


def abridged(of: Formula) -> Formula:
    """The formula with an ellipsis in its long sums, lists and matrices."""
    match of:
        case Sum(terms):
            return Sum(_ends(list(map(abridged, terms))))
        case Call(function, arguments):
            return Call(function, _ends(list(map(abridged, arguments))))
        case Group(inner):
            return Group(abridged(inner))
        case Matrix(rows):
            gap = (DOTS,) * len(_ends(rows[0]))
            return Matrix(tuple(gap if row is None else _ends(row) for row in shortened(rows)))
        case _:
            return rebuilt(of, abridged)


def _ends(items: Sequence[Formula]) -> tuple[Formula, ...]:
    return tuple(DOTS if one is None else one for one in shortened(items))


def equations(step: Step) -> list[list[Formula] | None]:
    """What equals what: without numbers, then line by line with them; None for lines left out."""
    symbols = [] if step.symbol is None or not step.chain else [step.symbol, *step.chain]
    lines = [None if line is None else _result(line) for line in shortened(step.lines)]
    if symbols and len(lines) == 1 and lines[0] is not None and lines[0][0] == step.symbol:
        return [[*symbols, *lines[0][1:]]]
    return [symbols, *lines] if symbols else lines


def _result(line: Line) -> list[Formula]:
    parts = [line.symbol, *([] if line.filled is None else [line.filled]), value_of(line.value)]
    # "p_0 = 0.5 = 0.5" says it once too often.
    return [abridged(part) for k, part in enumerate(parts) if k == 0 or part != parts[k - 1]]
