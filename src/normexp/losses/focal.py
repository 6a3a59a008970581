"""Focal loss: cross-entropy in which what is right already counts less."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _check
from ..kernels import Logits
from .base import Reads
from .rows import RowLoss


@dataclass(frozen=True, kw_only=True, repr=False)
class Focal(RowLoss):
    """The focal loss of a class among several, in nats.

    With p = softmax(z / temperature) and the target y,

        loss = (1 − p_y)^γ · (−log p_y)

        ∂loss/∂z_k = F′ · (p_k − [k = y]) / temperature
        F′ = (1 − p_y)^γ + γ · (1 − p_y)^(γ − 1) · p_y · (−log p_y)

    A sample that is right already counts the less the larger γ is. ``γ = 0`` is cross-entropy; for
    any other the loss is not convex. 1 − p_y is summed from the other classes, so that a
    confident sample has neither a loss nor a gradient of 0 as long as the type can hold them.
    Results in float64 are within 4 + 1.2·γ ULP, in narrower types rounded once, at any accuracy.

    Parameters
    ----------
    gamma : float
        γ ≥ 0.
    temperature : float
        The logits are divided by it.
    class_weight, ignore_index, axis, reduction, normalizer, empty
        As for `CrossEntropy`; `class_weight` is what the paper calls α. Targets are class ids.

    Raises
    ------
    TypeError, ValueError
        For an option of the wrong type or range.

    Examples
    --------
    >>> import normexp as nex
    >>> print(nex.Focal(gamma=2.0)([[2.0, 1.0, 0.1]], [0]).round(5))
    0.04849
    >>> nex.Focal().value_and_grad([[20.0, 0.0]], [0]).grad
    array([[-2.62695321e-26,  2.62695321e-26]])

    References
    ----------
    T.-Y. Lin, P. Goyal, R. Girshick, K. He and P. Dollár, Focal loss for dense object detection,
    2017: there of two classes.
    """

    gamma: float = 2.0
    temperature: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        _check.not_negative(self.gamma, "gamma")
        _check.temperature(self.temperature)

    @property
    def reads(self) -> Reads:
        return "softmax"

    @property
    def is_convex(self) -> bool:
        return self.gamma == 0

    @property
    def is_smooth(self) -> bool:
        return True

    @property
    def kernel(self) -> str:
        return "focal"

    @property
    def _options(self) -> tuple[float]:
        return (float(self.gamma),)

    def _logits(self, rows: NDArray[Any], where: NDArray[np.bool_]) -> Logits:
        return Logits(rows, where, float(self.temperature))
