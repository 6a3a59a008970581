"""`normexp bench`: speed and errors, beside whatever else is installed."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from .._files import write_files
from ..bench.shapes import FIRST_CALL, WORKS, Shape, shape_of
from . import terminal
from .group import Output, spare
from .options import as_json

MOST_THREADS = 1024


def _shapes(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> list[Shape]:
    try:
        return [shape_of(text) for text in texts]
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command()
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
    help="A shape such as 4096x1000; one that is not in the list is measured in float32, with the "
    "classes on its last axis. May be repeated.  [default: all of the list]",
)
@click.option(
    "--threads",
    type=click.IntRange(1, MOST_THREADS),
    default=1,
    show_default=True,
    help="The threads of each contender that can have more than one.",
)
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
    """Measure speed and errors of normexp beside other libraries.

    The others are whatever is installed of PyTorch, SciPy, JAX and scikit-learn.

    \b
    Examples:
      normexp bench --quick
      normexp bench --work softmax --shape 4096x1000 --plot softmax.svg
    """
    from ..bench import machine, printing, results, speed
    from ..bench.plot import SUFFIXES, drawn

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
