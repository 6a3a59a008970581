"""The compiled kernels that a wheel brings, for the processor that this is."""

import os
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import Any

from ... import _check
from ..._settings import current_accuracy

Form = Callable[..., None]
JIT = "pip install 'normexp[jit]'"


@cache
def is_wanted() -> bool:
    """Whether compiled kernels are taken where there are any."""
    named = os.environ.get("NORMEXP_KERNELS") or "library"
    return _check.one_of(named, ("library", "jit"), "NORMEXP_KERNELS") == "library"


@cache
def library() -> Any:
    """The library; None in a checkout, in a wheel that was built without a C compiler, and where
    Numba's kernels are asked for.
    """
    if not is_wanted():
        return None
    try:
        return import_module("._library", __package__)
    except ModuleNotFoundError:
        return None


@cache
def forms() -> Mapping[str, Form]:
    """Every form that is there, by its name."""
    processors = library().processors() if library() else ()
    found: dict[str, Form] = library().forms_for(processors[0]) if processors else {}
    return found


def small(kind: str, *arguments: Any) -> Callable[..., Any] | None:
    """A function whose calls on few numbers go from argument to result in one entry.

    Parameters
    ----------
    kind : {"Rows", "Sums", "Loss"}
        What it returns for logits: an array of their shape, a number for each row, or a loss.
    *arguments
        The function itself, that returns a triple: its result, and the arrays of the result and of
        the losses that it had the kernel write, or None; and for a loss with its gradient the type
        of the pair.

    Returns
    -------
    callable or None
        With the same bits; None where there are no compiled kernels.
    """
    if not forms():
        return None
    made: Callable[..., Any] = getattr(library(), f"Small{kind}")(
        arguments[0], current_accuracy, *arguments[1:]
    )
    return made


def exchange_tensors(*told: Any) -> None:
    """Have these functions take tensors too, by `of_tensor` and `of_tensors`."""
    if forms():
        library().exchange_tensors(*told)


def why_missing(name: str) -> str:
    """What to tell a user who has neither a form nor Numba."""
    if not is_wanted():
        return f"NORMEXP_KERNELS asks for kernels of Numba, which is not installed: {JIT}"
    if not library():
        return f"this installation has no compiled kernels, and no Numba to compile them: {JIT}"
    if not library().processors():
        return (
            "the compiled kernels need a processor with AVX2 and FMA, which this one has not; "
            f"Numba compiles them for it: {JIT}"
        )
    return f"there is no compiled kernel {name!r}; Numba compiles it: {JIT}"
