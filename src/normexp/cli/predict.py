"""`normexp predict`: the labels of rows by a trained model, as a CSV file."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .._files import write_files
from . import terminal
from .group import Output, spare
from .options import as_json, read_from, within_memory
from .reading import rows_for
from .spreadsheet import as_csv, plain

if TYPE_CHECKING:
    import polars as pl

    from ..data import Dataset
    from ..model import Model


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
@within_memory
@click.option(
    "-o", "--output", type=Output(), help="The CSV file to write.  [default: standard output]"
)
@as_json
def predict(
    model: Path,
    data: str,
    reading: dict[str, Any],
    carry: tuple[str, ...],
    memory: int,
    output: Path | None,
    as_json: bool,
) -> None:
    """Predict the label of each row of DATA by a trained model.

    Beside it stand the probabilities of all classes, where the loss gives them. In CSV, texts that
    a spreadsheet would take for formulas get an apostrophe; --json leaves them as they are.

    One row comes out for each row that goes in, in the same order, whatever labels DATA has. DATA
    may be a folder of Parquet files, or of arrays X_1.npy and so on, larger than the memory.

    \b
    Examples:
      normexp predict flowers.safetensors more-flowers.csv -o labels.csv
      normexp predict flowers.safetensors more-flowers.csv --carry id
    """
    from ..model import Model

    spare([output], [model, data])
    trained = Model.load(model)
    rows = rows_for(trained, data, reading, memory, carry=carry, require_target=False)
    notes = terminal.Notes()

    def tables() -> Iterator[pl.DataFrame]:
        pieces = rows.pieces if output is not None else 1  # no bar amid what is printed
        for dataset in terminal.track("predicting", rows.datasets, pieces):
            yield predictions(trained, dataset, rows.pieces > 1)
            notes.add(dataset.name, *dataset.notes, *trained.encoder.unseen(dataset))

    found = printed(tables()) if as_json else tables()
    if output is not None:
        write_files({output: in_csv(found)})
    elif as_json:
        for _ in found:
            pass
    else:
        for piece in in_csv(found):
            terminal.pass_on(piece)
    notes.say()
    if output is not None:
        terminal.note(f"Wrote {output}.")


def predictions(model: Model, dataset: Dataset, is_part: bool) -> pl.DataFrame:
    """A row for each: what is carried, the label, its name and the probabilities."""
    import polars as pl

    from ..model import class_name

    labels = model.predict(dataset)
    columns: dict[str, Any] = {"label": labels}
    if model.class_names is not None:
        columns["name"] = [class_name(model.class_names, label) for label in labels.tolist()]
    if model.has_probabilities:
        probabilities = model.predict_proba(dataset)
        classes = model.classifier.classes_.tolist()
        names = [class_name(model.class_names, label) for label in classes]
        columns |= {f"p({name})": probabilities[:, k] for k, name in enumerate(names)}
    table = pl.DataFrame(columns)
    if dataset.carried is None:
        return table
    if is_part and (binary := dataset.carried.select(pl.col(pl.Binary)).columns):
        raise ValueError(
            f"carry: {binary[0]!r} holds bytes, which all rows together tell to be text or not: a "
            "folder of files cannot carry it through"
        )
    carried = {column.name: plain(column) for column in dataset.carried}
    taken = {*table.columns, *carried}
    for name, column in carried.items():
        carried[name] = column.alias(_given(name, taken) if name in table else name)
    return pl.DataFrame([*carried.values(), *table])


def in_csv(tables: Iterator[pl.DataFrame]) -> Iterator[str]:
    """The CSV of some tables of the same columns, piece by piece."""
    for number, table in enumerate(tables):
        yield as_csv(table, has_header=number == 0)


def printed(tables: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The same, each of which is printed after its turn: all of them are one list in JSON."""
    between = "["
    for table in tables:
        yield table
        terminal.pass_on(between + terminal.as_json(table.to_dicts())[1:-1])
        between = ", "
    terminal.pass_on("]\n")


def _given(name: str, taken: Collection[str]) -> str:
    """What a column of the data is called beside one of the predictions that has its name."""
    given = f"{name} (given)"
    return _given(given, taken) if given in taken else given
