"""Options that several commands share."""

import click

from ..losses import LOSSES

as_json = click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print JSON alone; inf and nan are text in it.",
)
loss_names = click.Choice(list(LOSSES))
