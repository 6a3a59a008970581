"""`normexp explain`: the working of a loss for one row of logits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .._files import write_files
from ..losses import LOSSES
from . import terminal
from .group import Output
from .options import Integer, Number, as_json, in_language, loss_names

if TYPE_CHECKING:
    from ..explanation import Derivation

FORMATS = {".txt": "text", ".tex": "latex", ".html": "html", ".json": "json", ".svg": "svg"}


class Real(click.types.FloatParamType):
    """A number, with the minus sign of the keyboard or that of print."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        typed: Any = value.replace("−", "-") if isinstance(value, str) else value
        number: float = super().convert(typed, param, ctx)
        return number


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("logits", type=Real(), nargs=-1, required=True)
@click.option("--target", type=Integer(), help="The class id of the target, from 0.")
@click.option(
    "--loss", type=loss_names, default="softmax", show_default=True, help="The loss to work out."
)
@click.option("--gamma", type=Number(min=0), help="The γ of the focal loss.  [default: 2]")
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS.values())),
    help="What to write: html is a page, svg the computation graph.  [default: after the name of "
    "the output, or text]",
)
@in_language
@click.option(
    "-o", "--output", type=Output(), help="The file to write.  [default: standard output]"
)
@as_json
def explain(
    logits: tuple[float, ...],
    target: int | None,
    loss: str,
    gamma: float | None,
    form: str | None,
    language: str,
    output: Path | None,
    as_json: bool,
) -> None:
    """Work out a loss and its gradient, step by step.

    LOGITS are those of one row.

    \b
    Examples:
      normexp explain 2 1 -0.1 --target 0
      normexp explain 2 1 -0.1 --target 0 --loss svm --language zh -o svm.html
      normexp explain 2 1 -0.1 --target 0 --loss focal --gamma 0.5
    """
    from ..explanation import explain

    if as_json:
        form = "json"
    elif form is None:
        form = FORMATS.get(output.suffix, "text") if output else "text"
    shown = _shown(explain(logits, target, _loss(loss, gamma), language=language), form)
    if output is None:
        terminal.pass_on(shown.rstrip("\n") + "\n")
        return
    write_files({output: shown.rstrip("\n") + "\n"})
    terminal.note(f"Wrote {output}.")


def _loss(name: str, gamma: float | None) -> Any:
    loss: Any = LOSSES[name]
    if gamma is None:
        return loss
    if not hasattr(loss, "gamma"):
        raise click.BadParameter(f"the loss {name} has no γ, focal has", param_hint="'--gamma'")
    return replace(loss, gamma=gamma)


def _shown(derivation: Derivation, form: str) -> str:
    if form == "json":
        return terminal.as_json(derivation.to_dict())
    if form == "html":
        from ..explanation.render.html import page

        return page(derivation)
    if form == "text":
        return derivation.text(terminal.width())
    return {"latex": derivation.latex, "svg": derivation.svg}[form]()
