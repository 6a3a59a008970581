"""Weka's ARFF files: attributes with their types, then a row to a line.

Numbers come as numbers; nominal values and texts as text, and so do dates, from the year to the day
whatever the order that the header declares. The readers that exist were not taken: SciPy's knows no
text, and in liac-arff a list of forty nominal values that lacks its last brace keeps a regular
expression busy for hours.
Format: https://waikato.github.io/weka-wiki/formats_and_processing/arff_stable/
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import polars as pl

from .notes import Note
from .opening import check_size, read_plain
from .raw import Raw
from .tables import parted
from .words import counted, listed

NUMBERS = {"numeric", "real", "integer"}
BLOCK = 10_000  # rows whose cells are held as texts at a time

# No part of these can match in two ways, so that none tries again.
VALUE = r"""(?:'((?:[^'\\]|\\.)*+)'|"((?:[^"\\]|\\.)*+)"|([^,'"{}%]*+))\s*+(?:(,)|$|%.*+)"""
FIELD = re.compile(rf"\s*+{VALUE}")
INDEXED = re.compile(rf"\s*+(\d++)\s++{VALUE}")
NAME = re.compile(r"""@attribute\s++(?:'((?:[^'\\]|\\.)*+)'|"([^"]*+)"|([^\s'"{]++))\s*+""", re.I)
ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}

# A date's format in the header is Java's: quoted text, letters by their number, signs.
JAVA = re.compile(r"'([^']*)'|([A-Za-z])\2*|[^A-Za-z']")
DATES = {
    **{"y": "%Y", "yy": "%y", "yyyy": "%Y", "M": "%m", "MM": "%m", "MMM": "%B", "MMMM": "%B"},
    **{"d": "%d", "dd": "%d", "E": "%A", "EEE": "%A", "EEEE": "%A", "a": "%p"},
    **{"H": "%H", "HH": "%H", "h": "%I", "hh": "%I", "m": "%M", "mm": "%M", "s": "%S", "ss": "%S"},
    **{"SSS": "%3f", "Z": "%z", "X": "%z", "XX": "%z", "XXX": "%z"},
}

Cells = list[str | None]


class Attribute(NamedTuple):
    """A column: its name and whether it holds numbers; else its values, where they are listed, or
    the format of its dates, where it is declared: in Java's letters and in those of polars.
    """

    name: str
    is_number: bool
    values: tuple[str, ...] = ()
    dates: tuple[str, str] | None = None


def read_arff(path: Path, target: str | None = None) -> Raw:
    """Read a table whose cells are told apart by commas, or of which those that are not 0 stand."""
    content = read_plain(path)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path.name} is not UTF-8 text: {error.reason}") from error
    lines = _lines(text)
    attributes = _attributes(lines, path.name)
    frames: list[pl.DataFrame] = []
    rows: list[tuple[int, Cells]] = []
    weights = 0
    for number, line in lines:
        cells = _cells(line, attributes, f"{path.name}: line {number}")
        weights += len(cells) > len(attributes)
        rows.append((number, cells[: len(attributes)]))
        check_size(8 * len(attributes) * (len(frames) * BLOCK + len(rows)), path.name)
        if len(rows) == BLOCK:
            frames.append(_frame(rows, attributes, path.name))
            rows = []
    frame = pl.concat([*frames, _frame(rows, attributes, path.name)])
    notes = (Note("weights", n=weights),) if weights else ()
    return parted(Raw(frame, None, tuple(frame.columns), notes=notes), target, path.name)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines that hold something, with their numbers; a comment begins with %."""
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), 1):
        if (content := line.strip()) and not content.startswith("%"):
            yield number, content


def _attributes(lines: Iterator[tuple[int, str]], name: str) -> list[Attribute]:
    """Read the header, up to the line @data."""
    attributes: list[Attribute] = []
    for number, line in lines:
        keyword = line.split(maxsplit=1)[0].lower()
        if keyword == "@attribute":
            attributes.append(_attribute(line, f"{name}: line {number}"))
        elif keyword == "@data":
            break
        elif keyword != "@relation":
            raise ValueError(
                f"{name}: line {number}: expected @relation, @attribute or @data, got {line[:40]!r}"
            )
    else:
        raise ValueError(f"{name} is cut off, or no ARFF file: there is no line @data")
    names = Counter(attribute.name for attribute in attributes)
    if duplicates := [each for each, count in names.items() if count > 1]:
        raise ValueError(f"{name} names {listed(duplicates)} more than once")
    return attributes


def _attribute(line: str, where: str) -> Attribute:
    if (found := NAME.match(line)) is None:
        raise ValueError(f"{where}: expected the name of an attribute, got {line[:40]!r}")
    name, kind = _text(*found.groups()) or "", line[found.end() :]
    if kind.startswith("{") and kind.endswith("}"):
        return Attribute(name, False, tuple(value or "?" for value in _values(kind[1:-1], where)))
    word = kind.split(maxsplit=1)[0].lower() if kind else ""
    if word not in NUMBERS | {"string", "date"}:
        raise ValueError(
            f"{where}: expected the type of {name!r}, numeric, string, date or values in braces, "
            f"got {kind[:40]!r}"
        )
    dates = _dates(kind[len(word) :].strip(), where) if word == "date" else None
    return Attribute(name, word in NUMBERS, dates=dates)


def _dates(declared: str, where: str) -> tuple[str, str] | None:
    """The format of dates, None where none is declared, or none that has year, month and day."""
    if declared[:1] in ("'", '"'):
        declared = _values(declared, where)[0] or ""
    else:
        declared = declared.partition("%")[0].strip()
    form = ""
    for found in JAVA.finditer(declared):
        if found[2] is None:
            form += ("'" if found[1] == "" else found[1] or found[0]).replace("%", "%%")
        elif (part := DATES.get(found[0])) is not None:
            form += part
        else:
            raise ValueError(
                f"{where}: {found[0]!r} in the format of dates {declared!r} cannot be read; "
                f"what can: {', '.join(DATES)}"
            )
    if "%p" not in form:
        form = form.replace("%I", "%H")  # many write hh for the hours of a day
    if "%H" in form and "%M" not in form:
        raise ValueError(f"{where}: the format of dates {declared!r} has hours without minutes")
    has_day = "%y" in form.lower() and ("%m" in form or "%B" in form) and "%d" in form
    return (declared, form) if has_day else None


def _cells(line: str, attributes: list[Attribute], where: str) -> Cells:
    """The cells of a row, and its weight where it has one."""
    if line.startswith("{"):
        return _sparse_cells(line, attributes, where)
    body, brace, weight = line.rpartition("{") if line.endswith("}") else (line, "", "")
    cells = _values(body.rstrip(", \t") if brace else body, where)
    if len(cells) == 1 < len(attributes):
        cells = _values(",".join(body.split()), where)  # told apart by white space
    if len(cells) != len(attributes):
        raise ValueError(
            f"{where}: expected {counted(len(attributes), 'value')}, one to an attribute, got "
            f"{len(cells)}"
        )
    return [*cells, weight] if brace else cells


def _sparse_cells(line: str, attributes: list[Attribute], where: str) -> Cells:
    """The cells of a row that names those which are not 0, or not the first of their values."""
    inside, brace, weight = line[1:].partition("}")
    cells: Cells = ["0" if each.is_number else next(iter(each.values), None) for each in attributes]
    for index, *value in _matches(INDEXED, inside, where):
        if int(index or 0) >= len(cells):
            raise ValueError(f"{where}: there is no attribute {index}")
        cells[int(index or 0)] = _text(*value)
    if not brace:
        raise ValueError(f"{where}: the brace that opens the row is not closed")
    return [*cells, weight] if weight.strip(", \t") else cells


def _values(text: str, where: str) -> Cells:
    if not re.search("['\"%{}]", text):
        return [None if value == "?" else value for value in map(str.strip, text.split(","))]
    return [_text(*groups) for groups in _matches(FIELD, text, where)]


def _matches(pattern: re.Pattern[str], text: str, where: str) -> Iterator[tuple[str | None, ...]]:
    """The groups of what matches at the start of `text`, after it, and so on to the end."""
    at, has_more = 0, bool(text.strip())
    while has_more:
        found = pattern.match(text, at)
        if found is None:
            raise ValueError(f"{where}: cannot be read from {text[at : at + 20]!r} on")
        *groups, comma = found.groups()
        yield tuple(groups)
        at, has_more = found.end(), comma is not None


def _text(single: str | None, double: str | None, plain: str | None) -> str | None:
    """A value out of its quotes, if it has any; None if it is missing."""
    quoted = double if single is None else single
    if quoted is None:
        value = (plain or "").strip()
        return None if value in ("", "?") else value
    return re.sub(r"\\(.)", lambda found: ESCAPES.get(found[1], found[1]), quoted)


def _frame(rows: list[tuple[int, Cells]], attributes: list[Attribute], name: str) -> pl.DataFrame:
    """Some rows as a table, each cell held to the type of its attribute."""
    places = [str(place) for place in range(len(attributes))]  # a name may be a pattern to polars
    texts = pl.DataFrame(
        [cells for _, cells in rows], schema=dict.fromkeys(places, pl.String), orient="row"
    )
    held = texts.select(
        _held(pl.col(place), attribute) for place, attribute in zip(places, attributes, strict=True)
    )
    missing = zip(places, texts.null_count().row(0), held.null_count().row(0), strict=True)
    if wrong := [place for place, before, after in missing if before < after]:
        place, attribute = wrong[0], attributes[int(wrong[0])]
        row = (held[place].is_null() & texts[place].is_not_null()).arg_true()[0]
        kind = "a number" if attribute.is_number else f"one of {listed(attribute.values)}"
        if attribute.dates:
            kind = f"a date such as {attribute.dates[0]!r}"
        raise ValueError(
            f"{name}: line {rows[row][0]}: expected {kind} for {attribute.name!r}, got "
            f"{texts[place][row]!r}"
        )
    return held.rename(dict(zip(places, (each.name for each in attributes), strict=True)))


def _held(cell: pl.Expr, attribute: Attribute) -> pl.Expr:
    """A cell as its attribute has it, and null where it cannot be that."""
    if attribute.is_number:
        return cell.cast(pl.Float64, strict=False)
    if attribute.dates:
        _, form = attribute.dates
        moment = cell.str.to_datetime(form, time_unit="us", strict=False)
        moment = moment.dt.replace_time_zone(None)  # %z gave UTC
        written = moment.dt.to_string("%Y-%m-%d %H:%M:%S%.f" if "%M" in form else "%Y-%m-%d")
        return pl.when(moment.dt.year() >= 100).then(written)  # else of two digits, against yyyy
    return pl.when(cell.is_in(attribute.values)).then(cell) if attribute.values else cell
