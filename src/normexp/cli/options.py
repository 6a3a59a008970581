"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from .._defaults import ALPHA, MAX_ITER
from ..losses import LOSSES

Command = Callable[..., Any]


def options(*decorators: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Several options that some commands share, as one decorator."""

    def decorate(command: Command) -> Command:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


as_json = click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print JSON alone; inf and nan are text in it.",
)
loss_names = click.Choice(list(LOSSES))
read_from = options(
    click.option("--target", metavar="COLUMN", help="The column that holds the labels."),
    click.option(
        "--split",
        type=click.Choice(["train", "test"]),
        help="The part to read, where the data tell them apart.  [default: train]",
    ),
)
drop = click.option(
    "--drop", metavar="COLUMN", multiple=True, help="A column to leave out. May be repeated."
)
train_by = options(
    click.option(
        "--alpha",
        type=click.FloatRange(min=0),
        default=ALPHA,
        show_default=True,
        help="Strength of the penalty alpha/2 · ‖W‖² on the weights.",
    ),
    click.option(
        "--max-iter",
        type=click.IntRange(min=1),
        default=MAX_ITER,
        show_default=True,
        help="Iterations after which training stops at the latest.",
    ),
)
