"""`normexp predict`: the labels of rows by a trained model, as a CSV file."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import click

from .._files import write_files
from . import terminal
from .group import Output, spare
from .options import as_json, read_from
from .reading import load_for
from .spreadsheet import as_csv, plain


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("data")
@read_from
@click.option(
    "--carry",
    metavar="COLUMN",
    multiple=True,
    help="A column of DATA to carry through to the output. May be repeated.",
)
@click.option(
    "-o", "--output", type=Output(), help="The CSV file to write.  [default: standard output]"
)
@as_json
def predict(
    model: Path,
    data: str,
    reading: dict[str, Any],
    carry: tuple[str, ...],
    output: Path | None,
    as_json: bool,
) -> None:
    """Predict the label of each row of DATA by a trained model.

    Beside it stand the probabilities of all classes, where the loss gives them. In CSV, texts that
    a spreadsheet would take for formulas get an apostrophe; --json leaves them as they are.

    One row comes out for each row that goes in, in the same order, whatever labels DATA has.

    \b
    Examples:
      normexp predict flowers.safetensors more-flowers.csv -o labels.csv
      normexp predict flowers.safetensors more-flowers.csv --carry id
    """
    import polars as pl

    from ..model import Model, class_name

    spare([output], [model, data])
    trained = Model.load(model)
    dataset = load_for(trained, data, reading, carry=carry, require_target=False)
    labels = trained.predict(dataset)
    columns: dict[str, Any] = {"label": labels}
    if trained.class_names is not None:
        columns["name"] = [class_name(trained.class_names, label) for label in labels.tolist()]
    if trained.has_probabilities:
        probabilities = trained.predict_proba(dataset)
        classes = trained.classifier.classes_.tolist()
        names = [class_name(trained.class_names, label) for label in classes]
        columns |= {f"p({name})": probabilities[:, k] for k, name in enumerate(names)}
    predictions = pl.DataFrame(columns)
    if dataset.carried is not None:
        carried = {column.name: plain(column) for column in dataset.carried}
        taken = {*predictions.columns, *carried}
        for name, column in carried.items():
            carried[name] = column.alias(_given(name, taken) if name in predictions else name)
        predictions = pl.DataFrame([*carried.values(), *predictions])
    for remark in (*dataset.notes, *trained.encoder.unseen(dataset)):
        terminal.note(remark)
    if output is not None:
        write_files({output: as_csv(predictions)})
        terminal.note(f"Wrote {output}.")
    if as_json:
        terminal.say_json(predictions.to_dicts())
    elif output is None:
        terminal.pass_on(as_csv(predictions))


def _given(name: str, taken: Collection[str]) -> str:
    """What a column of the data is called beside one of the predictions that has its name."""
    given = f"{name} (given)"
    return _given(given, taken) if given in taken else given
