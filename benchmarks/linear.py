"""How soon softmax regression is at its optimum, and scikit-learn: ``python -m benchmarks linear``.

Both minimise the same objective F, and are stopped as soon as they have been at a point where F is
no more than 1e-6 of it above the lowest known. What each takes by default, and where it then is,
is told beside it.
"""

from __future__ import annotations

import gc
import math
import statistics
import warnings
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.linear_model._linear_loss import LinearModelLoss

from normexp._files import write_files
from normexp.cli import terminal
from normexp.linear import SoftmaxRegression
from normexp.linear_loss import LinearLoss
from normexp.losses import CrossEntropy

from . import machine
from .linear_data import PROBLEMS, Array, Problem
from .optima import objective_of

ABOVE = 1e-6  # of the lowest objective known
PEERS = ("lbfgs", "newton-cg", "newton-cholesky")
MOST_UNKNOWNS = 1000  # for a solver that writes the Hessian down
ROUNDS = 7  # and no more than take so many seconds
SECONDS = 6.0
PATIENCE = 60.0  # seconds for a peer


class Run(NamedTuple):
    """One fit: how long it took and how often it computed a gradient."""

    seconds: float  # inf for one that was not there in time
    evaluations: int
    objective: float


class Comparison(NamedTuple):
    """A problem, and what each took to its optimum and by default."""

    problem: str
    alpha: float
    lowest: float
    ours: list[Run]
    peers: dict[str, list[Run]]
    ours_by_default: Run
    peer_by_default: Run

    @property
    def seconds(self) -> float:
        return median(self.ours)

    @property
    def best_peer(self) -> str:
        return min(self.peers, key=lambda name: median(self.peers[name]))

    @property
    def ratio(self) -> float | None:
        """How many times as long the best peer takes; None if none was there in time."""
        peer = median(self.peers[self.best_peer])
        return peer / self.seconds if math.isfinite(peer) else None

    def to_dict(self) -> dict[str, Any]:
        return {
            "problem": self.problem,
            "alpha": self.alpha,
            "lowest": self.lowest,
            "ratio": self.ratio,
            "best_peer": self.best_peer,
            "ours": [run._asdict() for run in self.ours],
            "peers": {
                name: [run._asdict() for run in runs if math.isfinite(run.seconds)]
                for name, runs in self.peers.items()
            },
            "ours_by_default": self.ours_by_default._asdict(),
            "peer_by_default": self.peer_by_default._asdict(),
        }


def median(runs: list[Run]) -> float:
    return statistics.median(run.seconds for run in runs)


class ThereError(Exception):
    """A peer has been where it was to go, or has taken too long."""


def comparisons(problems: list[Problem] = PROBLEMS) -> Iterator[Comparison]:
    for problem in problems:
        X, y = problem.load()
        yield compare(problem, X, y)


def compare(problem: Problem, X: Array, y: Any) -> Comparison:
    """Ours and each peer in turn, round by round."""
    alpha = problem.alpha
    lowest = SoftmaxRegression(alpha=alpha, tol=1e-10).fit(X, y).objective_
    target = lowest * (1 + ABOVE)
    unknowns = (X.shape[1] + 1) * (int(y.max()) + 1)
    peers = PEERS if unknowns <= MOST_UNKNOWNS else PEERS[:2]
    ours: list[Run] = []
    theirs: dict[str, list[Run]] = {name: [] for name in peers}
    began = perf_counter()
    while len(ours) < ROUNDS and (not ours or perf_counter() - began < SECONDS):
        for name in peers:
            ours.append(run_ours(X, y, alpha, target))
            runs = theirs[name]
            if runs and math.isinf(runs[-1].seconds):
                continue
            others = [median(runs) for other, runs in theirs.items() if runs and other != name]
            patience = min(PATIENCE, 2 * min(others, default=PATIENCE))
            runs.append(run_peer(X, y, alpha, name, target, patience))
    ours_by_default = run_ours(X, y, alpha)
    peer_by_default = run_peer(X, y, alpha, "lbfgs")
    return Comparison(problem.name, alpha, lowest, ours, theirs, ours_by_default, peer_by_default)


def run_ours(X: Array, y: Any, alpha: float, target: float | None = None) -> Run:
    """A fit by default, or one that ends at an objective."""
    stop = [] if target is None else [lambda state: state.objective <= target]
    model = SoftmaxRegression(alpha=alpha, callbacks=stop, tol=1e-6 if target is None else 1e-10)
    count = 0

    def counted(call: Callable[..., Any], *args: Any) -> Any:
        nonlocal count
        count += 1
        return call(*args)

    with wrapped(LinearLoss, "__call__", counted), timed() as seconds:
        model.fit(X, y)
    return Run(seconds[0], count, model.objective_)


def run_peer(
    X: Array, y: Any, alpha: float, solver: str, target: float = -math.inf, patience: float = 0
) -> Run:
    """A fit by default, or one that ends when its own objective, which is ours, was low enough."""
    by_default = target == -math.inf
    options = {} if by_default else {"solver": solver, "tol": 1e-12, "max_iter": 100_000}
    model = LogisticRegression(C=1 / (alpha * len(y)), **options)
    count, value, began = 0, math.inf, perf_counter()

    def watched(call: Callable[..., Any], *args: Any, **options: Any) -> Any:
        nonlocal count, value
        found = call(*args, **options)
        count += 1
        value = found if isinstance(found, float) else found[0]
        if value <= target:
            raise ThereError
        if not by_default and perf_counter() - began > patience:
            value = math.inf
            raise ThereError
        return found

    with (
        wrapped(LinearModelLoss, "loss_gradient", watched),
        wrapped(LinearModelLoss, "loss", watched),
        timed() as seconds,
        suppress(ThereError),
    ):
        model.fit(X, y)
    if by_default:
        value = objective_of(model, CrossEntropy(), alpha, X, y)
    return Run(seconds[0] if value <= target or by_default else math.inf, count, float(value))


def main(names: Collection[str], output: Path | None, as_json: bool) -> None:
    """Compare on the problems that are named, or all, and show, or write, what was found."""
    where = machine.machine()
    rows = []
    if not as_json:
        for about in header(where):
            print(about)
    for found in comparisons([each for each in PROBLEMS if not names or each.key in names]):
        rows.append(found.to_dict())
        if not as_json:
            print(line(found), flush=True)
    if output is not None:
        write_files({output: terminal.as_json({"machine": where, "rows": rows})})
    if as_json:
        terminal.say_json({"machine": where, "rows": rows})


def header(where: dict[str, Any]) -> Iterator[str]:
    """Where it ran, and the columns of the table."""
    versions = where["versions"]
    yield f"{where['date']}, {where['processor']}, {where['cores']} cores, load {where['load']}"
    yield f"scikit-learn {versions['scikit-learn']}, NumPy {versions['numpy']}"
    yield f"{'':26}{'seconds':^18}{'':7}{'evaluations':^16}{'':17}{'by default':^34}"
    both = f"{'normexp':>9}{'sklearn':>9}"
    counts = f"{'normexp':>8}{'sklearn':>8}{'of':>17}"
    yield f"{'':26}{both}{'ratio':>7}{counts}{'normexp':>9}{'above':>8}{'sklearn':>9}{'above':>8}"


def line(found: Comparison) -> str:
    peer = found.peers[found.best_peer]
    ratio = "—" if found.ratio is None else f"{found.ratio:.2f}"
    defaults = (
        f"{run.seconds:9.3f}{run.objective / found.lowest - 1:8.0e}"
        for run in (found.ours_by_default, found.peer_by_default)
    )
    return (
        f"{found.problem:26}{found.seconds:9.3f}{median(peer):9.3f}{ratio:>7}"
        f"{found.ours[-1].evaluations:8}{peer[-1].evaluations:8}{found.best_peer:>17}"
        f"{''.join(defaults)}"
    )


@contextmanager
def timed() -> Iterator[list[float]]:
    """The seconds that a block takes, in a list, without the collection of garbage."""
    seconds: list[float] = []
    gc.collect()
    gc.disable()
    began = perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            yield seconds
    finally:
        seconds.append(perf_counter() - began)
        gc.enable()


@contextmanager
def wrapped(kind: type, name: str, around: Callable[..., Any]) -> Iterator[None]:
    """Let a method's calls go through a function, for a while."""
    method = getattr(kind, name)

    def through(self: Any, *args: Any, **options: Any) -> Any:
        return around(method.__get__(self), *args, **options)

    setattr(kind, name, through)
    try:
        yield
    finally:
        setattr(kind, name, method)
