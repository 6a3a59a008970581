"""`normexp calibrate`: probabilities of a trained model that can be believed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from . import terminal
from .evaluate import measured
from .group import Output, spare
from .options import as_json, read_from, within_memory
from .reading import rows_for


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("data")
@read_from
@within_memory
@click.option("-o", "--output", type=Output(), help="The model to write.  [default: MODEL itself]")
@as_json
def calibrate(
    model: Path, data: str, reading: dict[str, Any], memory: int, output: Path | None, as_json: bool
) -> None:
    """Make the probabilities of a model fit the labels of DATA.

    DATA are rows that it was not trained on. They tell the temperature that the logits are divided
    by; predicted labels stay as they are. They may be a folder of Parquet files, or of arrays
    X_1.npy, y_1.npy and so on, larger than the memory.

    \b
    Example:
      normexp calibrate flowers.safetensors held-out.csv
    """
    from ..linear import Batches
    from ..model import Model

    output = output or model
    spare([output], [data])
    trained = Model.load(model)
    if not trained.has_probabilities:
        raise ValueError(f"{model}: its loss, {trained.classifier.loss_!r}, has no probabilities")
    rows = rows_for(trained, data, reading, memory)
    notes = terminal.Notes()
    before = measured(trained, rows, notes)
    trained.classifier.calibrate(
        Batches(lambda: ((trained.encode(part), part.target) for part in rows.datasets))
    )
    after = measured(trained, rows)
    trained.save(output)
    temperature = trained.classifier.temperature_
    if as_json:
        terminal.say_json(
            {
                "model": str(output),
                "rows": before.rows,
                "temperature": temperature,
                "log_loss": {"before": before.log_loss, "after": after.log_loss},
            }
        )
    else:
        terminal.say(
            f"Temperature {temperature:.4g}: the log loss of {before.rows} rows is "
            f"{after.log_loss:.4g}, it was {before.log_loss:.4g}: {output}"
        )
    notes.say()
