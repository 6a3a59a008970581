"""Soft capping: logits bounded smoothly before anything else is done to them (Gemma 2, 2024)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@np.errstate(over="ignore")  # the cap may be so low that z / bound has no room: tanh is 1 then
def capped(logits: Array, bound: float) -> Array:
    """bound · tanh(z / bound) in float64; an infinite logit stays, so that it stays impossible."""
    z = logits.astype(np.float64)
    return np.where(np.isfinite(z), bound * np.tanh(z / bound), z)


@np.errstate(over="ignore")
def slope(logits: Array, bound: float) -> Array:
    """Its derivative 1 / cosh²(z / bound), since 1 − tanh² would cancel."""
    z = logits.astype(np.float64)
    e = np.exp(-2.0 * np.abs(z / bound))
    return np.where(np.isfinite(z), 4.0 * e / (1.0 + e) ** 2, 1.0)
