"""The data sets that scikit-learn carries, by name."""

from __future__ import annotations

import polars as pl
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine

from .images import images_as_rows
from .raw import Raw

LOADERS = {
    "digits": load_digits,
    "iris": load_iris,
    "wine": load_wine,
    "breast_cancer": load_breast_cancer,
}


def builtin_names() -> tuple[str, ...]:
    """Return the names that `load` knows without a file.

    >>> builtin_names()
    ('digits', 'iris', 'wine', 'breast_cancer')
    """
    return tuple(LOADERS)


def read_builtin(name: str) -> Raw:
    """Read one of `builtin_names`."""
    bunch = LOADERS[name]()
    target = pl.Series("target", bunch.target)
    if name == "digits":
        return images_as_rows(bunch.images, target)
    return Raw(
        features=bunch.data,
        target=target,
        feature_names=tuple(map(str, bunch.feature_names)),
        class_names=tuple(map(str, bunch.target_names)),
    )
