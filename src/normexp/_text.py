"""Text as it is shown: what comes from data does nothing to a terminal, and minus is a minus."""

from __future__ import annotations

import json
import re
import unicodedata
from numbers import Real
from string import Formatter
from typing import Any

# Categories of what is no letter: control characters (ESC and BEL among them), marks that turn the
# direction of writing or cannot be seen, halves of pairs, separators of lines and paragraphs.
UNSEEN_CATEGORIES = {"Cc", "Cf", "Cs", "Zl", "Zp"}
JOINERS = "\u200c\u200d"  # which some scripts, and some emoji, are written with
LINE_END = "\n"


def _is_unseen(letter: str) -> bool:
    return unicodedata.category(letter) in UNSEEN_CATEGORIES and letter not in JOINERS


def visible(text: str, keep: str = LINE_END) -> str:
    r"""Text in which each character that is none is an escape, as Python writes it.

    Parameters
    ----------
    text : str
    keep : str
        The characters to leave as they are nevertheless.

    Examples
    --------
    >>> visible("\x1b[31mred\x07, \u202etxt.exe, plain")
    '\\x1b[31mred\\x07, \\u202etxt.exe, plain'
    """
    if text.isprintable():
        return text
    shown = (
        letter if letter in keep or not _is_unseen(letter) else ascii(letter)[1:-1]
        for letter in text
    )
    return "".join(shown)


def visible_json(text: str) -> str:
    r"""The same JSON, in which such characters are JSON's escapes.

    >>> visible_json('"\x9b31m"')
    '"\\u009b31m"'
    """
    if text.isprintable():
        return text
    return "".join(
        json.dumps(letter)[1:-1] if _is_unseen(letter) and letter != LINE_END else letter
        for letter in text
    )


def with_minus(number: str) -> str:
    """A number with the minus sign that formulas have, in its exponent too.

    >>> with_minus("-1.5e-07")
    '−1.5e−07'
    """
    return number.replace("-", "−")


class _Sentences(Formatter):
    def format_field(self, value: Any, spec: str) -> str:
        text: str = super().format_field(value, spec)
        return with_minus(text) if isinstance(value, Real) else text


def filled(sentence: str, **facts: Any) -> str:
    """A sentence with its gaps filled in, as `str.format` does it, its numbers with a minus.

    >>> filled("{name} is {value:.3g}", name="b-1", value=-1e-7)
    'b-1 is −1e−07'
    """
    return _Sentences().vformat(sentence, (), facts)


def one_line(text: str) -> str:
    r"""A message of several lines as one.

    >>> one_line("no column 'a'\n  the columns are\n'b'")
    "no column 'a' the columns are 'b'"
    """
    return visible(re.sub(r"\s*\n\s*", " ", text.strip()))
