"""The few words that the messages of this room share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches


def listed(names: Sequence[str], limit: int = 10) -> str:
    """Quote `names` for a message, the first `limit` of them, none at any length.

    >>> listed(["a", "b", "c"], limit=2)
    "'a', 'b' and 1 more"
    """
    shown = ", ".join(repr(shortened(name)) for name in names[:limit])
    rest = len(names) - limit
    return shown if rest <= 0 else f"{shown} and {rest} more"


def shortened(text: str, limit: int = 60) -> str:
    """
    >>> shortened("abcdef", limit=4)
    'abc…'
    """
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def counted(number: int, noun: str) -> str:
    """Say how many, with an s where it belongs.

    >>> counted(1, "row"), counted(3, "row")
    ('1 row', '3 rows')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def sized(size: int) -> str:
    """Say a number of bytes.

    >>> sized(4 * 10**9), sized(1_500_000), sized(17)
    ('4 GB', '1.5 MB', '17 bytes')
    """
    for power, unit in ((3, "GB"), (2, "MB"), (1, "kB")):
        if size >= 1000**power:
            return f"{size / 1000**power:.4g} {unit}"
    return counted(size, "byte")


def columns(number: int) -> tuple[str, ...]:
    """Names for columns that have none.

    >>> columns(3)
    ('x0', 'x1', 'x2')
    """
    return tuple(f"x{i}" for i in range(number))


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Name what comes closest to a misspelt name, if anything does; for the middle of a message.

    >>> did_you_mean("sepcies", ["species", "height"]), did_you_mean("x", ["height"])
    (" (did you mean 'species'?)", '')
    """
    by_lower = {each.lower(): each for each in known}
    close = get_close_matches(name.lower(), by_lower, n=1)
    return f" (did you mean {by_lower[close[0]]!r}?)" if close else ""
