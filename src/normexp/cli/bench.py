"""`normexp bench`: what a call takes on this machine, and its error, beside SciPy and PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from importlib.util import find_spec
from time import perf_counter
from typing import Any, NamedTuple

import click
import numpy as np
from numpy.typing import NDArray
from rich import box
from rich.table import Table

from .. import (
    CrossEntropy,
    accuracy,
    get_num_threads,
    log_softmax,
    logsumexp,
    set_num_threads,
    softmax,
)
from .._console import Terminal
from . import terminal
from .options import Shape, as_json, shaped, threaded

WORKS = {
    "softmax": "softmax",
    "log_softmax": "log_softmax",
    "logsumexp": "logsumexp",
    "loss": "cross-entropy",
    "gradient": "cross-entropy with gradient",
}
SHAPES: tuple[Shape, ...] = ((10,), (64, 1000), (4096, 1000), (65_536, 10))
ROUNDS, TIMING = 7, 0.01  # the seconds of a timing, unless a single call takes longer

Array = NDArray[Any]
Call = Callable[[], Any]


class Contender(NamedTuple):
    """Whoever does a work: a call of it, and what the call is made within."""

    call: Call
    within: Callable[[], AbstractContextManager[object]] = nullcontext

    def seconds(self, calls: int) -> float:
        with self.within(), np.errstate(all="ignore"):
            began = perf_counter()
            for _ in range(calls):
                self.call()
            return (perf_counter() - began) / calls


@click.command()
@click.option(
    "--work",
    "works",
    type=click.Choice(list(WORKS)),
    multiple=True,
    help="What to measure. May be repeated.  [default: everything]",
)
@shaped(
    "A shape such as 4096x1000, with the classes on its last axis. May be repeated.  "
    "[default: four shapes]"
)
@threaded
@as_json
def bench(works: tuple[str, ...], shapes: tuple[Shape, ...], threads: int, as_json: bool) -> None:
    """Measure speed and errors on this machine.

    What a call on float32 takes and how wrong its result is, beside SciPy, and PyTorch where it is
    installed.

    \b
    Examples:
      normexp bench
      normexp bench --work softmax --shape 4096x1000
    """
    cases = [(shape, work) for shape in shapes or SHAPES for work in works or WORKS]
    with on_threads(threads):
        rows = [measured(*case) for case in terminal.track("measuring", cases)]
    if as_json:
        terminal.say_json({"threads": threads, "rows": rows})
        return
    names = list(dict.fromkeys(name for row in rows for name in row["found"]))
    console = Terminal()
    console.print_tables(partial(table, rows, names), len(names))
    console.print("µs of a call, the least of the rounds; below it the worst error in ULP")


@contextmanager
def on_threads(threads: int) -> Iterator[None]:
    """As many for each contender that can have more than one."""
    settings = [(get_num_threads, set_num_threads)]
    if find_spec("torch"):
        import torch

        settings.append((torch.get_num_threads, torch.set_num_threads))
    before = [get() for get, _ in settings]
    try:
        for _, choose in settings:
            choose(threads)
        yield
    finally:
        for (_, choose), number in zip(settings, before, strict=True):
            choose(number)


def measured(shape: Shape, work: str) -> dict[str, Any]:
    """What everyone who does a work takes for it, and the error of the result."""
    rng = np.random.default_rng(0)
    logits = rng.standard_normal(shape, np.float32)
    target = rng.integers(shape[-1], size=shape[:-1])
    true = np.asarray(ours(logits.astype(np.float64), target)[work]())
    everyone = contenders(work, logits, target)
    errors = {name: worst_ulp(each, true) for name, each in everyone.items()}
    times = least_seconds(everyone)
    found = {name: {"seconds": times[name], "ulp": errors[name]} for name in everyone}
    return {"work": work, "shape": shape, "found": found}


def contenders(work: str, logits: Array, target: Array) -> dict[str, Contender]:
    """Everyone who does the work: normexp in both accuracies, SciPy, PyTorch."""
    mine = ours(logits, target)[work]
    found = {
        "normexp": Contender(mine, partial(accuracy, "exact")),
        "normexp fast": Contender(mine, partial(accuracy, "fast")),
    }
    if call := scipys(logits).get(work):
        found["SciPy"] = Contender(call)
    if find_spec("torch"):
        found["torch"] = Contender(torchs(logits, target)[work])
    return found


def ours(logits: Array, target: Array) -> dict[str, Call]:
    loss = CrossEntropy()
    return {
        "softmax": lambda: softmax(logits),
        "log_softmax": lambda: log_softmax(logits),
        "logsumexp": lambda: logsumexp(logits),
        "loss": lambda: loss(logits, target),
        "gradient": lambda: loss.value_and_grad(logits, target).grad,
    }


def scipys(logits: Array) -> dict[str, Call]:
    """SciPy has no losses."""
    from scipy import special

    return {
        "softmax": lambda: special.softmax(logits, -1),
        "log_softmax": lambda: special.log_softmax(logits, -1),
        "logsumexp": lambda: special.logsumexp(logits, -1),
    }


def torchs(logits: Array, target: Array) -> dict[str, Call]:
    import torch
    from torch.nn.functional import cross_entropy

    z, y = torch.from_numpy(logits), torch.as_tensor(target)
    leaf = z.clone().requires_grad_()

    def loss(scores: Any) -> Any:
        return cross_entropy(scores.view(-1, scores.shape[-1]), y.view(-1))

    def gradient() -> Any:
        leaf.grad = None
        loss(leaf).backward()
        return leaf.grad

    return {
        "softmax": lambda: torch.softmax(z, -1),
        "log_softmax": lambda: torch.log_softmax(z, -1),
        "logsumexp": lambda: torch.logsumexp(z, -1),
        "loss": lambda: loss(z),
        "gradient": gradient,
    }


def worst_ulp(contender: Contender, true: Array) -> float:
    """In units in the last place that the true value has in float32; the call warms up too."""
    with contender.within(), np.errstate(all="ignore"):
        got = np.asarray(contender.call(), np.float64)
    return float((np.abs(got - true) / np.spacing(np.abs(true).astype(np.float32))).max())


def least_seconds(everyone: dict[str, Contender]) -> dict[str, float]:
    """The least seconds of a call in rounds of all: what else the machine does meets everyone."""
    calls = dict.fromkeys(everyone, 1)
    for name, each in everyone.items():
        while each.seconds(calls[name]) * calls[name] < TIMING:
            calls[name] *= 2
    rounds = [
        {name: each.seconds(calls[name]) for name, each in everyone.items()} for _ in range(ROUNDS)
    ]
    return {name: min(times[name] for times in rounds) for name in everyone}


def table(rows: Sequence[dict[str, Any]], names: Sequence[str], columns: Sequence[int]) -> Table:
    """Some of the contenders, beside the shapes and works."""
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    grid.add_column("float32")
    for column in columns:
        grid.add_column(names[column], justify="right", overflow="fold")
    for row in rows:
        shape = "×".join(map(str, row["shape"]))
        cells = [cell(row["found"].get(names[column])) for column in columns]
        grid.add_row(f"{WORKS[row['work']]}\n{shape}", *cells)
    return grid


def cell(found: dict[str, float] | None) -> str:
    if found is None:
        return "—"
    time = 1e6 * found["seconds"]
    return (f"{time:#.3g}" if time < 100 else f"{time:.0f}") + f"\n{found['ulp']:.2g} ULP"
