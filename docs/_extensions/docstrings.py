"""Docstrings as they are typed: indented formulas keep their lines, `names` are links or code."""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

INITIAL = re.compile(r"^[A-Z]\. ")  # of an author, at the beginning of a reference


def as_typed(
    app: Sphinx, what: str, name: str, obj: object, options: Any, lines: list[str]
) -> None:
    """Mark what is indented before the first section as literal text, and initials as no list."""
    underlines = (place for place, line in enumerate(lines) if line.startswith("---"))
    end = next(underlines, len(lines) + 1) - 1
    marked: list[str] = []
    was_indented = False
    for line in lines[:end]:
        is_indented = line.startswith(" ")
        if is_indented and marked and not marked[-1] and not was_indented:
            marked += ["::", ""]
        marked.append(line)
        was_indented = is_indented or (was_indented and not line)
    lines[:end] = marked
    lines[:] = [INITIAL.sub(r"\\\g<0>", line) for line in lines]


def as_code(
    app: Sphinx, env: BuildEnvironment, node: nodes.Element, shown: nodes.Element
) -> nodes.Element | None:
    """A name in backticks that no page defines: an argument, say."""
    return shown if node["reftype"] == "obj" else None


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("autodoc-process-docstring", as_typed, priority=400)  # before napoleon
    app.connect("missing-reference", as_code)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
