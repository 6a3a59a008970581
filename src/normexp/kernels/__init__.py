"""The back ends: `contract.py` says what each of them has, `kernels_for` chooses one."""

from functools import cache
from types import ModuleType

import numpy as np

from .contract import (
    NO_MASK,
    NOTHING,
    BackEnd,
    Logits,
    Mass,
    Summary,
    Target,
    no_gradient,
)

__all__ = [
    "NOTHING",
    "NO_MASK",
    "BackEnd",
    "Logits",
    "Mass",
    "Summary",
    "Target",
    "kernels_for",
    "no_gradient",
]


def kernels_for(array: object, backend: str | None = None) -> ModuleType:
    """The back end for an array: the one place that chooses.

    An explicit `backend` ("cpu", "reference") is taken or refused, never replaced.
    """
    if backend is None and isinstance(array, np.ndarray):
        return _cpu()
    if backend == "reference":
        from . import reference

        return reference
    if backend not in (None, "cpu"):
        raise ValueError(f"backend must be 'cpu' or 'reference', got {backend!r}")
    if not isinstance(array, np.ndarray):
        raise TypeError(f"no back end takes {type(array).__module__}.{type(array).__name__}")
    return _cpu()


@cache
def _cpu() -> ModuleType:
    """Not loaded before it is needed: Numba takes its time."""
    from .undisturbed import undisturbed

    with undisturbed():
        from . import cpu
    return cpu
