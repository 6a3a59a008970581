"""What is noted of data: a kind with its facts, which every language says in its own words."""

from __future__ import annotations

from string import Formatter
from typing import Any

from .._sentences import sentences
from .._text import visible
from .words import LISTED, ROOM, grouped, listed


class Note(str):
    """A note: a text in English, from which other languages need nothing but its facts.

    Attributes
    ----------
    kind : str
        Such as "blank-lines", the same in every language.
    facts : dict
        The numbers and names that it tells; several names are a tuple, several sets of names a
        tuple of tuples. One may be a note itself.

    Examples
    --------
    >>> note = Note("blank-columns", n=1, names=("size",))
    >>> note, said(note, "zh")
    ("column 'size' blank in every row", '列“size”在每一行都是空的')
    """

    kind: str
    facts: dict[str, Any]

    def __new__(cls, kind: str, /, **facts: Any) -> Note:
        note = super().__new__(cls, _filled(kind, facts, "en"))
        note.kind, note.facts = kind, facts
        return note

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self.kind, self.facts)


def said(note: str, language: str) -> str:
    """A note in a language; one that is a text alone, as anybody may add it, as it is."""
    if not isinstance(note, Note):
        return note
    return visible(_filled(note.kind, note.facts, language))


def _again(kind: str, facts: dict[str, Any]) -> Note:
    return Note(kind, **facts)


def _filled(kind: str, facts: dict[str, Any], language: str) -> str:
    forms = sentences(ROOM, language)["note"][kind]
    sentence = forms if isinstance(forms, str) else forms[facts["n"] != 1]
    return _Saying(language).vformat(sentence, (), facts)


class _Saying(Formatter):
    """Fills in names as a language lists them, so many as the format says, and notes."""

    def __init__(self, language: str) -> None:
        self.language = language

    def format_field(self, value: Any, spec: str) -> str:
        if value and isinstance(value, tuple) and isinstance(value[0], tuple):
            return grouped(value, self.language)
        if isinstance(value, tuple):
            names = [said(name, self.language) for name in value]
            return listed(names, int(spec or LISTED), self.language)
        text: str = super().format_field(value, spec)
        return said(value, self.language) if isinstance(value, Note) else text
