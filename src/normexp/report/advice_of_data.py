"""Advice that rests on the columns of a table, whatever the losses made of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations
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
DEALT = 4000
COPIES = 0.02  # of the test rows: of fewer, little that is measured would change
KINDS = 0.1  # of all rows


class Sample(NamedTuple):
    """Rows of a table as the classifiers read them, and the column that each feature is of."""

    features: NDArray[np.floating[Any]]
    target: Indices
    columns: NDArray[np.str_]


def by_data(comparison: Comparison, part: Split) -> Iterator[Advice]:
    """Every advice by the columns, the gravest first; of images there is none.

    Columns are chosen by the training rows: those that are left out are judged by others.
    """
    yield from copies(comparison)
    if part.dataset.image_shape is not None:
        return
    if issparse(part.train_features) or part.train_features.shape[1] > WIDTH:
        yield Advice("unexamined", {"features": part.train_features.shape[1], "most": WIDTH})
        yield from missing(comparison, part)
        return
    rows = sample(part)
    yield from tells_alone(comparison, part, rows)
    yield from missing(comparison, part)
    yield from say_the_same(comparison, part, rows)


def sample(part: Split) -> Sample:
    """ROWS of the training rows."""
    encoder, taken = part.encoder, np.arange(len(part.train_target))
    if len(taken) > ROWS:
        taken = np.sort(np.random.default_rng(0).permutation(len(taken))[:ROWS])
    of_dates = {
        name: day for day, first in encoder.dates.items() for name in part_names(day, first)
    }
    columns = [of_dates.get(name, name) for name in encoder.numbers]
    columns += [name for name, texts in encoder.categories.items() for _ in texts]
    return Sample(part.train_features[taken], part.train_target[taken], np.array(columns))


def without(comparison: Comparison, part: Split, names: Iterable[str]) -> tuple[str, ...]:
    """The command of the comparison without some columns, if any is left then."""
    dropped = list(names)
    if set(part.dataset.feature_names) <= set(dropped):
        return ()
    return (again(comparison, *(word for name in dropped for word in ("--drop", name))),)


def copies(comparison: Comparison) -> Iterator[Advice]:
    """Test rows that are equal to a training row in every feature: they may be the same case twice.

    Not where rows are of a few KINDS, as those of some texts are: that they meet says nothing.
    """
    found, rows = comparison.copies, comparison.test_rows
    if found.count >= COPIES * rows and found.kinds > KINDS * found.rows:
        yield Advice("copies", {"count": found.count, "rows": rows})


def say_the_same(comparison: Comparison, part: Split, rows: Sample) -> Iterator[Advice]:
    """Columns that another tells whole: of each feature the correlation with one lies beyond SAME.

    By Fisher's interval, at a level divided by the number of pairs. Of a group of columns that say
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
    is_told = least >= SAME
    names = list(dict.fromkeys(rows.columns.tolist()))
    places = {name: np.flatnonzero(rows.columns == name) for name in names}
    dropped = dict[str, tuple[str, float]]()
    for one, another in combinations(names, 2):
        for kept, other in ((one, another), (another, one)):
            block = np.ix_(places[kept], places[other])
            stands = {name for name, _ in dropped.values()}
            if kept in dropped or other in dropped or other in stands:
                continue
            if is_told[block].any(axis=0).all():
                dropped[other] = kept, float(correlation[block].max(axis=0).min())
    if dropped:
        (other, (kept, most)), *_ = dropped.items()
        facts = {"kept": kept, "other": other, "r": most, "names": tuple(dropped)}
        kind = "say-the-same" if len(dropped) == 1 else "several-say-the-same"
        yield Advice(kind, facts, without(comparison, part, dropped))


def tells_alone(comparison: Comparison, part: Split, rows: Sample) -> Iterator[Advice]:
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
            yield Advice("leak", facts, without(comparison, part, [column]))


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
    truth = part.train_target
    mostly = {name: float(hole.mean()) for name, hole in holes.items() if hole.mean() > MOSTLY}
    if mostly:
        worst = max(mostly, key=mostly.__getitem__)
        facts = {"names": tuple(mostly), "worst": worst, "share": mostly[worst]}
        yield Advice("mostly-missing", facts, without(comparison, part, mostly))
    for name, p in zip(holes, holm([_association(h, truth) for h in holes.values()]), strict=True):
        if p < SIGNIFICANT:
            shares = np.bincount(truth, holes[name]) / np.bincount(truth)
            surplus = _surplus(holes[name], truth)
            most, least = int(surplus.argmax()), int(surplus.argmin())
            facts = {
                "column": name,
                "most": comparison.class_names[most],
                "share_of_most": float(shares[most]),
                "least": comparison.class_names[least],
                "share_of_least": float(shares[least]),
                "p": p,
            }
            if name in part.encoder.categories:
                yield Advice("missing-text-tells", facts, without(comparison, part, [name]))
            else:
                yield Advice("missing-tells", facts)


def _holes(part: Split) -> dict[str, NDArray[np.bool_]]:
    """Which cells of the training rows are missing, for each column that lacks any."""
    features = part.dataset.take(part.train_rows).features
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


def _association(hole: NDArray[np.bool_], truth: Indices) -> float:
    """p of the test that cells are missing as often in each class.

    By χ², or where too few are expected of a class by χ² of holes that are dealt out at random.
    """
    rows = np.bincount(truth)
    counts = np.array([np.bincount(truth, hole), np.bincount(truth, ~hole)])
    if not counts.sum(axis=1).all():
        return 1.0
    found = chi2_contingency(counts)
    if found.expected_freq.min() >= EXPECTED:
        return float(found.pvalue)
    rng = np.random.default_rng(0)
    dealt = rng.multivariate_hypergeometric(rows, int(hole.sum()), DEALT, method="marginals")
    # χ² is this sum in other units, as the cells that are there follow from those that are not.
    own, chance = (
        (((holes - found.expected_freq[0]) ** 2) / rows).sum(axis=-1)
        for holes in (counts[0], dealt)
    )
    return float((1 + np.sum(chance >= own * (1 - 1e-12))) / (1 + DEALT))


def _surplus(hole: NDArray[np.bool_], truth: Indices) -> NDArray[np.float64]:
    """How many more holes each class has than its share, in standard deviations or so."""
    expected = np.bincount(truth) * hole.mean()
    surplus: NDArray[np.float64] = (np.bincount(truth, hole) - expected) / np.sqrt(expected)
    return surplus
