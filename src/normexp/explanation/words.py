"""What is said about each step and around it, from `words.en.toml` and `words.zh.toml`."""

from __future__ import annotations

from typing import NamedTuple

from .._sentences import sentences

ROOM = "normexp.explanation"


class Words(NamedTuple):
    """A title and a sentence of why, with what they mention in braces."""

    title: str
    why: str


def words(name: str, language: str) -> Words:
    """The title of a step and why it is made."""
    return Words(**sentences(ROOM, language)["step"][name])


def phrase(name: str, language: str, /, **facts: object) -> str:
    """What stands around the steps."""
    said: str = sentences(ROOM, language)["phrase"][name]
    return said.format(**facts)
