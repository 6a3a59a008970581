"""A kernel as Python calls it: one source, compiled for each combination of types that is used."""

from collections.abc import Callable, Hashable
from typing import Any

import numba
import numpy as np
from numba import njit, types
from numba.np.numpy_support import from_dtype

from ..undisturbed import undisturbed
from .cache import KernelCache
from .vector import STRICT


class Kernel:
    """Compiled forms of a function by key, each the bare entry point: no types are looked at again.

    Arrays are taken with any strides, so that memory layouts do not multiply the forms.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        if numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
            raise RuntimeError(
                "NUMBA_DISABLE_JIT is set, and kernels do not run without being compiled: unset it"
            )
        self.dispatcher: Any = njit(**STRICT)(function)
        self.dispatcher._cache = KernelCache(function)
        self.forms: dict[Hashable, Callable[..., None]] = {}

    def form(self, key: Hashable, arguments: tuple[Any, ...]) -> Callable[..., None]:
        """The form for these arguments and a range of rows; `key` stands for their types."""
        found = self.forms.get(key)
        if found is None:
            signature = (*map(numba_type, arguments), types.intp, types.intp)
            with undisturbed():
                self.dispatcher.compile(signature)
                found = self.forms[key] = self.dispatcher.overloads[signature].entry_point
        return found


def numba_type(argument: Any) -> Any:
    """How an argument is seen by a kernel: an array with any strides, a tuple field by field."""
    if isinstance(argument, np.ndarray):
        return types.Array(from_dtype(argument.dtype), argument.ndim, "A")
    if argument is None:
        return types.none
    if isinstance(argument, tuple):
        return types.NamedTuple(tuple(map(numba_type, argument)), type(argument))
    return {bool: types.boolean, int: types.intp, float: types.float64}[type(argument)]
