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

from ...kernels import Logits, Mass, Summary, Target, kernels_for
from ...losses.bound import Bound
from .. import views
from ..rows import rows_of
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
    """The cross-entropy of logits of which this rank has the classes from `first` on.

    Where they are on the CPU, kernels are given arrays on the memory of tensors, else tensors.
    """

    def __init__(self, ranks: Ranks, shard: Shard, told: Array, device: torch.device) -> None:
        classes, _, masks = told.T
        self.ranks, self.loss, self.axes, self.device = ranks, shard.loss, shard.axes, device
        self.widest = int(classes.max())
        self.first = int(classes[: ranks.rank].sum())
        (axis,) = shard.axes
        whole = list(shard.shape)
        whole[axis] = int(classes.sum())
        batch = shard.batch(tuple(whole), ranks, self.first, bool(masks.any()))
        self.bound = Bound(shard.loss, tuple(whole), shard.axes, batch)
        self.temperature, _ = shard.loss.scaling
        self.is_ignored = batch.is_ignored
        self._batch = batch._replace(
            target=Target(*map(self._there, batch.target)), where=self._there(batch.where)
        )

    @property
    def count(self) -> int:
        """Of the rows."""
        return len(self.is_ignored)

    def zeros(self, *shape: int) -> Tensor:
        """What is computed for rows."""
        return torch.zeros(shape, dtype=torch.float64, device=self.device)

    def _there(self, given: Any) -> Any:
        """What the target brings as the kernels take it."""
        if not isinstance(given, np.ndarray) or not given.size:
            return given
        return native(torch.from_numpy(np.ascontiguousarray(given)).to(self.device))

    def _given(self, logits: Tensor, part: slice) -> tuple[Logits, Target]:
        """Logits and target of some rows, as the kernels read them."""
        batch = self._batch.rows(part)
        target = batch.target._replace(classes=self._there(batch.target.classes))
        rows = native(rows_of(logits, self.axes))
        return self.loss._logits(rows, batch.where), target

    def whole(self, logits: Tensor, part: slice = ALL) -> Whole:
        """Of the logits of some rows, once every rank has sent what it has of them."""
        given, target = self._given(logits, part)
        kernels = kernels_for(given.values)
        own = self.zeros(4, len(target.weight))
        own[0], own[1] = -torch.inf, -1.0
        if logits.numel():
            summary = kernels.summarise(given)
            mass = kernels.target_mass(given, target, self.first)
            for place, its in zip(own, (*summary[:2], *mass), strict=True):
                place.copy_(torch.as_tensor(its))
        parts = map(self.known, self.ranks.gathered(own))
        return reduce(
            lambda a, b: Whole(kernels.merge(a[0], b[0]), kernels.merge_masses(a[1], b[1])), parts
        )

    def known(self, numbers: Tensor) -> Whole:
        """The same from its four numbers for each row."""
        top, rest, of_top, of_others = map(native, numbers)
        return Whole(Summary(top, rest, self.temperature), Mass(of_top, of_others))

    def put(
        self, logits: Tensor, whole: Whole, losses: Tensor, grad: Tensor | None, part: slice = ALL
    ) -> None:
        """The terms of some rows, into zeros, and the gradient of their logits."""
        if not logits.numel():
            return
        given, target = self._given(logits, part)
        shape = [0] * given.values.ndim  # no gradient
        of_rows = logits.new_empty(shape) if grad is None else rows_of(grad, self.axes)
        kernels_for(given.values).cross_entropy_of_part(
            given, target, *whole, self.first, native(losses), native(of_rows)
        )

    def reduced(self, losses: Tensor, dtype: torch.dtype) -> Tensor:
        """The loss, once every rank has sent its terms: in the order of ranks, the same on all."""
        total = reduce(torch.add, self.ranks.gathered(losses)).cpu().numpy()
        value = self.bound.reduced(total, np.dtype(str(dtype).removeprefix("torch.")))
        return tensor_of(value).to(self.device)


def native(x: Tensor) -> Any:
    """A tensor as the kernels of its device take it."""
    return views.array_of(x) if views.on_host(x) else x.detach()
