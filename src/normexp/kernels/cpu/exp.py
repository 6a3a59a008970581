"""The exponential, without the rounding that subtracting the maximum would put in the exponent.

    exp(x) = 2^k · exp(r),   k = round(x · log2 e),   r = x − k · ln 2,   |r| ≤ ln 2 / 2

The range of x itself is reduced and the maximum enters as an integer only. (W. J. Cody and
W. Waite, Software Manual for the Elementary Functions, 1980.) The temperature is in the constants,
so that x / temperature is never rounded either.

Three precisions share the steps: float32, float64, and float64 for a float32 result, of which no
more than 2^-34 is ever seen. The coefficients are minimax on the range of r.
"""

import math
from fractions import Fraction
from functools import cache
from typing import NamedTuple

import numpy as np
from numba import types
from numba.extending import overload

from .vector import (
    INLINED,
    absolute,
    as_type_of,
    bits,
    fma,
    from_bits,
    part,
    polynomial,
    select,
    spread,
)

LN2 = Fraction(math.log(2)) + Fraction(2.3190468138462996e-17)  # to 107 bits

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


class Units(NamedTuple):
    """The constants of the range reduction: those of a type, and those of a temperature in it."""

    rounder: float  # 1.5 · 2^(bits of the significand): adding it leaves an integer in the low bits
    bias: float  # exponentials are multiples of 2^(k_max − bias), away from subnormal numbers
    unit: float  # 2^(−bias)
    far: float  # beyond it z − max z is exact for every z that counts (Sterbenz)
    reach: float  # exp(−reach / temperature) is 0 beside 1, also as a subnormal number
    factor: float  # log2 e / temperature
    ln2_high: float  # ln 2 · temperature, so short that k times it is exact
    ln2_low: float  # what that leaves of ln 2
    guess: float  # the rounder for rows whose largest logit is between `low` and `high`,
    reach_of_guess: float  # of which this is the lowest that counts
    low: float
    high: float
    inverse: float  # 1 / temperature
    part: float  # of logits, that gaps are taken of: ½ where a gap needs room to be divided, else 1
    per_part: float  # 1 / (part · temperature)
    per_part_low: float  # what float64 leaves of it
    enough: float  # how far logsumexp may fall below its terms and still have its digits
    share: float  # of the total, that the other classes need for the total to have their digits
    least: float  # a smaller share of it is nothing in the type of the logits


class Format(NamedTuple):
    """What a type of arithmetic settles, for logits of a type; the logits in temperatures."""

    rounder: float
    bias: float
    far: float
    reach: float
    bits: int  # of ln2_high
    # Where logits usually are: 2^20 classes do not overflow, nothing that counts is subnormal, and
    # 2^20 classes at `reach_of_guess` are still nothing beside a maximum at `low`.
    shift: float  # exponentials are then multiples of 2^−shift, whatever the maximum
    low: float
    high: float
    reach_of_guess: float
    enough: float
    share: float


DOUBLE = Format(1.5 * 2.0**52, 600.0, 2048.0, 770.0, 36, 500.0, -280.0, 330.0, -1050.0, 1.0, 0.9375)
DOUBLE_FOR_LESS = DOUBLE._replace(
    shift=0.0, low=-500.0, high=600.0, reach_of_guess=-700.0, enough=2.0**-3, share=2.0**-12
)
SINGLE = Format(1.5 * 2.0**23, 64.0, 300.0, 130.0, 14, 55.0, -7.0, 35.0, -125.0, 0.5, 0.75)
SINGLE_FOR_LESS = SINGLE._replace(enough=2.0**-5)

# By arithmetic and the bytes of a logit.
FORMATS: dict[tuple[type, int], Format] = {
    (np.float64, 8): DOUBLE,
    (np.float64, 4): DOUBLE_FOR_LESS,
    (np.float64, 2): DOUBLE_FOR_LESS,
    (np.float32, 4): SINGLE,
    (np.float32, 2): SINGLE_FOR_LESS,
}


@cache
def units_for(temperature: float, arithmetic: type, itemsize: int) -> Units:
    """The units for logits of so many bytes, computed in float32 or float64."""
    form = FORMATS[arithmetic, itemsize]
    exact = Fraction(temperature)
    inverse = float(1 / exact)
    part = 1.0 if temperature <= 1.0 else 0.5
    mantissa, exponent = math.frexp(float(LN2 * exact))
    high = math.ldexp(math.floor(mantissa * 2**form.bits), exponent - form.bits)
    return Units(
        rounder=form.rounder,
        bias=form.bias,
        unit=2.0**-form.bias,
        far=form.far * temperature,
        reach=form.reach * temperature,
        factor=float(Fraction(math.log2(math.e)) / exact),
        ln2_high=high,
        ln2_low=float(LN2 - Fraction(high) / exact),
        guess=form.rounder + form.shift,
        reach_of_guess=form.reach_of_guess * temperature,
        low=form.low * temperature,
        high=form.high * temperature,
        inverse=inverse,
        part=part,
        per_part=inverse / part,
        per_part_low=float(1 / exact - Fraction(inverse)) / part,
        enough=form.enough,
        share=form.share,
        least=0.0 if itemsize == 8 else 2.0**-150,
    )


class Scale(NamedTuple):
    """What the exponentials of a row are measured by."""

    origin: float  # logits are counted from 0, or from the maximum where that is exact
    lowest: float  # the lowest logit that counts, from the origin
    rounder: float  # adding it to x · factor leaves k − k_max + bias in the low bits


@part
def clamped(x, low):
    """max(x, low), but NaN where x is NaN."""
    return select(x < low, low, x)


@part
def scale_for(top, units):
    """How to measure the exponentials of rows whose largest logits are `top`."""
    origin = select(absolute(top) > units.far, top, 0.0)
    k_max = ((top - origin) * units.factor + units.rounder) - units.rounder
    lowest = (top - origin) - units.reach
    return Scale(origin, lowest, (units.rounder + units.bias) - k_max)


@part
def guessed_scale(units, like):
    """A scale for rows whose largest logit is expected where logits usually are."""
    zero = spread(0.0, like)
    return Scale(zero, zero + units.reach_of_guess, zero + units.guess)


@part
def scaled(mantissa, rounded, shift):
    """mantissa · 2^k, for the k in the low bits of `rounded`."""
    return from_bits(bits(mantissa) + (bits(rounded) << shift))


@part
def one_plus(x, y):
    """1 + x + y for |y| < |x| < 1, rounded once but for a hair."""
    total = 1.0 + x
    return total + ((x - (total - 1.0)) + y)


@part
def _exponential_64(distance, rounder, units):
    """To 0.6 ULP."""
    rounded = fma(distance, units.factor, rounder)
    k = rounded - rounder
    high = fma(-k, units.ln2_high, distance) * units.inverse
    low = -k * units.ln2_low
    r = high + low
    q = polynomial(r, EXP_64)
    return scaled(one_plus(high, fma(r * r, q, low)), rounded, 52)


@part
def _exponential_for_32(distance, rounder, units):
    """To 2^-34, in float64 for a float32 result: 2^f by one series, f = x · log2 e − k."""
    exponent = distance * units.factor
    rounded = exponent + rounder
    f = exponent - (rounded - rounder)
    return scaled(polynomial(f, EXP2), rounded, 52)


@part
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
