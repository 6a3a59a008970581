"""What is said in several languages: each room has its sentences in files beside its code."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

LANGUAGES = ("en", "zh")


@cache
def sentences(room: str, language: str) -> dict[str, Any]:
    """The sentences of a room in one language, from its file ``words.<language>.toml``.

    Gaps in braces are for the room to fill. All languages have the same entries.

    >>> sentences("normexp.explanation", "en")["phrase"]["more"]
    '{count} more'
    """
    file = files(room) / f"words.{language}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))
