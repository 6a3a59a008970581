"""Newton's method on the face of the free multipliers.

Multipliers strictly between their bounds are free. Moved along their face, the dual is a quadratic
whose maximum is a linear system with a row for each: there the slopes of all free multipliers of a
row are equal, and equal to 0 where nothing holds their sum.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from ..kernels.cpu.of_ascent import Multipliers, Samples
from .choice import Slopes
from .objective import Array

LARGEST = 4000  # of the system: 128 MB
RIDGE = 1e-9  # in parts of its mean diagonal: more free multipliers than weights make it singular
Index = NDArray[np.intp]


class Face(NamedTuple):
    """The free multipliers: each moves, and its partner moves back."""

    rows: Index
    rivals: Index
    partners: Index  # the row's own class, or where its sum is held a rival with a large multiplier

    @classmethod
    def of(cls, kind: Multipliers, samples: Samples, slopes: Slopes, multipliers: Array) -> "Face":
        rows, rivals, values = slopes.held
        partner = samples.target.copy()
        partner[slopes.is_full] = multipliers[slopes.is_full].argmax(axis=1)
        is_free = (values < kind.most) & (samples.pull[rows] > 0) & (rivals != partner[rows])
        rows, rivals = rows[is_free], rivals[is_free]
        return cls(rows, rivals, partner[rows])

    def __len__(self) -> int:
        return len(self.rows)

    def cost(self, samples: Samples) -> float:
        """Of Newton's direction, in multiplications."""
        size, width = float(len(self)), float(samples.features.shape[1])
        return size**3 / 3 + size**2 * (2000 + width)

    def is_own(self, samples: Samples) -> NDArray[np.bool_]:
        own: NDArray[np.bool_] = self.partners == samples.target[self.rows]
        return own


class Direction(NamedTuple):
    rows: Index  # that it is not 0 in
    multipliers: Array
    bias: Array


def newton_direction(
    face: Face,
    kind: Multipliers,
    samples: Samples,
    slopes: Slopes,
    alpha: float,
    bias_grad: Array | None,
) -> Direction | None:
    """The way to the maximum on the face, with the intercept that makes `bias_grad` 0.

    None where rounding leaves the system no solution.
    """
    rows, rivals, partners = face
    is_own = face.is_own(samples)
    weight = alpha * samples.pull[rows]
    ahead = slopes.slope[rows, rivals] - np.where(is_own, 0.0, slopes.slope[rows, partners])
    try:
        factor = cho_factor(system(face, kind, samples, alpha), lower=True, overwrite_a=True)
    except LinAlgError:
        return None
    shape = slopes.slope.shape
    if bias_grad is None:
        bias = np.zeros(shape[1])
        moved = cho_solve(factor, ahead)
    else:
        exchange = np.zeros((len(face), shape[1]))
        exchange[np.arange(len(face)), rivals] += 1
        exchange[np.arange(len(face)), partners] -= 1
        solved = cho_solve(factor, np.column_stack([ahead, exchange]))
        of_slopes, of_bias = solved[:, 0], solved[:, 1:]
        bias = np.linalg.lstsq(exchange.T @ of_bias, -bias_grad - exchange.T @ of_slopes)[0]
        moved = of_slopes + of_bias @ bias
    moved /= weight
    direction = np.zeros(shape)
    direction[rows, rivals] = moved
    np.subtract.at(direction, (rows[~is_own], partners[~is_own]), moved[~is_own])
    return Direction(np.unique(rows), direction, bias)


def system(face: Face, kind: Multipliers, samples: Samples, alpha: float) -> Array:
    """``x_i · x_i' / alpha`` for two that move one class, less where one takes from the other; and
    what they cost.
    """
    rows, rivals, partners = face
    which, place = np.unique(rows, return_inverse=True)
    features = samples.rows(which)
    found: Array = (features @ features.T / alpha)[np.ix_(place, place)]
    signs = (rivals[:, None] == rivals).astype(np.int8)
    signs -= rivals[:, None] == partners
    signs -= partners[:, None] == rivals
    signs += partners[:, None] == partners
    found *= signs
    weight = alpha * samples.pull[rows]
    diagonal = np.diag_indices(len(rows))
    if kind.all:
        found += (rows[:, None] == rows) * (kind.all / weight)
    found[diagonal] += kind.each / weight
    found[diagonal] += RIDGE * np.trace(found) / len(rows)
    return found
