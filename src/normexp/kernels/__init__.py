"""The back ends: `contract.py` says what each of them has, `kernels_for` chooses one."""

import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import numpy as np

from .contract import (
    BETWEEN_PRODUCTS,
    NO_MASK,
    NOTHING,
    PADDING,
    BackEnd,
    Linear,
    Logits,
    Mass,
    SparseRows,
    Summary,
    Target,
    no_gradient,
)

__all__ = [
    "BETWEEN_PRODUCTS",
    "NOTHING",
    "NO_MASK",
    "PADDING",
    "BackEnd",
    "Linear",
    "Logits",
    "Mass",
    "SparseRows",
    "Summary",
    "Target",
    "exchange_tensors",
    "kernels_for",
    "no_gradient",
    "small",
]


def kernels_for(array: Any, backend: str | None = None) -> ModuleType:
    """The back end for an array: the one place that chooses.

    An explicit `backend` ("cpu", "gpu", "tensors", "reference") is taken or refused, never
    replaced.
    """
    if backend is None and isinstance(array, np.ndarray):
        return _cpu()
    if backend == "reference":
        from . import reference

        return reference
    if backend is None and _is_tensor(array):
        backend = "gpu" if array.is_cuda and _has_triton() else "tensors"
    if backend in ("gpu", "tensors"):
        if not _is_tensor(array):
            raise TypeError(
                f"the back end {backend!r} takes tensors of PyTorch, got {_type_of(array)}"
            )
        return import_module(f".{backend}", __name__)
    if backend not in (None, "cpu"):
        raise ValueError(f"backend must be 'cpu', 'gpu', 'tensors' or 'reference', got {backend!r}")
    if not isinstance(array, np.ndarray):
        raise TypeError(f"no back end takes {_type_of(array)}")
    return _cpu()


def _is_tensor(array: Any) -> bool:
    """Whether it is a tensor of PyTorch, which is loaded if there are any."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(array, torch.Tensor)


@cache
def _has_triton() -> bool:
    """It has no wheels for some systems."""
    return find_spec("triton") is not None


def _type_of(array: object) -> str:
    return f"{type(array).__module__}.{type(array).__name__}"


def small(kind: str, *arguments: Any) -> Callable[..., Any] | None:
    """A function of few numbers in an array of NumPy, made quick where that can be."""
    from .cpu import library

    return library.small(kind, *arguments)


def exchange_tensors(*told: Any) -> None:
    """Have these functions take tensors of PyTorch too, told how a library in C comes by them."""
    from .cpu import library

    library.exchange_tensors(*told)


@cache
def _cpu() -> ModuleType:
    """Not loaded before it is needed: Numba takes its time."""
    from .undisturbed import undisturbed

    with undisturbed():
        from . import cpu
    return cpu
