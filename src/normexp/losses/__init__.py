"""The losses: values that are compared, printed and called; the same meaning on every back end."""

from .base import LinearLossGrad, Loss, LossGrad
from .binary import BinaryCrossEntropy
from .cross_entropy import CrossEntropy, cross_entropy
from .hinge import MulticlassHinge
from .squared_error import SquaredError

__all__ = [
    "BinaryCrossEntropy",
    "CrossEntropy",
    "LinearLossGrad",
    "Loss",
    "LossGrad",
    "MulticlassHinge",
    "SquaredError",
    "cross_entropy",
]
