"""`normexp explore`: the explorer in the browser, or as a file."""

from __future__ import annotations

import tempfile
import webbrowser
from pathlib import Path

import click

from .. import explorer
from .._files import write_files
from . import terminal
from .group import Output


@click.command()
@click.option("-o", "--output", type=Output(".html"), help="A copy of the page to write and open.")
@click.option("--no-open", is_flag=True, help="Say where the page is, and open nothing.")
@click.option(
    "--language",
    type=click.Choice(["en", "zh"]),
    help="The language of the page.  [default: the browser's]",
)
def explore(output: Path | None, no_open: bool, language: str | None) -> None:
    """Play with softmax and its losses in the browser.

    The page is one file that needs no network; its address holds all that is set on it.

    \b
    Examples:
      normexp explore
      normexp explore -o softmax.html --no-open
      normexp explore --language zh -o zh.html
    """
    if output is None and not explorer.ASSEMBLED.exists():  # a checkout, which has the parts alone
        output = Path(tempfile.mkdtemp(prefix="normexp-"), "explorer.html")
    if output is not None:
        write_files({output: explorer.page(language)})
    address = (output or explorer.ASSEMBLED).absolute().as_uri()
    if output is None and language is not None:  # the file that is installed is in no language
        address += f"#language={language}"
    if no_open or not webbrowser.open(address):
        terminal.pass_on(address + "\n")
