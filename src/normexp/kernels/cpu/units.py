"""The constants of the exponential, for a type of logits and a temperature."""

import math
from fractions import Fraction
from functools import cache
from typing import NamedTuple

import numpy as np

LN2 = Fraction(math.log(2)) + Fraction(2.3190468138462996e-17)  # to 107 bits


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
    cancels_below: float  # how far logsumexp may fall below its terms and still have its digits
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
    cancels_below: float
    share: float


DOUBLE = Format(1.5 * 2.0**52, 600.0, 2048.0, 770.0, 36, 500.0, -280.0, 330.0, -1050.0, 1.0, 0.9375)
DOUBLE_FOR_LESS = DOUBLE._replace(
    shift=0.0, low=-500.0, high=600.0, reach_of_guess=-700.0, cancels_below=2.0**-3, share=2.0**-12
)
SINGLE = Format(1.5 * 2.0**23, 64.0, 300.0, 130.0, 14, 55.0, -7.0, 35.0, -125.0, 0.5, 0.75)
SINGLE_FOR_LESS = SINGLE._replace(cancels_below=2.0**-5)

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
        cancels_below=form.cancels_below,
        share=form.share,
        least=0.0 if itemsize == 8 else 2.0**-150,
    )
