"""normexp on tensors of PyTorch."""

from .._extras import extra

with extra("torch"):
    from . import bound, linear_loss, losses
    from .functions import log_sigmoid, log_softmax, logsumexp, sigmoid, softmax

__all__ = [
    "bound",
    "linear_loss",
    "log_sigmoid",
    "log_softmax",
    "logsumexp",
    "losses",
    "sigmoid",
    "softmax",
]
