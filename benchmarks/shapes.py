"""What is measured: the works, the shapes and types, and how fast normexp means to be at each."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

import numpy as np

from normexp.cli.bench import WORKS as WORKS  # the works of a user are those measured here

NORMEXP = "normexp"
FAST = "normexp fast"
TORCH = "torch"
SCIPY = "SciPy"
COPY = "copy"

FIRST_CALL = "first-call"  # not a work on a shape, but named beside them

Shape = tuple[int, ...]


def one_thread(name: str) -> str:
    """The name of one of ours on a single thread, where it is measured on more as well."""
    return f"{name}, one thread"


class Goal(NamedTuple):
    """`peer` is to take at least `ratio` times as long as `ours`."""

    ours: str
    peer: str
    ratio: float
    beyond_cache: bool | None = None  # True: only arrays that exceed L3; False: only smaller ones

    def applies(self, size: int, cache: int | None) -> bool:
        """Whether the goal is meant for logits of so many bytes beside an L3 of so many."""
        if self.beyond_cache is None:
            return True
        return cache is not None and self.beyond_cache == (size > cache)


class Case(NamedTuple):
    """A work on logits of one shape and type; `group` is the heading that it stands under."""

    group: str
    work: str
    shape: Shape
    dtype: str = "float32"
    axis: int = -1
    threads: int = 1
    goals: tuple[Goal, ...] = ()

    @property
    def label(self) -> str:
        """The shape in words, with the type where it is not float32."""
        shape = "×".join(map(str, self.shape))
        return shape if self.dtype == "float32" else f"{shape} {self.dtype}"

    @property
    def elements(self) -> int:
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        return self.elements * int(self.dtype[-2:]) // 8  # of a type that need not exist here

    @property
    def scales(self) -> bool:
        """Whether the row compares several threads with one."""
        return any(goal.peer == one_thread(goal.ours) for goal in self.goals)


def storage(name: str) -> np.dtype[Any]:
    """A type by its name; bfloat16 is ml_dtypes'."""
    known: Any = name
    if name == "bfloat16":
        import ml_dtypes

        known = ml_dtypes.bfloat16
    found: np.dtype[Any] = np.dtype(known)
    return found


def beside(peer: str, exact: float, fast: float | None = None) -> tuple[Goal, ...]:
    """The goals of both accuracies beside one peer."""
    return Goal(NORMEXP, peer, exact), *(() if fast is None else (Goal(FAST, peer, fast),))


WIDE: tuple[Shape, ...] = ((64, 1000), (4096, 1000), (1024, 4096), (4096, 4096))
HUGE: tuple[Shape, ...] = ((1024, 32_000), (256, 128_256))
NARROW: tuple[Shape, ...] = tuple((65_536, classes) for classes in (2, 3, 4, 7, 10, 16))
LESS_NARROW: tuple[Shape, ...] = ((65_536, 32), (8192, 100))
TYPED: tuple[Shape, ...] = ((4096, 1000), (1024, 32_000))
IMAGES: tuple[Shape, ...] = ((32, 10, 64, 64), (32, 21, 64, 64), (32, 1000, 64, 64))
IN_CACHE, BEYOND_CACHE = (1024, 1000), (4096, 4096)
CALL: Shape = (10,)

FASTER = ("float32",)  # the types that have a fast form; the others are the same in both accuracies

GRADIENT = beside(TORCH, 3, 5)
COPYING = Goal(FAST, COPY, 1 / 1.15, beyond_cache=True)
SCALING = tuple(
    Goal(ours, one_thread(ours), ratio, beyond_cache)
    for ours in (NORMEXP, FAST)
    for ratio, beyond_cache in ((1.6, False), (1.0, True))
)


def _cases(
    group: str,
    work: str,
    shapes: Iterable[Shape],
    goals: tuple[Goal, ...],
    dtype: str = "float32",
    axis: int = -1,
) -> list[Case]:
    """Cases that share their goals; those beside SciPy are the same everywhere."""
    goals = goals + beside(SCIPY, 4, 6 if dtype in FASTER else None)
    return [Case(group, work, shape, dtype, axis, goals=goals) for shape in shapes]


CASES: tuple[Case, ...] = (
    *_cases("wide rows", "softmax", WIDE, (*beside(TORCH, 1.4, 2.2), COPYING)),
    *_cases("wide rows", "softmax", HUGE, (*beside(TORCH, 1.0, 1.8), COPYING)),
    *_cases("wide rows", "log_softmax", WIDE, beside(TORCH, 1.4, 2)),
    *_cases("wide rows", "log_softmax", HUGE, beside(TORCH, 1.2, 2)),
    *_cases("wide rows", "logsumexp", WIDE + HUGE, beside(TORCH, 3, 6)),
    *_cases("wide rows", "loss", WIDE + HUGE, beside(TORCH, 3, 6)),
    *_cases("wide rows", "gradient", WIDE + HUGE, GRADIENT),
    *_cases("narrow rows", "softmax", NARROW, beside(TORCH, 15, 20)),
    *_cases("narrow rows", "softmax", LESS_NARROW, beside(TORCH, 1.2, 2)),
    *_cases("narrow rows", "gradient", NARROW + LESS_NARROW, GRADIENT),
    *(
        case
        for work in ("softmax", "gradient")
        for dtype in ("bfloat16", "float16")
        for case in _cases("half types", work, TYPED, beside(TORCH, 2), dtype)
    ),
    *(
        case
        for work in ("softmax", "gradient")
        for case in _cases("float64", work, TYPED, beside(TORCH, 1.3), "float64")
    ),
    *_cases("classes on axis 1", "softmax", IMAGES, beside(TORCH, 2, 3), axis=1),
    *_cases("classes on axis 1", "gradient", IMAGES[:2], GRADIENT, axis=1),
    *(
        Case("two threads", work, shape, threads=2, goals=SCALING)
        for work in ("softmax", "gradient")
        for shape in (IN_CACHE, BEYOND_CACHE)
    ),
    *(
        Case(
            "a call on 10 floats",
            work,
            CALL,
            goals=(Goal(NORMEXP, TORCH, 1.0), Goal(NORMEXP, SCIPY, 5)),
        )
        for work in WORKS
    ),
)

QUICK_SHAPES = ((64, 1000), (4096, 1000), (65_536, 10), (32, 10, 64, 64), IN_CACHE, CALL)
QUICK: tuple[Case, ...] = tuple(
    case
    for case in CASES
    if case.shape in QUICK_SHAPES
    and (case.work == "softmax" or (case.work == "gradient" and case.dtype == "float32"))
)


def most_ulps(name: str, dtype: str) -> float | None:
    """The largest error that normexp allows itself; peers are free."""
    if name.startswith(FAST) or (name.startswith(NORMEXP) and dtype == "float64"):
        return 4.0
    return 0.51 if name.startswith(NORMEXP) else None


def select(works: Collection[str], shapes: Collection[Shape], quick: bool) -> list[Case]:
    """The cases of these works and shapes, or all shapes; one that has no case gets its own."""
    cases = QUICK if quick and not shapes else CASES
    chosen = [case for case in cases if case.work in works and (not shapes or case.shape in shapes)]
    known = {case.shape for case in chosen}
    new = [shape for shape in dict.fromkeys(shapes) if shape not in known]
    return chosen + [Case("as asked", work, shape) for shape in new for work in works]


def without_goals(cases: Iterable[Case], threads: int) -> list[Case]:
    """The cases on so many threads, or on another device, for which no goal was set."""
    return [case._replace(threads=threads, goals=()) for case in cases if not case.scales]
