"""The contract on NumPy arrays, by kernels that Numba compiles when they are first called."""

from .cross_entropy import (
    binary_cross_entropy,
    binary_log_loss,
    cross_entropy,
    log_loss,
    spread_cross_entropy,
)
from .functions import log_sigmoid, log_softmax, logsumexp, sigmoid, softmax
from .hinge import crammer_singer, weston_watkins
from .squared_error import brier, squared_error

__all__ = [
    "binary_cross_entropy",
    "binary_log_loss",
    "brier",
    "crammer_singer",
    "cross_entropy",
    "log_loss",
    "log_sigmoid",
    "log_softmax",
    "logsumexp",
    "sigmoid",
    "softmax",
    "spread_cross_entropy",
    "squared_error",
    "weston_watkins",
]
