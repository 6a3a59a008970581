"""The multipliers at which a smoothed hinge is attained, and how they move.

A hinge loss is a maximum over multipliers a_j of the rivals j of a row's class (see `duality`),

    max_a Σ_j a_j · v_j − cost(a)

    weston-watkins            0 ≤ a_j ≤ 1                  cost 0
    crammer-singer            a_j ≥ 0, Σ_j a_j ≤ 1         cost 0
    weston-watkins, squared   a_j ≥ 0                      cost Σ_j a_j² / 4
    crammer-singer, squared   a_j ≥ 0                      cost (Σ_j a_j)² / 4

and with ``− ‖a − A‖² / (2σ)`` added, it is attained where ``‖a − u‖² / 2 + σ · cost(a)`` is least,
for ``u = A + σ·v``: a projection, shrunk by the cost.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..losses import MulticlassHinge
from .objective import Array


class Projection(NamedTuple):
    """The multipliers of some rows u, and what their derivative has to know."""

    multipliers: Array
    is_free: NDArray[np.bool_]  # entries that move with u
    coupling: Array  # of each row: what its free entries lose when they move up together
    shrinkage: float

    def derivative(self, change: Array) -> Array:
        """How the multipliers move when u does."""
        moved: Array = change * self.is_free
        moved -= self.is_free * (self.coupling * moved.sum(axis=1))[:, None]
        return self.shrinkage * moved

    def of_rows(self, index: NDArray[np.intp]) -> "Projection":
        return self._replace(
            multipliers=self.multipliers[index],
            is_free=self.is_free[index],
            coupling=self.coupling[index],
        )


def project(hinge: MulticlassHinge, u: Array, sigma: float) -> Projection:
    """The multipliers at which a hinge is attained that is smoothed with σ."""
    if hinge.variant == "crammer-singer":
        return _lowered(u, 0.0, 2 / sigma) if hinge.squared else _on_simplex(u)
    uncoupled = np.zeros(len(u))
    if hinge.squared:
        shrinkage = 1 / (1 + sigma / 2)
        return Projection(shrinkage * np.maximum(u, 0), u > 0, uncoupled, shrinkage)
    return Projection(np.clip(u, 0, 1), (u > 0) & (u < 1), uncoupled, 1.0)


def cost(hinge: MulticlassHinge, multipliers: Array) -> Array:
    """What the multipliers of each row cost."""
    if not hinge.squared:
        return np.zeros(len(multipliers))
    if hinge.variant == "crammer-singer":
        return np.asarray(multipliers.sum(axis=1) ** 2 / 4)
    return np.asarray((multipliers**2).sum(axis=1) / 4)


def _on_simplex(u: Array) -> Projection:
    """The nearest points of ``a_j ≥ 0, Σ_j a_j ≤ 1``: rows that sum to more are lowered to 1."""
    inside = np.maximum(u, 0)
    lowered = _lowered(u, 1.0, 0.0)
    is_tight = inside.sum(axis=1) > 1
    multipliers = np.where(is_tight[:, None], lowered.multipliers, inside)
    coupling = np.where(is_tight, lowered.coupling, 0.0)
    return Projection(multipliers, multipliers > 0, coupling, 1.0)


def _lowered(u: Array, total: float, slack: float) -> Projection:
    """``max(0, u_j − θ)`` for the θ of each row with which it sums to ``total + slack · θ``.

    References
    ----------
    M. Held, P. Wolfe and H. P. Crowder, Validation of subgradient optimization, 1974.
    """
    descending = -np.sort(-u, axis=1)
    excess = np.cumsum(descending, axis=1) - total
    count = np.arange(1, u.shape[1] + 1) + slack
    support = np.count_nonzero(descending * count > excess, axis=1)[:, None]
    last = np.maximum(support - 1, 0)
    threshold = np.take_along_axis(excess, last, axis=1) / count[last]
    multipliers = np.maximum(u - threshold, 0)
    return Projection(multipliers, multipliers > 0, 1 / count[last[:, 0]], 1.0)
