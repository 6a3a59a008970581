"""One work to be done on one array, and a call that does it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .shapes import Case, storage

Array = NDArray[Any]


class Problem(NamedTuple):
    """Logits with their target, and memory for a result in the shape of each of them."""

    logits: Array
    target: NDArray[np.int64]
    axis: int
    out: Array
    row_out: Array
    threads: int = 1
    device: str = "cpu"

    @property
    def classes(self) -> int:
        return int(self.logits.shape[self.axis])

    def at_target(self, values: Array) -> Array:
        """The entries of the target's classes."""
        return np.take_along_axis(values, np.expand_dims(self.target, self.axis), self.axis)


def problem(
    logits: Array, target: ArrayLike, axis: int = -1, threads: int = 1, device: str = "cpu"
) -> Problem:
    target = np.asarray(target, np.int64)
    memory = np.empty_like(logits), np.empty(target.shape, logits.dtype)
    return Problem(logits, target, axis, *memory, threads, device)


def random_problem(case: Case, device: str = "cpu") -> Problem:
    """Logits from N(0, 1) and any class as the target."""
    rng = np.random.default_rng(0)
    drawn = rng.standard_normal(case.shape, np.float64 if case.dtype == "float64" else np.float32)
    logits = drawn.astype(storage(case.dtype), copy=False)
    rows = np.delete(case.shape, case.axis)
    target = rng.integers(case.shape[case.axis], size=rows)
    return problem(logits, target, case.axis, case.threads, device)


def nothing() -> None:
    pass


class Contender(NamedTuple):
    """A call that does the work once, and what is made of its result to judge it.

    Whatever is to be done once (types, tensors, compilation) is done before the first timed call.
    """

    name: str
    call: Callable[[], Any]
    read: Callable[[Any], Array] | None = np.asarray  # None where there is nothing to judge
    setting: Callable[[], AbstractContextManager[object]] = nullcontext  # not part of the time
    finish: Callable[[], object] = nothing  # waits for calls that have only started their work


Peer = Callable[[str, Problem], Contender | None]  # None where it does not do this work
Calls = dict[str, Callable[[], Any]]  # by work


def reader(work: str) -> Callable[[Any], Array]:
    """A loss with its gradient is judged by the gradient."""
    return (lambda result: np.asarray(result[1])) if work == "gradient" else np.asarray
