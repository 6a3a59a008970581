"""The pickles of CIFAR's Python version, read without letting a pickle do anything.

A pickle is a program: it may call whatever it names. Here the four names that CIFAR's files use
stand for harmless things of this file, every other name is refused, and no function of NumPy or of
any other library is called by it. The instructions are those that such files need: what comes out
are dicts with texts for keys, lists, texts, whole numbers and arrays of bytes. The interpreter is
the one written in Python: that in C lets a few bytes reserve all memory for its memo.
"""

from __future__ import annotations

import io
import pickle
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .opening import ReadingError, readable

INSTRUCTIONS = (
    *(pickle.PROTO, pickle.FRAME, pickle.STOP, pickle.MARK),
    *(pickle.NONE, pickle.NEWTRUE, pickle.NEWFALSE, pickle.BININT, pickle.BININT1, pickle.BININT2),
    *(pickle.BINSTRING, pickle.SHORT_BINSTRING, pickle.BINBYTES, pickle.SHORT_BINBYTES),
    *(pickle.BINUNICODE, pickle.SHORT_BINUNICODE),
    *(pickle.EMPTY_DICT, pickle.EMPTY_LIST, pickle.APPEND, pickle.APPENDS),
    *(pickle.EMPTY_TUPLE, pickle.TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3),
    *(pickle.BINPUT, pickle.LONG_BINPUT, pickle.MEMOIZE, pickle.BINGET, pickle.LONG_BINGET),
    *(pickle.GLOBAL, pickle.STACK_GLOBAL, pickle.REDUCE, pickle.BUILD),
)


def unpickled(content: bytes, name: str) -> dict[str, Any]:
    """The dict that a pickle holds."""
    with readable(name):
        found = _Unpickler(content).load()
    if not isinstance(found, dict):
        raise ValueError(f"{name}: expected a dict, as in CIFAR's Python version")
    return found


def array_of(value: Any, name: str) -> NDArray[np.uint8]:
    """The array of bytes that `unpickled` found."""
    array: NDArray[np.uint8] | None = getattr(value, "array", None)
    if array is None:
        raise ValueError(f"{name}: expected an array of bytes, as in CIFAR's Python version")
    return array


def text_of(value: Any) -> str:
    """A text that `unpickled` found, of Python 2 or 3; no other value is shown or hashed.

    (The hash of a tuple of a tuple of a tuple ... , each twice, never ends.)
    """
    if not isinstance(value, str | bytes):
        raise ReadingError(f"expected a text, got a {type(value).__name__}")
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


class _Inert:
    """Stands for what a pickle names: it can be called, and given a state that means nothing."""

    def __init__(self, *_: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        pass


class _Dtype(_Inert):
    """Stands for numpy.dtype, of which there is one here."""

    def __init__(self, code: Any, *_: Any) -> None:
        if text_of(code) != "u1":
            raise ReadingError("expected an array of bytes, got one of another type")


class _Array(_Inert):
    """Stands for numpy.core.multiarray._reconstruct, and for the array that comes of it."""

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, is_fortran, content = state
        if not (isinstance(dtype, _Dtype) and isinstance(content, bytes)):
            raise ReadingError("expected an array of bytes, got one of another type")
        flat = np.frombuffer(content, np.uint8)
        self.array = flat.reshape(shape, order="F" if is_fortran else "C")


Interpreter: Any = pickle._Unpickler


class _Unpickler(Interpreter):  # type: ignore[misc]
    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(content), encoding="bytes")
        self.left = len(content)  # what texts may be encoded to in all: each is in the file once

    def find_class(self, module: str, name: str) -> Any:
        """What stands for a name; pickle asks before it uses anything."""
        stands = {
            "numpy.ndarray": _Inert,
            "numpy.dtype": _Dtype,
            "numpy.core.multiarray._reconstruct": _Array,
            "numpy._core.multiarray._reconstruct": _Array,
            "_codecs.encode": self._encoded,
        }
        if (found := stands.get(f"{module}.{name}")) is None:
            raise ReadingError(f"it names {module[:40]}.{name[:40]}, which can be any program")
        return found

    def _encoded(self, text: Any, encoding: Any) -> bytes:
        """Bytes, as Python 3 writes them for Python 2."""
        if not isinstance(text, str) or encoding != "latin1":
            raise ReadingError("a pickle encodes what are no bytes")
        self.left -= len(text)
        if self.left < 0:
            raise ReadingError("a pickle encodes more bytes than it holds")
        return text.encode("latin1")

    def _set_item(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self.stack[-1][text_of(key)] = value

    def _set_items(self) -> None:
        items = self.pop_mark()
        self.stack[-1].update(zip(map(text_of, items[::2]), items[1::2], strict=True))

    dispatch = {  # noqa: RUF012
        **{code[0]: Interpreter.dispatch[code[0]] for code in INSTRUCTIONS},
        pickle.SETITEM[0]: _set_item,
        pickle.SETITEMS[0]: _set_items,
    }
