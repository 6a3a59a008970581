"""The benchmarks as commands; without a name, those that a change of speed or exactness needs."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from normexp._files import write_files
from normexp.cli import terminal
from normexp.cli.group import Commands, Output, spare
from normexp.cli.options import Shape, as_json, shaped, threaded

from . import (
    accuracy,
    alpha_path,
    exhaustive,
    instructions,
    linear,
    linear_head,
    linear_loss,
    machine,
    optima,
    printing,
    results,
    speed,
    svm,
    tensors,
)
from .linear_data import PROBLEMS
from .plot import SUFFIXES, drawn
from .shapes import FIRST_CALL, WORKS


@click.group(cls=Commands, invoke_without_command=True)
@click.pass_context
def benchmarks(context: click.Context) -> None:
    """What normexp is measured by, beside whatever is installed of its peers.

    Without a command: speed, accuracy and optima.
    """
    if context.invoked_subcommand is None:
        for command in (measure_speed, measure_accuracy, measure_optima):
            context.invoke(command)


@benchmarks.command("speed")
@click.option("--quick", is_flag=True, help="Fewer shapes and rounds: less than a minute.")
@click.option(
    "--work",
    "works",
    type=click.Choice([*WORKS, FIRST_CALL]),
    multiple=True,
    help="What to measure. May be repeated.  [default: everything]",
)
@shaped(
    "A shape such as 4096x1000; one that is not in the list is measured in float32, with the "
    "classes on its last axis. May be repeated.  [default: all of the list]",
)
@threaded
@click.option(
    "--device",
    type=click.Choice(["cpu", "cuda"]),
    default="cpu",
    show_default=True,
    help="Where to compute; normexp does it on the CPU alone, so that on cuda it is torch that is "
    "measured.",
)
@click.option(
    "--read",
    type=click.Path(exists=True, path_type=Path),
    help="Show what -o has written instead of measuring.",
)
@click.option(
    "-o", "--output", type=Output(".json"), help="The file to write all that was measured to."
)
@click.option("--plot", type=Output(), help="The picture of it to write, SVG or PNG.")
@as_json
def measure_speed(
    quick: bool,
    works: tuple[str, ...],
    shapes: tuple[Shape, ...],
    threads: int,
    device: str,
    read: Path | None,
    output: Path | None,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Times, with the error of every result that was timed.

    \b
    Examples:
      python -m benchmarks speed --quick
      python -m benchmarks speed --work softmax --shape 4096x1000 --plot softmax.svg
    """
    if plot is not None and plot.suffix not in SUFFIXES:
        raise click.BadParameter(f"--plot takes a name in {' or '.join(SUFFIXES)}, got {plot.name}")
    spare([output, plot], [read])
    if read is not None:
        found = results.read(read)
    else:
        if busy := machine.busy():
            terminal.note(busy)
        found = speed.benchmark(
            works,
            shapes,
            quick=quick,
            threads=threads,
            device=device,
            track=partial(terminal.track, "measuring"),
        )
    written: dict[Path, bytes | str] = {}
    if output is not None:
        written[output] = terminal.as_json(found.to_dict())
    if plot is not None:
        written[plot] = drawn(found, plot.suffix)
    write_files(written)
    if as_json:
        terminal.say_json(found.to_dict())
    else:
        printing.show(found)
    for path in written:
        terminal.note(f"Wrote {path}.")


@benchmarks.command("accuracy")
@click.option("--quick", is_flag=True, help="Fewer rows, of up to 1000 classes.")
@as_json
def measure_accuracy(quick: bool, as_json: bool) -> None:
    """The worst errors of float32 and float64, in ULP, over rows of every kind."""
    accuracy.main(quick, as_json)


@benchmarks.command("optima")
def measure_optima() -> None:
    """The optima of the linear classifiers beside scikit-learn's."""
    optima.main()


@benchmarks.command("linear-loss")
@threaded
def measure_linear_loss(threads: int) -> None:
    """One evaluation of a linear softmax loss, value and gradient, beside scikit-learn's."""
    linear_loss.main(threads)


@benchmarks.command("linear-head")
@threaded
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True, help="Of each.")
def measure_linear_heads(threads: int, rounds: int) -> None:
    """The linear loss of many classes, forward and backward, beside its bare products."""
    linear_head.main(threads, rounds)


@benchmarks.command("tensors")
@click.option("--quick", is_flag=True, help="Fewer rounds: less than a minute.")
@threaded
def measure_tensors(quick: bool, threads: int) -> None:
    """Functions and losses of PyTorch's tensors, forward and backward, beside PyTorch's own."""
    tensors.main(threads, quick)


@benchmarks.command("linear")
@click.option(
    "--problem",
    "problems",
    type=click.Choice([problem.key for problem in PROBLEMS]),
    multiple=True,
    help="What to fit to. May be repeated.  [default: everything]",
)
@click.option(
    "-o", "--output", type=Output(".json"), help="The file to write all that was measured to."
)
@as_json
def measure_linear(problems: tuple[str, ...], output: Path | None, as_json: bool) -> None:
    """How soon softmax regression is at its optimum, and scikit-learn: a few minutes."""
    if busy := machine.busy():
        terminal.note(busy)
    linear.main(problems, output, as_json)
    if output is not None:
        terminal.note(f"Wrote {output}.")


@benchmarks.command("path")
@click.option(
    "--problem",
    "problems",
    type=click.Choice([problem.key for problem in PROBLEMS]),
    multiple=True,
    help="What to fit to. May be repeated.  [default: everything]",
)
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True, help="Of each.")
def measure_paths(problems: tuple[str, ...], rounds: int) -> None:
    """A path of ten alphas of softmax regression beside one fit at the smallest: some minutes."""
    if busy := machine.busy():
        terminal.note(busy)
    alpha_path.main(problems, rounds)


@benchmarks.command("svm")
@click.option(
    "--rounds",
    type=click.IntRange(1),
    default=3,
    show_default=True,
    help="Fits of each, in turn; the median counts.",
)
@click.option(
    "-o", "--output", type=Output(".json"), help="The file to write all that was measured to."
)
def measure_svms(rounds: int, output: Path | None) -> None:
    """Seconds of multiclass SVMs beside scikit-learn's, to the same objective."""
    if busy := machine.busy():
        terminal.note(busy)
    where = machine.machine()
    found = svm.main(rounds)
    if output is not None:
        plain = {"machine": where, "rows": [row._asdict() for row in found]}
        write_files({output: terminal.as_json(plain)})
        terminal.note(f"Wrote {output}.")


@benchmarks.command("instructions")
def count_instructions() -> None:
    """The instructions of the loops of the softmax kernel, counted."""
    instructions.main()


@benchmarks.command("exhaustive")
@click.option(
    "--dtype",
    type=click.Choice(["float16", "bfloat16", "float32"]),
    default="float32",
    show_default=True,
)
@click.option(
    "--work",
    "works",
    type=click.Choice(list(exhaustive.WORKS)),
    multiple=True,
    help="What to look at. May be repeated.  [default: everything]",
)
@click.option(
    "--every",
    type=click.IntRange(1, 2**20),
    default=1,
    show_default=True,
    help="Of the values, in the order of their bits, only every so many.",
)
def look_at_every_value(dtype: str, works: tuple[str, ...], every: int) -> None:
    """The worst error of all values of a type, and where it is."""
    exhaustive.main(dtype, works, every)
