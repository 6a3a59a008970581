"""Advice that rests on the columns of a table, whatever the losses made of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import issparse
from scipy.stats import binomtest, chi2_contingency, norm
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.tree import DecisionTreeClassifier

from ..data.dates import part_names
from .advice import Advice
from .commands import again
from .compared import Comparison
from .significance import SIGNIFICANT, holm
from .split import Indices, Split

ROWS = 2000  # looked at, at random: enough for what these rules say, and quick
WIDTH = 400  # features that are compared with each other
TRIED = 50  # columns that are asked for the class alone, those that differ most between classes

# Two columns say the same where one explains 98% of the other for certain, |r| ≥ √.98.
SAME = np.sqrt(0.98)
# A column tells the class alone where it takes away 98 of 100 mistakes of the most frequent class,
# and four fifths for certain: one that is only good, such as a width of petals, takes away 94.
ALONE, CERTAIN = 0.98, 0.8
# With more cells guessed than measured.
MOSTLY = 0.5
# A test of shares by χ² needs so many expected in each cell (Cochran's rule).
EXPECTED = 5


class Sample(NamedTuple):
    """Rows of a table as the classifiers read them, and the column that each feature is of."""

    features: NDArray[np.floating[Any]]
    target: Indices
    columns: NDArray[np.str_]
    names: list[str]
    numbers: set[str]


def by_data(comparison: Comparison, part: Split) -> Iterator[Advice]:
    """Every advice by the columns, the gravest first; of images there is none."""
    if part.dataset.image_shape is not None:
        return
    if issparse(part.train_features) or part.train_features.shape[1] > WIDTH:
        yield Advice("unexamined", {"features": part.train_features.shape[1], "most": WIDTH})
        yield from missing(comparison, part)
        return
    rows = sample(part)
    yield from tells_alone(comparison, rows)
    yield from missing(comparison, part)
    yield from say_the_same(comparison, rows)


def sample(part: Split) -> Sample:
    """ROWS of the data set, encoded."""
    encoder, dataset = part.encoder, part.dataset
    taken = np.arange(len(dataset))
    if len(taken) > ROWS:
        taken = np.sort(np.random.default_rng(0).permutation(len(taken))[:ROWS])
    of_dates = {
        name: day for day, first in encoder.dates.items() for name in part_names(day, first)
    }
    columns = [of_dates.get(name, name) for name in encoder.numbers]
    columns += [name for name, texts in encoder.categories.items() for _ in texts]
    return Sample(
        encoder.transform(dataset.take(taken)),
        np.searchsorted(part.labels, np.asarray(dataset.target)[taken]),
        np.array(columns),
        list(encoder.feature_names),
        set(encoder.numbers) - set(of_dates),
    )


def say_the_same(comparison: Comparison, rows: Sample) -> Iterator[Advice]:
    """Columns of which one tells the other: the interval of their correlation lies beyond SAME.

    Fisher's interval, at a level divided by the number of pairs. Of a group of columns that say
    the same, the first stands for the others.
    """
    count, width = rows.features.shape
    spread = rows.features.std(axis=0)
    if count < 4 or width < 2:
        return
    standard = (rows.features - rows.features.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    correlation = np.abs(standard.T @ standard) / count
    margin = norm.isf(SIGNIFICANT / (width * (width - 1))) / np.sqrt(count - 3)
    with np.errstate(divide="ignore"):
        least = np.tanh(np.arctanh(np.minimum(correlation, 1.0)) - margin)
    dropped = dict[str, tuple[str, float]]()
    for i, j in zip(*np.nonzero(np.triu(least >= SAME, k=1)), strict=True):
        kept, other = str(rows.columns[i]), str(rows.columns[j])
        if kept != other and kept not in dropped and other not in dropped:
            dropped[other] = kept, float(correlation[i, j])
    if dropped:
        (other, (kept, most)), *_ = dropped.items()
        options = [word for name in dropped for word in ("--drop", name)]
        facts = {"kept": kept, "other": other, "r": most, "names": tuple(dropped)}
        kind = "say-the-same" if len(dropped) == 1 else "several-say-the-same"
        yield Advice(kind, facts, (again(comparison, *options),))


def tells_alone(comparison: Comparison, rows: Sample) -> Iterator[Advice]:
    """Columns that tell the class without any other, as what is a copy of it does.

    A tree of one column, with a leaf for each class or each text, is asked about rows that it was
    not grown on: those that the most frequent class is wrong about.
    """
    wrong = rows.target != np.bincount(rows.target).argmax()
    if len(np.unique(rows.target)) < 2:
        return
    columns = _differing(rows)
    for column in columns:
        features = rows.features[:, rows.columns == column]
        leaves = max(len(np.unique(rows.target)), features.shape[1] + 1)
        tree = DecisionTreeClassifier(max_leaf_nodes=leaves, random_state=0)
        folds = KFold(5, shuffle=True, random_state=0)
        if len(rows.target) < folds.n_splits:
            return
        is_right = cross_val_predict(tree, features, rows.target, cv=folds) == rows.target
        hits, others = int(np.sum(is_right & wrong)), int(np.sum(wrong))
        level = 1 - SIGNIFICANT / len(columns)  # for as many columns as are tried
        sure = binomtest(hits, others).proportion_ci(level, method="wilson").low
        # What was right before has to stay so.
        removed = 1 - float(np.sum(~is_right)) / others
        if removed >= ALONE and sure >= CERTAIN:
            facts = {"column": column, "share": float(is_right.mean()), "rows": len(wrong)}
            yield Advice("leak", facts, (again(comparison, "--drop", column),))


def _differing(rows: Sample) -> list[str]:
    """The columns that vary, first those of whose variance most is between the classes."""
    centred = rows.features - rows.features.mean(axis=0)
    counts = np.bincount(rows.target)
    sums = np.stack([centred[rows.target == k].sum(axis=0) for k in range(len(counts))])
    between = (sums**2 / np.maximum(counts, 1)[:, None]).sum(axis=0)
    total = (centred**2).sum(axis=0)
    shares = between / np.where(total > 0, total, 1.0)
    of_column = {
        str(name): float(shares[rows.columns == name].max())
        for name in np.unique(rows.columns[total > 0])
    }
    return sorted(of_column, key=of_column.__getitem__, reverse=True)[:TRIED]


def missing(comparison: Comparison, part: Split) -> Iterator[Advice]:
    """Columns that are mostly missing, and such whose missing values go with the class."""
    holes = _holes(part)
    truth = np.searchsorted(part.labels, np.asarray(part.dataset.target))
    mostly = {name: float(hole.mean()) for name, hole in holes.items() if hole.mean() > MOSTLY}
    if mostly:
        worst = max(mostly, key=mostly.__getitem__)
        facts = {"names": tuple(mostly), "worst": worst, "share": mostly[worst]}
        options = [word for name in mostly for word in ("--drop", name)]
        yield Advice("mostly-missing", facts, (again(comparison, *options),))
    tested = {
        name: p for name, hole in holes.items() if (p := _association(hole, truth)) is not None
    }
    for name, p in zip(tested, holm(list(tested.values())), strict=True):
        if p < SIGNIFICANT:
            shares = np.bincount(truth, holes[name]) / np.bincount(truth)
            most, least = int(shares.argmax()), int(shares.argmin())
            facts = {
                "column": name,
                "most": comparison.class_names[most],
                "share_of_most": float(shares[most]),
                "least": comparison.class_names[least],
                "share_of_least": float(shares[least]),
                "p": p,
            }
            yield Advice("missing-tells", facts)


def _holes(part: Split) -> dict[str, NDArray[np.bool_]]:
    """Which cells are missing, for each column that lacks any."""
    features = part.dataset.features
    if isinstance(features, pl.DataFrame):
        holes = {}
        for column in features:
            is_missing = column.is_null()
            if column.dtype.is_float():
                is_missing |= column.is_nan().fill_null(True)
            holes[column.name] = is_missing.to_numpy()
    elif issparse(features) or features.dtype.kind != "f":
        return {}  # what a sparse row does not hold is a 0
    else:
        holes = dict(zip(part.dataset.feature_names, np.isnan(features).T, strict=True))
    return {name: hole for name, hole in holes.items() if hole.any()}


def _association(hole: NDArray[np.bool_], truth: Indices) -> float | None:
    """p of the χ² test that cells are missing as often in each class; None for too few of them."""
    counts = np.array([np.bincount(truth, hole), np.bincount(truth, ~hole)])
    if not counts.sum(axis=1).all():
        return None
    found = chi2_contingency(counts)
    return float(found.pvalue) if found.expected_freq.min() >= EXPECTED else None
