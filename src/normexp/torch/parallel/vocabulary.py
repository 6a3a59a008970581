"""Cross-entropy of a part of the classes on each rank: what is sent is a summary of each row.

From its logits a rank has the summary of each row of its part, and the target's mass in it. These
four numbers are gathered and merged, on every rank in the order of ranks, so that all go on from
the same bits: from the summary of the whole row follow the terms of the loss of each part, and
their gradient.
"""

from functools import reduce
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..._arrays import as_rows
from ...kernels import Logits, Mass, Summary, kernels_for, no_gradient
from ...losses.bound import Bound
from ..views import tensor_of
from .ranks import Ranks
from .target import Shard

Array = NDArray[Any]
ALL = slice(None)


class Whole(NamedTuple):
    """What a part has to know of whole rows."""

    summary: Summary
    mass: Mass

    def rows(self, part: slice) -> "Whole":
        return Whole(self.summary.rows(part), self.mass.rows(part))


class Part:
    """The cross-entropy of logits of which this rank has the classes from `first` on."""

    def __init__(self, ranks: Ranks, shard: Shard, told: Array) -> None:
        classes, _, masks = told.T
        self.ranks = ranks
        self.widest = int(classes.max())
        self.first = int(classes[: ranks.rank].sum())
        self.axes = shard.axes
        (axis,) = shard.axes
        whole = list(shard.shape)
        whole[axis] = int(classes.sum())
        self.shape = tuple(whole)
        live = None
        if masks.any():
            live = ranks.summed(torch.from_numpy(shard.live()).to(ranks.device)).cpu().numpy()
        self.batch = shard.batch(self.shape, self.first, live)
        self.bound = Bound(shard.loss, self.shape, self.axes, self.batch)
        self.loss = shard.loss
        self.temperature, _ = shard.loss.scaling

    @property
    def count(self) -> int:
        """Of the rows."""
        return len(self.batch.is_ignored)

    def rows_of(self, values: Array) -> Array:
        return as_rows(values, self.axes)

    def _given(self, rows: Array, part: slice) -> tuple[Logits, Any]:
        """Logits and target of some rows, as the kernels read them."""
        batch = self.batch.rows(part)
        return self.loss._logits(rows, batch.where), batch.target

    def whole(self, rows: Array, part: slice = ALL) -> Whole:
        """Of the logits of some rows, once every rank has sent what it has of them."""
        kernels = kernels_for(rows)
        logits, target = self._given(rows, part)
        own = np.repeat([[-np.inf], [-1.0], [0.0], [0.0]], len(target.weight), axis=1)
        if rows.size:
            summary = kernels.summarise(logits)
            own[:] = *summary[:2], *kernels.target_mass(logits, target, self.first)
        parts = map(self.known, self.ranks.gathered(torch.from_numpy(own)).numpy())
        return reduce(
            lambda a, b: Whole(kernels.merge(a[0], b[0]), kernels.merge_masses(a[1], b[1])), parts
        )

    def known(self, numbers: Array) -> Whole:
        """The same from its four numbers for each row."""
        top, rest, of_top, of_others = numbers
        return Whole(Summary(top, rest, self.temperature), Mass(of_top, of_others))

    def put(
        self, rows: Array, whole: Whole, losses: Array, grad: Array | None, part: slice = ALL
    ) -> None:
        """The terms of some rows, and the gradient of their logits."""
        if not rows.size:
            losses[:] = 0.0
            return
        logits, target = self._given(rows, part)
        kernels_for(rows).cross_entropy_of_part(
            logits, target, *whole, self.first, losses, no_gradient(rows) if grad is None else grad
        )

    def reduced(self, losses: Array, dtype: np.dtype[Any]) -> Tensor:
        """The loss, once every rank has sent its terms: in the order of ranks, the same on all."""
        every = self.ranks.gathered(torch.from_numpy(losses)).numpy()
        return tensor_of(self.bound.reduced(reduce(np.add, every), dtype))
