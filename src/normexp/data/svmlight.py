"""The text format of SVMlight and LIBSVM: a label, then ``index:value`` for what is not 0."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from scipy.sparse import csr_array
from sklearn.datasets import load_svmlight_file

from .images import NAME_SIZE
from .notes import Note
from .opening import check_size, read_plain, readable
from .raw import Raw
from .sparse import chosen, held
from .words import columns


def read_svmlight(path: Path) -> Raw:
    """Read rows; the feature ``x7`` is what the file calls 7, whether it counts from 0 or from 1.

    (To guess which it is would shift the features of a file in which the first is always 0.)
    """
    content = read_plain(path)
    with readable(path.name):
        matrix, labels = load_svmlight_file(io.BytesIO(content), zero_based=True)
    check_size(NAME_SIZE * matrix.shape[1], path.name)
    whole = labels.astype(np.int64) if (labels % 1 == 0).all() else labels
    return Raw(
        held(csr_array(matrix)),
        pl.Series("label", whole),
        feature_names=columns(matrix.shape[1]),
        is_sparse=True,
    )


def fitted(raw: Raw, names: Sequence[str]) -> tuple[Raw, list[Note]]:
    """The features `names`, those that the source does not have being 0; and what was left out."""
    known = {name: place for place, name in enumerate(names)}
    places = [known.get(name, -1) for name in raw.feature_names]
    features = held(chosen(raw.features, places, len(names)))
    unknown = places.count(-1)
    notes = [Note("unknown-features", n=unknown)] if unknown else []
    return replace(raw, features=features, feature_names=tuple(names)), notes
