"""A data set split into rows to train on and rows to test on, encoded by the former."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold, train_test_split

from ..data import Dataset, Encoder
from ..data.notes import Note

Indices = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Split:
    """Encoded rows for training and for testing.

    Attributes
    ----------
    dataset : Dataset
        All of the rows, as they came.
    labels : array of shape (classes,)
        The label of each class id.
    encoder : Encoder
        Learnt from the training rows alone.
    test_rows : array of int
        Which rows of `dataset` are for testing.
    train_features, test_features : arrays of shape (n, d), or `csr_array` where these are sparse
    train_target, test_target : arrays of shape (n,)
        Class ids.
    notes : tuple of str
        What could not be split as asked, and which test rows are unlike the others, in words.
    """

    dataset: Dataset
    labels: NDArray[Any]
    encoder: Encoder
    test_rows: Indices
    train_features: Any
    test_features: Any
    train_target: Indices
    test_target: Indices
    notes: tuple[str, ...]

    @property
    def train_rows(self) -> Indices:
        """Which rows of `dataset` are for training, in the order of `train_features`."""
        return np.setdiff1d(np.arange(len(self.dataset)), self.test_rows)


def split(dataset: Dataset, test_size: float, seed: int) -> Split:
    """Split the rows at random, each class in the same proportion.

    A class with one row is kept for training.

    Parameters
    ----------
    dataset : Dataset
        With labels.
    test_size : float
        The share of the rows to test on, between 0 and 1.
    seed : int

    Raises
    ------
    ValueError
        If the rows have no labels, if `test_size` is no share, or if too few of a class are left on
        either side.

    Examples
    --------
    >>> from normexp.data import load
    >>> parts = split(load("iris"), test_size=0.2, seed=0)
    >>> parts.train_features.shape, parts.test_features.shape
    ((120, 4), (30, 4))
    """
    labels, target, counts = _classes(dataset)
    if not 0 < test_size < 1:  # nan neither
        raise ValueError(f"test_size: expected a share between 0 and 1, got {test_size}")
    is_lone = counts[target] == 1
    rows, classes = int(np.sum(~is_lone)), int(np.sum(counts > 1))
    to_test = ceil(test_size * rows)
    if min(to_test, rows - to_test) < classes:
        raise ValueError(
            f"test_size: {test_size} leaves {rows - to_test} rows to train on and {to_test} to "
            f"test on; each part needs one of each of the {classes} classes"
        )
    train, test = train_test_split(
        np.flatnonzero(~is_lone),
        test_size=test_size,
        random_state=seed,
        stratify=target[~is_lone],
    )
    train, test = np.union1d(train, np.flatnonzero(is_lone)), np.sort(test)
    if len(missing := np.setdiff1d(target, target[train])):
        raise ValueError(
            f"test_size: {test_size} leaves no row of the class {labels[missing[0]]} to train on"
        )
    return _encoded(dataset, labels, target, train, test)


def folds_of(dataset: Dataset, folds: int, seed: int) -> Iterator[Split]:
    """Split the rows at random into parts, and test on each after training on all the others.

    Each class is spread over the parts in the same proportion. A class with one row is kept for
    training.

    Parameters
    ----------
    dataset : Dataset
        With labels.
    folds : int
        How many parts: at least 2, and at most the rows of the largest class.
    seed : int

    Raises
    ------
    ValueError
        If the rows have no labels, or `folds` is no such number.

    Examples
    --------
    >>> from normexp.data import load
    >>> [len(part.test_rows) for part in folds_of(load("iris"), 5, seed=0)]
    [30, 30, 30, 30, 30]
    """
    labels, target, counts = _classes(dataset)
    most = int(counts.max())
    if not 2 <= folds <= most:
        raise ValueError(f"folds: expected 2 to {most}, the rows of the largest class, got {folds}")
    for train, test in parts_of(target, folds, seed):
        yield _encoded(dataset, labels, target, train, test)


def parts_of(target: Indices, parts: int, seed: int) -> list[tuple[Indices, Indices]]:
    """Rows to train on and rows to test on, of each of so many parts: every class is in the former.

    At most as many parts as the largest class has rows; a class with one row is trained on alone.

    Examples
    --------
    >>> [len(train) for train, _ in parts_of(np.array([0, 1, 0, 1, 2]), 5, seed=0)]
    [3, 3]
    """
    counts = np.bincount(target)
    is_lone = counts[target] == 1
    shared, lone = np.flatnonzero(~is_lone), np.flatnonzero(is_lone)
    splitter = StratifiedKFold(min(parts, int(counts.max())), shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # That a class has fewer rows than there are parts: it is then tested in some of them.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        found = list(splitter.split(shared, target[shared]))
    return [(np.union1d(shared[train], lone), shared[test]) for train, test in found]


def _classes(dataset: Dataset) -> tuple[NDArray[Any], Indices, Indices]:
    """The labels, the class id of each row, and the rows of each class."""
    if dataset.target is None:
        raise ValueError(f"target: {dataset.name} has no labels to learn from")
    labels, target = np.unique(dataset.target, return_inverse=True)
    counts = np.bincount(target)
    if (counts == 1).all():
        raise ValueError("target: no class has two rows, so that none is left to test on")
    return labels, target, counts


def _encoded(
    dataset: Dataset, labels: NDArray[Any], target: Indices, train: Indices, test: Indices
) -> Split:
    """The rows `train` and `test`, encoded by the former."""
    lone = ", ".join(map(str, labels[np.bincount(target) == 1]))
    encoder = Encoder.fit(dataset.take(train))
    return Split(
        dataset=dataset,
        labels=labels,
        encoder=encoder,
        test_rows=test,
        train_features=encoder.transform(dataset.take(train)),
        test_features=encoder.transform(dataset.take(test)),
        train_target=target[train],
        test_target=target[test],
        notes=(
            *((Note("lone", classes=lone),) if lone else ()),
            *(Note("test-rows", note=note) for note in encoder.unseen(dataset.take(test))),
        ),
    )
