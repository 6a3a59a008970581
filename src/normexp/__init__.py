"""normexp: softmax, the losses built on it and the classifiers trained with them, exactly."""

from ._settings import accuracy, get_num_threads, set_num_threads
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
    "accuracy",
    "cross_entropy",
    "get_num_threads",
    "log_sigmoid",
    "log_softmax",
    "logsumexp",
    "set_num_threads",
    "sigmoid",
    "softmax",
]
