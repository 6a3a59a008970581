"""What samples are of: class labels, or soft labels, a mass for each class."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    check_array,
    check_consistent_length,
    column_or_1d,
)

from .. import _check
from .._sparse import is_sparse
from ..losses import RowLoss
from .objective import Array


class Labels(NamedTuple):
    """The classes, and of each sample its class or its share of every class.

    Attributes
    ----------
    classes : ndarray of shape (classes,), sorted
    target : ndarray
        Class ids of shape (n,), or of soft labels shares of shape (n, classes), which sum to 1.
    sample_weight : ndarray of shape (n,)
        With the weights of the classes in it, and the sum 1.
    """

    classes: NDArray[Any]
    target: NDArray[Any]
    sample_weight: Array


def are_soft(y: Any) -> bool:
    """Whether labels are a table of a column for each class."""
    if is_sparse(y):
        return False
    shape = np.asarray(y).shape
    return len(shape) == 2 and shape[1] > 1


def hard_labels(
    y: NDArray[Any], sample_weight: ArrayLike | None, class_weight: Mapping[Any, float] | str | None
) -> Labels:
    """Read a class label for each sample."""
    check_classification_targets(y)
    classes, target = np.unique(y, return_inverse=True)
    check_several(classes)
    weight = checked_weight(sample_weight, y)
    weight = weight * class_weights(class_weight, classes, _masses(target, weight))[target]
    return _normalised(classes, target.astype(np.int64), weight, _masses(target, weight))


def soft_labels(
    y: Any,
    loss: RowLoss,
    classes: ArrayLike | None,
    sample_weight: ArrayLike | None,
    class_weight: Mapping[Any, float] | str | None,
) -> Labels:
    """Read a mass for each class of each sample: each counts as a sample of that class would."""
    masses = masses_of(y)
    check_takes(loss, _check.described(masses))
    names = named(classes, masses.shape[1])
    masses *= checked_weight(sample_weight, masses)[:, None]
    with np.errstate(over="ignore"):
        masses *= class_weights(class_weight, names, masses.sum(axis=0))
        weight = masses.sum(axis=1)
        if not np.isfinite(weight.sum()):
            raise ValueError("y holds masses whose sum overflows")
    return _normalised(names, shares(masses, weight), weight, masses.sum(axis=0))


def labels_of(
    y: Any, classes: NDArray[Any], sample_weight: ArrayLike | None
) -> tuple[NDArray[Any], Array]:
    """Class ids or shares of other samples than those of `fit`, and their weights."""
    if are_soft(y):
        masses = _masses_for(y, classes)
        masses *= checked_weight(sample_weight, masses)[:, None]
        weight = masses.sum(axis=1)
        return shares(masses, weight), weight
    given = column_or_1d(y, warn=True)
    if unknown := sorted({*given.tolist()} - {*classes.tolist()}, key=str):
        raise ValueError(
            f"y holds {unknown[0]!r}, which is no class of the training: {classes.tolist()}"
        )
    return np.searchsorted(classes, given), checked_weight(sample_weight, given)


def share_predicted(
    y: Any, classes: NDArray[Any], predicted: NDArray[Any], sample_weight: ArrayLike | None
) -> float:
    """The share of the mass of soft labels that lies on the predicted classes."""
    masses = _masses_for(y, classes)
    check_consistent_length(masses, predicted)
    masses *= checked_weight(sample_weight, masses)[:, None]
    if not masses.any():
        raise ValueError("y holds no mass above 0")
    places = np.searchsorted(classes, predicted)
    return float(masses[np.arange(len(masses)), places].sum() / masses.sum())


def _masses_for(y: Any, classes: NDArray[Any]) -> Array:
    """Soft labels of classes that are known."""
    masses = masses_of(y)
    if masses.shape[1] != len(classes):
        raise ValueError(
            f"y must hold soft labels of {len(classes)} classes, got {_check.described(masses)}"
        )
    return masses


def masses_of(y: Any) -> Array:
    """Soft labels as an array of float64 of their own, checked."""
    given = np.asarray(y)
    if given.dtype.kind != "f":
        raise ValueError(
            "y must hold class labels of shape (n,), or soft labels: floats ≥ 0 of shape "
            f"(n, classes), got {_check.described(given)}; of several labels for each sample no "
            "classifier is made here"
        )
    masses: Array = check_array(given, dtype=np.float64, copy=True, input_name="y")
    _check.every(masses >= 0, masses, "y must hold soft labels, floats ≥ 0")
    return masses


def named(classes: ArrayLike | None, columns: int) -> NDArray[Any]:
    """The classes of so many columns.

    In the order of `classes_`, so that a table of labels means the same to `fit` and to `score`.
    """
    names = np.arange(columns) if classes is None else np.asarray(classes)
    if names.shape != (columns,):
        raise ValueError(
            f"classes must name the {columns} columns of y, got {_check.described(names)}"
        )
    if not np.array_equal(names, np.unique(names)):
        raise ValueError(
            f"classes must be sorted, each once, and the columns of y with them: {names.tolist()}"
        )
    return names


def shares(masses: Array, weight: Array) -> Array:
    """Masses as parts of the weight of their row, 0 where that is 0."""
    total = weight[:, None]
    return np.divide(masses, total, out=np.zeros_like(masses), where=total > 0)


def _masses(target: NDArray[np.intp], weight: Array) -> Array:
    """How much the samples of each class weigh."""
    return np.bincount(target, weight).astype(np.float64)


def checked_weight(sample_weight: ArrayLike | None, samples: NDArray[Any]) -> Array:
    weight: Array = _check_sample_weight(
        sample_weight, samples, dtype=np.float64, ensure_non_negative=True
    )
    return weight


def class_weights(
    class_weight: Mapping[Any, float] | str | None, classes: NDArray[Any], mass: Array
) -> Array:
    """The weight of each class, of which the samples have so much mass."""
    weight: Array = compute_class_weight(
        class_weight, classes=classes, y=classes, sample_weight=mass
    )
    return weight


def check_takes(loss: RowLoss, given: str) -> None:
    """Whether a loss takes soft labels."""
    if not loss.takes_probabilities:
        raise TypeError(
            f"y must hold class labels of shape (n,), as {loss!r} takes no soft labels; got {given}"
        )


def check_several(classes: NDArray[Any]) -> None:
    if len(classes) < 2:
        raise ValueError(
            f"y must hold at least two classes, got one class: {classes.tolist()[0]!r}"
        )


def check_mass(classes: NDArray[Any], mass: Array) -> None:
    if not (mass > 0).all():
        empty = classes.tolist()[mass.argmin()]
        raise ValueError(f"class {empty!r} has no sample of weight above 0")


def _normalised(classes: NDArray[Any], target: NDArray[Any], weight: Array, mass: Array) -> Labels:
    check_mass(classes, mass)
    return Labels(classes, target, weight / weight.sum())
