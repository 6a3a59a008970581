"""The commands: arguments in, calls out. Each loads the rooms that it needs, and no more."""

from __future__ import annotations

import shlex
import warnings
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .. import __version__
from .._defaults import ALPHA, MAX_ITER, TOL
from .._files import atomic_write
from ..bench.shapes import FIRST_CALL, WORKS, Shape, shape_of
from ..losses import COMPARED, LOSSES
from . import terminal
from .diagnose import diagnose
from .explain import explain
from .explore import explore
from .group import Commands, Output
from .options import as_json, loss_names

if TYPE_CHECKING:
    from ..data import Dataset
    from ..model import Model

Command = Callable[..., Any]


def options(*decorators: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Several options that some commands share, as one decorator."""

    def decorate(command: Command) -> Command:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


read_from = options(
    click.option("--target", metavar="COLUMN", help="The column that holds the labels."),
    click.option(
        "--split",
        type=click.Choice(["train", "test"]),
        help="The part to read, where the data tell them apart.  [default: train]",
    ),
)
drop = click.option(
    "--drop", metavar="COLUMN", multiple=True, help="A column to leave out. May be repeated."
)
train_by = options(
    click.option(
        "--alpha",
        type=click.FloatRange(min=0),
        default=ALPHA,
        show_default=True,
        help="Strength of the penalty alpha/2 · ‖W‖² on the weights.",
    ),
    click.option(
        "--max-iter",
        type=click.IntRange(min=1),
        default=MAX_ITER,
        show_default=True,
        help="Iterations after which training stops at the latest.",
    ),
)


@click.group(cls=Commands, invoke_without_command=True)
@click.version_option(__version__, prog_name="normexp", message="%(prog)s %(version)s")
@click.pass_context
def normexp(context: click.Context) -> None:
    """Softmax, the losses built on it, and the linear classifiers trained with them.

    DATA is the name of a built-in data set (digits, iris, wine, breast_cancer) or a file: CSV,
    Parquet, .npy, .npz, CIFAR-10's binary version or MNIST's idx files, gzipped or not.

    \b
    Examples:
      normexp compare
      normexp train flowers.csv --target species -o flowers.safetensors
      normexp predict flowers.safetensors more-flowers.csv

    An error is one line; with NORMEXP_DEBUG=1 in the environment it is Python's whole traceback.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


normexp.add_command(explore)


@normexp.command()
@click.argument("data", default="digits")
@read_from
@drop
@click.option(
    "--loss",
    "names",
    type=loss_names,
    multiple=True,
    default=COMPARED,
    help=f"A loss to train with. May be repeated.  [default: {', '.join(COMPARED)}]",
)
@train_by
@click.option(
    "--test-size",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.2,
    show_default=True,
    help="The share of the rows to test on.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=0,
    show_default=True,
    help="Of the split.",
)
@click.option(
    "-o",
    "--output",
    type=Output(".html"),
    default="report.html",
    show_default=True,
    help="The report; its numbers are written beside it, under its name with .json.",
)
@as_json
def compare(
    data: str,
    target: str | None,
    split: Any,
    drop: tuple[str, ...],
    names: tuple[str, ...],
    alpha: float,
    max_iter: int,
    test_size: float,
    seed: int,
    output: Path,
    as_json: bool,
) -> None:
    """Train with several losses on one split of DATA, and report how they differ.

    \b
    Example:
      normexp compare flowers.csv --target species --loss softmax --loss svm
    """
    from ..data import load
    from ..report import comparison
    from ..report.page import page
    from ..report.summary import summary, unfinished

    dataset = load(data, target=target, drop=drop, split=split)
    with terminal.training(TOL) as show:
        compared = comparison.compare(
            dataset,
            {name: LOSSES[name] for name in names},
            test_size=test_size,
            seed=seed,
            alpha=alpha,
            max_iter=max_iter,
            on_progress=lambda name, state, accuracy: show(name, state, f", {accuracy:.1%} right"),
        )
    plain = compared.to_dict()
    numbers = output.with_suffix(".json")
    with atomic_write(output, "w") as file:
        file.write(page(compared, shlex.join(_words(click.get_current_context()))))
    with atomic_write(numbers, "w") as file:
        file.write(terminal.as_json(plain))
    if as_json:
        click.echo(terminal.as_json(plain))
    else:
        results = compared.results
        terminal.print_table(names, [result.metrics for result in results], results)
        click.echo("\n".join(summary(compared)))
    for remark in (*compared.notes, *unfinished(compared.results)):
        terminal.note(remark)
    terminal.note(f"Wrote {output} and {numbers}.")


@normexp.command()
@click.argument("data")
@read_from
@drop
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
    target: str | None,
    split: Any,
    drop: tuple[str, ...],
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

    dataset = load(data, target=target, drop=drop, split=split)
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
    Model(encoder, classifier, target, dataset.class_names, dataset.image_shape).save(output)
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


@normexp.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("data")
@read_from
@click.option("-o", "--output", type=Output(), help="A CSV file.  [default: standard output]")
@as_json
def predict(
    model: Path,
    data: str,
    target: str | None,
    split: Any,
    output: Path | None,
    as_json: bool,
) -> None:
    """Predict the label of each row of DATA, and its probabilities where the loss gives them.

    \b
    Example:
      normexp predict flowers.safetensors more-flowers.csv -o labels.csv
    """
    import polars as pl

    from ..model import Model, class_name

    trained = Model.load(model)
    dataset = _load_for(trained, data, target, split)
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
    if output is not None:
        with atomic_write(output) as file:
            predictions.write_csv(file)
        terminal.note(f"Wrote {output}.")
    if as_json:
        click.echo(terminal.as_json(predictions.to_dicts()))
    elif output is None:
        click.echo(predictions.write_csv(), nl=False)


@normexp.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("data")
@read_from
@as_json
def evaluate(model: Path, data: str, target: str | None, split: Any, as_json: bool) -> None:
    """Measure how well a model predicts the labels of DATA.

    \b
    Example:
      normexp evaluate flowers.safetensors more-flowers.csv
    """
    from ..model import Model
    from ..report import metrics

    trained = Model.load(model)
    dataset = _load_for(trained, data, target, split)
    found = metrics.evaluate(trained, dataset)
    if as_json:
        click.echo(terminal.as_json(asdict(found)))
    else:
        terminal.print_table([dataset.name], [found])


normexp.add_command(explain)
normexp.add_command(diagnose)


def _shapes(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> list[Shape]:
    try:
        return [shape_of(text) for text in texts]
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@normexp.command()
@click.option("--quick", is_flag=True, help="Fewer shapes and rounds: less than a minute.")
@click.option(
    "--work",
    "works",
    type=click.Choice([*WORKS, FIRST_CALL]),
    multiple=True,
    help="What to measure. May be repeated.  [default: everything]",
)
@click.option(
    "--shape",
    "shapes",
    metavar="SHAPE",
    multiple=True,
    callback=_shapes,
    help="Such as 4096x1000; one that is not in the list is measured in float32, with the classes "
    "on its last axis. May be repeated.  [default: all of the list]",
)
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Of each contender that can have more than one.",
)
@click.option(
    "--device",
    type=click.Choice(["cpu", "cuda"]),
    default="cpu",
    show_default=True,
    help="normexp computes on the CPU alone: on cuda it is torch that is measured.",
)
@click.option(
    "--read",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Show what -o has written instead of measuring.",
)
@click.option("-o", "--output", type=Output(".json"), help="All that was measured.")
@click.option("--plot", type=Output(), help="A picture of it, SVG or PNG.")
@as_json
def bench(
    quick: bool,
    works: tuple[str, ...],
    shapes: list[Shape],
    threads: int,
    device: str,
    read: Path | None,
    output: Path | None,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Measure how fast and how exact normexp is, beside whatever else is installed.

    \b
    Examples:
      normexp bench --quick
      normexp bench --work softmax --shape 4096x1000 --plot softmax.svg
    """
    from ..bench import printing, results, speed
    from ..bench.plot import SUFFIXES, write_picture

    if plot is not None and plot.suffix not in SUFFIXES:
        raise click.BadParameter(f"--plot takes a name in {' or '.join(SUFFIXES)}, got {plot.name}")
    if read is not None:
        found = results.read(read)
    else:
        found = speed.benchmark(
            works,
            shapes,
            quick=quick,
            threads=threads,
            device=device,
            track=partial(terminal.track, "measuring"),
        )
    text = terminal.as_json(found.to_dict())
    if output is not None:
        with atomic_write(output, "w") as file:
            file.write(text)
    if plot is not None:
        write_picture(found, plot)
    if as_json:
        click.echo(text)
    else:
        printing.show(found)
    for path in (output, plot):
        if path is not None:
            terminal.note(f"Wrote {path}.")


@normexp.command()
@as_json
def warmup(as_json: bool) -> None:
    """Compile the kernels that programs commonly use, for processes to come.

    They are kept in the cache folder of the user, or in the one that NORMEXP_CACHE_DIR names, for
    this processor and these versions of normexp, Numba and Python. Which: every function, and
    every loss of logits with a target of class ids, in each type, with and without a mask.

    \b
    Example:
      normexp warmup
    """
    from ..kernels.cpu.cache import folder
    from ..kernels.cpu.warmup import compile_all, types

    forms = list(compile_all(partial(terminal.track, "compiling")))
    compiled = sum(form.is_compiled for form in forms)
    facts = {
        "folder": str(folder()),
        "compiled": compiled,
        "loaded": len(forms) - compiled,
        "seconds": sum(form.seconds for form in forms),
        "kernels": [form._asdict() for form in forms],
    }
    if "bfloat16" not in types():
        terminal.note("left out: bfloat16, as ml_dtypes is not installed")
    click.echo(
        terminal.as_json(facts)
        if as_json
        else f"{len(forms)} kernels are in {facts['folder']}: {compiled} compiled now, "
        f"{facts['loaded']} there before. This took {facts['seconds']:.1f} s."
    )


def _load_for(model: Model, data: str, target: str | None, split: Any) -> Dataset:
    """Rows for a trained model; by default their labels are where those of its training were."""
    from ..data import load, options_of

    if target is None and "target" in options_of(data):
        target = model.target
    return load(data, target=target, require_target=False, split=split)


def _words(context: click.Context) -> list[str]:
    """The command with every option that it ran with, defaults too: what to type to repeat it."""
    words = ["normexp", str(context.info_name)]
    for parameter in context.command.params:
        value = context.params[str(parameter.name)]
        if isinstance(parameter, click.Argument):
            words.append(str(value))
        elif value is not None and parameter.name != "as_json":
            values = value if parameter.multiple else [value]
            words += [word for each in values for word in (parameter.opts[-1], str(each))]
    return words
