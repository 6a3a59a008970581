"""Every block of code in the documentation is run, or is of a kind that cannot be."""

import re
import shlex
from pathlib import Path

import click
import pytest

from normexp.cli.commands import normexp

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("README*.md"), *ROOT.glob("docs/**/*.md")])
BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
NOT_RUN = {"sh", "console", "text", "dockerfile"}


def blocks():
    for page in PAGES:
        for language, code in BLOCK.findall(page.read_text("utf-8")):
            yield page.relative_to(ROOT).as_posix(), language, code


def commands():
    """What a reader would type after a prompt, or at the start of a line, to run normexp."""
    for page, language, code in blocks():
        if language in {"sh", "console"}:
            for line in code.splitlines():
                words = shlex.split(line.removeprefix("$ "), comments=True)
                if words[:1] == ["normexp"]:
                    yield pytest.param(words[1:], id=f"{page}: {' '.join(words)}")


def test_python_blocks_are_doctests():
    assert all(">>> " in code for _, language, code in blocks() if language == "python")


def test_other_blocks_are_for_the_shell_or_for_sphinx():
    languages = {language for _, language, _ in blocks() if not language.startswith("{")}
    assert languages <= NOT_RUN | {"python", ""}


def test_an_example_ends_with_an_empty_line_so_that_the_fence_is_no_output():
    assert all(code.endswith("\n\n") for _, _, code in blocks() if ">>> " in code)


@pytest.mark.parametrize("words", list(commands()))
def test_commands_parse(words):
    command = normexp.commands[words[0]]
    context = click.Context(command, info_name=words[0], resilient_parsing=True)
    _, rest, _ = command.make_parser(context).parse_args(list(words[1:]))
    assert not rest
