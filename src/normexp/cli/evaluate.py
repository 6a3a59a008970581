"""`normexp evaluate`: how well a trained model predicts."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import terminal
from .options import as_json, read_from, within_memory
from .reading import Rows, rows_for

if TYPE_CHECKING:
    from ..model import Model
    from ..report.metrics import Metrics

# What metrics tell of several tests, where here is one.
OF_SEVERAL = {"parts", "log_loss_parts", "other_reliabilities", "other_hits"}


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("data")
@read_from
@within_memory
@as_json
def evaluate(model: Path, data: str, reading: dict[str, Any], memory: int, as_json: bool) -> None:
    """Measure how well a model predicts the labels of DATA.

    Rows without a label are left out, and counted. DATA may be a folder of Parquet files, or of
    arrays X_1.npy, y_1.npy and so on, larger than the memory.

    \b
    Example:
      normexp evaluate flowers.safetensors more-flowers.csv
    """
    from ..data.cleaning import UNLABELLED
    from ..model import Model

    trained = Model.load(model)
    rows = rows_for(trained, data, reading, memory)
    notes = terminal.Notes()
    found = measured(trained, rows, notes)
    left_out = rows.total - found.rows
    if as_json:
        why = {UNLABELLED: left_out} if left_out else {}
        facts = {name: each for name, each in asdict(found).items() if name not in OF_SEVERAL}
        terminal.say_json({**facts, "left_out": why})
    else:
        terminal.print_table([rows.name], [found])
        if left_out:
            terminal.say(f"Left out: {left_out} of {rows.total} rows, {UNLABELLED}.")
    notes.say()


def measured(model: Model, rows: Rows, notes: terminal.Notes | None = None) -> Metrics:
    """How well a model predicts rows, which are read part by part; what is to be noted of them."""
    from ..report.metrics import Tally, tally

    found: Tally | None = None
    for dataset in terminal.track("evaluating", rows.datasets, rows.pieces):
        its = tally(model, dataset)
        found = its if found is None else found + its
        if notes is not None:
            notes.add(dataset.name, *dataset.notes, *model.encoder.unseen(dataset))
    if found is None:
        raise ValueError(f"target: no row of {rows.name} has a label")
    return found.metrics()
