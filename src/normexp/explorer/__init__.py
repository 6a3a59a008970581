"""The explorer: softmax and its losses to play with, one HTML file that needs nothing else."""

from __future__ import annotations

from pathlib import Path

from .assemble import assemble

ASSEMBLED = Path(__file__).with_name("explorer.html")  # in the wheel, in place of the parts


TITLES = {"en": ("en", "Softmax, explored"), "zh": ("zh-Hans", "玩转 softmax")}


def page(language: str | None = None) -> str:
    """The explorer as one HTML file: no script, style or picture is loaded from elsewhere.

    A wheel carries the file; in a checkout it is put together from its parts.

    Parameters
    ----------
    language : {"en", "zh"}, optional
        In which the file opens, unless its address says otherwise; without it, that of the browser.

    Raises
    ------
    ValueError
        For any other language.

    Examples
    --------
    >>> page().startswith("<!doctype html>")
    True
    >>> '<html lang="zh-Hans" data-language="zh">' in page("zh")
    True
    """
    text = ASSEMBLED.read_text(encoding="utf-8") if ASSEMBLED.exists() else assemble()
    if language is None:
        return text
    if language not in TITLES:
        raise ValueError(f"language must be 'en' or 'zh', not {language!r}")
    lang, title = TITLES[language]
    return text.replace(
        '<html lang="en">', f'<html lang="{lang}" data-language="{language}">', 1
    ).replace(f"<title>{TITLES['en'][1]}</title>", f"<title>{title}</title>", 1)
