"""Which multipliers of a hinge passes of coordinate ascent go over, and how far off these are."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..kernels.cpu.of_ascent import Chosen, Multipliers, Samples
from ..losses import MulticlassHinge
from .duality import own
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


class Held(NamedTuple):
    """The multipliers above 0, row by row."""

    rows: NDArray[np.intp]
    rivals: NDArray[np.intp]
    multipliers: Array

    @classmethod
    def of(cls, multipliers: Array) -> "Held":
        rows, rivals = np.nonzero(multipliers > 0)
        return cls(rows, rivals, multipliers[rows, rivals])


class Slopes(NamedTuple):
    """How the dual changes with each multiplier, in parts of the row's weight."""

    held: Held
    slope: Array  # −inf for a row's own class
    is_full: NDArray[np.bool_]  # rows whose multipliers sum to the most that they may
    level: Array  # of each row: above it a multiplier that is 0 rises
    worst: float  # how far apart, in a row, the slopes are of one that can grow and one to shrink

    @classmethod
    def at(cls, kind: Multipliers, samples: Samples, logits: Array, multipliers: Array) -> "Slopes":
        count, is_own = len(multipliers), own(samples.target)
        held = Held.of(multipliers)
        total = np.bincount(held.rows, held.multipliers, count)
        slope = logits - (logits[is_own] - kind.margin + kind.all * total)[:, None]
        slope[held.rows, held.rivals] -= kind.each * held.multipliers
        slope[is_own] = -np.inf
        of_held = slope[held.rows, held.rivals]
        is_full = total >= kind.most_in_all * (1 - SLACK)
        falling = np.where(is_full, np.inf, 0.0)
        np.minimum.at(falling, held.rows, of_held)
        at_most = held.multipliers >= kind.most
        it = held.rows[at_most], held.rivals[at_most]
        slope[it] = -np.inf  # for a moment: they cannot rise
        rising = slope.max(axis=1)
        slope[it] = of_held[at_most]
        violation = (np.maximum(rising, 0.0) - falling)[samples.pull > 0]
        level = np.where(is_full, falling, 0.0)
        return cls(held, slope, is_full, level, float(violation.max()))

    def chosen(
        self, kind: Multipliers, samples: Samples, multipliers: Array, near: float
    ) -> Chosen:
        """Those above 0 and those that are to rise or, by `near`, about to.

        Not those that stand firmly at their largest, alone in their row or whatever the others do.
        """
        rows, rivals, values = self.held
        is_chosen = self.slope > (self.level - near)[:, None]
        is_firm = (values >= kind.most) & (self.slope[rows, rivals] > near)
        is_chosen[rows, rivals] = ~is_firm
        is_alone = self.is_full & (self.level > near)
        is_alone[is_alone] = np.count_nonzero(is_chosen[is_alone], axis=1) == 1
        is_chosen[is_alone | (samples.pull == 0)] = False
        rows, rivals = np.nonzero(is_chosen)
        first = np.zeros(len(multipliers) + 1, np.int64)
        np.cumsum(np.bincount(rows, minlength=len(multipliers)), out=first[1:])
        return Chosen(first, np.ascontiguousarray(rivals, np.int64), multipliers[rows, rivals])
