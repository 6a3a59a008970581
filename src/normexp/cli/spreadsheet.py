"""CSV that is safe to open in a spreadsheet, which takes a text such as =1+1 for a formula."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def guarded(text: str) -> str:
    """A text with an apostrophe before what would make a formula of it.

    References
    ----------
    OWASP, CSV Injection: https://owasp.org/www-community/attacks/CSV_Injection

    Examples
    --------
    >>> guarded("=1+1"), guarded("-5"), guarded("a=b")
    ("'=1+1", '-5', 'a=b')
    """
    is_formula = FORMULA.match(text) and not NUMBER.fullmatch(text)
    return f"'{text}" if is_formula else text


def as_csv(table: pl.DataFrame, has_header: bool = True) -> str:
    """The table as CSV, its texts and headings guarded."""
    import polars as pl

    texts = table.select(pl.col(pl.String)).columns
    safe = table.with_columns(table[name].map_elements(guarded, pl.String) for name in texts)
    safe = safe.rename({name: guarded(name) for name in safe.columns})
    return safe.write_csv(include_header=has_header)


def plain(column: pl.Series) -> pl.Series:
    """A column of any type as one that CSV and JSON can hold: of numbers, truth values or texts.

    Dates, times and durations are written by ISO 8601, lists and structs in JSON, and bytes that
    are no text as hexadecimal digits.

    >>> from datetime import timedelta
    >>> import polars as pl
    >>> plain(pl.Series([timedelta(hours=3)])).to_list(), plain(pl.Series([["a"], []])).to_list()
    (['PT3H'], ['["a"]', '[]'])
    """
    import polars as pl

    dtype = column.dtype
    if dtype.is_integer() or dtype.is_float() or dtype in (pl.Boolean, pl.String, pl.Null):
        return column
    if dtype.is_temporal():
        return column.dt.to_string("iso")
    if dtype == pl.Binary:
        try:
            return column.cast(pl.String)
        except pl.exceptions.ComputeError:
            return column.bin.encode("hex")
    if dtype.is_nested():
        texts = [
            None if value is None else json.dumps(value, default=str, ensure_ascii=False)
            for value in column.to_list()
        ]
        return pl.Series(column.name, texts, pl.String)
    return column.cast(pl.String)
