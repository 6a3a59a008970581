"""The few words that the messages of this room share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from .._sentences import sentences

ROOM = "normexp.data"
LISTED = 10


def listed(names: Sequence[str], limit: int = LISTED, language: str = "en") -> str:
    """Quote `names` for a message, the first `limit` of them, none at any length.

    >>> listed(["a", "b", "c"], limit=2), listed(["a", "b", "c"], 2, "zh")
    ("'a', 'b' and 1 more", '“a”、“b”和另外 1 个')
    """
    phrases: dict[str, str] = sentences(ROOM, language)["phrase"]
    shown = phrases["list"].join(phrases["quoted"].format(shortened(n)) for n in names[:limit])
    rest = len(names) - limit
    return shown if rest <= 0 else shown + phrases["more"].format(n=rest)


def grouped(groups: Sequence[Sequence[str]], language: str = "en") -> str:
    """Quote sets of names, the first of them.

    >>> grouped([["Yes", "yes"], ["01", "1"]])
    "'Yes', 'yes'; '01', '1'"
    """
    phrases: dict[str, str] = sentences(ROOM, language)["phrase"]
    shown = phrases["groups"].join(listed(each, language=language) for each in groups[:LISTED])
    rest = len(groups) - LISTED
    return shown if rest <= 0 else shown + phrases["more"].format(n=rest)


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
