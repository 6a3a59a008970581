"""The true values, by mpmath, and how far from them a result is, in units in the last place.

Rows are lists of Python floats, which mpmath reads exactly. What could cancel is written so that it
does not: the rest is summed without one occurrence of the maximum, as on paper.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import mpmath
import numpy as np
from numpy.typing import NDArray

from .truth import precision

PRECISION = 256  # bits

Number = Any  # an mpmath.mpf


class OracleRow(NamedTuple):
    """exp(x_k − max), their sum without one maximum, and log Σ exp(x)."""

    x: list[Number]
    top: Number
    e: list[Number]
    rest: Number

    def probability(self, k: int) -> Number:
        return self.e[k] / (1 + self.rest)

    def others(self, k: int) -> Number:
        """1 − p_k."""
        rest = self.rest if self.x[k] == self.top else self.rest - self.e[k] + 1
        return rest / (1 + self.rest)

    def surprise(self, k: int) -> Number:
        """−log p_k."""
        return self.top - self.x[k] + mpmath.log1p(self.rest)

    def logsumexp(self) -> Number:
        with mpmath.workprec(4 * PRECISION):
            return self.top + mpmath.log1p(self.rest)


def oracle_row(
    z: Sequence[float], temperature: float = 1.0, softcap: float | None = None
) -> OracleRow:
    """The exact row for finite or −inf logits."""
    with mpmath.workprec(PRECISION):
        x = [mpmath.mpf(float(z_k)) for z_k in z]
        if softcap is not None:
            cap = mpmath.mpf(softcap)
            x = [cap * mpmath.tanh(x_k / cap) if mpmath.isfinite(x_k) else x_k for x_k in x]
        x = [x_k / mpmath.mpf(temperature) for x_k in x]
        top = max(x)
        leader = x.index(top)
        e = [mpmath.exp(x_k - top) for x_k in x]
        rest = mpmath.fsum(e_k for k, e_k in enumerate(e) if k != leader)
        return OracleRow(x, top, e, rest)


def ulps(got: Any, true: Number | Sequence[Number]) -> NDArray[np.float64]:
    """|got − true| in units in the last place of the true value, in the type of `got`.

    0 where both are the same infinity; inf where only one of them is infinite or NaN.
    """
    got = np.atleast_1d(np.asarray(got))
    least, digits = precision(got.dtype)
    trues = list(true) if isinstance(true, Sequence) else [true]
    errors = []
    with mpmath.workprec(PRECISION):
        for value, exact in zip(got.ravel().astype(np.float64).tolist(), trues, strict=True):
            if not (np.isfinite(value) and mpmath.isfinite(exact)):
                errors.append(0.0 if value == exact else np.inf)
                continue
            exponent = mpmath.frexp(exact)[1] - 1 if exact else least
            spacing = mpmath.ldexp(1, max(int(exponent), least) - digits)
            errors.append(float(abs(mpmath.mpf(value) - exact) / spacing))
    return np.array(errors)
