"""Kernels as Python calls them: by name, so that nothing loads Numba before it is needed.

A form of a kernel is its code for one combination of types. Arrays are taken with any strides, so
that memory layouts do not multiply the forms. It comes from the library of a wheel, and where that
has none from Numba.
"""

from collections.abc import Callable, Hashable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from ..undisturbed import undisturbed
from . import library

Form = Callable[..., None]


class Entry:
    """A kernel with its forms by key, each the bare entry point: no types are looked at again."""

    def __init__(self, module: str, name: str) -> None:
        self.module = module
        self.name = name
        self.forms: dict[Hashable, Form] = {}

    def form(self, key: Hashable, arguments: tuple[Any, ...]) -> Form:
        """The form for these arguments and a range of rows; `key` stands for their types."""
        found = self.forms.get(key)
        if found is None:
            found = self.forms[key] = self.made(arguments)
        return found

    def form_name(self, arguments: tuple[Any, ...]) -> str:
        """What tells a form from every other: the kernel and the types of its arguments."""
        return f"{self.module}.{self.name} {''.join(map(type_name, arguments))}"

    def made(self, arguments: tuple[Any, ...]) -> Form:
        """The form from the library, or else compiled by Numba."""
        name = self.form_name(arguments)
        return library.forms().get(name) or self.compiled(arguments, name)

    def compiled(self, arguments: tuple[Any, ...], name: str) -> Form:
        if find_spec("numba") is None:
            raise ImportError(library.why_missing(name))
        with undisturbed():
            source: Any = import_module(f".{self.module}", __package__)
            form: Form = getattr(source, self.name).compiled(arguments)
        return form


def type_name(argument: Any) -> str:
    """The type of an argument: three letters for an array, one for a number, tuples as fields."""
    if isinstance(argument, np.ndarray):
        return f"{argument.dtype.kind}{argument.itemsize}{argument.ndim}"
    if isinstance(argument, tuple):
        return "".join(map(type_name, argument))
    return {bool: "B", int: "I", float: "F", type(None): "N"}[type(argument)]


class Entries:
    """The kernels of a module, as its attributes; the module is loaded when one is compiled."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Entry:
        if name.startswith("_"):  # what Python asks of any object
            raise AttributeError(name)
        entry = Entry(self._module, name)
        setattr(self, name, entry)
        return entry
