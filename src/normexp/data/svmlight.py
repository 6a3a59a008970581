"""The text format of SVMlight and LIBSVM: a label, then ``index:value`` for what is not 0."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from sklearn.datasets import load_svmlight_file

from .named import dense
from .opening import read_plain, readable
from .raw import Raw
from .words import columns, counted


def read_svmlight(path: Path) -> Raw:
    """Read rows; the feature ``x7`` is what the file calls 7, whether it counts from 0 or from 1.

    (To guess which it is would shift the features of a file in which the first is always 0.)
    """
    content = read_plain(path)
    with readable(path.name):
        matrix, labels = load_svmlight_file(io.BytesIO(content), zero_based=True)
    whole = labels.astype(np.int64) if (labels % 1 == 0).all() else labels
    return Raw(
        dense(matrix, path.name),
        pl.Series("label", whole),
        feature_names=columns(matrix.shape[1]),
        is_sparse=True,
    )


def fitted(raw: Raw, names: Sequence[str]) -> tuple[Raw, list[str]]:
    """The features `names`, those that the source does not have being 0; and what was left out."""
    places = {name: place for place, name in enumerate(raw.feature_names)}
    found = [(new, places[name]) for new, name in enumerate(names) if name in places]
    features = np.zeros((len(raw.features), len(names)))
    if found:
        new, old = map(list, zip(*found, strict=True))
        features[:, new] = raw.features[:, old]
    unknown = len(raw.feature_names) - len(found)
    notes = [f"{counted(unknown, 'feature')} not seen in training left out"] if unknown else []
    return replace(raw, features=features, feature_names=tuple(names)), notes
