"""`normexp inspect`: the strongest features of each class of a trained model."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .._files import write_files
from . import terminal
from .group import Output, spare
from .options import as_json

if TYPE_CHECKING:
    from ..report.inspection import Inspection


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "--top",
    type=click.IntRange(min=1),
    help="So many features of each class.  [default: 8; of 25 classes or more, 5]",
)
@click.option(
    "--class",
    "classes",
    metavar="NAME",
    multiple=True,
    help="A class to look at. May be repeated.  [default: all]",
)
@click.option(
    "-o",
    "--output",
    type=Output(".svg", ".png", ".html"),
    help="A picture of the weights to write, or a page.",
)
@as_json
def inspect(
    model: Path, top: int | None, classes: tuple[str, ...], output: Path | None, as_json: bool
) -> None:
    """Show which features speak most for each class of a model.

    Or against it, where the weight is below 0. A weight is in logits: for a number one standard
    deviation above the mean, for a text that is there (colour=red). Of images the picture shows
    the weights of all pixels.

    \b
    Examples:
      normexp inspect flowers.safetensors
      normexp inspect flowers.safetensors --top 3 -o weights.svg
    """
    from ..model import Model
    from ..report.inspection import inspect as inspected

    spare([output], [model])
    found = inspected(Model.load(model), top, classes or None)
    remarks: list[str] = []
    if output is not None:
        content, remarks = _drawn(found, output.suffix, model.stem)
        write_files({output: content})
    if as_json:
        terminal.say_json(found.to_dict())
    else:
        terminal.say(
            f"Trained with {found.loss}, alpha {found.alpha:g}, on {found.features:,} features."
        )
        terminal.print_weights(found)
    for remark in remarks:
        terminal.note(remark)
    if output is not None:
        terminal.note(f"Wrote {output}.")


def _drawn(found: Inspection, suffix: str, title: str) -> tuple[bytes | str, list[str]]:
    """What the file holds, and what is to be said of it."""
    if suffix == ".html":
        from ..report.inspection_page import inspection_page

        return inspection_page(found, title), []
    from ..report.inspection_picture import picture

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        content = picture(found, suffix.removeprefix("."))
    has_letters = suffix == ".svg" or not any("missing from" in str(w.message) for w in caught)
    return content, [] if has_letters else ["no font here has all letters of the names; .svg has"]
