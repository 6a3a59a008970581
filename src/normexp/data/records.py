r"""Delimited text record by record, with every quote accounted for.

A cell in quotes may hold separators, line ends and doubled quotes (RFC 4180), and blanks may stand
around it. A quote that does not end its cell, as in ``"5" pipe"`` or ``"a \" quote"``, is part of
the text, but only in a cell that ends in its own line: one that runs on would swallow rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

BLANKS = " "
"""The separator that means runs of spaces and tabs."""

LINE_END = re.compile(r"\r\n?|\n")
AFTER_LINE = re.compile(r"\r\n?|\n|")
LINE = re.compile(r"[^\r\n]*")
WORDS = re.compile(r"[^ \t]+")


class Line(NamedTuple):
    """What a line holds, where in the text it begins and the next one does, and its number."""

    content: str
    start: int
    end: int
    number: int


class Record(NamedTuple):
    """One record: its cells, where in the text it begins and ends, and in which line of how many.

    `has_loose_quotes` tells that a quote inside of a quoted cell was not doubled.
    """

    cells: list[str]
    start: int
    end: int
    line: int
    lines: int
    has_loose_quotes: bool

    @property
    def is_blank(self) -> bool:
        """Whether it holds nothing but white space."""
        return len(self.cells) == 1 and not self.cells[0].strip()


class MalformedError(ValueError):
    """A quote is left open."""


class _Grammar(NamedTuple):
    lead: re.Pattern[str]
    quoted: re.Pattern[str]
    loose: re.Pattern[str]
    plain: re.Pattern[str]
    gap: re.Pattern[str]


@lru_cache
def _grammar(separator: str) -> _Grammar:
    """Return the patterns of what stands before the cells, of a cell, and of what parts two."""
    if separator == BLANKS:
        lead, around, between, gap = r"[ \t]*", "", r" \t", r"[ \t]+(?=[^ \t\r\n])"
    else:
        lead = ""
        around = " *" if separator == "\t" else r"[ \t]*"
        between = gap = re.escape(separator)
    edge = rf"(?=[{between}\r\n]|\Z)"
    return _Grammar(
        lead=re.compile(lead),
        quoted=re.compile(rf'{around}"((?:[^"]++|"")*+)"{around}{edge}'),
        loose=re.compile(rf'"([^\r\n]*?)"{around}{edge}'),
        plain=re.compile(rf"[^{between}\r\n]*"),
        gap=re.compile(gap),
    )


def records(text: str, separator: str, start: int = 0, line: int = 1) -> Iterator[Record]:
    r"""Yield the records of `text` from the offset `start` on, which is where `line` begins.

    Raises
    ------
    MalformedError
        If a quote is left open.

    Examples
    --------
    >>> [record.cells for record in records('a,"b\n""c"\n\n"5" pipe", "d"', ",")]
    [['a', 'b\n"c'], [''], ['5" pipe', 'd']]
    """
    while start < len(text):
        content = _match(LINE, text, start)
        stop, loose = content.end(), False
        if '"' in content[0]:
            cells, stop, loose = _quoted(text, separator, start, line)
        else:
            cells = _split(content[0], separator)
        end = _match(AFTER_LINE, text, stop).end()
        lines = 1 if stop == content.end() else 1 + line_ends(text[start:stop])
        yield Record(cells, start, end, line, lines, loose)
        start, line = end, line + lines


def _split(line: str, separator: str) -> list[str]:
    """Return the cells of a line without quotes; at least one, if only nothing."""
    if separator == BLANKS:  # no others, such as the space within a number that does not break
        return WORDS.findall(line) or [line]
    return line.split(separator)


def _quoted(text: str, separator: str, start: int, line: int) -> tuple[list[str], int, bool]:
    """Return the cells of the record at `start`, where it stops, and if it has loose quotes."""
    grammar = _grammar(separator)
    cells, loose = [], False
    at = _match(grammar.lead, text, start).end()
    while True:
        cell = grammar.quoted.match(text, at)
        if cell is not None:
            cells.append(cell[1].replace('""', '"'))
        elif text.startswith('"', at):
            cell = grammar.loose.match(text, at)
            if cell is None:
                raise MalformedError(
                    f"line {line + line_ends(text[start:at])}: the quote that opens cell "
                    f"{len(cells) + 1} is not closed; inside of quotes a quote must be doubled"
                )
            cells.append(cell[1].replace('\\"', '"'))
            loose = True
        else:
            cell = _match(grammar.plain, text, at)
            cells.append(cell[0])
        gap = grammar.gap.match(text, cell.end())
        if gap is None:
            return cells, _match(LINE, text, cell.end()).end(), loose
        at = gap.end()


def _match(pattern: re.Pattern[str], text: str, at: int) -> re.Match[str]:
    """Match a pattern that always does, if only nothing."""
    match = pattern.match(text, at)
    assert match is not None
    return match


def lines(text: str) -> Iterator[Line]:
    """Yield the lines of any text, whatever their quotes."""
    start, number = 0, 1
    while start < len(text):
        content = _match(LINE, text, start)
        end = _match(AFTER_LINE, text, content.end()).end()
        yield Line(content[0], start, end, number)
        start, number = end, number + 1


def line_ends(text: str) -> int:
    """Count the line ends of any kind."""
    return len(LINE_END.findall(text))


def lines_like_rows(text: str, separator: str, width: int) -> int:
    r"""Count the lines of `text` that by themselves, whatever their quotes, have `width` cells.

    >>> lines_like_rows('1,"open\n2,x\n3,"5"', ",", 2)
    3
    """
    unquoted = text if separator == BLANKS else re.sub('"[^"\r\n]*"', "", text)
    return [len(_split(line, separator)) for line in LINE_END.split(unquoted)].count(width)
