"""`normexp train`: a classifier, kept with what was learnt of its data."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import click

from .._defaults import TOL
from ..losses import LOSSES
from . import terminal
from .group import Output, spare
from .options import as_json, columns, loss_names, read_from, train_by


@click.command()
@click.argument("data")
@read_from
@columns
@click.option(
    "--loss", type=loss_names, default="softmax", show_default=True, help="To train with."
)
@train_by
@click.option(
    "-o",
    "--output",
    type=Output(),
    default="model.safetensors",
    show_default=True,
    help="The model.",
)
@as_json
def train(
    data: str,
    reading: dict[str, Any],
    drop: tuple[str, ...],
    keep: tuple[str, ...],
    missing: tuple[str, ...],
    loss: str,
    alpha: float,
    max_iter: int,
    output: Path,
    as_json: bool,
) -> None:
    """Train a linear classifier on all of DATA, and save it with what was learnt of the data.

    \b
    Example:
      normexp train flowers.csv --target species --loss svm -o flowers.safetensors
    """
    from sklearn.exceptions import ConvergenceWarning

    from ..data import Encoder, load
    from ..linear import LinearClassifier
    from ..model import Model

    spare([output], [data])
    dataset = load(data, drop=drop, keep=keep, missing=missing or None, **reading)
    assert dataset.target is not None  # `load` insists on it
    encoder = Encoder.fit(dataset)
    with terminal.training(TOL) as show, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        classifier = LinearClassifier(
            LOSSES[loss],
            alpha=alpha,
            max_iter=max_iter,
            callbacks=[lambda state: show(loss, state, "")],
        ).fit(encoder.transform(dataset), dataset.target)
    Model(
        encoder,
        classifier,
        reading["target"],
        dataset.class_names,
        dataset.image_shape,
        dataset.schema,
    ).save(output)
    for remark in (*dataset.notes, *encoder.notes, *(str(warning.message) for warning in caught)):
        terminal.note(remark)
    facts = {
        "model": str(output),
        "loss": loss,
        "rows": len(dataset),
        "classes": classifier.classes_.tolist(),
        "objective": classifier.objective_,
        "gap": classifier.gap_,
        "iterations": classifier.n_iter_,
    }
    click.echo(
        terminal.as_json(facts)
        if as_json
        else f"Trained on {len(dataset)} rows of {len(facts['classes'])} classes in "
        f"{facts['iterations']} iterations, to the objective {facts['objective']:.6g}: {output}"
    )
