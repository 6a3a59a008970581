"""MNIST's idx files, and those of the sets that share its format, such as Fashion-MNIST.

A magic number 0x0000TTDD, with TT the type and DD the number of dimensions; then the dimensions,
as big-endian 32-bit integers; then the values, row-major. Format: http://yann.lecun.com/exdb/mnist/
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .images import images_as_rows
from .notes import Note
from .opening import PACKED, check_magic, less_packing, read_bytes
from .raw import Raw
from .words import listed

UNSIGNED_BYTE = 0x08
KINDS = {1: "labels", 3: "images"}
SPLITS = {"train": ("train",), "test": ("t10k", "test")}


def is_idx_folder(path: Path) -> bool:
    """Tell whether a folder holds a file of images under a name such as MNIST gives it."""
    return bool(_image_files(path))


def read_idx(path: Path) -> Raw:
    """Read a file of images, and their labels from the file beside it, if it is there."""
    images = parse_idx(read_bytes(path), 3, path.name)
    plain = less_packing(path.name).replace("images", "labels").replace("idx3", "idx1")
    labels = _beside(path, plain)
    return images_as_rows(
        images,
        None
        if labels is None
        else pl.Series("label", parse_idx(read_bytes(labels), 1, labels.name)),
        no_target=f"expected a file of labels beside {path.name}, called {plain} or {plain}.gz",
    )


def read_idx_folder(path: Path, split: str | None = None) -> Raw:
    """Read the training images, or the test images, of a folder, with their labels."""
    split = split or "train"
    files = _image_files(path)
    chosen = [file for name, file in files.items() if any(word in name for word in SPLITS[split])]
    if len(chosen) != 1:
        raise ValueError(
            f"{path.name}: expected one file of {split} images, its name with "
            f"{' or '.join(SPLITS[split])}, among {listed(list(files))}"
        )
    return replace(read_idx(chosen[0]), notes=(Note("file", file=chosen[0].name),))


def parse_idx(data: bytes, dimensions: int, name: str) -> NDArray[np.uint8]:
    """Return the labels (1 dimension) or the images (3) that the bytes of an idx file hold.

    >>> parse_idx(bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 9]), 1, "labels-idx1-ubyte")
    array([7, 9], dtype=uint8)
    """
    magic = bytes([0, 0, UNSIGNED_BYTE, dimensions])
    check_magic(name, data, magic, f"an idx file of {KINDS[dimensions]}")
    start = len(magic) + 4 * dimensions
    sizes = tuple(np.frombuffer(data[len(magic) : start].ljust(4 * dimensions), ">u4").tolist())
    if len(data) != start + math.prod(sizes):
        raise ValueError(
            f"{name} is cut off or damaged: for {KINDS[dimensions]} of shape {sizes} expected "
            f"{start + math.prod(sizes)} bytes, got {len(data)}"
        )
    return np.frombuffer(data, np.uint8, offset=start).reshape(sizes)


def _image_files(path: Path) -> dict[str, Path]:
    """The files of images by name; the same images under two names, or packed too, are one.

    Some programs unpack ``name.gz`` as ``name/name``, or write ``.idx3`` for ``-idx3``.
    """
    found: dict[str, Path] = {}
    for file in sorted(path.iterdir()):
        if "idx3" in file.name:
            name = less_packing(file.name)
            inner = file / name if file.is_dir() else file
            if inner.is_file():
                found.setdefault(name.replace(".idx3", "-idx3"), inner)
    return found


def _beside(path: Path, plain: str) -> Path | None:
    """The file of labels beside `path`, packed or not; or in a folder of its own, as `path` is."""
    folders = [path.parent, path.parent / plain]
    if path.parent.name == path.name:
        folders += [path.parent.parent, path.parent.parent / plain]
    names = [plain, *(plain + end for end in PACKED)]
    files = (folder / name for folder in folders for name in names)
    return next((file for file in files if file.is_file()), None)
