"""NumPy's own files: an array (.npy) or arrays with names (.npz). Pickled objects are not read."""

from __future__ import annotations

import math
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from .named import NamedArrays, raw_of
from .opening import ReadingError, check_magic, check_size, opened, readable
from .raw import Raw

NPY_MAGIC = b"\x93NUMPY"
HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def read_npy(path: Path, target: str | None = None) -> Raw:
    """Read an array of features; `target` is the index of a column that holds the labels."""
    with opened(path) as file:
        check_magic(path.name, file.read(6), NPY_MAGIC, "an .npy file")
        array = _array(file, file.seek(0, 2), path.name)
    columns = array.shape[1] if array.ndim == 2 else 0
    if target is None:
        trouble = (
            "the array holds features alone; if one of its columns holds the classes, "
            "give its index with target= (-1 is the last)"
        )
    elif re.fullmatch(r"-?[0-9]+", target) and -columns <= (column := int(target)) < columns:
        return raw_of(path.name, np.delete(array, column, axis=1), array[:, column])
    else:
        trouble = (
            f"expected the index of a column, got {target!r} for an array of shape {array.shape}"
        )
    return raw_of(path.name, array, no_target=trouble)


def read_npz(
    path: Path, target: str | None = None, features: str | None = None, split: str | None = None
) -> Raw:
    """Read the arrays of features and of labels, by the names that `NamedArrays` goes by."""
    with _archive(path) as archive:
        arrays = NamedArrays(path.name, tuple(_members(archive)))
        chosen = arrays.chosen(target, features, split)
        rows = _member(archive, chosen.features, path.name)
        named = chosen.labels
        labels = None if named is None else _member(archive, named, path.name)
    return arrays.raw(chosen, rows, labels)


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Read every array of an .npz file under its name; that of an .npy file has the name ""."""
    with opened(path) as file:
        start = file.read(6)
        if start == NPY_MAGIC:
            return {"": _array(file, file.seek(0, 2), path.name)}
        check_magic(path.name, start, b"PK", "an .npy or .npz file")
    with _archive(path) as archive:
        members = _members(archive)
        check_size(sum(member.file_size for member in members.values()), path.name)
        arrays = [name for name, member in members.items() if _is_array(archive, member)]
        return {name: _member(archive, name, path.name) for name in arrays}


def _array(file: IO[bytes], size: int, name: str) -> NDArray[Any]:
    """Read the array in a file of `size` bytes, no more of which is believed than is there."""
    file.seek(0)
    with readable(name):
        version = npy.read_magic(file)
        if version not in HEADERS:
            raise ReadingError(f"{name}: expected an array of plain values, got one of records")
        shape, _, dtype = HEADERS[version](file)
        if dtype.hasobject:
            raise ReadingError(
                f"{name} holds Python objects, which only pickle reads and pickle can run code: "
                "save numbers or text instead"
            )
        if dtype.itemsize == 0:
            raise ReadingError(f"{name}: expected values of some size, got dtype {dtype}")
        if (needed := math.prod(shape) * dtype.itemsize) > size - file.tell():
            raise ReadingError(
                f"{name} is cut off or damaged: an array of shape {shape} needs {needed} bytes, "
                f"{size - file.tell()} are there"
            )
        file.seek(0)
        return npy.read_array(file, allow_pickle=False)


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    with opened(path) as file:
        check_magic(path.name, file.read(2), b"PK", "an .npz file")
        with readable(path.name):
            archive = zipfile.ZipFile(file)
        with archive:
            yield archive


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    return {member.filename.removesuffix(".npy"): member for member in archive.infolist()}


def _member(archive: zipfile.ZipFile, name: str, source: str) -> NDArray[Any]:
    """Read one array of an .npz file."""
    member = _members(archive)[name]
    check_size(member.file_size, source)
    with readable(source):
        if not _is_array(archive, member):
            raise ReadingError(f"{source}: {member.filename!r} is no array, but something else")
        with archive.open(member) as file:
            return _array(file, member.file_size, source)


def _is_array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bool:
    with archive.open(member) as file:
        return file.read(6) == NPY_MAGIC
