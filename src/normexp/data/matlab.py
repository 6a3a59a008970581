"""MATLAB's files (.mat), up to version 7; version 7.3 is HDF5, and is named.

SciPy's reader was not taken: it believes what a file says of types, indices and cells in cells, and
crashes the process on one of a few changed bytes.
Format: https://www.mathworks.com/help/pdf_doc/matlab/matfile_format.pdf
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array, issparse

from .named import NamedArrays, dense
from .notes import Note
from .opening import CHUNK, ReadingError, check_size, read_bytes, readable
from .raw import Raw

HEADER = 128  # bytes before the first variable
MATRIX, COMPRESSED = 14, 15  # types of elements
CELL, CHARACTERS, SPARSE = 1, 4, 5  # classes of variables
NUMBERS = dict(enumerate(["f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"], 6))
COMPLEX = 0x800  # among the flags
# What elements hold, by their type.
TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
ENCODINGS = {1: "ascii", 2: "latin-1", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32"}
WIDE = {4, 17, 18}
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
    order = "<" if content[126:128] == b"IM" else ">"
    with readable(path.name):
        variables = dict(_variables(content, order, path.name))
    arrays = NamedArrays(path.name, tuple(variables))
    chosen = arrays.chosen(target, features, split)

    def read(name: str) -> Any:
        return _array(variables[name], order, f"{path.name}: {name}")

    rows = read(chosen.features)
    labels = None if chosen.labels is None else read(chosen.labels)
    if issparse(labels):
        labels = dense(labels, path.name)
    rows, notes = _as_rows(rows, labels)
    return arrays.raw(chosen._replace(notes=(*chosen.notes, *notes)), rows, labels)


def _as_rows(
    array: NDArray[Any], labels: NDArray[Any] | None
) -> tuple[NDArray[Any], tuple[Note, ...]]:
    """Bring the axis of the rows to the front where it is the last, and say so."""
    samples = None if labels is None else labels.size
    is_last = array.ndim > 1 and samples == array.shape[-1] != array.shape[0]
    if array.ndim == 4 and samples in (None, array.shape[3]):  # images with the colour before it
        is_last |= array.shape[2] in (1, 3) and not {1, 3} & {array.shape[1], array.shape[3]}
    if not is_last:
        return array, ()
    note = Note("last-axis", shape=str(array.shape))
    return array.T if array.ndim == 2 else np.moveaxis(array, -1, 0), (note,)


def _variables(content: bytes, order: str, name: str) -> Iterator[tuple[str, Variable]]:
    """Every variable of a file, by name."""
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
            kind, _, called, _ = _described(element, order)
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


def _described(element: bytes, order: str) -> tuple[int, tuple[int, ...], str, int]:
    """The class of a variable, its shape, its name, and where its content begins."""
    _, flags, at = _part(element, 8, order)
    _, sizes, at = _part(element, at, order)
    _, name, at = _part(element, at, order)
    (word,) = struct.unpack(f"{order}I", flags[:4])
    if word & COMPLEX:
        raise ReadingError("expected numbers that are real, got complex ones")
    shape = struct.unpack(f"{order}{len(sizes) // 4}i", sizes)
    return word & 0xFF, shape, name.decode("latin-1"), at


def _array(variable: Variable, order: str, name: str) -> Any:
    """The values of a variable."""
    kind, element = variable
    if kind not in (CELL, CHARACTERS, SPARSE, *NUMBERS):
        raise ValueError(f"{name}: expected an array, got {OTHERS.get(kind, 'something else')}")
    with readable(name):
        if kind == SPARSE:
            return _sparse(element, order)
        if kind == CELL:
            return _cells(element, order)
        if kind == CHARACTERS:
            return np.array(_texts(element, order))
        _, shape, _, at = _described(element, order)
        values, _ = _numbers(element, at, order)
        return values.astype(NUMBERS[kind]).reshape(shape, order="F")


def _numbers(element: bytes, at: int, order: str) -> tuple[NDArray[Any], int]:
    """The numbers of an element, which may be stored in fewer bytes, and where the next is."""
    kind, content, at = _part(element, at, order)
    stored: Any = order + TYPES[kind]
    values = np.frombuffer(content, stored)
    return values.astype(values.dtype.newbyteorder("=")), at


def _texts(element: bytes, order: str) -> list[str]:
    """The rows of an array of characters, less the blanks that fill them up."""
    _, shape, _, at = _described(element, order)
    kind, content, _ = _part(element, at, order)
    suffix = {"<": "-le", ">": "-be"}[order] if kind in WIDE else ""
    text = content.decode(ENCODINGS[kind] + suffix)
    return ["".join(row).rstrip() for row in np.array(list(text)).reshape(shape, order="F")]


def _cells(element: bytes, order: str) -> NDArray[Any]:
    """The texts in the cells of an array."""
    at, texts = _described(element, order)[-1], []
    while at < len(element):
        *_, after = _part(element, at, order)
        cell = element[at:after]
        kind, shape, *_ = _described(cell, order)
        if kind != CHARACTERS:
            raise ReadingError("expected texts in the cells, got something else")
        texts.append(_texts(cell, order)[0] if 0 not in shape else "")
        at = after
    return np.array(texts)


def _sparse(element: bytes, order: str) -> csr_array:
    _, shape, _, at = _described(element, order)
    rows, at = _numbers(element, at, order)
    starts, at = _numbers(element, at, order)
    values, _ = _numbers(element, at, order)
    held = int(starts[-1])
    matrix = csc_array((values[:held].astype(np.float64), rows[:held], starts), shape)
    matrix.check_format(full_check=True)  # before anybody follows its indices
    return csr_array(matrix)
