"""Losses with the signatures and the meaning of `torch.nn.functional`, exact.

A class weight that PyTorch takes may be negative and is a tensor, whose numbers nobody reads here:
an operator takes it beside its loss.
"""

from .binary import binary_cross_entropy_with_logits
from .cross_entropy import cross_entropy, nll_loss
from .linear import linear_cross_entropy
from .margin import multi_margin_loss

__all__ = [
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "linear_cross_entropy",
    "multi_margin_loss",
    "nll_loss",
]
