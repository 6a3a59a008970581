"""The objective of rows that are read batch by batch."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array, vstack
from sklearn.base import BaseEstimator
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, validate_data

from .._sparse import as_sparse, is_sparse
from ..linear_loss import LinearLoss
from ..losses import RowLoss
from .batches import Batch, Batches, added
from .first_matrix import ROWS
from .labels import (
    are_soft,
    check_mass,
    check_several,
    check_takes,
    checked_weight,
    class_weights,
    masses_of,
    named,
    shares,
)
from .objective import Array, Objective
from .prediction import TAKEN
from .products import gradient
from .sampling import some_of
from .working_set import WorkingSet, with_columns, working_set_of


@dataclass(frozen=True, eq=False, kw_only=True)
class StreamedObjective(Objective[RowLoss]):
    """An objective whose rows are read anew whenever it is computed.

    Its features, target and weights are those of a sample, which stays in memory: the shape of the
    objective is estimated from them.

    Attributes
    ----------
    parts : callable
        The objectives of the batches, without penalty: the whole is their sum.
    centre : ndarray of shape (d,)
        The mean of the features of all rows.
    """

    parts: Callable[[], Iterator[Objective[RowLoss]]]
    centre: Array

    def mean(self) -> Array:
        return self.centre

    def evaluated_by(self, linear_loss: LinearLoss, params: Array) -> tuple[float, Array]:
        """The `linear_loss` is of the sample, and is to see its logits."""
        super().evaluated_by(linear_loss, params)
        weight, _ = self.split(params)
        value = self.penalty(weight)
        grad = self.join(self.ridge * weight, np.zeros(self.classes))
        for part in self.parts():
            of_part, grad_of_part = part(params)
            value += of_part
            grad += grad_of_part
        return value, grad


class Rows(NamedTuple):
    """A batch, checked."""

    features: Any
    labels: NDArray[Any]  # of shape (n,), or soft: masses of shape (n, classes)
    weight: Array


def rows_of(
    batches: Iterable[Batch], estimator: BaseEstimator, is_first: bool = False
) -> Iterator[Rows]:
    """The batches that are not empty; the first pass tells the estimator of the features."""
    for X, y, sample_weight in batches:
        if not np.shape(y)[0]:
            continue
        if are_soft(y):
            features = validate_data(estimator, X, reset=is_first, **TAKEN)
            labels: NDArray[Any] = masses_of(y)
            check_consistent_length(features, labels)
        else:
            features, labels = validate_data(estimator, X, y, reset=is_first, **TAKEN)
            check_classification_targets(labels)
        if is_sparse(features):
            features = as_sparse(features, "X")
        weight: Array = np.zeros(len(labels))  # which of all rows together is an error
        if sample_weight is None or not np.array_equal(sample_weight, weight):
            weight = checked_weight(sample_weight, labels)
        yield Rows(features, labels, weight)
        is_first = False


@dataclass(frozen=True, eq=False)
class Counts:
    """Of some rows: how many, the classes and what each weighs, and of what kind their features."""

    rows: int
    classes: NDArray[Any]
    masses: dict[Any, float]
    dtype: np.dtype[Any]
    is_sparse: bool
    columns: int  # of soft labels, whose classes are their numbers; 0 of hard ones

    @classmethod
    def of(cls, rows: Rows) -> "Counts":
        features, labels, weight = rows
        columns = labels.shape[1] if labels.ndim == 2 else 0
        if columns:
            names, found = np.arange(columns), weight @ labels
        else:
            names, ids = np.unique(labels, return_inverse=True)
            found = np.bincount(ids, weight)
        masses = dict(zip(names.tolist(), found.tolist(), strict=True))
        return cls(len(labels), names, masses, features.dtype, is_sparse(features), columns)

    def __add__(self, other: "Counts") -> "Counts":
        if self.columns != other.columns:
            kinds = [
                f"{n} columns of soft ones" if n else "hard ones"
                for n in (self.columns, other.columns)
            ]
            raise ValueError(f"y must hold labels of one kind, got {kinds[0]} and {kinds[1]}")
        mine, its = self.masses, other.masses
        return Counts(
            self.rows + other.rows,
            np.union1d(self.classes, other.classes),
            {name: mine.get(name, 0.0) + its.get(name, 0.0) for name in {**mine, **its}},
            np.result_type(self.dtype, other.dtype),
            self.is_sparse or other.is_sparse,
            self.columns,
        )


class Survey(NamedTuple):
    """What the first pass finds: all that has to be known before any row can be weighed."""

    rows: int
    classes: NDArray[Any]
    of_class: Array  # by what weights of samples are multiplied, so that they all sum to 1
    dtype: np.dtype[Any]
    is_sparse: bool
    are_soft: bool

    @classmethod
    def of(
        cls, counts: Counts | None, class_weight: Any, names: ArrayLike | None = None
    ) -> "Survey":
        """From the counts of all rows, None where there is no row, and the names of soft labels."""
        if counts is None:
            raise ValueError("X holds no batch with a row in it")
        found = np.array([counts.masses[name] for name in counts.classes.tolist()])
        classes = counts.classes
        if counts.columns:
            classes = named(names, counts.columns)
        elif names is not None:
            raise ValueError("classes names the columns of soft labels, but those of X are hard")
        check_several(classes)
        of_class = class_weights(class_weight, classes, found)
        check_mass(classes, found * of_class)
        scaled = of_class / (found @ of_class)
        is_soft = bool(counts.columns)
        return cls(counts.rows, classes, scaled, counts.dtype, counts.is_sparse, is_soft)

    def weighed(self, rows: Rows) -> Rows:
        """The same rows with class ids or shares, and weights that sum to 1 over all."""
        features, labels, weight = rows
        if self.are_soft and labels.shape[1:] == self.classes.shape:
            masses = labels * weight[:, None] * self.of_class
            weight = masses.sum(axis=1)
            return Rows(features, shares(masses, weight), weight)
        if self.are_soft or labels.ndim > 1:
            raise ValueError("X must give the same labels in each pass, soft or hard")
        ids = np.minimum(np.searchsorted(self.classes, labels), len(self.classes) - 1)
        if not np.array_equal(self.classes[ids], labels):
            unknown = labels[self.classes[ids] != labels].tolist()[0]
            raise ValueError(f"X gave no sample of class {unknown!r} in its first pass")
        return Rows(features, ids.astype(np.int64), weight * self.of_class[ids])

    def check_rows(self, count: int) -> None:
        """Whether a later pass gave as many."""
        if count != self.rows:
            raise ValueError(
                f"X must give the same rows in each pass: in the first it gave {self.rows}, then "
                f"{count}"
            )

    def read(self, batches: Batches, estimator: BaseEstimator) -> Iterator[Rows]:
        """A pass over the batches, whose labels become class ids, with weights that sum to 1."""
        count = 0
        for rows in rows_of(batches, estimator):
            count += len(rows.labels)
            yield self.weighed(rows)
        self.check_rows(count)


class StreamedWorkingSet(WorkingSet):
    """Whose Hessian is that of all rows where it may be written down, and else of the sample."""

    def __init__(
        self,
        objective: StreamedObjective,
        mean: Array,
        params: Array,
        logits: Array,
        may_move: NDArray[np.bool_],
    ) -> None:
        super().__init__(objective, mean, logits, may_move)
        self._parts = objective.parts
        self._params = params

    @property
    def _is_written(self) -> bool:
        return self.is_small

    @cached_property
    def hessian(self) -> Array:
        found = np.diag(self._ridge)
        for part in self._parts():
            few = with_columns(part.features, self.columns)
            dense = replace(part, features=few.toarray() if is_sparse(few) else few)
            its = WorkingSet(dense, self.mean, part.logits(self._params), self.may_move)
            found += its.hessian
        return found


@working_set_of.register
def _(
    objective: StreamedObjective,
    mean: Array,
    params: Array,
    logits: Array,
    may_move: NDArray[np.bool_],
) -> WorkingSet:
    return StreamedWorkingSet(objective, mean, params, logits, may_move)


def streamed(
    batches: Batches,
    estimator: BaseEstimator,
    loss: RowLoss,
    class_weight: Any,
    alpha: float,
    fit_intercept: bool,
    l1_ratio: float,
    classes: ArrayLike | None,
) -> tuple[StreamedObjective, Survey]:
    """The objective of batches, after two passes over them, with the names of soft labels."""
    counts = added(map(Counts.of, rows_of(batches, estimator, is_first=True)))
    found = Survey.of(counts, class_weight, classes)
    if found.are_soft:
        check_takes(loss, f"soft labels of {len(found.classes)} classes")
    kept, centre = sample_of(found, batches, estimator)

    def objective_of(rows: Rows, alpha: float) -> Objective[RowLoss]:
        options = len(found.classes), alpha, fit_intercept, l1_ratio
        return Objective(loss, rows.features, rows.labels, rows.weight, *options)

    def parts() -> Iterator[Objective[RowLoss]]:
        return (objective_of(rows, 0.0) for rows in found.read(batches, estimator))

    sample = objective_of(kept, alpha)
    of_sample = {each.name: getattr(sample, each.name) for each in fields(sample) if each.init}
    return StreamedObjective(**of_sample, parts=parts, centre=centre), found


def sample_of(found: Survey, batches: Batches, estimator: BaseEstimator) -> tuple[Rows, Array]:
    """Some rows, whose weights sum to 1, and the mean of all."""
    chosen = some_of(np.arange(found.rows), ROWS)
    kept, start = list[Rows](), 0
    mean: Array = np.zeros(estimator.n_features_in_)
    for features, ids, weight in found.read(batches, estimator):
        mean += gradient(features, weight[:, None])[0]
        first, last = np.searchsorted(chosen, (start, start + len(ids)))
        its = chosen[first:last] - start
        kept.append(Rows(features[its], ids[its], weight[its]))
        start += len(ids)
    parts, labels, weights = zip(*kept, strict=True)
    joined = csr_array(vstack(parts)) if any(map(is_sparse, parts)) else np.concatenate(parts)
    its_weight = np.concatenate(weights)
    if not its_weight.any():  # of samples that count there are very few
        its_weight = np.ones(len(its_weight))
    return Rows(joined, np.concatenate(labels), its_weight / its_weight.sum()), mean
