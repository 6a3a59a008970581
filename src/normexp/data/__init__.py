"""Data by name or from a file, and its encoding as numbers."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

from .._extras import extra

with extra("cli"):
    from .arff import read_arff
    from .arrays import read_npy, read_npz
    from .builtin import builtin_names, read_builtin
    from .cifar import BATCHES, is_cifar_folder, read_cifar, read_cifar_batch
    from .cleaning import Wishes, clean
    from .dataset import Dataset
    from .encoding import Encoder
    from .excel import read_excel
    from .frames import is_frame
    from .idx import is_idx_folder, read_idx, read_idx_folder
    from .image_folder import ENDINGS as IMAGES
    from .image_folder import is_image_folder, read_image, read_image_folder
    from .matlab import read_mat
    from .opening import at_most, check_regular, opened, plain_name, what_is
    from .parts import is_parts_folder
    from .raw import Raw
    from .schema import Schema
    from .svmlight import read_svmlight
    from .tables import read_csv, read_frame, read_parquet
    from .whole import read_parts
    from .words import listed

__all__ = ["Dataset", "Encoder", "Schema", "builtin_names", "load", "options_of"]

# The end of the name of what a file holds, with its reader and the options that this one takes.
READERS: dict[tuple[str, ...], tuple[Callable[..., Raw], set[str]]] = {
    (".csv", ".tsv", ".txt", ".data"): (read_csv, {"target", "encoding", "header", "separator"}),
    (".parquet",): (read_parquet, {"target"}),
    (".xlsx", ".xlsm"): (read_excel, {"target"}),
    (".arff",): (read_arff, {"target"}),
    (".svm", ".svmlight", ".libsvm"): (read_svmlight, set()),
    (".npy",): (read_npy, {"target"}),
    (".npz",): (read_npz, {"target", "features", "split"}),
    (".mat",): (read_mat, {"target", "features", "split"}),
    (".bin", *BATCHES, "test_batch"): (read_cifar_batch, {"target"}),
    (".tar", ".tgz", ".tbz2", ".txz"): (read_cifar, {"target", "split"}),
    ("idx3-ubyte", "idx1-ubyte"): (read_idx, set()),
    IMAGES: (read_image, set()),
}

# How a file begins that has the format of such an ending, whatever its own name ends in.
BEGINNINGS = {
    rb"PAR1": ".parquet",
    rb"\x93NUMPY": ".npy",
    rb"MATLAB 5": ".mat",
    rb"\x00\x00\x08\x03": "idx3-ubyte",
    rb"(?i:(%[^\n]*+\n|\s)*+@relation\s)": ".arff",
    rb"\x89PNG\r\n|\xff\xd8\xff": ".png",
}

# What a folder may be.
FOLDERS: tuple[tuple[Callable[[Path], bool], Callable[..., Raw], set[str]], ...] = (
    (is_cifar_folder, read_cifar, {"target", "split"}),
    (is_idx_folder, read_idx_folder, {"split"}),
    (is_image_folder, read_image_folder, {"split"}),
    (is_parts_folder, read_parts, {"target"}),
)

# Why a source does not take an option.
NOT_TEXT = "is no delimited text"
NOT_TAKEN = {
    "target": "has its labels in a place of their own",
    "features": "is no file of several arrays",
    "split": "does not tell training from test rows",
    "encoding": NOT_TEXT,
    "header": NOT_TEXT,
    "separator": NOT_TEXT,
}


def load(
    source: str | Path | Any,
    *,
    target: str | int | None = None,
    require_target: bool = True,
    drop: Sequence[str] = (),
    keep: Sequence[str] = (),
    missing: Sequence[str] | None = None,
    carry: Sequence[str] = (),
    schema: Schema | None = None,
    features: str | None = None,
    split: Literal["train", "test"] | None = None,
    max_size: int | None = None,
    encoding: str | None = None,
    header: bool = True,
    separator: str | None = None,
) -> Dataset:
    """Load a data set by the name of a built-in one, or from a file or folder.

    Files are known by their names; any may be packed (``.gz``, ``.bz2``, ``.xz``, or alone in a
    ``.zip``).

    - Tables: delimited text (``.csv``, ``.tsv``, ``.txt`` or ``.data``; what separates the cells is
      found), Parquet, where a list of numbers becomes a column for each place in it, Excel's
      ``.xlsx`` (its first sheet), Weka's ``.arff``.
    - Arrays: ``.npy``; several with names, ``.npz`` and MATLAB's ``.mat`` up to version 7; SVMlight
      and LIBSVM (``.svm``, ``.svmlight``, ``.libsvm``), whose rows stay sparse. The colour of
      images is first or last.
    - Images: MNIST's idx files (the images, with the labels beside them, or the folder); CIFAR-10
      and CIFAR-100 in the binary or the Python version (a batch, the folder or the ``.tar.gz``); a
      folder of pictures for each class, perhaps in folders ``train`` and ``test``.
    - A folder of Parquet files, or of arrays ``X_1.npy``, ``y_1.npy`` and so on, as one table.

    Nothing is ever unpickled; the pickles of CIFAR's Python version are read without running them.

    What the columns of a table hold, and how, is learnt from all of its cells: numbers (also with a
    decimal comma, with thousands apart, with a currency or percent sign), true and false, texts, or
    dates. That is `Dataset.schema`; other rows are read by it if it is given, so that a row is read
    alike whatever the file around it. A cell that its column cannot hold is missing. Row numbers
    as pandas writes them are left out, and texts that nearly all differ.

    Rows without a label are left out, and labels that are whole numbers are integers; missing
    features stay for `Encoder` to treat. `Dataset.notes` tells all that was done.

    Parameters
    ----------
    source : str, Path, polars.DataFrame or pandas.DataFrame
        One of `builtin_names`, or a path; ``"./iris"`` is a file where ``"iris"`` is built in. Or a
        frame, which is read as a file would be.
    target : str or int, optional
        What holds the labels: the column of a table, the index of a column of an ``.npy`` array,
        the array of an ``.npz`` file, or CIFAR-100's fine or coarse labels.
    require_target : bool
        False for data that a trained model is applied to: every row is kept, and `Dataset.target`
        is None unless each has a label that can be read.
    drop : sequence of str
        Names of features to leave out.
    keep : sequence of str
        Names of features to keep that would be left out: row numbers, and texts that nearly all
        differ.
    missing : sequence of str, optional
        The texts that stand for a missing value, beside the empty cell; by default the markers of
        pandas and the question mark. Among labels that are texts, these are classes unless they
        are given here.
    carry : sequence of str
        Columns to carry along as they stand, in `Dataset.carried`.
    schema : Schema, optional
        That of the training rows, to read these by.
    split : {"train", "test"}, optional
        Which part to read where the source tells them apart; by default the training part.
    features : str, optional
        The array of an ``.npz`` or ``.mat`` file that holds the features, where it is not called X,
        features, data or images.
    max_size : int
        The number of bytes that a file may hold, or unpack to; 4 GB unless you allow more.
    encoding : str, optional
        How delimited text is encoded, such as ``"cp1252"``; by default as its byte order mark says,
        or in UTF-8.
    header : bool
        False for delimited text whose first line is a row already: the columns are then called x0,
        x1, and so on, and `target` may be the index of one; -1 is the last.
    separator : str, optional
        The character that separates the cells of delimited text, a space for any number of spaces
        and tabs; by default the one that gives the rows as many cells as the first line has names.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    TypeError
        If a text is given where a list of texts is meant.
    ValueError
        If it is no regular file but a device, say, or a pipe; if it is empty, cut off, damaged, too
        large or not of its format; if the labels are missing, of one class only or no classes at
        all, if a column is missing that the schema has, or if an option does not suit the source.

    Examples
    --------
    >>> digits = load("digits")
    >>> digits.features.shape, digits.image_shape
    ((1797, 64), (8, 8))
    """
    if max_size is not None and not (isinstance(max_size, int) and max_size > 0):
        raise ValueError(f"max_size: expected a number of bytes, got {max_size!r}")
    wishes = Wishes(
        require_target=require_target, drop=drop, keep=keep, missing=missing, carry=carry
    )
    if schema is not None and (drop or keep or missing is not None):
        raise ValueError("schema: it says already what drop, keep and missing would")
    name = "frame" if is_frame(source) else Path(os.path.abspath(source)).name  # noqa: PTH100  # the link's own name
    with at_most(max_size):
        read, accepted = _reader(source)
    given = {
        "target": None if target is None else str(target),
        "features": features,
        "split": split,
        "encoding": encoding,
        "header": None if header else False,
        "separator": separator,
    }
    options = {option: value for option, value in given.items() if value is not None}
    if unsuited := sorted(options.keys() - accepted):
        raise ValueError(
            f"{unsuited[0]}: {name} {NOT_TAKEN[unsuited[0]]}; leave out {unsuited[0]}="
        )
    if split not in (None, "train", "test"):
        raise ValueError(f"split: expected 'train' or 'test', got {split!r}")
    with at_most(max_size):
        raw = read(**options)
    return clean(raw, name, wishes, schema)


def options_of(source: str | Path) -> set[str]:
    """Which of the options "target" and "split" of `load` a source takes.

    >>> options_of("iris")
    set()
    """
    return _reader(source)[1]


def _reader(source: str | Path | Any) -> tuple[Callable[..., Raw], set[str]]:
    """Choose the reader for a source, and say which options it takes."""
    if is_frame(source):
        return partial(read_frame, source), {"target"}
    if isinstance(source, str) and source in builtin_names():
        return partial(read_builtin, source), set()
    path = Path(source)
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(
            f"there is no file {path}, and the built-in data sets are {listed(builtin_names())}"
        ) from None
    if path.is_dir():
        return _folder_reader(path)
    check_regular(path, status)
    if (found := _named(plain_name(path).lower())) is None:
        with opened(path) as file:
            start = file.read(2**16)
        ending = next((end for magic, end in BEGINNINGS.items() if re.match(magic, start)), "")
        found = _named(ending)
    if found is not None:
        return partial(found[0], path), found[1]
    kind = what_is(start)
    raise ValueError(
        f"{path.name} is {kind + ', ' if kind else ''}of no known format: expected a name that "
        f"ends in {', '.join(ending for endings in READERS for ending in endings if '.' in ending)}"
        ", or one of MNIST's or CIFAR's"
    )


def _named(name: str) -> tuple[Callable[..., Raw], set[str]] | None:
    """The reader of a file of this name, and its options."""
    return next((found for endings, found in READERS.items() if name.endswith(endings)), None)


def _folder_reader(path: Path, depth: int = 3) -> tuple[Callable[..., Raw], set[str]]:
    """Choose the reader for a folder, or for the only folder in it."""
    for is_known, reader, options in FOLDERS:
        if is_known(path):
            return partial(reader, path), options
    inner = [folder for folder in path.iterdir() if folder.is_dir() and folder.name[0] not in "._"]
    if len(inner) == 1 and depth:
        return _folder_reader(inner[0], depth - 1)
    raise ValueError(
        f"{path} is a folder of no known format: expected in it CIFAR's batches, MNIST's "
        "train-images-idx3-ubyte and the like, pictures in a folder for each class, Parquet files, "
        "or arrays X_1.npy, y_1.npy and so on"
    )
