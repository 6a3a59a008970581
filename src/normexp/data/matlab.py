"""MATLAB's files (.mat), up to version 7; version 7.3 is HDF5, and is named.

SciPy reads the values. Which variables there are is found out here first, because SciPy follows
cells in cells as deep as a file nests them, until the process crashes.
Format: https://www.mathworks.com/help/pdf_doc/matlab/matfile_format.pdf
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.io import loadmat
from scipy.sparse import issparse

from .named import NamedArrays, dense
from .opening import CHUNK, ReadingError, check_size, read_bytes, readable
from .raw import Raw

HEADER = 128  # bytes before the first variable
MATRIX, COMPRESSED = 14, 15  # types of elements
CELL, CHARACTERS, SPARSE, NUMBERS = 1, 4, 5, range(6, 16)  # classes of variables
OTHERS = {2: "a struct", 3: "an object", 16: "a function"}


class Variable(NamedTuple):
    """A variable as it stands in the file, unpacked."""

    kind: int
    element: bytes


def read_mat(
    path: Path, target: str | None = None, features: str | None = None, split: str | None = None
) -> Raw:
    """Read the arrays of features and of labels, by the names that `NamedArrays` goes by.

    Rows may also be columns, or the last axis of images, where the labels are as many as these.
    """
    content = read_bytes(path)
    if content.startswith(b"MATLAB 7.3") or content[512:520] == b"\x89HDF\r\n\x1a\n":
        raise ValueError(
            f"{path.name} is of MATLAB's version 7.3: save it as version 7, with save(..., '-v7') "
            "in MATLAB or scipy.io.savemat in Python"
        )
    if content[126:128] not in (b"IM", b"MI"):
        raise ValueError(f"{path.name} is no .mat file of MATLAB's version 5 to 7")
    with readable(path.name):
        variables = dict(_variables(content, path.name))
    arrays = NamedArrays(path.name, tuple(variables))
    chosen = arrays.chosen(target, features, split)

    def read(name: str) -> Any:
        return _array(content[:HEADER], variables[name], f"{path.name}: {name}")

    rows = read(chosen.features)
    labels = None if chosen.labels is None else read(chosen.labels)
    if issparse(labels):
        labels = dense(labels, path.name)
    rows, notes = _as_rows(rows, labels)
    return arrays.raw(chosen._replace(notes=(*chosen.notes, *notes)), rows, labels)


def _as_rows(
    array: NDArray[Any], labels: NDArray[Any] | None
) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Bring the axis of the rows to the front where it is the last, and say so."""
    samples = None if labels is None else labels.size
    is_last = array.ndim > 1 and samples == array.shape[-1] != array.shape[0]
    if array.ndim == 4 and samples in (None, array.shape[3]):  # images with the colour before it
        is_last |= array.shape[2] in (1, 3) and not {1, 3} & {array.shape[1], array.shape[3]}
    if not is_last:
        return array, ()
    note = f"the last axis taken as the rows: the shape is {array.shape}"
    return array.T if array.ndim == 2 else np.moveaxis(array, -1, 0), (note,)


def _variables(content: bytes, name: str) -> Iterator[tuple[str, Variable]]:
    """Every variable of a file, by name."""
    order = "<" if content[126:128] == b"IM" else ">"
    at, total = HEADER, 0
    while at < len(content):
        kind, size = struct.unpack_from(f"{order}II", content, at)
        element = content[at : at + 8 + size]
        if len(element) < 8 + size:
            raise ReadingError(f"{name} is cut off or damaged: a variable ends before its end")
        at += 8 + size
        if kind == COMPRESSED:
            element = _inflated(element[8:], name)
        total += len(element)
        check_size(total, name)
        if struct.unpack_from(f"{order}I", element)[0] == MATRIX:
            kind, called, _ = _described(element, order)
            yield called, Variable(kind, element)


def _inflated(packed: bytes, name: str) -> bytes:
    """Unpack a variable, no further than is allowed."""
    unpacking, unpacked = zlib.decompressobj(), io.BytesIO()
    for start in range(0, len(packed), CHUNK):
        piece = packed[start : start + CHUNK]
        while piece:
            unpacked.write(unpacking.decompress(piece, CHUNK))
            check_size(unpacked.tell(), name)
            piece = unpacking.unconsumed_tail
    return unpacked.getvalue()


def _part(data: bytes, at: int, order: str) -> tuple[int, bytes, int]:
    """The type and the content of the element at `at`, and where the next one is."""
    kind, size = struct.unpack_from(f"{order}II", data, at)
    if kind >> 16:  # a small one, with its content in place of its size
        return kind & 0xFFFF, data[at + 4 : at + 4 + (kind >> 16)], at + 8
    return kind, data[at + 8 : at + 8 + size], at + 8 + size + -size % 8


def _described(element: bytes, order: str) -> tuple[int, str, int]:
    """The class and the name of a variable, and where its content begins."""
    _, flags, at = _part(element, 8, order)
    _, _, at = _part(element, at, order)
    _, name, at = _part(element, at, order)
    return struct.unpack(f"{order}I", flags[:4])[0] & 0xFF, name.decode("latin-1"), at


def _array(header: bytes, variable: Variable, name: str) -> Any:
    """The values of a variable, of which cells may hold texts."""
    kind, element = variable
    if kind == CELL:
        _check_texts(element, "<" if header[126:] == b"IM" else ">", name)
    elif kind not in (CHARACTERS, SPARSE, *NUMBERS):
        raise ValueError(f"{name}: expected an array, got {OTHERS.get(kind, 'something else')}")
    with readable(name), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what else is in the file
        found = loadmat(io.BytesIO(header + element))
        (array,) = (value for key, value in found.items() if not key.startswith("__"))
        if kind == SPARSE:  # before anybody follows its indices
            array.check_format(full_check=True)
            return array.tocsr()
        if kind == CELL:
            return np.array([str(text[0]) if text.size else "" for text in array.ravel()])
        return np.char.rstrip(array) if kind == CHARACTERS else array


def _check_texts(cell: bytes, order: str, name: str) -> None:
    """Raise unless every cell of an array of cells holds characters."""
    with readable(name):
        at = _described(cell, order)[2]
        while at < len(cell):
            _, _, after = _part(cell, at, order)
            if _described(cell[at:after], order)[0] != CHARACTERS:
                raise ReadingError(f"{name}: expected texts in the cells, got something else")
            at = after
