"""normexp: softmax, the losses built on it and the classifiers trained with them, exactly."""

from .functions import log_sigmoid, log_softmax, logsumexp, sigmoid, softmax
from .losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    LinearLossGrad,
    LossGrad,
    MulticlassHinge,
    SquaredError,
    cross_entropy,
)

__version__ = "0.1.0"

__all__ = [
    "BinaryCrossEntropy",
    "CrossEntropy",
    "LinearLossGrad",
    "LossGrad",
    "MulticlassHinge",
    "SquaredError",
    "cross_entropy",
    "log_sigmoid",
    "log_softmax",
    "logsumexp",
    "sigmoid",
    "softmax",
]
