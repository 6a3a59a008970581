"""Squared error: the distance between the target and the logits, or the probabilities."""

from dataclasses import dataclass
from typing import ClassVar

from .. import _check
from .base import Reads
from .rows import RowLoss


@dataclass(frozen=True, kw_only=True, repr=False)
class SquaredError(RowLoss):
    """The sum of squared differences from a one-hot (or soft) target t.

        on="logits":         loss = Σ_k (z_k − t_k)²,   ∂loss/∂z_k = 2 · (z_k − t_k)
        on="probabilities":  loss = Σ_k (p_k − t_k)²,   p = softmax(z)

    The first is least squares on the scores, the second the Brier score. The gradient of the
    second, ``2 · p_k · [(p_k − t_k) − Σ_j p_j · (p_j − t_j)]``, fades where p_k comes close to 0 or
    1, also for a sample that is wrong: that is why it learns slowly where cross-entropy does not.
    There is no factor ½ and no division by the number of classes.

    Parameters
    ----------
    on : {"logits", "probabilities"}
    class_weight, ignore_index, axis, reduction, normalizer, empty
        As for `CrossEntropy`. A sample counts with the weight of its class; with probabilities as
        the target, with the mean ``Σ_k w_k · t_k / Σ_k t_k`` of the class weights, so that equal
        weights are one factor whatever the target sums to (1 where it is 0 everywhere).

    Raises
    ------
    TypeError, ValueError
        For an option of the wrong type or range.

    Examples
    --------
    >>> import normexp as nex
    >>> print(nex.SquaredError()([[0.5, 0.25]], [0]))
    0.3125
    >>> print(nex.SquaredError(on="probabilities")([[0.0, 0.0]], [0]))
    0.5

    References
    ----------
    G. W. Brier, Verification of forecasts expressed in terms of probability, 1950.
    """

    on: str = "logits"

    takes_probabilities: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        _check.one_of(self.on, ("logits", "probabilities"), "on")

    @property
    def reads(self) -> Reads:
        return "logits" if self.on == "logits" else "softmax"

    @property
    def is_convex(self) -> bool:
        return self.on == "logits"

    @property
    def is_smooth(self) -> bool:
        return True

    @property
    def kernel(self) -> str:
        return "squared_error" if self.on == "logits" else "brier"
