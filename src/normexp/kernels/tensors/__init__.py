"""The contract on tensors of any device, in PyTorch's own operations and in float64.

The formulas are those of the compiled kernels: the leading class is never added to the others, so
that a confident row keeps its digits, nor is the exponent rounded. Each is some dozens of passes
over float64, which is what a device without kernels of its own has; a logsumexp of terms that
cancel keeps the digits of float64.
"""

from .functions import log_sigmoid, log_softmax, logsumexp, sigmoid, signed_logsumexp, softmax
from .hessians import (
    binary_cross_entropy_hessian_product,
    binary_log_loss_hessian_product,
    brier_hessian_product,
    crammer_singer_hessian_product,
    cross_entropy_hessian_product,
    focal_hessian_product,
    log_loss_hessian_product,
    squared_error_hessian_product,
    weston_watkins_hessian_product,
)
from .losses import (
    binary_cross_entropy,
    binary_log_loss,
    brier,
    crammer_singer,
    cross_entropy,
    focal,
    log_loss,
    squared_error,
    weston_watkins,
)
from .parts import (
    cross_entropy_of_part,
    log_probabilities,
    logsumexp_of,
    merge,
    merge_masses,
    probabilities,
    summarise,
    target_mass,
)
from .products import add_outer, add_sparse_outer, linear, scale, sparse_linear

__all__ = [
    "add_outer",
    "add_sparse_outer",
    "binary_cross_entropy",
    "binary_cross_entropy_hessian_product",
    "binary_log_loss",
    "binary_log_loss_hessian_product",
    "brier",
    "brier_hessian_product",
    "crammer_singer",
    "crammer_singer_hessian_product",
    "cross_entropy",
    "cross_entropy_hessian_product",
    "cross_entropy_of_part",
    "focal",
    "focal_hessian_product",
    "linear",
    "log_loss",
    "log_loss_hessian_product",
    "log_probabilities",
    "log_sigmoid",
    "log_softmax",
    "logsumexp",
    "logsumexp_of",
    "merge",
    "merge_masses",
    "probabilities",
    "scale",
    "sigmoid",
    "signed_logsumexp",
    "softmax",
    "sparse_linear",
    "squared_error",
    "squared_error_hessian_product",
    "summarise",
    "target_mass",
    "weston_watkins",
    "weston_watkins_hessian_product",
]
