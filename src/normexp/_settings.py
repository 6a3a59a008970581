"""What a program chooses for every call at once: how accurate, and on how many threads."""

import math
import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from pathlib import Path

from . import _check

ACCURACIES = ("exact", "fast")

_accuracy: ContextVar[str] = ContextVar("normexp.accuracy")

# Read from the environment when first needed, so that a mistake there is an error of the call that
# needs it: the command line can tell it in one line, and `import normexp` goes on working.
_default_accuracy: str | None = None
_num_threads: int | None = None


def accuracy(name: str) -> AbstractContextManager[None]:
    """Choose how accurate results are, for the calls in a ``with`` block.

    The choice holds for the current thread or asynchronous task alone. Outside of any block it is
    what the environment variable ``NORMEXP_ACCURACY`` says, and "exact" where that is not set.

    Parameters
    ----------
    name : {"exact", "fast"}
        "exact": within 0.51 ULP of the true value, for float64 within 4 ULP.
        "fast": within 4 ULP for float32; float64 stays as it is.

    Raises
    ------
    ValueError
        For another name.

    Examples
    --------
    >>> import numpy as np
    >>> import normexp as nex
    >>> with nex.accuracy("fast"):
    ...     nex.softmax(np.float32([1.0, 1.0]))
    array([0.5, 0.5], dtype=float32)
    """
    return _within(_check.one_of(name, ACCURACIES, "accuracy"))


@contextmanager
def _within(name: str) -> Iterator[None]:
    token = _accuracy.set(name)
    try:
        yield
    finally:
        _accuracy.reset(token)


def current_accuracy() -> str:
    """The accuracy that holds here: "exact" or "fast". Every call asks, so it must cost nothing."""
    return _accuracy.get(_default_accuracy) or _read_default_accuracy()


def _read_default_accuracy() -> str:
    global _default_accuracy
    named = os.environ.get("NORMEXP_ACCURACY") or "exact"
    _default_accuracy = _check.one_of(named, ACCURACIES, "NORMEXP_ACCURACY")
    return _default_accuracy


def set_num_threads(n: int) -> None:
    """Set how many threads may share the work of one call, the calling thread among them.

    It holds for the whole process. Results do not depend on it, to the last bit. Small arrays are
    worked on by the calling thread alone in any case.

    Parameters
    ----------
    n : int
        At least 1; with 1, no thread is ever started.

    Raises
    ------
    TypeError, ValueError
        For what is not an integer of at least 1.

    Examples
    --------
    >>> import normexp as nex
    >>> before = nex.get_num_threads()
    >>> nex.set_num_threads(1)
    >>> nex.get_num_threads()
    1
    >>> nex.set_num_threads(before)
    """
    global _num_threads
    _num_threads = _at_least_one(_check.integer(n, "n"), "n")


def get_num_threads() -> int:
    """How many threads may share the work of one call.

    Unless `set_num_threads` has said otherwise, what the environment variable
    ``NORMEXP_NUM_THREADS`` says; where that is not set, the CPUs that this process may use, by its
    affinity and its container.

    Raises
    ------
    ValueError
        If ``NORMEXP_NUM_THREADS`` is not an integer of at least 1.

    Examples
    --------
    >>> import normexp as nex
    >>> nex.get_num_threads() >= 1
    True
    """
    return _num_threads or _read_num_threads()


def _read_num_threads() -> int:
    global _num_threads
    named = os.environ.get("NORMEXP_NUM_THREADS")
    if not named:
        _num_threads = _usable_cpus()
    elif named.strip().isdecimal():
        _num_threads = _at_least_one(int(named), "NORMEXP_NUM_THREADS")
    else:
        raise ValueError(f"NORMEXP_NUM_THREADS must be an integer of at least 1, got {named!r}")
    return _num_threads


def _at_least_one(number: int, name: str) -> int:
    if number < 1:
        raise ValueError(f"{name} must be an integer of at least 1, got {number}")
    return number


def _usable_cpus() -> int:
    """The CPUs that this process may use; a share of a CPU counts as one."""
    if sys.version_info >= (3, 13):
        cpus = os.process_cpu_count() or 1
    elif sys.platform == "linux":
        cpus = len(os.sched_getaffinity(0))
    else:
        cpus = os.cpu_count() or 1
    return math.ceil(min(cpus, _container_cpus()))


def _container_cpus(groups: Path = Path("/sys/fs/cgroup")) -> float:
    """The CPUs that a Linux container may use at a time, by its control group (version 2 or 1)."""
    for names in (["cpu.max"], ["cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us"]):
        try:
            quota, period = " ".join((groups / name).read_text() for name in names).split()
        except OSError:  # not Linux, or not this version
            continue
        if quota not in ("max", "-1"):
            return int(quota) / int(period)
    return math.inf
