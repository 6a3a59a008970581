"""`normexp train`: a classifier, kept with what was learnt of its data."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import click

from .._defaults import TOL
from .._text import with_minus
from ..losses import LOSSES
from . import terminal
from .group import Output, spare
from .options import as_json, columns, loss_names, read_from, train_by


@click.command()
@click.argument("data")
@read_from
@columns
@click.option(
    "--loss", type=loss_names, default="softmax", show_default=True, help="The loss to train with."
)
@train_by
@click.option(
    "-o",
    "--output",
    type=Output(),
    default="model.safetensors",
    show_default=True,
    help="The model to write.",
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
    """Train a linear classifier on DATA, and save it as a file.

    It learns from all rows. The file holds what was learnt of the data, too.

    \b
    Example:
      normexp train flowers.csv --target species --loss svm -o flowers.safetensors
    """
    spare([output], [data])
    with terminal.progress(TOL) as course, warnings.catch_warnings(record=True) as caught:
        from sklearn.exceptions import ConvergenceWarning

        from ..data import Encoder, load
        from ..linear import LinearClassifier
        from ..model import Model

        course.begin(f"reading {data}")
        dataset = load(data, drop=drop, keep=keep, missing=missing or None, **reading)
        assert dataset.target is not None  # `load` insists on it
        encoder = Encoder.fit(dataset)
        features = encoder.transform(dataset)
        course.begin(f"making the kernels of {loss} ready")
        warnings.simplefilter("always", ConvergenceWarning)
        classifier = LinearClassifier(
            LOSSES[loss],
            alpha=alpha,
            max_iter=max_iter,
            callbacks=[lambda state: course.show(loss, state)],
        ).fit(features, dataset.target)
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
    if as_json:
        terminal.say_json(facts)
        return
    objective = with_minus(f"{classifier.objective_:.6g}")
    terminal.say(
        f"Trained on {len(dataset)} rows of {len(facts['classes'])} classes in "
        f"{classifier.n_iter_} iterations, to the objective {objective}: {output}"
    )
