"""Cross-entropy with the vocabulary over ranks of `torch.distributed`."""

from .functions import cross_entropy, linear_cross_entropy
from .module import LinearCrossEntropy, classes_of
from .normalizing import normalizer

__all__ = [
    "LinearCrossEntropy",
    "classes_of",
    "cross_entropy",
    "linear_cross_entropy",
    "normalizer",
]
