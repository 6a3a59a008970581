"""normexp on tensors of PyTorch: drop-ins for functions and modules of `torch.nn`."""

import sys

from .._extras import extra
from .._tensors import go_to

with extra("torch"):
    from torch import Tensor

    from . import bound, functions, linear_loss, linear_statistics, losses
    from .as_pytorch import ArgumentError
    from .functional import log_softmax, logsigmoid, logsumexp, sigmoid, softmax, softmin
    from .functional_losses import (
        binary_cross_entropy_with_logits,
        cross_entropy,
        linear_cross_entropy,
        multi_margin_loss,
        nll_loss,
    )
    from .installing import install, installed, uninstall
    from .modules import (
        BCEWithLogitsLoss,
        CrossEntropyLoss,
        LinearCrossEntropyLoss,
        LogSoftmax,
        MultiMarginLoss,
        NLLLoss,
        Softmax,
    )

go_to(sys.modules[__name__], Tensor)

__all__ = [
    "ArgumentError",
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "LinearCrossEntropyLoss",
    "LogSoftmax",
    "MultiMarginLoss",
    "NLLLoss",
    "Softmax",
    "binary_cross_entropy_with_logits",
    "bound",
    "cross_entropy",
    "functions",
    "install",
    "installed",
    "linear_cross_entropy",
    "linear_loss",
    "linear_statistics",
    "log_softmax",
    "logsigmoid",
    "logsumexp",
    "losses",
    "multi_margin_loss",
    "nll_loss",
    "sigmoid",
    "softmax",
    "softmin",
    "uninstall",
]
