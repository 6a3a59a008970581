"""The help of every command, as the terminal shows it."""

import click
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from normexp.cli.commands import normexp

WIDTH = 88


class Commands(SphinxDirective):
    """``{commands}``: a section for each command with what ``--help`` prints."""

    def run(self) -> list[nodes.Node]:
        whole = click.Context(normexp, info_name="normexp", max_content_width=WIDTH)
        whole.terminal_width = WIDTH
        found: list[nodes.Node] = [shown(normexp.get_help(whole))]
        for name, command in sorted(normexp.commands.items()):
            context = click.Context(command, info_name=name, parent=whole)
            section = nodes.section(ids=[f"normexp-{name}"], names=[f"normexp {name}"])
            section += nodes.title(text=f"normexp {name}")
            section += shown(command.get_help(context))
            found.append(section)
        return found


def shown(text: str) -> nodes.literal_block:
    return nodes.literal_block(text, text, language="text")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("commands", Commands)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
