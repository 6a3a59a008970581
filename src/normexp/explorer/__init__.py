"""The explorer: softmax and its losses to play with, one HTML file that needs nothing else."""

from __future__ import annotations

from pathlib import Path

from .assemble import assemble

ASSEMBLED = Path(__file__).with_name("explorer.html")  # in the wheel, in place of the parts


def page() -> str:
    """The explorer as one HTML file: no script, style or picture is loaded from elsewhere.

    A wheel carries the file; in a checkout it is put together from its parts.

    Examples
    --------
    >>> page().startswith("<!doctype html>")
    True
    """
    return ASSEMBLED.read_text(encoding="utf-8") if ASSEMBLED.exists() else assemble()
