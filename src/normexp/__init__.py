"""normexp: softmax, the losses built on it and the classifiers trained with them, exactly."""

from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from .diagnosis import diagnose
    from .explanation import explain

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
    "diagnose",
    "explain",
    "get_num_threads",
    "log_sigmoid",
    "log_softmax",
    "logsumexp",
    "set_num_threads",
    "sigmoid",
    "softmax",
]


def __getattr__(name: str) -> Any:
    """What few programs need is loaded when it is first asked for."""
    if name == "diagnose":
        from .diagnosis import diagnose

        return diagnose
    if name == "explain":
        from .explanation import explain

        return explain
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
