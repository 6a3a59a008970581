"""What a solver reports: each iteration as it happens and, in the end, where it came to and why."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Literal, NamedTuple

from .objective import Array

Outcome = Literal["converged", "stopped", "max_iter", "stalled", "at a kink"]

# What to do about each outcome.
ADVICE: dict[Outcome, str] = {
    "stopped": "",
    "max_iter": "Raise max_iter (now {max_iter}), standardise the features, raise alpha or tol.",
    "stalled": "Rounding allows no lower one: standardise the features, raise alpha or tol.",
    "at a kink": "The loss may have kinks, where L-BFGS finds no lower point: raise tol.",
}


@dataclass(frozen=True, eq=False)
class Iteration:
    """The state of a training after one iteration, as callbacks receive it.

    Attributes
    ----------
    iteration : int
        From 1.
    objective : float
        The objective at `coef` and `intercept`.
    gap : float
        The certificate so far: `LinearClassifier.gap_` if the training ended here.
    coef : ndarray of shape (classes, features)
    intercept : ndarray of shape (classes,)
    seconds : float
        Since the training began.
    """

    iteration: int
    objective: float
    gap: float
    coef: Array
    intercept: Array
    seconds: float


Callback = Callable[[Iteration], object]


class Monitor:
    """Counts the iterations, tells the callbacks of each, and decides which one is the last."""

    def __init__(self, tol: float, max_iter: int, callbacks: Sequence[Callback] = ()) -> None:
        self.tol = tol
        self.max_iter = max_iter
        self.callbacks = callbacks
        self.iterations = 0
        self._began = perf_counter()

    def __call__(
        self, objective: float, gap: float, coef: Array, intercept: Array
    ) -> Outcome | None:
        """Take note of an iteration; if it is the last, say why."""
        self.iterations += 1
        seconds = perf_counter() - self._began
        state = Iteration(self.iterations, objective, gap, coef.copy(), intercept.copy(), seconds)
        stops = [bool(callback(state)) for callback in self.callbacks]
        if gap <= self.tol:
            return "converged"
        if any(stops):
            return "stopped"
        return "max_iter" if self.iterations >= self.max_iter else None


class Solution(NamedTuple):
    """Where a solver came to, and why it went no further."""

    coef: Array
    intercept: Array
    objective: float
    gap: float
    solver: str  # which one it was and, where there was a choice, why
    outcome: Outcome


def in_words(solution: Solution, monitor: Monitor) -> str:
    """What came of a training, and what one can do where it is not what one wanted."""
    left = f"{solution.gap:.1e} times the objective may be left to gain"
    if solution.outcome == "converged":
        return f"converged in {monitor.iterations} iterations: {left}; tol is {monitor.tol:g}"
    by = " by a callback" if solution.outcome == "stopped" else ""
    advice = ADVICE[solution.outcome].format(max_iter=monitor.max_iter)
    return (
        f"stopped{by} at iteration {monitor.iterations}, where {left}; tol is {monitor.tol:g}. "
        + advice
    ).rstrip()
