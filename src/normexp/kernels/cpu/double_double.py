"""Arithmetic in twice the precision (pairs of float64, 106 bits), for the one result that cancels:
log Σ exp(z) where it is close to 0 beside max(z), as for logits that are log-probabilities; and the
same with factors, of either sign (`signed.py`).

(T. J. Dekker, A floating-point technique for extending the available precision, 1971.)
"""

from fractions import Fraction
from math import factorial

import numpy as np

from .log import log1p
from .memory import load, room, store
from .vector import (
    as_type_of,
    bits,
    fma,
    from_bits,
    function,
    inline,
    lanes_of,
    on_its_own,
    select,
    spread,
    two_product,
    two_sum,
)

LOG2_E = 1.4426950408889634
# ln 2 = 0.693… to 180 bits, as three parts; k times either of the first two is exact.
LN2_FIRST = float.fromhex("0x1.62e42fefap-1")
LN2_SECOND = float.fromhex("0x1.cf79abc9ep-40")
LN2_THIRD = float.fromhex("0x1.d9cc01f97b57ap-79")
ROUNDER = 1.5 * 2.0**52

TERMS = 24  # (ln 2 / 2)^24 / 24! < 2^-113
NEGLIGIBLE_HERE = 90.0  # exp(−90) < 2^-129


def _pairs(fractions):
    """Each fraction as a pair of float64, largest part first."""
    high = [float(fraction) for fraction in fractions]
    low = [float(fraction - Fraction(h)) for fraction, h in zip(fractions, high, strict=True)]
    return np.array([high, low]).T


INVERSE_FACTORIALS = _pairs([Fraction(1, factorial(n)) for n in range(TERMS)])


@inline
def renormalise(high, low):
    """The pair whose first part is the rounded sum, for |high| ≥ |low|."""
    total = high + low
    return total, low - (total - high)


@inline
def add(x, y):
    """x + y, for pairs x and y."""
    high, low = two_sum(x[0], y[0])
    return renormalise(high, low + (x[1] + y[1]))


@inline
def multiply(x, y):
    """x·y, for pairs x and y."""
    high, low = two_product(x[0], y[0])
    return renormalise(high, low + (x[0] * y[1] + x[1] * y[0]))


@function
def exp(x, shift):
    """exp(x) · 2^shift, for a pair x: range reduction and the series, as in `exp.py`.

    |x| < 10^4; the result is a normal number, and `shift` a whole one.
    """
    on_its_own()
    rounded = fma(x[0], LOG2_E, ROUNDER)
    k = rounded - ROUNDER
    high, low = two_sum(x[0] - k * LN2_FIRST, -k * LN2_SECOND)
    r = renormalise(high, low + fma(-k, LN2_THIRD, x[1]))
    last = TERMS - 1
    series = x[0] * 0.0 + INVERSE_FACTORIALS[last, 0], x[0] * 0.0 + INVERSE_FACTORIALS[last, 1]
    for n in range(TERMS - 2, -1, -1):
        term = x[0] * 0.0 + INVERSE_FACTORIALS[n, 0], x[0] * 0.0 + INVERSE_FACTORIALS[n, 1]
        series = add(multiply(series, r), term)
    power = from_bits((bits(rounded + shift) + 1023) << 52)
    return series[0] * power, series[1] * power


@inline
def next_term(total, x_k, top):
    """The sum under way and exp(x_k − top), unless that is too small to matter."""
    distance, distance_low = two_sum(x_k, -top)
    counts = distance > -NEGLIGIBLE_HERE
    e = exp((select(counts, distance, 0.0), select(counts, distance_low, 0.0)), 0.0)
    return add(total, (select(counts, e[0], 0.0), select(counts, e[1], 0.0)))


@inline
def sum_of_lanes(total, rooms, index):
    """The pairs of all lanes added up, in every lane."""
    lanes = lanes_of(rooms)
    of_lanes = room(rooms, index, 2 * lanes, 1.0)
    store(of_lanes, 0, total[0])
    store(of_lanes, lanes, total[1])
    zero = spread(0.0, total[0])
    total = zero, zero
    for lane in range(lanes):
        total = add(total, (zero + of_lanes[lane], zero + of_lanes[lanes + lane]))
    return total


@inline
def plus_log(top, total, y):
    """top + log(total) rounded once, given y, the logarithm in one float64."""
    # One Newton step on exp(y) = total doubles the digits.
    zero = spread(0.0, top)
    step = add(multiply(total, exp((-y, zero), 0.0)), (zero - 1.0, zero))
    high, low = two_sum(y, step[0])
    total_high, total_low = two_sum(top, high)
    return total_high + (total_low + (low + step[1]))


@function
def logsumexp(x, top, tile, rooms, index):
    """log Σ exp(x_k) rounded once, where `top` is the largest x_k. Added up as in `sums.py`."""
    on_its_own()
    zero = spread(0.0, top)
    total = zero, zero
    lanes = lanes_of(rooms)
    if tile.step == 1:
        for k in range(0, x.size, lanes):
            total = next_term(total, as_type_of(load(x, k, rooms), 1.0), top)
        total = sum_of_lanes(total, rooms, index)
    else:
        for lane in range(lanes):
            of_lane = zero, zero
            for k in range(lane, tile.classes, lanes):
                x_k = as_type_of(load(x, k * lanes, rooms), 1.0)
                of_lane = next_term(of_lane, x_k, top)
            total = add(total, of_lane)
    return plus_log(top, total, log1p(total[0] - 1.0))
