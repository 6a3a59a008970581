"""What `partial_fit` keeps of the rows that it was given.

All of them, while they are few: the minimum is then that of all rows together. Of more, some are
drawn from each class, so evenly that in whatever order the rows come every class keeps its own, and
those drawn take the weight of the others over. What this changes in the gradient, a linear term
puts back:

    F(params) = Σ_i w_i · loss_i(params) + ⟨c, params⟩        c += ∇F before − ∇F after

So each row pulls with its gradient at the weights of when it went, and those drawn tell how that
changes with the weights. The minimum tends to that of all rows: c − ∇F is exact where the weights
stay, and they move ever less.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from .._sparse import is_sparse
from .duality import linear_gradient
from .objective import Array, Objective, Tilt

# How many rows are kept: so many, or so many for each feature, but no more than that ...
ROWS, ROWS_PER_FEATURE, MOST_ROWS = 2000, 4, 10_000
NUMBERS, FEWEST = 2**23, 500  # ... nor than hold so many numbers, where these are not very few
LEFT = 0.8  # of them, once there are more

# Of features, class ids, weights that sum to 1, and a tilt.
ObjectiveOf = Callable[[Any, NDArray[np.int64], Array, Tilt | None], Objective[Any]]


@dataclass(frozen=True, eq=False)
class Seen:
    """The rows that are kept, and what those before them left.

    Attributes
    ----------
    features : (n, d), an array or a `csr_array`
    target : (n,) class ids
    weight : (n,)
        Of each class they sum to those of all its rows.
    multipliers : (n, classes) of a hinge, or (n, 0)
        Where a hinge, which has kinks, is held by the last minimum: they tell its gradient.
    params : ndarray
        The last minimum.
    tilt : Tilt or None
        In units of `weight`.
    rows : int
        How many were given.
    """

    features: Any
    target: NDArray[np.int64]
    weight: Array
    multipliers: Array
    params: Array
    has_intercept: bool
    tilt: Tilt | None = None
    rows: int = 0

    @classmethod
    def nothing(cls, features: Any, classes: int, has_intercept: bool, is_hinge: bool) -> "Seen":
        """Before any row, of features such as these."""
        size = classes * (features.shape[1] + has_intercept)
        multipliers = np.empty((0, classes if is_hinge else 0))
        none = np.empty(0, np.int64), np.empty(0)
        return cls(features[:0], *none, multipliers, np.zeros(size), bool(has_intercept))

    def with_rows(self, features: Any, target: NDArray[np.int64], weight: Array) -> "Seen":
        """With another batch, of which rows without weight are left out."""
        given = np.flatnonzero(weight)
        none = np.zeros((len(given), self.multipliers.shape[1]))
        return replace(
            self,
            features=joined(self.features, features[given]),
            target=np.concatenate([self.target, target[given]]),
            weight=np.concatenate([self.weight, weight[given]]),
            multipliers=np.concatenate([self.multipliers, none]),
            rows=self.rows + len(given),
        )

    def at(self, params: Array) -> "Seen":
        """With another minimum."""
        return replace(self, params=params)

    def objective(self, objective_of: ObjectiveOf) -> Objective[Any]:
        """The mean over all rows, as far as it is known, with the penalty."""
        mass = self.weight.sum()
        tilt = self.tilt and Tilt(self.tilt.level / mass, self.tilt.slope / mass)
        return objective_of(self.features, self.target, self.weight / mass, tilt)

    def reduced(self, objective_of: ObjectiveOf) -> "Seen":
        """With no more rows than are to be kept, drawn at random, but always the same ones."""
        most = most_rows(self.features)
        if len(self.target) <= most:
            return self
        kept, weight = drawn(self.target, self.weight, int(LEFT * most), seed=self.rows)
        fewer = replace(
            self,
            features=self.features[kept],
            target=self.target[kept],
            weight=weight,
            multipliers=self.multipliers[kept],
        )
        value, grad = self._evaluated(objective_of)
        value_of_fewer, grad_of_fewer = fewer._evaluated(objective_of)
        mass = self.weight.sum()
        slope = mass * (grad - grad_of_fewer)
        level = mass * (value - value_of_fewer) - float(slope @ self.params)
        if self.tilt is not None:
            level, slope = level + self.tilt.level, slope + self.tilt.slope
        return replace(fewer, tilt=Tilt(level, slope))

    def _evaluated(self, objective_of: ObjectiveOf) -> tuple[float, Array]:
        """The mean at the last minimum; the gradient of a hinge by its multipliers."""
        objective = self.objective(objective_of)
        value, grad = objective(self.params)
        if self.multipliers.size:
            weight, _ = objective.split(self.params)
            weight_grad, bias_grad = linear_gradient(objective, self.multipliers)
            grad = objective.join(weight_grad + objective.alpha * weight, bias_grad)
            if objective.tilt is not None:
                grad = grad + objective.tilt.slope
        return value, grad


def joined(first: Any, second: Any) -> Any:
    """Features below each other, sparse if some are."""
    if is_sparse(first) or is_sparse(second):
        return csr_array(vstack([csr_array(first), csr_array(second)]))
    return np.concatenate([first, second])


def most_rows(features: Any) -> int:
    """How many rows such as these are to be kept."""
    rows, size = features.shape
    held = max(float(features.nnz) / rows if is_sparse(features) else size, 1.0)
    wanted: int = min(max(ROWS, ROWS_PER_FEATURE * size), MOST_ROWS)
    return max(min(wanted, int(NUMBERS / held)), FEWEST)


def drawn(
    target: NDArray[np.int64], weight: Array, most: int, seed: int
) -> tuple[NDArray[np.intp], Array]:
    """At most so many rows, of each class as many as of others that have them, and their weights.

    A row is the more likely drawn the more it weighs; those of its class that are weigh alike.

    References
    ----------
    P. S. Efraimidis and P. G. Spirakis, Weighted random sampling with a reservoir, 2006.

    Examples
    --------
    >>> drawn(np.array([0, 0, 0, 0, 1]), np.ones(5), most=3, seed=0)
    (array([2, 3, 4]), array([2., 2., 1.]))
    """
    counts = np.bincount(target)
    share = even_share(counts, most)
    order = np.random.default_rng(seed).exponential(size=len(target)) / weight
    kept, weight = list[NDArray[np.intp]](), weight.copy()
    for each in np.flatnonzero(counts):
        rows = np.flatnonzero(target == each)
        if len(rows) > share:
            chosen = rows[np.argsort(order[rows])[:share]]
            weight[chosen] = weight[rows].sum() / share
            rows = chosen
        kept.append(rows)
    index = np.sort(np.concatenate(kept))
    return index, weight[index]


def even_share(counts: NDArray[np.intp], most: int) -> int:
    """The largest number of rows, at least 1, of which each class may have as many.

    >>> even_share(np.array([100, 2, 100]), 12)
    5
    """
    ascending = np.sort(counts[counts > 0])
    for place, count in enumerate(ascending.tolist()):
        share = most // (len(ascending) - place)
        if count > share:
            return max(share, 1)
        most -= count
    return int(ascending[-1])
