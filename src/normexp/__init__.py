"""normexp: softmax, the losses built on it and the classifiers trained with them, exactly."""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # that of `typing`, whose import takes longer than all of this
if TYPE_CHECKING:
    from typing import Any

    from ._settings import accuracy, get_num_threads, set_num_threads
    from .diagnosis import diagnose
    from .explanation import explain
    from .functions import log_sigmoid, log_softmax, logsumexp, sigmoid, softmax
    from .losses import (
        BinaryCrossEntropy,
        CrossEntropy,
        Focal,
        LinearLossGrad,
        LinearStatistics,
        LossGrad,
        MulticlassHinge,
        SparseTarget,
        SquaredError,
    )
    from .losses.cross_entropy import cross_entropy

__version__ = "0.1.0"

__all__ = [
    "BinaryCrossEntropy",
    "CrossEntropy",
    "Focal",
    "LinearLossGrad",
    "LinearStatistics",
    "LossGrad",
    "MulticlassHinge",
    "SparseTarget",
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

# Where a name is that is not a loss.
_HOMES = {
    "accuracy": "_settings",
    "diagnose": "diagnosis",
    "explain": "explanation",
    "get_num_threads": "_settings",
    "log_sigmoid": "functions",
    "log_softmax": "functions",
    "logsumexp": "functions",
    "set_num_threads": "_settings",
    "sigmoid": "functions",
    "softmax": "functions",
}
_ROOMS = ("functions", "kernels", "losses")


def __getattr__(name: str) -> Any:
    """What a program uses is loaded when it is first asked for."""
    if name in _ROOMS:
        return import_module(f".{name}", __name__)
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f".{_HOMES.get(name, 'losses')}", __name__), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_ROOMS})
