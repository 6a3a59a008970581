"""What L-BFGS remembers: the last steps, and what each changed in the gradient."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dtrtrs

from ..losses import RowLoss
from .objective import Array, Objective

MOST = 30


class Inverse(Protocol):
    """What is asked of an inverse Hessian: its product with some W and c, and their product."""

    def times(self, weight: Array, at_mean: Array) -> tuple[Array, Array]: ...

    def form(self, weight: Array, at_mean: Array) -> float: ...


class Pairs:
    """Steps s_i with their changes y_i of the gradient, as the rows of S and Y, oldest first.

    BFGS corrects a first matrix H by them in turn, so that the last of all maps y_i to s_i. With
    the upper triangle T of S Yᵀ and its diagonal D, the outcome times a gradient g is

        r + Sᵀ δ        T α = S g        r = H (g − Yᵀ α)        Tᵀ δ = D α − Y r

    where H is scaled so that it agrees with the last pair on ``yᵀ H y``.

    References
    ----------
    R. H. Byrd, J. Nocedal and R. B. Schnabel, Representations of quasi-Newton matrices and their
    use in limited memory methods, 1994.
    """

    def __init__(self, objective: Objective[RowLoss], size: int) -> None:
        self._split, self._join = objective.split, objective.join
        # A new pair takes the place of the oldest, so that nothing has to move.
        self._steps = np.zeros((MOST, size))
        self._changes = np.zeros((MOST, size))
        self._products = np.zeros((MOST, MOST))  # S Yᵀ
        self._order: list[int] = []

    def __len__(self) -> int:
        return len(self._order)

    def clear(self) -> None:
        self._order.clear()

    def add(self, step: Array, change: Array) -> None:
        """Keep a pair, unless rounding has left it no curvature."""
        if not step @ change > 0:
            return
        place = len(self) if len(self) < MOST else self._order.pop(0)
        self._order.append(place)
        self._steps[place] = step
        self._changes[place] = change
        self._products[place] = self._changes @ step
        self._products[:, place] = self._steps @ change

    def times(self, grad: Array, inverse: Inverse) -> Array:
        """The corrected matrix times a gradient."""
        if not self._order:
            return self._times(inverse, grad)
        order = np.array(self._order)
        triangle = self._products[np.ix_(order, order)]
        alpha, _ = dtrtrs(triangle, (self._steps @ grad)[order])
        scale = triangle[-1, -1] / inverse.form(*self._split(self._changes[order[-1]]))
        result = scale * self._times(inverse, grad - self._combined(self._changes, order, alpha))
        rest = triangle.diagonal() * alpha - (self._changes @ result)[order]
        delta, _ = dtrtrs(triangle, rest, trans=1)
        result += self._combined(self._steps, order, delta)
        return np.asarray(result)

    def _times(self, inverse: Inverse, vector: Array) -> Array:
        return self._join(*inverse.times(*self._split(vector)))

    def _combined(self, rows: Array, order: NDArray[np.intp], shares: Array) -> Array:
        by_place = np.zeros(MOST)
        by_place[order] = shares
        return np.asarray(by_place @ rows)
