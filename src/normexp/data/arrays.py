"""NumPy's own files: an array (.npy) or arrays with names (.npz). Pickled objects are not read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .images import images_as_rows
from .opening import check_magic, opened
from .raw import Raw
from .words import listed

NPY_MAGIC = b"\x93NUMPY"
FEATURES = {"x", "features", "data", "images"}
LABELS = {"y", "target", "labels", "label"}
SPLITS = {"train", "test"}


def read_npy(path: Path, target: str | None = None) -> Raw:
    """Read an array of features; `target` is the index of a column that holds the labels."""
    with opened(path) as file:
        check_magic(path.name, file.read(6), NPY_MAGIC, "an .npy file")
        file.seek(0)
        with _readable(path.name):
            array = np.load(file, allow_pickle=False)
    if target is None:
        return _raw(
            path.name,
            array,
            no_target="the array holds features alone; if one of its columns holds the classes, "
            "give its index with target= (--target; -1 is the last)",
        )
    column = _column(array, target)
    return _raw(path.name, np.delete(array, column, axis=1), array[:, column])


def read_npz(path: Path, target: str | None = None, split: str | None = None) -> Raw:
    """Read the array of features (X, features, data, images) and of labels (y, target, labels).

    A name may carry its split: ``x_train``, ``test_labels``. `target` names the array of labels
    where it is called otherwise.
    """
    with opened(path) as file:
        check_magic(path.name, file.read(2), b"PK", "an .npz file")
        file.seek(0)
        with _readable(path.name), np.load(file, allow_pickle=False) as arrays:
            names = {name: set(name.lower().split("_")) for name in arrays.files}
            has_splits = any(parts & SPLITS for parts in names.values())
            wanted = {split or "train"} if has_splits else set()
            features, labels = (
                [name for name, parts in names.items() if parts & roles and wanted <= parts]
                for roles in (FEATURES, LABELS)
            )
            if target is not None:
                labels = [name for name in names if name == target]
            read = {name: arrays[name] for name in (*features, *labels)}
    what = f"; the names in it are {listed(tuple(names))}"
    if split is not None and not has_splits:
        raise ValueError(f"split: {path.name} does not tell training from test arrays{what}")
    if len(features) != 1:
        raise ValueError(
            f"{path.name}: expected one array called X, features, data or images{what}"
        )
    return _raw(
        path.name,
        read[features[0]],
        read[labels[0]] if len(labels) == 1 else None,
        notes=(f"arrays of the split {min(wanted)!r} read",) if has_splits else (),
        no_target="expected one array of labels, called y, target or labels, or what target= "
        f"(--target) says{what}",
    )


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Read every array of an .npz file under its name; that of an .npy file has the name ""."""
    with opened(path) as file:
        is_npy = file.read(6) == NPY_MAGIC
        file.seek(0)
        if not is_npy:
            check_magic(path.name, file.read(2), b"PK", "an .npy or .npz file")
            file.seek(0)
        with _readable(path.name):
            read = np.load(file, allow_pickle=False)
            return {"": read} if is_npy else dict(read)


def _raw(name: str, array: NDArray[Any], labels: NDArray[Any] | None = None, **fields: Any) -> Raw:
    if array.dtype.kind not in "buif":
        raise ValueError(f"{name}: expected features that are numbers, got dtype {array.dtype}")
    target = None if labels is None else _series(name, labels)
    if array.ndim == 2:
        columns = tuple(f"x{i}" for i in range(array.shape[1]))
        return Raw(array, target, feature_names=columns, **fields)
    if array.ndim == 3 or (array.ndim == 4 and array.shape[3] in (1, 3)):
        return images_as_rows(array, target, **fields)
    raise ValueError(
        f"{name}: expected features of shape (n, d), or images of shape (n, h, w), (n, h, w, 1) "
        f"or (n, h, w, 3), got {array.shape}"
    )


def _series(name: str, labels: NDArray[Any]) -> pl.Series:
    if labels.ndim != 1 and labels.shape != (len(labels), 1):
        raise ValueError(f"{name}: expected one label to a row, got the shape {labels.shape}")
    return pl.Series("target", labels.ravel().astype(labels.dtype.newbyteorder("=")))


def _column(array: NDArray[Any], target: str) -> int:
    columns = array.shape[1] if array.ndim == 2 else 0
    if target.removeprefix("-").isdecimal() and -columns <= int(target) < columns:
        return int(target)
    raise ValueError(
        f"target: expected the index of a column, got {target!r} for an array of shape "
        f"{array.shape}"
    )


@contextmanager
def _readable(name: str) -> Iterator[None]:
    """Turn what `numpy.load` raises into one line that names the file."""
    try:
        yield
    # Of a damaged file NumPy, zipfile and tokenize each raise what they like.
    except Exception as error:
        if "Object arrays" in str(error):
            raise ValueError(
                f"{name} holds Python objects, which only pickle reads and pickle can run code: "
                "save numbers or text instead"
            ) from error
        raise ValueError(f"{name} is cut off or damaged: {error}") from error
