"""Kernels compiled before they are needed, in the forms that programs commonly use.

For whoever cannot wait at a first call, such as the image of a container.
"""

from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from itertools import product
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..._settings import accuracy
from .. import NO_MASK, Logits, Target, cpu
from . import flat_cross_entropy, flat_functions
from .binary import binary_cross_entropy
from .brier import brier
from .cache import folder
from .compiled import Kernel
from .cross_entropy import cross_entropy, cross_entropy_of_rows
from .focal import focal
from .functions import (
    log_sigmoid,
    log_softmax,
    log_softmax_of_rows,
    logsumexp,
    logsumexp_of_rows,
    sigmoid,
    softmax,
    softmax_of_rows,
)
from .hinge import crammer_singer, weston_watkins
from .sizes import NARROW, PROBABILITIES
from .spread_cross_entropy import spread_cross_entropy
from .squared_error import squared_error

Array = NDArray[Any]

ROWS = 2
LABELS = Target(np.zeros(ROWS, np.int64), np.ones(ROWS))
SMOOTHED = LABELS._replace(smoothing=np.ones(ROWS))
PENALISED = LABELS._replace(norm=np.ones(ROWS))

TYPES: dict[str, tuple[Any, str]] = {
    "float32": (np.float32, "exact"),
    "float32 fast": (np.float32, "fast"),
    "float64": (np.float64, "exact"),
    "float16": (np.float16, "exact"),
}
FEW, MANY = PROBABILITIES.start - 1, NARROW + 1
# The shape of the logits, and whether they are masked.
LAYOUTS: dict[str, tuple[tuple[int, ...], bool]] = {
    "few classes": ((ROWS, FEW), False),
    "many classes": ((ROWS, MANY), False),
    "classes in the middle": ((1, NARROW, ROWS), False),
    "few classes with a mask": ((ROWS, FEW), True),
    "many classes with a mask": ((ROWS, MANY), True),
}


Run = Callable[[Logits], object]


class Work(NamedTuple):
    """A call of the contract, and the kernels of which it needs one."""

    run: Run
    kernels: tuple[Kernel, ...]

    def counted(self, kind: str) -> int:
        """The `cache_hits` or the `cache_misses` of its kernels."""
        return sum(getattr(kernel.dispatcher.stats, kind).total() for kernel in self.kernels)


def _of_rows(function: Callable[..., Any]) -> Run:
    return lambda z: function(z, np.empty_like(z.values))


def _of_elements(function: Callable[..., Any]) -> Run:
    def run(z: Logits) -> None:
        x = z.values.reshape(-1)
        function(x, np.empty_like(x))

    return run


def _loss(function: Callable[..., Any], *options: Any, target: Target = LABELS) -> Run:
    """One form serves the value with its gradient and without."""
    return lambda z: function(z, target, *options, np.empty(ROWS), np.empty_like(z.values))


def _logsumexp(z: Logits) -> None:
    cpu.logsumexp(z, np.empty(ROWS, np.result_type(z.values, np.float32)))


def _binary_cross_entropy(z: Logits) -> None:
    x = z.values.reshape(-1)
    yes, weight = np.ones(x.size, np.float32), np.ones(x.size)  # as integers and booleans come
    cpu.binary_cross_entropy(x, yes, 1.0, weight, np.empty(x.size), np.empty_like(x))


WORKS = {
    "softmax": Work(_of_rows(cpu.softmax), (flat_functions.softmax, softmax, softmax_of_rows)),
    "log_softmax": Work(
        _of_rows(cpu.log_softmax), (flat_functions.log_softmax, log_softmax, log_softmax_of_rows)
    ),
    "logsumexp": Work(_logsumexp, (flat_functions.logsumexp, logsumexp, logsumexp_of_rows)),
    "cross-entropy": Work(
        _loss(cpu.cross_entropy),
        (flat_cross_entropy.cross_entropy, cross_entropy, cross_entropy_of_rows),
    ),
    "cross-entropy with z-loss": Work(
        _loss(cpu.cross_entropy, target=PENALISED), (cross_entropy, cross_entropy_of_rows)
    ),
    "smoothed cross-entropy": Work(
        _loss(cpu.cross_entropy, target=SMOOTHED), (spread_cross_entropy,)
    ),
    "focal loss": Work(_loss(cpu.focal, 2.0), (focal,)),
    "Weston–Watkins hinge": Work(_loss(cpu.weston_watkins, 1.0, False), (weston_watkins,)),
    "Crammer–Singer hinge": Work(_loss(cpu.crammer_singer, 1.0, False), (crammer_singer,)),
    "squared error": Work(_loss(cpu.squared_error), (squared_error,)),
    "Brier score": Work(_loss(cpu.brier), (brier,)),
    "sigmoid": Work(_of_elements(cpu.sigmoid), (sigmoid,)),
    "log_sigmoid": Work(_of_elements(cpu.log_sigmoid), (log_sigmoid,)),
    "binary cross-entropy": Work(_binary_cross_entropy, (binary_cross_entropy,)),
}


class Case(NamedTuple):
    """One work on one type of logits in one layout. Some cases share a form of their kernel."""

    work: str
    type: str
    layout: str

    def run(self) -> None:
        dtype, chosen = types()[self.type]
        shape, is_masked = LAYOUTS[self.layout]
        where = np.full(shape, True) if is_masked else NO_MASK
        values = np.zeros(shape, dtype)
        values[-1, ..., -1] = np.inf  # what is out of the ordinary may need a kernel of its own
        with accuracy(chosen):
            WORKS[self.work].run(Logits(values, where))


class Form(NamedTuple):
    """A form of a kernel that this process has come by."""

    what: str
    seconds: float
    is_compiled: bool  # now, and kept for others; otherwise it was kept already


def types() -> dict[str, tuple[Any, str]]:
    """Types of logits with the accuracy they are computed in; bfloat16 where there is one."""
    if find_spec("ml_dtypes") is None:
        return TYPES
    from ml_dtypes import bfloat16

    return {**TYPES, "bfloat16": (bfloat16, "exact")}


def compile_all(track: Callable[[list[Case]], Iterable[Case]] = iter) -> Iterator[Form]:
    """See to it that the cache holds the forms that programs commonly use.

    Forms that this process has already are passed over.

    Parameters
    ----------
    track : callable
        Passes each case on as it begins.

    Raises
    ------
    OSError
        As soon as a form that had to be compiled could not be kept.
    """
    for case in track([Case(*names) for names in product(WORKS, types(), LAYOUTS)]):
        work = WORKS[case.work]
        loaded, compiled = work.counted("cache_hits"), work.counted("cache_misses")
        before, start = _kept(), perf_counter()
        case.run()
        seconds = perf_counter() - start
        is_compiled = work.counted("cache_misses") > compiled
        if is_compiled and _kept() == before:
            raise OSError(
                f"compiled kernels cannot be kept in {folder()}: it is read-only, or the disk full"
            )
        if is_compiled or work.counted("cache_hits") > loaded:
            yield Form(f"{case.work}, {case.type}, {case.layout}", seconds, is_compiled)


def _kept() -> set[tuple[str, int]]:
    """The files of the cache, each with the time it was written."""
    where = folder()
    if where is None:
        raise OSError(
            "there is no folder for compiled kernels that can be made and that others cannot "
            "write to; NORMEXP_CACHE_DIR can name one"
        )
    return {(path.name, path.lstat().st_mtime_ns) for path in where.glob("*.kernel")}
