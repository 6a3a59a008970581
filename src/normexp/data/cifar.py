"""CIFAR-10 in its binary version: records of one label byte and a 32×32 image, plane after plane.

Format: https://www.cs.toronto.edu/~kriz/cifar.html
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Collection
from pathlib import Path, PurePosixPath

import numpy as np
import polars as pl

from .images import images_as_rows
from .opening import read_bytes
from .raw import Raw
from .words import listed

CLASSES = 10
PLANES = (3, 32, 32)
RECORD = 1 + 3 * 32 * 32

META = "batches.meta.txt"
BATCHES = {
    "train": {f"data_batch_{i}.bin" for i in range(1, 6)},
    "test": {"test_batch.bin"},
}


def is_cifar_folder(path: Path) -> bool:
    """Tell whether a folder holds a batch under the name that CIFAR-10 gives it."""
    names = {file.name.removesuffix(".gz") for file in path.iterdir()}
    return any(batches & names for batches in BATCHES.values())


def read_cifar_batch(path: Path) -> Raw:
    """Read one batch; the names of the classes from ``batches.meta.txt`` beside it, if it is."""
    return _raw({path.name: read_bytes(path)}, _folder_files(path.parent, {META}))


def read_cifar(path: Path, split: str | None = None) -> Raw:
    """Read the training batches, or the test batch, of the folder or of the ``.tar.gz``."""
    split = split or "train"
    read = _folder_files if path.is_dir() else _archive_files
    files = read(path, BATCHES[split] | {META})
    meta = {META: files.pop(META)} if META in files else {}
    if not files:
        raise ValueError(f"{path.name}: expected {listed(sorted(BATCHES[split]))}, found none")
    return _raw(files, meta)


def _folder_files(path: Path, wanted: Collection[str]) -> dict[str, bytes]:
    return {
        name: read_bytes(file)
        for file in path.iterdir()
        if (name := file.name.removesuffix(".gz")) in wanted
    }


def _archive_files(path: Path, wanted: Collection[str]) -> dict[str, bytes]:
    files = {}
    try:
        # Read whole: tarfile stops short of the checksum at the end.
        with tarfile.open(fileobj=io.BytesIO(read_bytes(path)), mode="r:") as archive:
            for member in archive:
                name = PurePosixPath(member.name).name
                content = archive.extractfile(member) if member.isfile() else None
                if content is not None and name in wanted:
                    files[name] = content.read()
    except tarfile.TarError as error:
        raise ValueError(f"{path.name} is cut off, or no tar archive: {error}") from error
    return files


def _raw(files: dict[str, bytes], meta: dict[str, bytes]) -> Raw:
    names = sorted(files)
    batches = [_records(files[name], name) for name in names]
    records = batches[0] if len(batches) == 1 else np.concatenate(batches)
    # imshow wants the colour last.
    images = records[:, 1:].reshape(-1, *PLANES).transpose(0, 2, 3, 1)
    return images_as_rows(
        images,
        pl.Series("label", records[:, 0]),
        class_names=_class_names(meta[META]) if meta else None,
        notes=(f"{listed(names)} read",),
    )


def _class_names(data: bytes) -> tuple[str, ...]:
    names = tuple(data.decode(errors="replace").split())
    if len(names) != CLASSES:
        raise ValueError(f"{META}: expected the names of {CLASSES} classes, got {listed(names)}")
    return names


def _records(data: bytes, name: str) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    if len(data) % RECORD:
        raise ValueError(
            f"{name} is cut off, or not of CIFAR-10's binary version: {len(data)} bytes are not "
            f"a whole number of records of {RECORD} bytes"
        )
    records = np.frombuffer(data, np.uint8).reshape(-1, RECORD)
    if (wrong := np.flatnonzero(records[:, 0] >= CLASSES)).size:
        raise ValueError(
            f"{name} is not of CIFAR-10's binary version: record {wrong[0]} has the label "
            f"{records[wrong[0], 0]}, expected 0 to {CLASSES - 1}"
        )
    return records
