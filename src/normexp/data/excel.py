"""Excel's workbooks (.xlsx): the first sheet, as Excel would save it as CSV."""

from __future__ import annotations

import datetime
import re
import warnings
import zipfile
from decimal import Decimal
from functools import lru_cache
from itertools import zip_longest
from pathlib import Path
from typing import IO, Any

import numpy as np
import polars as pl

from .header import column_names, without_nameless
from .notes import Note
from .opening import ReadingError, check_magic, check_size, opened, readable
from .raw import Raw
from .tables import parted
from .words import counted

MAX_ROWS = 2**20  # of a sheet; beyond it, a number of a row is made up
CELL_SIZE = 50  # bytes that a cell takes once it is read, about
MERGED = re.compile(rb"<(\w+:)?mergeCell\s")
# A formula with no value after it, in a cell that is not said to hold a text (which may be empty).
UNSAVED = re.compile(
    rb"""<(?:\w+:)?c(?:\s(?![^<>]*\bt=["']str)[^<>]*)?>\s*"""
    rb"<(?:\w+:)?f(?:\s[^<>]*)?(?:/>|>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*(?:/>|>\s*</(?:\w+:)?v\s*>)\s*)?</(?:\w+:)?c\s*>"
)
# What a number format shows as it stands, or leaves room for.
LITERAL = re.compile(r'"[^"]*"|[\\_*].')

Row = tuple[int, list[str]]


def read_excel(path: Path, target: str | None = None) -> Raw:
    """Read the first sheet of a workbook, whose first row that is not blank names the columns.

    Every column is text, as of a CSV file; a formula is the value that it had when it was saved.
    """
    with opened(path) as file:
        check_magic(path.name, file.read(2), b"PK", "a workbook (.xlsx)")
        rows, notes = _sheet(file, path.name)
    if not rows:
        raise ValueError(f"{path.name}: the first sheet is blank")
    (first, header), *body = rows
    blank = body[-1][0] - first - len(body) if body else 0
    if blank:
        notes.append(Note("blank-rows", n=blank))
    for number, row in body:
        if len(row) > len(header):
            raise ValueError(
                f"{path.name}: row {number} has {counted(len(row), 'cell')}, the header in row "
                f"{first} names {counted(len(header), 'column')}"
            )
    try:
        names = column_names(header)
    except ValueError as error:
        raise ValueError(f"{path.name}: row {first} {error}") from error
    cells = zip_longest(*(row for _, row in body), fillvalue="")
    columns = [list(column) for _, column in zip(names, cells, strict=False)]
    columns += [[""] * len(body)] * (len(names) - len(columns))
    frame = pl.DataFrame(dict(zip(names, columns, strict=True)), dict.fromkeys(names, pl.String))
    frame, nameless = without_nameless(frame, header)
    raw = Raw(
        frame,
        None,
        tuple(frame.columns),
        notes=(*notes, *nameless),
        lines=np.array([number for number, _ in body], np.int64),
    )
    return parted(raw, target, path.name)


def _sheet(file: IO[bytes], name: str) -> tuple[list[Row], list[Note]]:
    """The rows of the first sheet that are not blank, with their numbers; and notes on it."""
    try:
        from openpyxl import load_workbook
    except ModuleNotFoundError:
        raise ValueError(".xlsx files are read by openpyxl: pip install openpyxl") from None

    with readable(name), warnings.catch_warnings(), zipfile.ZipFile(file) as archive:
        warnings.simplefilter("ignore")  # of formats and rules that are not read
        check_size(sum(member.file_size for member in archive.infolist()), name)
        book = load_workbook(file, read_only=True, data_only=True)
        if not book.worksheets:
            raise ReadingError(f"{name}: expected a sheet of cells, the workbook has none")
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # which some programs write wrong
        rows: list[Row] = []
        cells = 0
        for number, line in enumerate(sheet.iter_rows(), 1):
            if number > MAX_ROWS:
                raise ReadingError(f"{name} is damaged: it numbers a row above {MAX_ROWS}")
            row = _texts(line)
            cells += len(row)
            check_size(CELL_SIZE * cells, name)
            if row:
                rows.append((number, row))
        notes = []
        if len(book.sheetnames) > 1:
            others = tuple(title for title in book.sheetnames if title != sheet.title)
            notes.append(Note("sheet", sheet=sheet.title, others=others))
        written = archive.read(sheet._worksheet_path)
        if MERGED.search(written):
            notes.append(Note("merged"))
        if unsaved := sum(1 for _ in UNSAVED.finditer(written)):
            notes.append(Note("unsaved", n=unsaved))
        return rows, notes


def _texts(line: Any) -> list[str]:
    """The cells of a row as texts, up to the last that is not blank."""
    texts = [_text(cell) for cell in line]
    while texts and not texts[-1].strip():
        texts.pop()
    return texts


def _text(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime.datetime):
        is_day = value.time() == datetime.time()
        return value.date().isoformat() if is_day else value.isoformat(sep=" ")
    if isinstance(value, int | float) and _is_percent(cell.number_format):
        return f"{Decimal(repr(value)).scaleb(2):f}%"  # the digits of .07 times 100, not 7.000…1
    return str(value)


@lru_cache
def _is_percent(form: str) -> bool:
    return "%" in LITERAL.sub("", form)
