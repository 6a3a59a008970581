"""Which multipliers of a hinge passes of coordinate ascent go over, and how far off these are."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..kernels.cpu.of_ascent import Chosen, Multipliers, Samples
from ..losses import MulticlassHinge
from .duality import leads, own
from .objective import Array

SLACK = 1e-12  # less than that of what multipliers may sum to is nothing left


def kind_of(hinge: MulticlassHinge) -> Multipliers:
    """The bounds and the cost that `projections` lists, in numbers."""
    together = hinge.variant == "crammer-singer"
    cost = 0.5 if hinge.squared else 0.0
    most = np.inf if hinge.squared else 1.0
    return Multipliers(
        float(hinge.margin),
        most=np.inf if together else most,
        most_in_all=most if together else np.inf,
        each=0.0 if together else cost,
        all=cost if together else 0.0,
    )


class Slopes(NamedTuple):
    """How the dual changes with each multiplier, in parts of the row's weight."""

    slope: Array  # −inf for a row's own class
    is_full: NDArray[np.bool_]  # rows whose multipliers sum to the most that they may
    worst: float  # how far apart, in a row, the slopes are of one that can grow and one to shrink

    @classmethod
    def at(cls, kind: Multipliers, samples: Samples, logits: Array, multipliers: Array) -> "Slopes":
        target = samples.target
        total = multipliers.sum(axis=1)
        slope = leads(logits, target)
        slope += (kind.margin - kind.all * total)[:, None]
        if kind.each:
            slope -= kind.each * multipliers
        slope[own(target)] = -np.inf
        is_full = total >= kind.most_in_all * (1 - SLACK)
        rising = np.where(multipliers < kind.most, slope, -np.inf).max(axis=1)
        falling = np.where(multipliers > 0, slope, np.inf).min(axis=1)
        falling = np.where(is_full, falling, np.minimum(falling, 0.0))
        violation = (np.maximum(rising, 0.0) - falling)[samples.pull > 0]
        return cls(slope, is_full, float(violation.max()))

    def chosen(
        self, kind: Multipliers, samples: Samples, multipliers: Array, near: float
    ) -> Chosen:
        """Those above 0 and those that are to rise or, by `near`, about to.

        Not those that stand firmly at their largest, alone in their row or whatever the others do.
        """
        held = multipliers > 0
        level = np.where(held, self.slope, np.inf).min(axis=1)
        level = np.where(self.is_full, level, 0.0)[:, None]
        is_chosen = held | (self.slope > level - near)
        is_chosen &= (multipliers < kind.most) | (self.slope <= near)
        count = np.count_nonzero(is_chosen, axis=1)
        is_chosen[self.is_full & (count == 1) & (level[:, 0] > near)] = False
        is_chosen[samples.pull == 0] = False
        rows, rivals = np.nonzero(is_chosen)
        first = np.zeros(len(multipliers) + 1, np.int64)
        np.cumsum(np.bincount(rows, minlength=len(multipliers)), out=first[1:])
        return Chosen(first, np.ascontiguousarray(rivals, np.int64), multipliers[rows, rivals])
