"""The exponential, without the rounding that subtracting the maximum would put in the exponent.

    exp(x) = 2^k · exp(r),   k = round(x · log2 e),   r = x − k · ln 2,   |r| ≤ ln 2 / 2

The range of x itself is reduced and the maximum enters as an integer only: the result is a multiple
of 2^top. (W. J. Cody and W. Waite, Software Manual for the Elementary Functions, 1980.)
"""

from math import factorial

from .vector import bits, fma, from_bits, part

LOG2_E = 1.4426950408889634
LN2 = 0.6931471805599453
# The same in two parts. The first has 36 bits, so that k · LN2_HIGH is exact for every |k| < 2^17.
LN2_HIGH = float.fromhex("0x1.62e42fefap-1")
LN2_LOW = float.fromhex("0x1.cf79abc9e3b3ap-40")

# Adding 1.5 · 2^52 rounds to an integer and leaves that integer in the low bits of the sum.
ROUNDER = 1.5 * 2.0**52
EXPONENT_BIAS = 1023.0

# exp(r) = 1 + r + r² · (1/2! + r/3! + … + r^11/13!); what is left out is below 2^-57.
C2, C3, C4, C5, C6, C7, C8, C9, C10, C11, C12, C13 = (1.0 / factorial(n) for n in range(2, 14))

# How far below the maximum a logit may be and still count: exp(−770) is 0 in float64.
NEGLIGIBLE = 770.0
LOWEST_EXPONENT = -1100.0
LOWEST_NORMAL_EXPONENT = -1022.0


@part
def at_least(x, low):
    """max(x, low) that keeps NaN and vectorises."""
    return low if x < low else x


@part
def nearest_exponent(x):
    """k = round(x · log2 e), as a float64."""
    return fma(x, LOG2_E, ROUNDER) - ROUNDER


@part
def power_of_two(k):
    """2^k for an integer −1022 ≤ k ≤ 1023, by writing k into the exponent field."""
    return from_bits(bits(k + (ROUNDER + EXPONENT_BIAS)) << 52)


@part
def series(tail, r):
    """1/2! + r/3! + … + r^6/8! + r^7 · tail, by Horner's rule."""
    tail = fma(tail, r, C8)
    tail = fma(tail, r, C7)
    tail = fma(tail, r, C6)
    tail = fma(tail, r, C5)
    tail = fma(tail, r, C4)
    tail = fma(tail, r, C3)
    return fma(tail, r, C2)


@part
def exp_over_power_for_float32(x, top):
    """exp(x) / 2^top to 2^-37: one step of range reduction and of scaling, nine terms.

    Rounded to float32, no error is left to see; what is below 2^-1022 there is 0 anyway.
    """
    k = nearest_exponent(x)
    r = fma(-k, LN2, x)
    return fma(r * r, series(C9, r), 1.0 + r) * power_of_two(
        at_least(k - top, LOWEST_NORMAL_EXPONENT)
    )


@part
def exp_over_power(x, x_low, top):
    """exp(x + x_low) / 2^top, for top ≥ round(x · log2 e) and a tiny x_low."""
    k = nearest_exponent(x)
    r_high = fma(-k, LN2_HIGH, x)
    r_low = fma(-k, LN2_LOW, x_low)
    r = r_high + r_low
    tail = fma(C13, r, C12)
    tail = fma(tail, r, C11)
    tail = fma(tail, r, C10)
    tail = fma(tail, r, C9)
    mantissa = 1.0 + (r_high + fma(r * r, series(tail, r), r_low))
    # Two steps, so that a subnormal result is rounded once and never flushed to zero.
    exponent = at_least(k - top, LOWEST_EXPONENT)
    first = at_least(exponent, LOWEST_NORMAL_EXPONENT)
    return (mantissa * power_of_two(first)) * power_of_two(exponent - first)
