"""`normexp calibrate`: probabilities of a trained model that can be believed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from . import terminal
from .group import Output, spare
from .options import as_json, read_from
from .reading import load_for


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("data")
@read_from
@click.option("-o", "--output", type=Output(), help="The model to write.  [default: MODEL itself]")
@as_json
def calibrate(
    model: Path, data: str, reading: dict[str, Any], output: Path | None, as_json: bool
) -> None:
    """Make the probabilities of a model fit the labels of DATA.

    DATA are rows that it was not trained on. They tell the temperature that the logits are divided
    by; predicted labels stay as they are.

    \b
    Example:
      normexp calibrate flowers.safetensors held-out.csv
    """
    from ..model import Model
    from ..report import metrics

    output = output or model
    spare([output], [data])
    trained = Model.load(model)
    if not trained.has_probabilities:
        raise ValueError(f"{model}: its loss, {trained.classifier.loss_!r}, has no probabilities")
    dataset = load_for(trained, data, reading)
    before = metrics.evaluate(trained, dataset)
    trained.classifier.calibrate(trained.encode(dataset), dataset.target)
    after = metrics.evaluate(trained, dataset)
    trained.save(output)
    temperature = trained.classifier.temperature_
    if as_json:
        terminal.say_json(
            {
                "model": str(output),
                "rows": len(dataset),
                "temperature": temperature,
                "log_loss": {"before": before.log_loss, "after": after.log_loss},
            }
        )
    else:
        terminal.say(
            f"Temperature {temperature:.4g}: the log loss of {len(dataset)} rows is "
            f"{after.log_loss:.4g}, it was {before.log_loss:.4g}: {output}"
        )
    for remark in (*dataset.notes, *trained.encoder.unseen(dataset)):
        terminal.note(remark)
