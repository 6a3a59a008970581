"""The losses: values that are compared, printed and called; the same meaning on every back end."""

from .base import LinearLossGrad, Loss, LossGrad
from .binary import BinaryCrossEntropy
from .cross_entropy import CrossEntropy, cross_entropy
from .hinge import MulticlassHinge
from .names import COMPARED, LOSSES
from .rows import RowLoss
from .squared_error import SquaredError

__all__ = [
    "COMPARED",
    "LOSSES",
    "BinaryCrossEntropy",
    "CrossEntropy",
    "LinearLossGrad",
    "Loss",
    "LossGrad",
    "MulticlassHinge",
    "RowLoss",
    "SquaredError",
    "cross_entropy",
]
