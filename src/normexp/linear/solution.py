"""What a solver reports: each iteration as it happens and, in the end, where it came to and why."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Literal, NamedTuple

from .objective import Array

Outcome = Literal["converged", "stopped", "max_iter", "stalled"]


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
        self.outcome: Outcome | None = None
        self._began = perf_counter()

    def __call__(self, objective: float, gap: float, coef: Array, intercept: Array) -> bool:
        """Take note of an iteration; True if it is the last."""
        self.iterations += 1
        seconds = perf_counter() - self._began
        state = Iteration(self.iterations, objective, gap, coef.copy(), intercept.copy(), seconds)
        stops = [bool(callback(state)) for callback in self.callbacks]
        if gap <= self.tol:
            self.outcome = "converged"
        elif any(stops):
            self.outcome = "stopped"
        elif self.iterations >= self.max_iter:
            self.outcome = "max_iter"
        return self.outcome is not None


class Solution(NamedTuple):
    """Where a solver came to; the monitor's `outcome` says why it went no further."""

    coef: Array
    intercept: Array
    objective: float
    gap: float
