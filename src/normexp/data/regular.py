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
    r"""Return the rows as texts, and how many lines are before each, and in all.

    `text` has no line end at its end. It is None unless all of this holds, which leaves one reading
    only, that of RFC 4180:

    - lines end in ``\n`` or ``\r\n``, and the separator is one byte;
    - every quote that opens a cell is the first in it, every quote that closes one is the last, and
      those between are doubled;
    - outside of quotes there are ``len(names) - 1`` times as many separators as rows, and no row
      has more of them than that, which polars checks: so none has fewer.

    Examples
    --------
    >>> frame, before = read_regular('1,"a\nb"\n2,"5"" pipe"', ["x", "y"], ",")
    >>> frame.rows(), before.tolist()
    ([('1', 'a\nb'), ('2', '5" pipe')], [0, 2, 3])
    >>> read_regular('1,"a\nb"\n2,"5" pipe"', ["x", "y"], ",") is None
    True
    """
    data = text.encode()
    if separator == BLANKS or not separator.isascii() or data.count(b"\r") != data.count(b"\r\n"):
        return None
    array = np.frombuffer(data, np.uint8)
    is_end, is_separator = array == NEWLINE, array == ord(separator)
    ends = is_end.nonzero()[0]
    lines = np.arange(len(ends) + 1)  # those that end a row, but for the last
    if b'"' in data:
        is_quote = array == QUOTE
        is_inside = np.logical_xor.accumulate(is_quote)
        if is_inside[-1] or not _are_in_place(
            is_quote, is_inside, is_end | is_separator | is_quote | (array == RETURN)
        ):
            return None
        is_separator &= ~is_inside
        lines = np.append(np.flatnonzero(~is_inside[ends]), len(ends))
    if np.count_nonzero(is_separator) != (len(names) - 1) * len(lines):
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
    if len(frame) != len(lines):
        return None
    # An empty cell is null to polars, unless it is quoted; here no cell is absent.
    filled = (column.fill_null("") if column.null_count() else column for column in frame)
    return pl.DataFrame(list(filled)), np.append(0, lines + 1)


def _are_in_place(
    is_quote: NDArray[np.bool_], is_inside: NDArray[np.bool_], is_edge: NDArray[np.bool_]
) -> bool:
    """Tell whether quotes stand at the edges of cells alone, or doubled between them.

    Every other quote opens, and `is_inside` is true from there to before the one that closes. A
    doubled quote so closes and opens at once, and quotes are edges of each other.
    """
    opens_amid = (is_quote & is_inside)[1:] & ~is_edge[:-1]
    closes_amid = (is_quote & ~is_inside)[:-1] & ~is_edge[1:]
    return not (opens_amid.any() or closes_amid.any())
