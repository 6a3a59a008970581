"""The temperature that makes probabilities fit the labels of other samples."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from ..losses import CrossEntropy
from .objective import Array


def best_temperature(logits: Array, target: NDArray[Any], sample_weight: Array) -> float:
    """The T > 0 with the least ``Σ_i s_i · cross-entropy(z_i / T, y_i)``.

    In β = 1/T the sum is convex, and its slope ``Σ_i s_i Σ_k (p_ik − y_ik) z_ik`` with
    ``p_i = softmax(β z_i)`` grows; where it is 0, Brent's method finds.

    Parameters
    ----------
    logits : ndarray of shape (n, classes)
    target : ndarray
        Class ids of shape (n,), or shares of shape (n, classes).
    sample_weight : ndarray of shape (n,)

    Raises
    ------
    ValueError
        If there is no such T: with every sample right the best one is 0, and infinite if labels
        at random would be likelier by equal probabilities.

    References
    ----------
    C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, On calibration of modern neural networks, 2017.
    R. P. Brent, Algorithms for minimization without derivatives, 1973.

    Examples
    --------
    >>> logits = np.array([[4.0, 0.0]] * 3 + [[0.0, 4.0]])
    >>> T = best_temperature(logits, np.array([0, 0, 1, 1]), np.ones(4))
    >>> round(float(1 / (1 + np.exp(-4 / T))), 12)  # three are right of four
    0.75
    """
    bound = CrossEntropy(reduction="sum").bind(
        target, classes=logits.shape[1], sample_weight=sample_weight
    )

    def slope(beta: float) -> float:
        return float(np.vdot(bound.value_and_grad(beta * logits).grad, logits))

    if slope(0.0) >= 0:
        raise ValueError(
            "y: equal probabilities fit these labels better than any temperature of the logits"
        )
    if not _are_missed(logits, target, sample_weight):
        raise ValueError(
            "y: every sample is predicted right, so that no temperature is low enough; calibrate "
            "on more samples"
        )
    high = 1.0
    while slope(high) <= 0:
        high *= 2
    low = high / 2
    while slope(low) > 0:
        low /= 2
    return 1.0 / float(brentq(slope, low, high, xtol=low * 1e-15, rtol=1e-15))


def _are_missed(logits: Array, target: NDArray[Any], sample_weight: Array) -> bool:
    """Whether any label, or any share of one, is not of the highest logit."""
    is_below = logits < logits.max(axis=1, keepdims=True)
    if target.ndim == 1:
        missed = is_below[np.arange(len(target)), target]
    else:
        missed = (is_below & (target > 0)).any(axis=1)
    return bool((missed & (sample_weight > 0)).any())
