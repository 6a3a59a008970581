"""Multiclass SVMs beside scikit-learn's, to the same objective: ``python -m benchmarks svm``.

A peer stops on a rule of its own. So the best objective that anybody reaches is found first, then
the loosest tolerance with which the peer comes within 1e-6 of it; that fit is timed, in turn with
ours. Ours is timed to the same objective, and to the end, where the duality gap proves it.
"""

import statistics
import warnings
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import LinearSVC

from normexp.linear import LinearClassifier, MulticlassSVM, SoftmaxRegression
from normexp.losses import MulticlassHinge

from .linear_data import Array, Data, digits, drawn, fields, measurements, rarely
from .optima import objective_of

CLOSE = 1e-6  # above the best known objective, relative to it
PEER_TOLERANCES = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
PEER_SECONDS = 10.0  # after a longer fit no tighter tolerance is tried
ALPHAS = (1e-2, 1e-3)


def blobs() -> Data:
    """100 classes of 40 features around centres of their own."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(100, 40))
    y = rng.integers(100, size=4800)
    return centres[y] + rng.normal(size=(4800, 40)), y


def table() -> Data:
    """Skewed, correlated numbers beside one-hot texts, rare classes, noise."""
    rng = np.random.default_rng(0)
    X = np.hstack(measurements(rng, 3000))
    return X, drawn(rarely(X, rng), rng)


def images() -> Data:
    """Smooth coloured fields, of which a class shares a faint one."""
    rng = np.random.default_rng(0)
    y = rng.integers(10, size=1500)
    noise = 0.05 * rng.normal(size=(1500, 16, 16, 3))
    mixed = 0.35 * fields(rng, 10, 16, 2.0)[y] + fields(rng, 1500, 16, 2.0)
    mixed = mixed + 0.5 * fields(rng, 1500, 16, 0.8) + noise
    return np.clip(0.5 + 0.2 * mixed, 0, 1).reshape(1500, -1), y


DATA: dict[str, Callable[[], Data]] = {
    "digits": digits,
    "blobs": blobs,
    "table-like": table,
    "image-like": images,
}


class Comparison(NamedTuple):
    """One problem, solved by normexp and by scikit-learn; seconds are medians."""

    problem: str
    rows: int
    features: int
    classes: int
    alpha: float
    best_objective: float
    seconds: float  # to within CLOSE of it
    seconds_to_gap: float  # to the end, with `gap_` ≤ 1e-6
    solver: str
    peer_seconds: float | None  # None if no tolerance that was tried came within CLOSE
    peer_tolerance: float | None
    peer_seconds_short_of_it: float | None  # of the tightest that was tried, then
    others: dict[str, float]  # seconds of other losses on the same data, to a gap of 1e-6

    @property
    def ratio(self) -> float | None:
        return None if self.peer_seconds is None else self.peer_seconds / self.seconds


def comparisons(rounds: int) -> Iterator[Comparison]:
    """Crammer and Singer's SVM, without an intercept, which the peer would penalise."""
    for name, load in DATA.items():
        X, y = load()
        for alpha in ALPHAS:
            yield compare(name, X, y, alpha, rounds)


def compare(name: str, X: Array, y: NDArray[np.int64], alpha: float, rounds: int) -> Comparison:
    hinge = MulticlassHinge(variant="crammer-singer")

    def ours(tol: float = 1e-6, **options: Any) -> LinearClassifier:
        return MulticlassSVM("crammer-singer", alpha=alpha, fit_intercept=False, tol=tol, **options)

    def theirs(tol: float) -> LinearSVC:
        return LinearSVC(
            multi_class="crammer_singer",
            fit_intercept=False,
            C=1 / (alpha * len(y)),
            tol=tol,
            max_iter=100_000,
        )

    ours().fit(X[::10], y[::10])  # so that no compilation is in the seconds
    best = ours(tol=1e-8).fit(X, y).objective_
    tolerance = None
    longest = 0.0
    for tol in PEER_TOLERANCES:
        longest = seconds_of(peer := theirs(tol), X, y)
        reached = objective_of(peer, hinge, alpha, X, y)
        best = min(best, reached)
        if reached <= best * (1 + CLOSE):
            tolerance = tol
        if tolerance is not None or longest > PEER_SECONDS:
            break
    to_objective, to_gap, of_peer = [], [], []
    for _ in range(rounds):
        states: list[Any] = []
        began = perf_counter()
        model = ours(callbacks=[states.append]).fit(X, y)
        to_gap.append(perf_counter() - began)
        spare = to_gap[-1] - states[-1].seconds  # before the first iteration and after the last
        close = (s.seconds for s in states if s.objective <= best * (1 + CLOSE))
        to_objective.append(next(close, states[-1].seconds) + spare)
        if tolerance is not None:
            of_peer.append(seconds_of(theirs(tolerance), X, y))
    return Comparison(
        name,
        len(X),
        X.shape[1],
        len(np.unique(y)),
        alpha,
        best,
        statistics.median(to_objective),
        statistics.median(to_gap),
        model.solver_,
        statistics.median(of_peer) if of_peer else None,
        tolerance,
        None if tolerance is not None else longest,
        {loss: seconds_of(model, X, y) for loss, model in others(alpha).items()},
    )


def others(alpha: float) -> dict[str, LinearClassifier]:
    """What a comparison of losses fits, with intercepts."""
    return {
        "softmax": SoftmaxRegression(alpha=alpha),
        "weston-watkins": MulticlassSVM(alpha=alpha),
        "weston-watkins, squared": MulticlassSVM(alpha=alpha, squared=True),
        "crammer-singer": MulticlassSVM("crammer-singer", alpha=alpha),
        "crammer-singer, squared": MulticlassSVM("crammer-singer", alpha=alpha, squared=True),
    }


def seconds_of(model: Any, X: Array, y: NDArray[np.int64]) -> float:
    began = perf_counter()
    model.fit(X, y)
    return perf_counter() - began


def main(rounds: int) -> list[Comparison]:
    """Measure, and print each comparison as soon as there is one."""
    # liblinear ends at max_iter where it cannot reach its tol: then it is not within CLOSE either.
    warnings.simplefilter("ignore", ConvergenceWarning)
    every = []
    print(f"{'':34}{'seconds to 1e-6':^27}{'to the gap':>11}  other losses, to the gap")
    print(f"{'':34}{'normexp':>9}{'sklearn':>9}{'ratio':>8}{'normexp':>12}")
    for result in comparisons(rounds):
        every.append(result)
        shape = f"{result.rows}×{result.features}, {result.classes} classes"
        peer, ratio = f">{result.peer_seconds_short_of_it or 0:.1f}", "–"
        if result.peer_seconds is not None and result.ratio is not None:
            peer, ratio = f"{result.peer_seconds:.3f}", f"{result.ratio:.1f}"
        rest = ", ".join(f"{name} {seconds:.2f}" for name, seconds in result.others.items())
        print(
            f"{result.problem:11}{shape:23}alpha={result.alpha:<7g}{result.seconds:9.3f}{peer:>9}"
            f"{ratio:>8}{result.seconds_to_gap:12.3f}  {rest}",
            flush=True,
        )
    return every
