"""A kernel as Numba compiles it: one source, for each combination of types that is used."""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba import njit, types
from numba.np.numpy_support import from_dtype

from .cache import KernelCache
from .vector import STRICT


class Kernel:
    """A function that is compiled as a kernel; `entries.py` calls it."""

    def __init__(self, function: Callable[..., Any]) -> None:
        if numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
            raise RuntimeError(
                "NUMBA_DISABLE_JIT is set, and kernels do not run without being compiled: unset it"
            )
        self.dispatcher: Any = njit(**STRICT)(function)
        self.dispatcher._cache = KernelCache(function)

    def compiled(self, arguments: tuple[Any, ...]) -> Callable[..., None]:
        """The entry point of the form for these arguments and a range of rows."""
        signature = signature_of(arguments)
        self.dispatcher.compile(signature)
        entry_point: Callable[..., None] = self.dispatcher.overloads[signature].entry_point
        return entry_point


def signature_of(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """How a kernel sees these arguments and the first and last row of a range."""
    return (*map(numba_type, arguments), types.intp, types.intp)


def numba_type(argument: Any) -> Any:
    """How an argument is seen by a kernel: an array with any strides, a tuple field by field."""
    if isinstance(argument, np.ndarray):
        return types.Array(from_dtype(argument.dtype), argument.ndim, "A")
    if argument is None:
        return types.none
    if isinstance(argument, tuple):
        return types.NamedTuple(tuple(map(numba_type, argument)), type(argument))
    return {bool: types.boolean, int: types.intp, float: types.float64}[type(argument)]
