"""Passes of dual coordinate ascent over rows with a hinge, as solvers call them."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .entries import Entries

Array = NDArray[np.float64]
Index = NDArray[np.int64]

_ascent = Entries("ascent")


class Multipliers(NamedTuple):
    """The multipliers that a hinge is a maximum over, in numbers.

    A row has those of the rivals of its class, ``0 ≤ a_j ≤ most`` with ``Σ_j a_j ≤ most_in_all``.
    They earn ``Σ_j a_j · v_j`` and cost ``each/2 · Σ_j a_j² + all/2 · (Σ_j a_j)²``.
    """

    margin: float
    most: float
    most_in_all: float
    each: float
    all: float


class Samples(NamedTuple):
    """What does not change: the rows, and what a change of their multipliers does."""

    features: NDArray[Any]  # (n, d), of float32 or float64, the numbers of a row side by side
    mean: Array  # (d,): the x_i are features less this
    target: Index
    pull: Array  # s_i / alpha: W_j loses pull · x_i for each 1 of a_ij
    curvature: Array  # pull · (‖x_i‖² + constant), above 0: by how much v_ij falls
    constant: float  # the square of a feature that is the same in all rows, for the intercept

    def rows(self, which: NDArray[np.intp]) -> Array:
        """Some x_i."""
        found: Array = np.subtract(self.features[which], self.mean, dtype=np.float64)
        return found


class Affine(NamedTuple):
    """W and b, which are changed in place."""

    weight: Array  # (classes, d)
    bias: Array


class Chosen(NamedTuple):
    """The multipliers that may move, which are changed in place.

    Those of row i are ``multipliers[first[i]:first[i + 1]]``, and belong to the `rivals` there.
    """

    first: Index
    rivals: Index
    multipliers: Array


def ascend(
    samples: Samples, kind: Multipliers, affine: Affine, chosen: Chosen, order: Index
) -> float:
    """Give the chosen multipliers of each row, in turn, their best values beside all others.

    Returns
    -------
    float
        How far apart the slopes were of two multipliers in one row, of which one could have grown
        at the other's cost: 0 at the maximum.
    """
    x, room, worst = np.empty(len(samples.mean)), np.empty(len(affine.bias)), np.zeros(1)
    arguments = samples, kind, affine, chosen, order, x, room, worst
    _ascent.ascend.form(samples.features.dtype.char, arguments)(*arguments, 0, len(order))
    return float(worst[0])
