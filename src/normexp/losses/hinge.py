"""Multiclass hinge losses: a class has to win by a margin, and then nothing pulls any more."""

from dataclasses import dataclass

from .. import _check
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

    @property
    def kernel(self) -> str:
        return "weston_watkins" if self.variant == "weston-watkins" else "crammer_singer"

    @property
    def _options(self) -> tuple[float, bool]:
        return float(self.margin), bool(self.squared)
