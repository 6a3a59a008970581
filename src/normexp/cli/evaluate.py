"""`normexp evaluate`: how well a trained model predicts."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from . import terminal
from .options import as_json, read_from
from .reading import load_for


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("data")
@read_from
@as_json
def evaluate(model: Path, data: str, reading: dict[str, Any], as_json: bool) -> None:
    """Measure how well a model predicts the labels of DATA.

    Rows without a label are left out, and counted.

    \b
    Example:
      normexp evaluate flowers.safetensors more-flowers.csv
    """
    from ..model import Model
    from ..report import metrics

    trained = Model.load(model)
    dataset = load_for(trained, data, reading)
    found = metrics.evaluate(trained, dataset)
    if as_json:
        terminal.say_json({**asdict(found), "left_out": dict(dataset.left_out)})
    else:
        terminal.print_table([dataset.name], [found])
        for why, rows in dataset.left_out.items():
            terminal.say(f"Left out: {rows} of {rows + len(dataset)} rows, {why}.")
    for remark in (*dataset.notes, *trained.encoder.unseen(dataset)):
        terminal.note(remark)
