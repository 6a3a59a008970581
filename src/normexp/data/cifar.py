"""CIFAR-10 and CIFAR-100, each in its binary and its Python version, as a folder or an archive.

A binary record is a label byte (CIFAR-100: the coarse label, then the fine one) and a 32×32 image,
plane after plane. The Python version holds the same bytes as an array in a pickled dict.
Format: https://www.cs.toronto.edu/~kriz/cifar.html
"""

from __future__ import annotations

import tarfile
from collections.abc import Collection
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .images import images_as_rows
from .notes import Note
from .opening import check_size, less_packing, opened, read_bytes, readable
from .raw import Raw
from .unpickling import array_of, text_of, unpickled
from .words import listed

PLANES = (3, 32, 32)
PIXELS = 3 * 32 * 32

Bytes = NDArray[np.uint8]


class Labels(NamedTuple):
    """One kind of label: the number of its classes, and its keys in the Python version."""

    classes: int
    labels: str
    names: str


class Version(NamedTuple):
    """What the files of a version are called, and which labels they hold, the usual kind first."""

    title: str
    train: frozenset[str]
    test: frozenset[str]
    meta: dict[str, str]  # what names the classes, by the kind of label
    kinds: dict[str, Labels]

    @property
    def is_binary(self) -> bool:
        return "test.bin" in self.test or "test_batch.bin" in self.test

    @property
    def batches(self) -> frozenset[str]:
        return self.train | self.test


TEN = {"class": Labels(10, "labels", "label_names")}
HUNDRED = {
    "fine": Labels(100, "fine_labels", "fine_label_names"),
    "coarse": Labels(20, "coarse_labels", "coarse_label_names"),
}
BATCHES = [f"data_batch_{i}" for i in range(1, 6)]
VERSIONS = (
    Version(
        "CIFAR-10's binary version",
        frozenset(f"{name}.bin" for name in BATCHES),
        frozenset({"test_batch.bin"}),
        {"class": "batches.meta.txt"},
        TEN,
    ),
    Version(
        "CIFAR-10's Python version",
        frozenset(BATCHES),
        frozenset({"test_batch"}),
        {"class": "batches.meta"},
        TEN,
    ),
    Version(
        "CIFAR-100's binary version",
        frozenset({"train.bin"}),
        frozenset({"test.bin"}),
        {kind: f"{kind}_label_names.txt" for kind in HUNDRED},
        HUNDRED,
    ),
    Version(
        "CIFAR-100's Python version",
        frozenset({"train"}),
        frozenset({"test"}),
        dict.fromkeys(HUNDRED, "meta"),
        HUNDRED,
    ),
)


def is_cifar_folder(path: Path) -> bool:
    """Tell whether a folder holds a batch under the name that a version of CIFAR gives it."""
    return _version(_folder_names(path)) is not None


def read_cifar_batch(path: Path, target: str | None = None) -> Raw:
    """Read one batch; the names of the classes from the file beside it, if it is there."""
    own = less_packing(path.name)
    version = next((each for each in VERSIONS if own in each.batches), VERSIONS[0])
    beside = _folder_files(path.parent, set(version.meta.values()))
    return _raw(version, {path.name: read_bytes(path)}, beside, target)


def read_cifar(path: Path, target: str | None = None, split: str | None = None) -> Raw:
    """Read the training batches, or the test batch, of the folder or of the archive.

    `target` is "fine" or "coarse", where CIFAR-100 has both.
    """
    of_split = [each.test if split == "test" else each.train for each in VERSIONS]
    wanted = frozenset().union(*of_split, *(each.meta.values() for each in VERSIONS))
    if path.is_dir():
        names, files = _folder_names(path), _folder_files(path, wanted)
    else:
        names, files = _archive_files(path, wanted)
    version = _version(names)
    if version is None:
        expected = sorted(frozenset().union(*of_split))
        raise ValueError(f"{path.name}: expected {listed(expected, len(expected))}, found none")
    expected = sorted(of_split[VERSIONS.index(version)])
    batches = {name: files[name] for name in expected if name in files}
    if not batches:
        raise ValueError(f"{path.name}: expected {listed(expected)}, found none")
    return _raw(version, batches, files, target)


def _version(names: Collection[str]) -> Version | None:
    """The version whose batches are among `names`; "train" alone may be anything."""
    return next(
        (
            each
            for each in VERSIONS
            if each.batches & set(names) and (each.batches != {"train", "test"} or "meta" in names)
        ),
        None,
    )


def _folder_names(path: Path) -> set[str]:
    return {less_packing(file.name) for file in path.iterdir() if file.is_file()}


def _folder_files(path: Path, wanted: Collection[str]) -> dict[str, bytes]:
    return {
        name: read_bytes(file)
        for file in path.iterdir()
        if (name := less_packing(file.name)) in wanted and file.is_file()
    }


def _archive_files(path: Path, wanted: Collection[str]) -> tuple[set[str], dict[str, bytes]]:
    """Return the names of an archive's files, and the content of those that are wanted."""
    names, files = set(), {}
    with opened(path) as file, readable(path.name), tarfile.open(fileobj=file, mode="r:") as tar:
        for member in tar:
            name = PurePosixPath(member.name).name
            if member.isfile():
                names.add(name)
                check_size(member.size, f"{path.name}: {name}")  # a sparse one says what it likes
                if name in wanted and (content := tar.extractfile(member)) is not None:
                    files[name] = content.read()
    return names, files


def _raw(
    version: Version, files: dict[str, bytes], meta: dict[str, bytes], target: str | None
) -> Raw:
    kinds = version.kinds
    if target is not None and (target not in kinds or len(kinds) == 1):
        choice = listed(list(kinds)) if len(kinds) > 1 else "nothing, as there is one label only"
        raise ValueError(f"target: for {version.title} expected {choice}, got {target!r}")
    kind = target or next(iter(kinds))
    read = _records if version.is_binary else _pickled
    batches = [read(version, kind, files[name], name) for name in sorted(files)]
    labels, pixels = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    names = version.meta[kind]
    return images_as_rows(
        pixels.reshape(-1, *PLANES).transpose(0, 2, 3, 1),  # imshow wants the colour last
        pl.Series("label", labels),
        class_names=_class_names(version, kind, meta[names], names) if names in meta else None,
        notes=(
            Note("files", names=tuple(sorted(files))),
            *((Note(kind),) if len(kinds) > 1 else ()),
        ),
    )


def _records(version: Version, kind: str, data: bytes, name: str) -> tuple[Bytes, Bytes]:
    """Labels and pixels of a batch of the binary version."""
    labels = len(version.kinds)
    if len(data) % (labels + PIXELS):
        raise ValueError(
            f"{name} is cut off, or not of {version.title}: {len(data)} bytes are not a whole "
            f"number of records of {labels + PIXELS} bytes"
        )
    records = np.frombuffer(data, np.uint8).reshape(-1, labels + PIXELS)
    column = list(reversed(version.kinds)).index(kind)  # the coarse label comes first
    _check_labels(version, kind, records[:, column], name)
    return records[:, column], records[:, labels:]


def _pickled(version: Version, kind: str, data: bytes, name: str) -> tuple[Bytes, Bytes]:
    """Labels and pixels of a batch of the Python version."""
    batch = unpickled(data, name)
    pixels = array_of(batch.get("data"), name)
    labels = batch.get(version.kinds[kind].labels)
    if not isinstance(labels, list) or not all(isinstance(label, int) for label in labels):
        raise ValueError(f"{name} is not of {version.title}: it has no list of labels")
    if pixels.shape != (len(labels), PIXELS):
        raise ValueError(
            f"{name} is not of {version.title}: expected the shape {(len(labels), PIXELS)}, got "
            f"{pixels.shape}"
        )
    _check_labels(version, kind, np.array(labels), name)
    return np.array(labels, np.uint8), pixels


def _check_labels(version: Version, kind: str, labels: NDArray[Any], name: str) -> None:
    classes = version.kinds[kind].classes
    if (wrong := np.flatnonzero((labels < 0) | (labels >= classes))).size:
        raise ValueError(
            f"{name} is not of {version.title}: record {wrong[0]} has the label "
            f"{labels[wrong[0]]}, expected 0 to {classes - 1}"
        )


def _class_names(version: Version, kind: str, data: bytes, name: str) -> tuple[str, ...]:
    classes = version.kinds[kind].classes
    if version.is_binary:
        names = data.decode(errors="replace").split()
    else:
        found = unpickled(data, name).get(version.kinds[kind].names)
        with readable(name):
            names = [text_of(text) for text in found or ()]
    if len(names) != classes:
        raise ValueError(f"{name}: expected the names of {classes} classes, got {listed(names)}")
    return tuple(names)
