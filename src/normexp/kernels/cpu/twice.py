"""Arithmetic in twice the precision (pairs of float64, 106 bits), for the one result that cancels:
log Σ exp(z) where it is close to 0 beside max(z), as for logits that are log-probabilities.

(T. J. Dekker, A floating-point technique for extending the available precision, 1971.)
"""

from fractions import Fraction
from math import factorial, log

import numpy as np

from .exp import LOG2_E, ROUNDER, power_of_two
from .vector import fma, part, two_product, two_sum

# ln 2 = 0.693… to 180 bits, as three parts; k times either of the first two is exact.
LN2_FIRST = float.fromhex("0x1.62e42fefap-1")
LN2_SECOND = float.fromhex("0x1.cf79abc9ep-40")
LN2_THIRD = float.fromhex("0x1.d9cc01f97b57ap-79")

TERMS = 24  # (ln 2 / 2)^24 / 24! < 2^-113
NEGLIGIBLE_HERE = 90.0  # exp(−90) < 2^-129


def _pairs(fractions):
    """Each fraction as a pair of float64, largest part first."""
    high = [float(fraction) for fraction in fractions]
    low = [float(fraction - Fraction(h)) for fraction, h in zip(fractions, high, strict=True)]
    return np.array([high, low]).T


INVERSE_FACTORIALS = _pairs([Fraction(1, factorial(n)) for n in range(TERMS)])


@part
def renormalise(high, low):
    """The pair whose first part is the rounded sum, for |high| ≥ |low|."""
    total = high + low
    return total, low - (total - high)


@part
def add(x, y):
    """x + y, for pairs x and y."""
    high, low = two_sum(x[0], y[0])
    return renormalise(high, low + (x[1] + y[1]))


@part
def multiply(x, y):
    """x·y, for pairs x and y."""
    high, low = two_product(x[0], y[0])
    return renormalise(high, low + (x[0] * y[1] + x[1] * y[0]))


@part
def exp(x):
    """exp(x) for a pair −100 < x ≤ 0: range reduction and the series, as in `exp.py`."""
    k = fma(x[0], LOG2_E, ROUNDER) - ROUNDER
    high, low = two_sum(x[0] - k * LN2_FIRST, -k * LN2_SECOND)
    r = renormalise(high, low + fma(-k, LN2_THIRD, x[1]))
    series = INVERSE_FACTORIALS[TERMS - 1, 0], INVERSE_FACTORIALS[TERMS - 1, 1]
    for n in range(TERMS - 2, -1, -1):
        term = INVERSE_FACTORIALS[n, 0], INVERSE_FACTORIALS[n, 1]
        series = add(multiply(series, r), term)
    scale = power_of_two(k)
    return series[0] * scale, series[1] * scale


@part
def logsumexp(x, top):
    """log Σ exp(x_j) rounded once, where `top` is the largest x_j."""
    total = (0.0, 0.0)
    for x_j in x:
        if x_j > top - NEGLIGIBLE_HERE:
            total = add(total, exp(two_sum(x_j, -top)))
    # One Newton step on exp(y) = total doubles the digits of the ordinary logarithm.
    y = log(total[0])
    step = add(multiply(total, exp((-y, 0.0))), (-1.0, 0.0))
    high, low = two_sum(y, step[0])
    total_high, total_low = two_sum(top, high)
    return total_high + (total_low + (low + step[1]))
