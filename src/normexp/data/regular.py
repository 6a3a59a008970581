"""Delimited text read by polars, where it can be proven that polars reads it right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .records import BLANKS

NEWLINE, RETURN, QUOTE = b'\n\r"'


def read_regular(
    text: str, names: Sequence[str], separator: str
) -> tuple[pl.DataFrame, NDArray[np.int64]] | None:
    r"""Return the rows as texts, and for each how many lines of `text` are before it.

    It is None unless all of this holds, which leaves one reading only, that of RFC 4180:

    - lines end in ``\n`` or ``\r\n``, and the separator is one byte;
    - every quote that opens a cell is the first in it, every quote that closes one is the last, and
      those between are doubled;
    - outside of quotes there are as many separators as ``len(names) - 1`` for each line end, and no
      row has more of them, which polars checks: so none has fewer.

    Examples
    --------
    >>> frame, before = read_regular('1,"a\nb"\n2,"5"" pipe"\n', ["x", "y"], ",")
    >>> frame.rows(), before.tolist()
    ([('1', 'a\nb'), ('2', '5" pipe')], [0, 2])
    >>> read_regular('1,"a\nb"\n2,"5" pipe"\n', ["x", "y"], ",") is None
    True
    """
    if separator == BLANKS or not separator.isascii() or text.count("\r") != text.count("\r\n"):
        return None
    if not text.endswith("\n"):
        text += "\n"
    data = text.encode()
    array = np.frombuffer(data, np.uint8)
    is_end, is_separator = array == NEWLINE, array == ord(separator)
    ends = is_end.nonzero()[0]
    before = np.arange(len(ends))
    if '"' in text:
        is_quote = array == QUOTE
        if not _are_in_place(array, is_quote.nonzero()[0], ord(separator)):
            return None
        is_outside = ~np.logical_xor.accumulate(is_quote)
        is_separator &= is_outside
        last = is_outside[ends].nonzero()[0]
        before = np.concatenate([[0], last[:-1] + 1])
    if np.count_nonzero(is_separator) != (len(names) - 1) * len(before):
        return None
    try:
        frame = pl.read_csv(
            data,
            has_header=False,
            separator=separator,
            schema=dict.fromkeys(names, pl.String),
        )
    except pl.exceptions.PolarsError:  # a row has too many cells, another too few
        return None
    if len(frame) != len(before):
        return None
    # An empty cell is null to polars, unless it is quoted; here no cell is absent.
    filled = (column.fill_null("") if column.null_count() else column for column in frame)
    return pl.DataFrame(list(filled)), before


def _are_in_place(array: NDArray[np.uint8], quotes: NDArray[np.intp], separator: int) -> bool:
    """Tell whether quotes stand at the edges of cells alone, or doubled between them.

    Every other quote is taken as opening. A doubled quote then closes and opens at once, so each
    has beside it an edge or the other one.
    """
    if len(quotes) % 2:
        return False
    opening, closing = quotes[::2], quotes[1::2]
    edges = [separator, NEWLINE, QUOTE]
    before, after = array[opening - 1], array[closing + 1]
    before[opening == 0] = NEWLINE
    return bool(np.isin(before, edges).all() and np.isin(after, [*edges, RETURN]).all())
