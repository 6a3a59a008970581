"""What to do now: a sentence, the number that is its reason, and the commands to try."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from .._sentences import sentences
from .._text import filled
from .words import ROOM, joined

NAMED = 4  # names in a sentence; of more, so many and their number


@dataclass(frozen=True, eq=False)
class Advice:
    """One advice.

    Attributes
    ----------
    kind : str
        Such as "overfits", the same in every language.
    facts : dict
        The numbers and names that it rests on.
    commands : tuple of str
        What to type; empty where no command helps.
    """

    kind: str
    facts: dict[str, Any]
    commands: tuple[str, ...] = ()


class Told(NamedTuple):
    """An advice in words: what to do, and why."""

    says: str
    why: str


def told(advice: Advice, language: str = "en") -> Told:
    """Put an advice into words.

    Examples
    --------
    >>> print(told(Advice("leak", {"column": "id", "share": 1.0, "rows": 90})).says)
    Check whether “id” is known before the class is: it tells the class alone.
    """
    facts = {
        name: listed(fact, language) if isinstance(fact, tuple) else fact
        for name, fact in advice.facts.items()
    }
    said = sentences(ROOM, language)["advice"][advice.kind]
    return Told(*(filled(said[part], **facts) for part in Told._fields))


def listed(names: tuple[str, ...], language: str) -> str:
    """Names as a sentence has them, of many the first.

    >>> listed(("a", "b", "c", "d", "e"), "en")
    'a, b, c and 2 more'
    """
    if len(names) <= NAMED:
        return joined(names, language)
    first = names[: NAMED - 1]
    more = filled(sentences(ROOM, language)["phrase"]["more"], count=len(names) - len(first))
    return joined([*first, more], language)
