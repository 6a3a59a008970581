"""Test rows that stand among the training rows too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import issparse

from ..data import Dataset
from .judgement import Tested


@dataclass(frozen=True)
class Copies:
    """How many test rows of the first seed are equal to a training row in every feature.

    Attributes
    ----------
    count : int
    kinds, rows : int
        How many rows of the data set differ, of so many.
    """

    count: int
    kinds: int
    rows: int


def count_copies(dataset: Dataset, tested: Sequence[Tested]) -> Copies:
    """Count the test rows that are copies of training rows."""
    keys, count = _keys(dataset.features), 0
    for part in tested:
        if part.seed == 0:
            is_test = np.zeros(len(keys), bool)
            is_test[part.rows] = True
            count += int(np.isin(keys[is_test], keys[~is_test]).sum())
    return Copies(count, len(np.unique(keys)), len(keys))


def _keys(features: Any) -> NDArray[Any]:
    """Of each row 64 bits that are the same for equal rows, and hardly for others."""
    if isinstance(features, pl.DataFrame):
        return features.hash_rows().to_numpy()
    if issparse(features):
        found = [
            hash(features.indices[i:j].tobytes() + features.data[i:j].tobytes())
            for i, j in pairwise(features.indptr.tolist())
        ]
    else:
        found = [hash((row + 0).tobytes()) for row in features]  # −0 is 0
    return np.array(found, np.int64)
