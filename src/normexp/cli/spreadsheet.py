"""CSV that is safe to open in a spreadsheet, which takes a text such as =1+1 for a formula."""

from __future__ import annotations

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


def as_csv(table: pl.DataFrame) -> str:
    """The table as CSV, its texts and headings guarded."""
    import polars as pl

    texts = table.select(pl.col(pl.String)).columns
    safe = table.with_columns(table[name].map_elements(guarded, pl.String) for name in texts)
    return safe.rename({name: guarded(name) for name in safe.columns}).write_csv()
