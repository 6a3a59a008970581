"""The back ends, and the contract that each of them keeps.

A back end is a module of functions on rows of logits; it writes its results into arrays that the
caller made. Every back end passes the tests in `tests/contract/`, which hold it to `reference.py`.

Rows come as an array of shape (rows, classes), or (outer, classes, inner) where the classes stand
on an axis in the middle; row r is then [r // inner, :, r % inner]. Whatever has one entry for each
row is a flat array in that order. What is absent (a mask, smoothing, a gradient that nobody wants)
is an empty array, so that a compiled kernel meets one type for each storage type.
"""

from functools import cache
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

NO_MASK: NDArray[np.bool_] = np.empty((0, 0), np.bool_)
NOTHING: NDArray[np.float64] = np.empty(0)


class Logits(NamedTuple):
    """The scores of every row, and what is done to them before anything else.

    A class that is False in `where` does not exist for that row. A logit z is read as
    z / temperature.
    """

    values: NDArray[Any]
    where: NDArray[np.bool_] = NO_MASK
    temperature: float = 1.0


class Target(NamedTuple):
    """What each row should be, and how much it counts.

    `classes` holds a class id for each row (flat; −1 ignores the row), or a mass for every class in
    the shape of the logits. A class id is the mass 1 on that class. The target mass of class k in
    row r is

        t_k = class_weight[k] · (weight[r] · mass[r, k] + smoothing[r])

    and the cross-entropy of the row is Σ_k t_k · (−log p_k) + norm[r] · logsumexp². Without class
    weights each is 1. A row of which nothing counts (its coefficients are 0, or for a class id the
    weight of its class) is ignored whatever it holds.
    """

    classes: NDArray[Any]
    weight: NDArray[np.float64]
    smoothing: NDArray[np.float64] = NOTHING
    norm: NDArray[np.float64] = NOTHING
    class_weight: NDArray[np.float64] = NOTHING

    def rows(self, part: slice) -> "Target":
        """The target of some of the rows."""
        return self._replace(
            classes=self.classes[part],
            weight=self.weight[part],
            smoothing=self.smoothing[part],
            norm=self.norm[part],
        )


def no_gradient(rows: NDArray[Any]) -> NDArray[Any]:
    """What is passed as the gradient of these rows where only the value is wanted."""
    return np.empty((0,) * rows.ndim, rows.dtype)


def kernels_for(array: object, backend: str | None = None) -> ModuleType:
    """The back end for an array: the one place that chooses.

    An explicit `backend` ("cpu", "reference") is taken or refused, never replaced.
    """
    if backend is None and isinstance(array, np.ndarray):
        return _cpu()
    if backend == "reference":
        from . import reference

        return reference
    if backend not in (None, "cpu"):
        raise ValueError(f"backend must be 'cpu' or 'reference', got {backend!r}")
    if not isinstance(array, np.ndarray):
        raise TypeError(f"no back end takes {type(array).__module__}.{type(array).__name__}")
    return _cpu()


@cache
def _cpu() -> ModuleType:
    """Not loaded before it is needed: Numba takes its time."""
    from .undisturbed import undisturbed

    with undisturbed():
        from . import cpu
    return cpu
