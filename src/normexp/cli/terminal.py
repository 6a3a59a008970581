"""What the terminal shows: results on standard output, progress and notes on standard error."""

from __future__ import annotations

import json
import math
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click
import numpy as np
from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import track as rich_track
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from ..linear import Iteration
    from ..report.comparison import Result
    from ..report.metrics import Metrics

from .words import as_options

T = TypeVar("T")

TEXT_WIDTH = 80
WIDE = 200  # where the output is no terminal, no line has to be broken


def note(message: str) -> None:
    """Say something beside the results."""
    click.echo(as_options(message), err=True)


def width() -> int:
    """The columns of the terminal; 80 where the output is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else TEXT_WIDTH


def as_json(value: Any) -> str:
    """JSON of plain values and arrays; what it has no number for is text: inf, -inf and nan."""
    return json.dumps(_plain(value), ensure_ascii=False, allow_nan=False)


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
    names: Sequence[str], metrics: Sequence[Metrics], results: Sequence[Result] = ()
) -> None:
    """Print a column of numbers for each name, the best of each row bold."""
    from ..report import table

    console = Console()
    if not console.is_terminal:
        console.width = WIDE
    grid = Table("", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in names:
        grid.add_column(name, justify="right", overflow="fold")
    for measure, cells in table.rows(metrics, results):
        grid.add_row(measure.heading, *(Text(c.text, "bold" if c.is_best else "") for c in cells))
    console.print(grid)
    if any(item.log_loss is None for item in metrics):
        console.print(table.NO_PROBABILITIES, style="dim")


def track(doing: str, items: Sequence[T]) -> Iterable[T]:
    """Pass the items on, with a bar that says how far they are."""
    console = Console(stderr=True)
    return rich_track(items, doing, console=console, disable=not console.is_terminal)


@contextmanager
def training(tol: float) -> Iterator[Callable[[str, Iteration, str], None]]:
    """Show each training as it goes: a bar that is full when the gap is down to `tol`.

    The gap is the bound on how far the objective is from its minimum, relative to it.
    """
    console = Console(stderr=True)
    columns = (
        SpinnerColumn(finished_text=" "),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[state]}"),
        TimeElapsedColumn(),
    )
    tasks: dict[str, tuple[TaskID, float]] = {}
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:

        def show(name: str, iteration: Iteration, remark: str) -> None:
            digits = -math.log10(max(iteration.gap, tol))
            if name not in tasks:
                tasks[name] = progress.add_task(name, total=None, state=""), digits
            task, first = tasks[name]
            state = f"iteration {iteration.iteration}, objective {iteration.objective:.4g}{remark}"
            goal = -math.log10(tol) - first
            progress.update(task, completed=digits - first, total=goal, state=state)

        yield show
