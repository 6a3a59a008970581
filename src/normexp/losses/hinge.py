"""Multiclass hinge losses: a class has to win by a margin, and then nothing pulls any more."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .. import _check
from ..kernels import Logits, kernels_for
from .bound import Batch
from .rows import RowLoss

VARIANTS = ("weston-watkins", "crammer-singer")


@dataclass(frozen=True, kw_only=True, repr=False)
class MulticlassHinge(RowLoss):
    """The losses of multiclass support vector machines.

    With the violations ``v_j = max(0, margin + z_j − z_y)`` of the rivals j ≠ y of the target y,

        weston-watkins:  loss = Σ_j v_j        (squared: Σ_j v_j²)
        crammer-singer:  loss = max_j v_j      (squared: max_j v_j²)

    summed over the rivals, not divided by their number. The subgradient is 0 where v_j is 0; of
    rivals that tie, Crammer and Singer's takes the first.

    Parameters
    ----------
    variant : {"weston-watkins", "crammer-singer"}
    margin : float
        How far the target's logit has to lead, ≥ 0.
    squared : bool
    class_weight, ignore_index, axis, reduction, normalizer, empty
        As for `CrossEntropy`. Targets are class ids.

    Raises
    ------
    TypeError, ValueError
        For an option of the wrong type or range.

    Examples
    --------
    >>> import normexp as nex
    >>> print(nex.MulticlassHinge()([[3.2, 5.1, -1.7]], [0]).round(4))
    2.9
    >>> print(nex.MulticlassHinge(variant="crammer-singer")([[3.0, 2.5, 2.8]], [0]).round(4))
    0.8

    References
    ----------
    J. Weston and C. Watkins, Support vector machines for multi-class pattern recognition, 1999.
    K. Crammer and Y. Singer, On the algorithmic implementation of multiclass kernel-based vector
    machines, 2001.
    """

    variant: str = "weston-watkins"
    margin: float = 1.0
    squared: bool = False

    takes_probabilities: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        _check.one_of(self.variant, VARIANTS, "variant")
        _check.not_negative(self.margin, "margin")
        _check.flag(self.squared, "squared")

    @property
    def is_convex(self) -> bool:
        return True

    @property
    def is_smooth(self) -> bool:
        return self.squared and self.variant == "weston-watkins"  # the other jumps between rivals

    def _run(
        self,
        rows: NDArray[Any],
        batch: Batch,
        losses: NDArray[np.float64],
        grad: NDArray[Any],
    ) -> None:
        kernels, of_variant = kernels_for(rows), self.variant == "weston-watkins"
        kernel = kernels.weston_watkins if of_variant else kernels.crammer_singer
        logits = Logits(rows, batch.where)
        kernel(logits, batch.target, float(self.margin), bool(self.squared), losses, grad)
