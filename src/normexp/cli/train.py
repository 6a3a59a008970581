"""`normexp train`: a classifier, kept with what was learnt of its data."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from .._defaults import TOL
from .._text import with_minus
from ..losses import LOSSES
from . import terminal
from .group import Output, spare
from .options import as_json, columns, loss_names, read_from, train_by, within_memory
from .reading import check_for_folder, is_folder

if TYPE_CHECKING:
    from ..linear import LinearClassifier
    from ..model import Model


@click.command()
@click.argument("data")
@read_from
@columns
@click.option(
    "--loss", type=loss_names, default="softmax", show_default=True, help="The loss to train with."
)
@train_by
@click.option(
    "--cv",
    type=click.IntRange(2),
    help="Choose alpha by cross-validation in so many parts, instead of --alpha.",
)
@within_memory
@click.option(
    "--checkpoint",
    type=Output(),
    help="A file to keep the weights in twice a minute; a training that finds it goes on from it.",
)
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
    cv: int | None,
    memory: int,
    checkpoint: Path | None,
    output: Path,
    as_json: bool,
) -> None:
    """Train a linear classifier on DATA, and save it as a file.

    It learns from all rows. The file holds what was learnt of the data, too.

    DATA may be a folder of Parquet files, or of arrays X_1.npy, y_1.npy, X_2.npy and so on, larger
    than the memory: a smooth loss goes over it some dozen times, some rows at a time.

    \b
    Example:
      normexp train flowers.csv --target species --loss svm -o flowers.safetensors
    """
    spare([output, checkpoint], [data])
    context = click.get_current_context()
    if cv is not None and context.get_parameter_source("alpha") == ParameterSource.COMMANDLINE:
        raise click.UsageError("--cv chooses alpha: leave out --alpha")
    wishes = {"drop": drop, "keep": keep, "missing": missing or None}
    with terminal.progress(TOL) as course, warnings.catch_warnings(record=True) as caught:
        from sklearn.exceptions import ConvergenceWarning

        from ..linear import Checkpoint, LinearClassifier

        course.begin(f"reading {data}")
        warnings.simplefilter("always", ConvergenceWarning)
        keeping = [] if checkpoint is None else [Checkpoint(checkpoint)]
        classifier = LinearClassifier(
            LOSSES[loss],
            alpha=alpha,
            max_iter=max_iter,
            callbacks=[lambda state: course.show(loss, state), *keeping],
        )
        if is_folder(data):
            if cv is not None:
                raise ValueError(
                    "cv: alpha cannot be chosen on a folder of files, but on one of them"
                )
            model, rows, notes = of_folder(Path(data), reading, wishes, classifier, memory, course)
        else:
            model, rows, notes = of_file(data, reading, wishes, classifier, cv, course)
    model.save(output)
    for remark in (*notes, *(str(warning.message) for warning in caught)):
        terminal.note(remark)
    facts = {
        "model": str(output),
        "loss": loss,
        "alpha": classifier.alpha,
        "rows": rows,
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
        f"Trained on {rows} rows of {len(facts['classes'])} classes in "
        f"{classifier.n_iter_} iterations, to the objective {objective}: {output}"
    )


# Notes that the names of columns tell, and no rows.
OF_NAMES = {"asked", "row-numbers", "row-numbers-nameless"}

Trained = tuple["Model", int, tuple[str, ...]]  # with the number of rows, and notes


def of_file(
    data: str,
    reading: dict[str, Any],
    wishes: dict[str, Any],
    classifier: LinearClassifier,
    cv: int | None,
    course: terminal.Course,
) -> Trained:
    """Train on rows that are read at once, with the alpha that scores best on parts left out."""
    from ..data import Encoder, load
    from ..linear import LinearClassifierCV
    from ..model import Model

    dataset = load(data, **wishes, **reading)
    assert dataset.target is not None  # `load` insists on it
    encoder = Encoder.fit(dataset)
    features = encoder.transform(dataset)
    notes: tuple[str, ...] = ()
    if cv is not None:
        course.begin(f"choosing alpha on {cv} parts")
        choice = LinearClassifierCV(classifier.loss, cv=cv, max_iter=classifier.max_iter)
        choice.fit(features, dataset.target)
        classifier.set_params(alpha=choice.alpha_)
        best = choice.scores_.mean(axis=0).max()
        notes = (f"alpha {choice.alpha_:.3g} is best: {best:.1%} right on {cv} parts left out",)
    course.begin(f"making the kernels of {classifier.loss} ready")
    classifier.fit(features, dataset.target)
    model = Model(
        encoder,
        classifier,
        reading["target"],
        dataset.class_names,
        dataset.image_shape,
        dataset.schema,
    )
    return model, len(dataset), (*dataset.notes, *encoder.notes, *notes)


def of_folder(
    path: Path,
    reading: dict[str, Any],
    wishes: dict[str, Any],
    classifier: LinearClassifier,
    memory: int,
    course: terminal.Course,
) -> Trained:
    """Train on rows that are read some at a time, anew for each pass."""
    from ..data.cleaning import Wishes
    from ..data.gathering import encoder_of
    from ..data.notes import Note
    from ..data.parts import learn_schema, parts_of
    from ..linear import Batches
    from ..model import Model

    check_for_folder(reading)
    parts = parts_of(path, reading["target"])
    at_once = parts.at_once(memory)
    schema, notes = learn_schema(parts, Wishes(**wishes), at_once)
    first = min(at_once, next(iter(parts.rows.values())))
    course.begin(f"learning what {len(parts)} rows hold")
    encoder, schema, rows = encoder_of(
        lambda schema: parts.datasets(schema, at_once), schema, wishes["keep"]
    )
    at_once = parts.at_once(memory, len(encoder.feature_names))
    course.begin(f"reading {len(parts)} rows, {at_once} at a time")
    classifier.fit(
        Batches(
            lambda: (
                (encoder.transform(part), part.target) for part in parts.datasets(schema, at_once)
            )
        )
    )
    model = Model(encoder, classifier, reading["target"], schema=schema)
    # What the first rows told is told again among all.
    told = {getattr(note, "facts", {}).get("note", note) for note in encoder.notes}
    notes = tuple(note for note in notes if note not in told)
    if first < len(parts):
        notes = tuple(
            note
            if getattr(note, "kind", "") in OF_NAMES
            else Note("first-rows", n=first, note=note)
            for note in notes
        )
    if rows < len(parts):
        notes = (*notes, f"{len(parts) - rows} of {len(parts)} rows without a label left out")
    return model, rows, (*notes, *encoder.notes)
