"""What the report says, from `words.<language>.toml`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._sentences import sentences
from .._text import filled

ROOM = "normexp.report"


def phrase(name: str, language: str, /, **facts: Any) -> str:
    """A sentence of the page or of the summary."""
    return filled(sentences(ROOM, language)["phrase"][name], **facts)


def counted(name: str, count: int, language: str, /, **facts: Any) -> str:
    """A sentence that has a form for one and a form for many."""
    forms: list[str] = sentences(ROOM, language)["phrase"][name]
    return filled(forms[count != 1], n=count, **facts)


def called(baseline: str, language: str) -> str:
    """What a baseline is called.

    >>> called("nearest centroid", "zh")
    '最近质心'
    """
    return phrase(baseline.replace(" ", "-"), language)


def joined(words: Sequence[str], language: str = "en") -> str:
    """
    >>> joined(["a"]), joined(["a", "b", "c"]), joined(["a", "b", "c"], "zh")
    ('a', 'a, b and c', 'a、b和c')
    """
    commas: str
    last: str
    commas, last = sentences(ROOM, language)["phrase"]["list"]
    return last.join(filter(None, [commas.join(words[:-1]), words[-1]]))
