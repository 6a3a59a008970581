"""What is added to the weights of all classes alike, which softmax and hinges do not see."""

import numpy as np

from ..losses import RowLoss
from .objective import Array

ROUNDING = 1e-12


def sees_no_shift(loss: RowLoss, classes: int) -> bool:
    """Whether a constant added to all logits of a row changes no loss, as far as a look tells."""
    rng = np.random.default_rng(0)
    logits = 3 * rng.normal(size=(8, classes))
    grad = loss.bind(np.arange(8) % classes, classes=classes).value_and_grad(logits).grad
    return bool(np.abs(grad.sum(axis=1)).max() <= ROUNDING * np.abs(grad).max())


def with_least_penalty(weight: Array, lasso: float, ridge: float) -> Array:
    """Weights (classes, features) less what each feature's have in common, as the penalty wants.

    ``lasso · Σ_k |w_k − m| + ridge/2 · Σ_k (w_k − m)²`` is least where m is the median of the K
    weights and of ``mean + (K − 2i) · lasso / (K · ridge)``, i = 0 … K. Without a ridge that is a
    median of the weights, the one closest to 0.

    References
    ----------
    Y. Li and S. Osher, A new median formula with applications to PDE based denoising, 2009.
    """
    classes = len(weight)
    levels = (classes - 2 * np.arange(classes + 1))[:, None]
    if ridge:
        others = weight.mean(axis=0) + levels * (lasso / (classes * ridge))
    else:
        infinite = np.where(levels == 0, 0.0, np.copysign(np.inf, levels))
        others = np.broadcast_to(infinite, (classes + 1, weight.shape[1]))
    return np.asarray(weight - np.median(np.concatenate([weight, others]), axis=0))
