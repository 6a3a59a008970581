"""The rows from which the shape of an objective is estimated, and their logits, seen in passing."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..kernels import Linear
from ..losses import Bound, RowLoss
from .curvature import Curvature
from .objective import Array, Objective


def some_of(rows: NDArray[np.intp], most: int) -> NDArray[np.intp]:
    """At most so many of these rows, in order.

    They are drawn at random, always the same ones: every tenth row, say, may not be typical.
    """
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(0).choice(rows, most, replace=False))


class Watched:
    """A bound loss that keeps the logits of some rows when it is evaluated, tile by tile.

    Attributes
    ----------
    index : the rows, in order
    logits : ndarray of shape (rows, classes)
        As of the last evaluation.
    """

    def __init__(self, bound: Bound, index: NDArray[np.intp]) -> None:
        self.bound = bound
        self.index = index
        self.logits = np.zeros((len(index), bound.shape[-1]))

    def compute(
        self, logits: NDArray[Any], samples: slice, losses: NDArray[Any], grad: NDArray[Any] | None
    ) -> None:
        self._keep(logits, samples)
        self.bound.compute(logits, samples, losses, grad)

    def compute_between(
        self,
        of: Linear,
        logits: NDArray[Any],
        samples: slice,
        losses: NDArray[Any],
        grad: NDArray[Any],
    ) -> None:
        self.bound.compute_between(of, logits, samples, losses, grad)
        self._keep(logits, samples)

    def _keep(self, logits: NDArray[Any], samples: slice) -> None:
        begin, end = np.searchsorted(self.index, (samples.start, samples.stop))
        self.logits[begin:end] = logits[self.index[begin:end] - samples.start]

    # The rest of what a `LinearLoss` asks for.

    @property
    def goes_between(self) -> bool:
        return self.bound.goes_between

    @property
    def shape(self) -> tuple[int, ...]:
        return self.bound.shape

    def left_out(self) -> NDArray[np.bool_] | None:
        return self.bound.left_out()

    def new_losses(self) -> NDArray[Any]:
        return self.bound.new_losses()

    def reduced(self, losses: NDArray[Any], dtype: np.dtype[Any]) -> Any:
        return self.bound.reduced(losses, dtype)


class Sample:
    """The loss of some rows, which weigh as much as all together, where it was last evaluated.

    Attributes
    ----------
    watched : Watched
        The loss of all rows, by which the objective has to be evaluated.
    """

    def __init__(
        self, objective: Objective[RowLoss], rows: NDArray[np.intp], curvature: Curvature
    ) -> None:
        weight = objective.sample_weight[rows]
        self.watched = Watched(objective.bound, rows)
        self._curvature = curvature
        self._weight = weight * (objective.sample_weight.sum() / weight.sum())
        self._bound = objective.loss.bind(
            objective.target[rows], classes=objective.classes, sample_weight=self._weight
        )

    def hessians(self) -> Array:
        """Of each row by its logits, weighted."""
        return self._curvature.of_rows(self._bound, self.watched.logits, self._weight)

    def mean_hessian(self) -> Array:
        if self._curvature.mean is not None:
            return self._curvature.mean(self.watched.logits, self._weight)
        return np.asarray(self.hessians().sum(axis=0))
