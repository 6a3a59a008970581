"""The losses: values that are compared, printed and called; the same meaning on every back end."""

from ..linear_loss import LinearLossGrad
from ..linear_statistics import LinearStatistics
from .base import Loss
from .binary import BinaryCrossEntropy
from .bound import Bound, LossGrad
from .cross_entropy import CrossEntropy, cross_entropy
from .focal import Focal
from .hinge import MulticlassHinge
from .names import COMPARED, LOSSES, ROW_LOSSES, loss_named
from .rows import RowLoss
from .sparse_target import SparseTarget
from .squared_error import SquaredError

__all__ = [
    "COMPARED",
    "LOSSES",
    "ROW_LOSSES",
    "BinaryCrossEntropy",
    "Bound",
    "CrossEntropy",
    "Focal",
    "LinearLossGrad",
    "LinearStatistics",
    "Loss",
    "LossGrad",
    "MulticlassHinge",
    "RowLoss",
    "SparseTarget",
    "SquaredError",
    "cross_entropy",
    "loss_named",
]
