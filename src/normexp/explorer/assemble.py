"""The page from its parts. Standard library alone: the build of the wheel runs this file by itself.

A browser loads no module from the disk beside a page. So each module becomes a ``data:`` address,
and an import map gives it the name of its file: ``page/sections/loss.js`` is ``"sections/loss"``.
"""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

PARTS = Path(__file__).with_name("page")


def assemble(parts: Path = PARTS) -> str:
    """Put `page.html`, every style sheet and every module of a folder into one file."""
    scripts = sorted(parts.rglob("*.js"))
    imports = {_name(script, parts): _address(script, parts) for script in scripts}
    styles = "\n".join(_text(sheet) for sheet in [parts / "style.css", *_section_styles(parts)])
    return (
        _text(parts / "page.html")
        .replace("/* styles */", styles)
        .replace("/* modules */", json.dumps({"imports": imports}, ensure_ascii=False, indent=0))
    )


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def _section_styles(parts: Path) -> list[Path]:
    return sorted((parts / "sections").glob("*.css"))


def _name(script: Path, parts: Path) -> str:
    return script.relative_to(parts).with_suffix("").as_posix()


def _address(script: Path, parts: Path) -> str:
    """The module as an address; what may stand in one as it is stays readable, but for "<"."""
    source = f"{_text(script)}//# sourceURL={_name(script, parts)}.js\n"
    return "data:text/javascript;charset=utf-8," + quote(source, safe=" !\"$&'()*+,/:;=>?@[]^`{|}")
