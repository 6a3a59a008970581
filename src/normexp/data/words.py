"""The few words that the messages of this room share."""

from __future__ import annotations

from collections.abc import Sequence


def listed(names: Sequence[str], limit: int = 10) -> str:
    """Quote `names` for a message, the first `limit` of them.

    >>> listed(["a", "b", "c"], limit=2)
    "'a', 'b' and 1 more"
    """
    shown = ", ".join(repr(name) for name in names[:limit])
    rest = len(names) - limit
    return shown if rest <= 0 else f"{shown} and {rest} more"


def counted(number: int, noun: str) -> str:
    """Say how many, with an s where it belongs.

    >>> counted(1, "row"), counted(3, "row")
    ('1 row', '3 rows')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
