"""The library's words as those of the command line."""

from __future__ import annotations

import ast
import re
import shlex

# Arguments of the library that are options of the same name.
OPTIONS = (
    "target|features|split|encoding|separator|drop|keep|missing|carry|max_size|test_size|seed|alpha|"
    "max_iter|folds|seeds|alphas"
)

# A text as Python writes it, or that any will do.
ITEM = r"""(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\.\.\.)"""


def as_options(message: str) -> str:
    """Name options where the library names its arguments.

    >>> as_options("leave it out with drop=['size'], or name it with target=")
    'leave it out with --drop size, or name it with --target'
    >>> as_options("leave it out with drop=['length [cm]'], or keep=[...]")
    "leave it out with --drop 'length [cm]', or --keep COLUMN"
    >>> as_options("if it is a row, give header=False")
    'if it is a row, give --no-header'
    """

    def options(match: re.Match[str]) -> str:
        name, values = match.groups()
        return " ".join(
            f"--{name} {'COLUMN' if value is ... else shlex.quote(value)}"
            for value in ast.literal_eval(values)
        )

    def option(match: re.Match[str]) -> str:
        return f"--{match[1].replace('_', '-')}"

    message = re.sub(r"\bheader=(False\b|(?!\w))", "--no-header", message)
    message = re.sub(rf"\b({OPTIONS})=(\[{ITEM}(?:, {ITEM})*\])", options, message)
    return re.sub(rf"\b({OPTIONS})=(?![\w'\"])", option, message)
