"""The exponential, without the rounding that subtracting the maximum would put in the exponent.

    exp(x) = 2^k · exp(r),   k = round(x · log2 e),   r = x − k · ln 2,   |r| ≤ ln 2 / 2

The range of x itself is reduced and the maximum enters as an integer only. (W. J. Cody and
W. Waite, Software Manual for the Elementary Functions, 1980.) The temperature is in the constants,
so that x / temperature is never rounded either.

Three precisions share the steps: float32, float64, and float64 for a float32 result, of which no
more than 2^-34 is ever seen. The coefficients are minimax on the range of r.
"""

from typing import NamedTuple

from numba import types
from numba.extending import overload

from .vector import (
    INLINED,
    absolute,
    as_type_of,
    bits,
    fma,
    from_bits,
    inline,
    polynomial,
    select,
    spread,
)

# q(r) = (exp(r) − 1 − r) / r², for exp to 2^-62, and to 2^-27.
EXP_64 = (
    float.fromhex("0x1.0000000000000p-1"),
    float.fromhex("0x1.5555555555557p-3"),
    float.fromhex("0x1.5555555555556p-5"),
    float.fromhex("0x1.11111111100dcp-7"),
    float.fromhex("0x1.6c16c16c162d4p-10"),
    float.fromhex("0x1.a01a01abe7fe1p-13"),
    float.fromhex("0x1.a01a01a6d889cp-16"),
    float.fromhex("0x1.71de0231960ebp-19"),
    float.fromhex("0x1.27e4db646b17ep-22"),
    float.fromhex("0x1.af4de97ca4194p-26"),
    float.fromhex("0x1.1f730349868cep-29"),
)
EXP_32 = (0.5, 0.16666576666, 0.04166655421298, 0.00836323288368, 0.00139262508315)
# 2^f for |f| ≤ ½, to 2^-34.
EXP2 = (
    float.fromhex("0x1.ffffffffa7135p-1"),
    float.fromhex("0x1.62e42fef9cc69p-1"),
    float.fromhex("0x1.ebfbe0aa03df0p-3"),
    float.fromhex("0x1.c6b08da70cce3p-5"),
    float.fromhex("0x1.3b29d8bb0b97ep-7"),
    float.fromhex("0x1.5d877598350dep-10"),
    float.fromhex("0x1.446c79efd4834p-13"),
    float.fromhex("0x1.00c0e4e15189cp-16"),
)


class Scale(NamedTuple):
    """What the exponentials of a row are measured by."""

    origin: float  # logits are counted from 0, or from the maximum where that is exact
    lowest: float  # the lowest logit that counts, from the origin
    rounder: float  # adding it to x · factor leaves k − k_max + bias in the low bits


@inline
def clamped(x, low):
    """max(x, low), but NaN where x is NaN."""
    return select(x < low, low, x)


@inline
def scale_for(top, units):
    """How to measure the exponentials of rows whose largest logits are `top`."""
    origin = select(absolute(top) > units.far, top, 0.0)
    k_max = ((top - origin) * units.factor + units.rounder) - units.rounder
    lowest = (top - origin) - units.reach
    return Scale(origin, lowest, (units.rounder + units.bias) - k_max)


@inline
def guessed_scale(units, like):
    """A scale for rows whose largest logit is expected where logits usually are."""
    zero = spread(0.0, like)
    return Scale(zero, zero + units.reach_of_guess, zero + units.guess)


@inline
def scaled(mantissa, rounded, shift):
    """mantissa · 2^k, for the k in the low bits of `rounded`."""
    return from_bits(bits(mantissa) + (bits(rounded) << shift))


@inline
def one_plus(x, y):
    """1 + x + y for |y| < |x| < 1, rounded once but for a hair."""
    total = 1.0 + x
    return total + ((x - (total - 1.0)) + y)


@inline
def _exponential_64(distance, rounder, units):
    """To 0.6 ULP."""
    rounded = fma(distance, units.factor, rounder)
    k = rounded - rounder
    high = fma(-k, units.ln2_high, distance) * units.inverse
    low = -k * units.ln2_low
    r = high + low
    q = polynomial(r, EXP_64)
    return scaled(one_plus(high, fma(r * r, q, low)), rounded, 52)


@inline
def _exponential_for_32(distance, rounder, units):
    """To 2^-34, in float64 for a float32 result: 2^f by one series, f = x · log2 e − k."""
    rounded = fma(distance, units.factor, rounder)
    f = fma(distance, units.factor, -(rounded - rounder))
    return scaled(polynomial(f, EXP2), rounded, 52)


@inline
def _exponential_32(distance, rounder, units):
    """To 0.7 ULP, in float32."""
    rounded = fma(distance, units.factor, rounder)
    k = rounded - rounder
    r = fma(-k, units.ln2_low, fma(-k, units.ln2_high, distance) * units.inverse)
    q = polynomial(r, EXP_32)
    return scaled(one_plus(r, r * r * q), rounded, 23)


def exponential(x, scale, units):
    """exp(x / temperature) in units of 2^(k_max − bias), in the type of the scale.

    As exact as the type of x shows. What is below `lowest` becomes so small that beside the maximum
    it is 0 in any type.
    """
    raise NotImplementedError  # the overload stands for it in compiled code


@overload(exponential, jit_options=INLINED)
def _exponential(x, scale, units):
    if scale.types[0].dtype == types.float32:
        steps = _exponential_32
    else:
        steps = _exponential_64 if x.dtype == types.float64 else _exponential_for_32

    def exponential(x, scale, units):
        low, origin = as_type_of(scale.lowest, x), as_type_of(scale.origin, x)
        distance = as_type_of(clamped(x - origin, low), scale.rounder)
        return steps(distance, scale.rounder, units)

    return exponential
