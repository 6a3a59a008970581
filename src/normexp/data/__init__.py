"""Data by name or from a file, and its encoding as numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

from .arrays import read_npy, read_npz
from .builtin import builtin_names, read_builtin
from .cifar import is_cifar_folder, read_cifar, read_cifar_batch
from .cleaning import clean
from .dataset import Dataset
from .encoding import Encoder
from .idx import is_idx_folder, read_idx, read_idx_folder
from .raw import Raw
from .tables import read_csv, read_parquet
from .words import listed

__all__ = ["Dataset", "Encoder", "builtin_names", "load", "options_of"]

# The end of a file's name, less any ".gz", with its reader and the options that this one takes.
READERS: dict[tuple[str, ...], tuple[Callable[..., Raw], set[str]]] = {
    (".csv", ".tsv"): (read_csv, {"target"}),
    (".parquet",): (read_parquet, {"target"}),
    (".npy",): (read_npy, {"target"}),
    (".npz",): (read_npz, {"target", "split"}),
    (".bin",): (read_cifar_batch, set()),
    (".tar", ".tgz"): (read_cifar, {"split"}),
    ("idx3-ubyte", "idx1-ubyte"): (read_idx, set()),
}

# Why a source does not take an option.
NOT_TAKEN = {
    "target": "has its labels in a place of their own",
    "split": "does not tell training from test rows",
}


def load(
    source: str | Path,
    *,
    target: str | int | None = None,
    require_target: bool = True,
    drop: Sequence[str] = (),
    split: Literal["train", "test"] | None = None,
) -> Dataset:
    """Load a data set by the name of a built-in one, or from a file or folder.

    Files are known by their names, all of them gzipped or not: CSV (the separator a comma, a
    semicolon or a tab), Parquet, ``.npy``, ``.npz``, CIFAR-10's binary version (a batch, the folder
    or the ``.tar.gz``) and MNIST's idx files (images with their labels beside them, or the folder).

    Rows without a label are left out, labels that are whole floating numbers become integers, and
    booleans become the text true and false; missing features stay for `Encoder` to treat.
    `Dataset.notes` tells which of this was done.

    Parameters
    ----------
    source : str or Path
        One of `builtin_names`, or a path; ``"./iris"`` is a file where ``"iris"`` is built in.
    target : str or int, optional
        What holds the labels: the column of a table, the index of a column of an ``.npy`` array, or
        the array of an ``.npz`` file.
    require_target : bool
        False for data that a trained model is applied to: the labels may be missing, or be of one
        class only.
    drop : sequence of str
        Names of features to leave out.
    split : {"train", "test"}, optional
        Which part to read where the source tells them apart; by default the training part.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is empty, cut off, damaged or not of its format, if the labels are missing,
        of one class only or no classes at all, or if an option does not suit the source.

    Examples
    --------
    >>> digits = load("digits")
    >>> digits.features.shape, digits.image_shape
    ((1797, 64), (8, 8))
    """
    name = Path(source).resolve().name
    read, accepted = _reader(source)
    options = {
        option: str(value)
        for option, value in {"target": target, "split": split}.items()
        if value is not None
    }
    if unsuited := sorted(options.keys() - accepted):
        raise ValueError(
            f"{unsuited[0]}: {name} {NOT_TAKEN[unsuited[0]]}; leave out {unsuited[0]}= "
            f"(--{unsuited[0]})"
        )
    if split not in (None, "train", "test"):
        raise ValueError(f"split: expected 'train' or 'test', got {split!r}")
    return clean(read(**options), name, require_target=require_target, drop=drop)


def options_of(source: str | Path) -> set[str]:
    """Which of the options "target" and "split" of `load` a source takes.

    >>> options_of("iris")
    set()
    """
    return _reader(source)[1]


def _reader(source: str | Path) -> tuple[Callable[..., Raw], set[str]]:
    """Choose the reader for a source, and say which options it takes."""
    if isinstance(source, str) and source in builtin_names():
        return partial(read_builtin, source), set()
    path = Path(source)
    if not path.exists():
        raise FileNotFoundError(
            f"there is no file {path}, and the built-in data sets are {listed(builtin_names())}"
        )
    if path.is_dir():
        if is_cifar_folder(path):
            return partial(read_cifar, path), {"split"}
        if is_idx_folder(path):
            return partial(read_idx_folder, path), {"split"}
        raise ValueError(
            f"{path} is a folder with neither CIFAR-10's data_batch_1.bin nor MNIST's "
            "train-images-idx3-ubyte in it"
        )
    name = path.name.lower().removesuffix(".gz")
    for endings, (reader, options) in READERS.items():
        if name.endswith(endings):
            return partial(reader, path), options
    raise ValueError(
        f"{path.name} is of no known format: expected a name that ends in "
        f"{', '.join(ending for endings in READERS for ending in endings)}"
    )
