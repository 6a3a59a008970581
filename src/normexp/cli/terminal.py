"""What the terminal shows: results on standard output, progress and notes on standard error."""

from __future__ import annotations

import json
import math
import shlex
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click
import numpy as np
from rich import box
from rich.cells import cell_len
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import track as rich_track
from rich.table import Table
from rich.text import Text

from .._console import Terminal
from .._text import one_line, visible, visible_json, with_minus
from .words import as_options

if TYPE_CHECKING:
    from ..linear import Iteration
    from ..report.advice import Advice
    from ..report.inspection import Inspection
    from ..report.metrics import Metrics
    from ..report.result import Result

T = TypeVar("T")

TEXT_WIDTH = 80  # where the output is no terminal
ROOM_FOR_WORDS = 76  # beside a bar
WORTH_TELLING = 10.0  # seconds of a training: how long it still takes


def say(text: str) -> None:
    """Print results. Every text of every command goes through here, or through `note`."""
    click.echo(_wrapped(visible(text), sys.stdout))


def note(message: str) -> None:
    """Say something beside the results."""
    click.echo(_wrapped(one_line(as_options(message)), sys.stderr), err=True)


def say_json(value: Any) -> None:
    """Print plain values and arrays as JSON, and nothing else."""
    click.echo(as_json(value))


def pass_on(data: str) -> None:
    """Print data as they are, for another program; only a terminal gets them as text."""
    text = visible(data) if _is_terminal(sys.stdout) else data
    click.echo(text, nl=False, color=True)  # else click takes what looks like a style out of it


def width() -> int:
    """The columns of the terminal; 80 where the output is none."""
    return shutil.get_terminal_size().columns if _is_terminal(sys.stdout) else TEXT_WIDTH


def _is_terminal(stream: TextIO | None) -> bool:
    """Whether it is one; a stream that the shell has closed is None."""
    return stream is not None and stream.isatty()


def _wrapped(text: str, stream: TextIO | None) -> str:
    """Lines that end between words where they end at the edge of a terminal."""
    if not _is_terminal(stream):
        return text
    columns = shutil.get_terminal_size().columns
    return "\n".join(
        line
        if cell_len(line) <= columns
        else textwrap.fill(
            line,
            columns,
            subsequent_indent=line[: len(line) - len(line.lstrip())],
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in text.split("\n")
    )


def as_json(value: Any) -> str:
    """JSON of plain values and arrays; what it has no number for is text: inf, -inf and nan."""
    return visible_json(json.dumps(_plain(value), ensure_ascii=False, allow_nan=False))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def print_table(
    names: Sequence[str],
    metrics: Sequence[Metrics],
    results: Sequence[Result] = (),
    language: str = "en",
) -> None:
    """Print a column of numbers for each name, the best of each row bold.

    Those that were trained come first.
    """
    from ..report import table
    from ..report.words import phrase

    measured = table.rows(metrics, results)

    def build(columns: Sequence[int]) -> Table:
        grid = Table("", box=box.SIMPLE_HEAD, pad_edge=False)
        for column in columns:
            grid.add_column(visible(names[column]), justify="right", overflow="fold")
        for measure, cells in measured:
            some = [cells[column] for column in columns]
            texts = [Text(with_minus(c.text), "bold" if c.is_best else "") for c in some]
            grid.add_row(measure.heading(language), *texts)
        return grid

    console = Terminal()
    console.print_tables(build, len(names))
    if any(item.log_loss is None for item in metrics[: len(results) or None]):
        console.print(phrase("no-probabilities", language), style="dim")


def print_advice(advice: Sequence[Advice], language: str = "en") -> None:
    """Print what to do, why, and the commands to try."""
    from ..report.advice import told
    from ..report.words import phrase

    if advice:
        say(f"\n{phrase('advice', language)}")
    for i, one in enumerate(advice, 1):
        words = told(one, language)
        say(f"{i}. {words.says} {words.why}")
        for command in one.commands:
            say("\n".join(_command(command)))


def _command(command: str, indent: str = "   ") -> list[str]:
    """Lines of a command that can be copied: at a terminal's edge they end with a backslash."""
    most = shutil.get_terminal_size().columns if _is_terminal(sys.stdout) else sys.maxsize
    lines = [indent]
    for word in map(shlex.quote, shlex.split(command)):
        blank = "" if lines[-1].isspace() else " "
        if blank and cell_len(visible(f"{lines[-1]} {word} \\")) > most:
            lines[-1] += " \\"
            lines.append(f"{indent}  {word}")
        else:
            lines[-1] += blank + word
    return lines


def print_weights(inspection: Inspection) -> None:
    """Print a row for each feature of each class, the strongest first, and its intercept."""
    from ..report.sections import signed

    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    grid.add_column("class", overflow="fold")
    grid.add_column("feature", overflow="fold")
    grid.add_column("weight", justify="right", no_wrap=True)
    classes = zip(
        inspection.class_names, inspection.class_weights, inspection.intercept, strict=True
    )
    for name, found, intercept in classes:
        rows = [*zip(found.features, found.weights[0], strict=True)]
        for i, (feature, weight) in enumerate(rows):
            grid.add_row("" if i else visible(name), visible(feature), signed(weight))
        style = "dim"
        grid.add_row(
            "" if rows else visible(name),
            Text("(intercept)", style),
            Text(signed(intercept), style),
            end_section=True,
        )
    Terminal().print(grid)


def track(doing: str, items: Iterable[T], count: int | None = None) -> Iterable[T]:
    """Pass the items on, with a bar that says how far they are; of one there is none."""
    console = Terminal(stderr=True)
    is_seen = console.is_terminal and count != 1
    return rich_track(items, doing, total=count, console=console, disable=not is_seen)


class Notes:
    """What is to be noted of rows that are read part by part, each remark once, with where."""

    def __init__(self) -> None:
        self._told: dict[str, list[str]] = {}
        self._parts = 0

    def add(self, name: str, *remarks: str) -> None:
        """Keep those of another part."""
        self._parts += 1
        for remark in remarks:
            self._told.setdefault(remark, []).append(name)

    def say(self) -> None:
        from ..data.gathering import together

        for remark in self._told if self._parts == 1 else together(self._told):
            note(remark)


class Course:
    """The lines of progress: of what is made ready, and of each training.

    The bar of a training is full when the gap is down to `tol`: the bound on how far the objective
    is from its minimum, relative to it.
    """

    def __init__(self, progress: Progress, tol: float) -> None:
        self._progress = progress
        self._tol = tol
        self._trainings: dict[str, tuple[TaskID, float]] = {}
        self._preparing = progress.add_task("starting", total=None, state="")

    def begin(self, doing: str) -> None:
        """Say what is made ready; a training that begins takes its place."""
        self._progress.update(self._preparing, description=visible(doing), visible=True)

    def end(self) -> None:
        self._progress.update(self._preparing, visible=False)

    def show(self, name: str, iteration: Iteration, remark: str = "") -> None:
        """Say how far a training is."""
        digits = -math.log10(max(iteration.gap, self._tol))
        if name not in self._trainings:
            self.end()
            task = self._progress.add_task(name, total=None, state="")
            self._trainings[name] = task, digits
        task, first = self._trainings[name]
        objective = with_minus(f"{iteration.objective:.4g}")
        done, total = digits - first, -math.log10(self._tol) - first
        left = time_left(iteration.seconds, done, total)
        self._progress.update(
            task,
            completed=done,
            total=total,
            state=f"iteration {iteration.iteration}, objective {objective}{remark}{left}",
        )


def time_left(seconds: float, done: float, total: float) -> str:
    """What a training that goes on as it began still takes, once it has taken a while.

    >>> time_left(60.0, 2.0, 5.0), time_left(5.0, 2.0, 5.0)
    (', about 90 s left', '')
    """
    if seconds < WORTH_TELLING or not 0 < done < total:
        return ""
    left = seconds * (total - done) / done
    minutes = f"{left / 60:.0f} min" if left < 3600 else f"{left / 3600:.1f} h"
    return f", about {left:.0f} s left" if left < 100 else f", about {minutes} left"


@contextmanager
def progress(tol: float) -> Iterator[Course]:
    """Show what a command is at from its first moment on; the trainings alone stay to be seen."""
    console = Terminal(stderr=True)
    columns = (
        SpinnerColumn(finished_text=" "),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=min(40, max(4, console.width - ROOM_FOR_WORDS))),
        TextColumn("{task.fields[state]}", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as shown:
        course = Course(shown, tol)
        yield course
        course.end()
