"""How a delimited text is written: what separates its cells, what is comment, where its rows begin.

The rows decide, not the first line alone: the separator is the one that gives them as many cells as
the header has names.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, islice, pairwise

from .header import is_number, looks_like_names
from .records import BLANKS, Line, MalformedError, Record, lines, records

# Where several would do, a comma is the least likely: decimals and sentences have it too.
SEPARATORS = "\t|;,"
COMMENT_MARKS = "#%"
DECLARATION = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
RUN = re.compile(r"\S[ \t]{2,}\S")

# What the separator is judged by: this many records, but no more text than this past the fifth.
SAMPLE_ROWS, SAMPLE_LENGTH = 200, 200_000


@dataclass(frozen=True)
class Dialect:
    """What was found.

    Attributes
    ----------
    separator : str
        One character; a space stands for runs of spaces and tabs.
    names : list of str, or None
        What the header holds, and None if there is none.
    names_at : int
        The number of the line that the names are in.
    start, line : int
        The offset in the text, and the number of the line, at which the first row begins.
    comment : str
        The mark that comment lines begin with, "" if there are none.
    comments : int
        How many lines before the first row are comments.
    rows : list of list of str
        The cells of the first rows.
    has_row_names : bool
        Whether every row begins with a name of its own, for which the header has none.
    """

    separator: str
    names: list[str] | None
    names_at: int
    start: int
    line: int
    comment: str
    comments: int
    rows: list[list[str]]
    has_row_names: bool


def find_dialect(text: str, *, header: bool = True, separator: str | None = None) -> Dialect:
    r"""Find how `text` is written; `separator` says what is known of it.

    Raises
    ------
    MalformedError
        If a quote is left open in the first record.

    Examples
    --------
    >>> find_dialect("length (cm, new);kind\n1,5;a\n2,5;b\n").separator
    ';'
    >>> found = find_dialect("# measured in May\n# x y\n1  2\n")
    >>> found.separator, found.names, found.line, found.comments
    (' ', ['x', 'y'], 3, 1)
    """
    filled = (line for line in lines(text) if line.content.strip())
    first = next(filled)
    if declared := DECLARATION.fullmatch(first.content):
        separator = separator or declared[1]
        following = next(filled, None)
        if following is None:
            raise MalformedError("no line follows the one that names the separator")
        first = following
    marked: list[Line] = []
    for line in chain([first], filled):
        if line.content[0] not in COMMENT_MARKS:
            break
        marked.append(line)
    else:  # where all lines have the mark, it makes none a comment
        marked, line = [], first

    separator = separator or _separator(text, line, header)
    record = _first_record(text, separator, marked, line, header)
    begin = record or line
    names, start, number = None, begin.start, begin.number
    if header and record:
        names, start, number = _unmarked(record.content, separator), record.end, number + 1
    elif header:
        head = next(records(text, separator, start, number))
        names, start, number = head.cells, head.end, number + head.lines
    rows = _sample(text, separator, start, number)
    has_row_names = False
    if names is not None:
        cells, names = names, _with_row_names(names, rows)
        has_row_names = names[1:] == cells
    comments = marked[: marked.index(record)] if record else marked
    mark = comments[0].content[0] if comments else ""
    return Dialect(
        separator, names, begin.number, start, number, mark, len(comments), rows, has_row_names
    )


def _with_row_names(names: list[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Add a blank name where each row has a cell more, a name of its own or one after the last.

    R writes the names of rows so; others end every row, but not the header, with a separator.
    """
    if not rows or {len(row) for row in rows} != {len(names) + 1}:
        return names
    if not any(row[-1].strip() for row in rows):
        return [*names, ""]
    return ["", *names] if len({row[0] for row in rows}) == len(rows) else names


def _sample(text: str, separator: str, start: int, line: int) -> list[list[str]]:
    """Return the cells of the first records that are not blank, up to one that is malformed."""
    found: list[Record] = []
    try:
        for record in islice(records(text, separator, start, line), SAMPLE_ROWS):
            found.append(record)
            if len(found) >= 5 and record.end - start > SAMPLE_LENGTH:
                break
    except MalformedError:
        pass
    return [record.cells for record in found if not record.is_blank]


def _separator(text: str, at: Line, header: bool) -> str:
    """Choose by how many of the records have as many cells as the first, then by their numbers."""
    samples = {
        separator: _sample(text, separator, at.start, at.number)
        for separator in SEPARATORS + BLANKS
    }
    merits = {separator: _merit(sample, header) for separator, sample in samples.items()}
    best = max(SEPARATORS, key=lambda separator: merits[separator])
    # Blanks stand within cells too: more is asked of them, and a column of numbers.
    if (
        merits[BLANKS][0] == 1
        and merits[BLANKS][:2] > merits[best][:2]
        and (merits[best][0] < 1 or _is_laid_out(samples[best], best))
    ):
        rows = samples[BLANKS][1:] or samples[BLANKS]
        if any(all(map(is_number, column)) for column in zip(*rows, strict=False)):
            return BLANKS
    if merits[best][0] == 0:  # one column: whatever stands in no cell
        alone = (each for each in SEPARATORS if all(len(cells) == 1 for cells in samples[each]))
        return next(alone, best)
    return best


def _is_laid_out(sample: Sequence[Sequence[str]], separator: str) -> bool:
    """Tell whether blanks part the records though all have as many cells by this separator.

    So they do if every row has a run of blanks within the same cell (`5 kg` has but one, and is a
    cell), and the header a blank; or if a comma stands between two digits in all of them: decimals.
    """
    columns = list(zip(*sample, strict=False))
    if any(" " in head.strip() and all(map(RUN.search, rows)) for head, *rows in columns):
        return True
    return separator == "," and any(
        all(a[-1:].isdigit() and b[:1].isdigit() for a, b in zip(before, after, strict=True))
        for before, after in pairwise(columns)
    )


def _merit(sample: Sequence[Sequence[str]], header: bool) -> tuple[float, float, int]:
    """Return how many records agree about the width, how many cells are numbers, and the width."""
    widths = [len(cells) for cells in sample]
    if not widths:
        return 0.0, 0.0, 0
    width = widths[0] if header else max(set(widths), key=widths.count)
    if width == 1:
        return 0.0, 0.0, 1
    # R names the rows, but not the column that their names are in.
    with_row_names = len(widths) > 1 and set(widths[1:]) == {width + 1}
    cells = [cell for cells in sample[:20] for cell in cells[:1000]]
    return (
        1.0 if with_row_names else widths.count(width) / len(widths),
        sum(map(is_number, cells)) / len(cells),
        width,
    )


def _first_record(
    text: str, separator: str, marked: Sequence[Line], line: Line, header: bool
) -> Line | None:
    """Return the line that is a record though it begins with the mark of comments, if one is.

    It has as many cells as the rows from `line` on; and if it is to be the header, the first of
    them looks like none.
    """
    rows = _sample(text, separator, line.start, line.number) if marked else []
    width = len(rows[0]) if rows else 0
    rows = [row for row in rows if len(row) == width]  # comments may stand among them
    if width < 2 or (header and looks_like_names(rows[0], rows[1:])):
        return None
    return next((line for line in marked if len(_unmarked(line.content, separator)) == width), None)


def _unmarked(line: str, separator: str) -> list[str]:
    """Return the cells of a marked line without the mark, unless a cell is nothing else."""
    cells = next(records(line, separator)).cells
    bare = cells[0].lstrip(COMMENT_MARKS).lstrip()
    if bare or separator != BLANKS:
        return [bare or cells[0], *cells[1:]]
    return cells[1:]
