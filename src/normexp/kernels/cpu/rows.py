"""One row: read into float64, reduced to its maximum and the rest, put back.

With m the largest logit and e_j = exp(x_j), everything else follows from
``rest``, the sum of the e_j over every class but one that attains m, added up without e_m, so that
a confident row keeps the digits that 1 + rest has no room for.
"""

import math
from typing import NamedTuple

from numba import types
from numba.extending import overload

from .exp import NEGLIGIBLE, at_least, exp_over_power, exp_over_power_for_float32, nearest_exponent
from .vector import STRICT, any_order, any_order_no_nan, fma, larger, part, two_sum

# Rows are added up block by block, the blocks with compensation: within a block of 64 a vectorised
# sum rounds a term at most 7 times, so that no row loses more than 3.5 ULP to its length.
BLOCK = 64


class Scale(NamedTuple):
    """What an exponential is measured by: 1 / temperature to twice the precision, the logit that
    exponents are counted from, the lowest that counts, and the exponent of the maximum."""

    inverse: float
    inverse_low: float
    origin: float
    lowest: float
    exponent: float


class Row(NamedTuple):
    """What a row needs to know about itself. e_j, e_max and rest are in units of one power of 2."""

    max: float
    e_max: float
    rest: float
    total: float  # e_max + rest
    log1p_rest: float  # log(1 + rest / e_max) = logsumexp − max
    scale: Scale


@part
def row_count(values):
    return values.shape[0] if values.ndim == 2 else values.shape[0] * values.shape[2]


@part
def class_count(values):
    return values.shape[1]


@part
def row_of(values, r):
    """Row r, as a view."""
    if values.ndim == 2:
        return values[r]
    inner = values.shape[2]
    return values[r // inner, :, r % inner]


@part
def fill(row, value):
    for k in range(row.size):
        row[k] = value


@part
def mask(where, r, x):
    """Put −inf where the mask leaves no class. False if it leaves none at all."""
    if where.size == 0:
        return True
    live = row_of(where, r)
    some = False
    for k in range(x.size):
        if live[k]:
            some = True
        else:
            x[k] = -math.inf
    return some


@part
def load(logits, r, x):
    """Read the logits of row r into x, capped and masked. False if the mask leaves no class."""
    row = row_of(logits.values, r)
    for k in range(x.size):
        x[k] = row[k]
    if logits.softcap < math.inf:
        for k in range(x.size):
            if math.isfinite(x[k]):
                x[k] = logits.softcap * math.tanh(x[k] / logits.softcap)
    return mask(logits.where, r, x)


@any_order_no_nan
def _largest_number(x):
    top = -math.inf
    for j in range(x.size):
        top = larger(top, x[j])
    return top


@part
def largest(x):
    """max_j x_j, NaN if any is NaN."""
    nans = 0
    for j in range(x.size):
        nans += x[j] != x[j]
    return math.nan if nans else _largest_number(x)


@part
def is_defined(top):
    """A row whose largest logit is ±inf or NaN has no softmax."""
    return math.isfinite(top)


@part
def scale_for(top, temperature):
    """Where to count exponents from: 0, or the maximum where subtracting that is exact.

    Beyond 2048 · temperature, every logit that counts beside the maximum is within a factor of 2 of
    it, and such a difference has no rounding error (Sterbenz). Below, exponents fit the range
    reduction as they are.
    """
    inverse = 1.0 / temperature
    inverse_low = fma(-inverse, temperature, 1.0) / temperature
    origin = top if abs(top * inverse) > 2048.0 else 0.0
    lowest = top - NEGLIGIBLE * temperature
    return Scale(inverse, inverse_low, origin, lowest, nearest_exponent((top - origin) * inverse))


def exponential(storage, x, scale):
    """exp(x / temperature) in units of 2^scale.exponent, as exact as the storage type shows."""
    raise NotImplementedError  # the overload stands for it in compiled code


# Inlined before LLVM sees it: called, an overload keeps the loop around it from vectorising.
@overload(exponential, inline="always", jit_options=STRICT)
def _exponential(storage, x, scale):
    def for_float64(storage, x, scale):
        distance = at_least(x, scale.lowest) - scale.origin
        scaled = distance * scale.inverse
        low = fma(distance, scale.inverse, -scaled) + distance * scale.inverse_low
        return exp_over_power(scaled, low, scale.exponent)

    def for_float32(storage, x, scale):
        distance = at_least(x, scale.lowest) - scale.origin
        return exp_over_power_for_float32(distance * scale.inverse, scale.exponent)

    return for_float32 if storage.dtype == types.float32 else for_float64


@any_order
def _block_sum_except(e, x, top):
    total = 0.0
    for j in range(x.size):
        total += 0.0 if x[j] == top else e[j]
    return total


@part
def sum_except(e, x, top):
    """Σ e_j over the classes with x_j ≠ top."""
    total = 0.0
    lost = 0.0
    for start in range(0, x.size, BLOCK):
        stop = min(start + BLOCK, x.size)
        total, error = two_sum(total, _block_sum_except(e[start:stop], x[start:stop], top))
        lost += error
    return total + lost if math.isfinite(total) else total


@part
def total(values):
    """Σ values."""
    return sum_except(values, values, math.nan)


@part
def total_but_one(values, top):
    """Σ values but for one occurrence of the largest, `top`."""
    ties = 0
    for j in range(values.size):
        ties += values[j] == top
    return sum_except(values, values, top) + (ties - 1) * top


@part
def summarise(logits, x, top, e):
    """The exponentials of a row with a finite maximum, and its summary."""
    scale = scale_for(top, logits.temperature)
    ties = 0
    for j in range(x.size):
        e[j] = exponential(logits.values, x[j], scale)
        ties += x[j] == top
    e_max = exponential(logits.values, top, scale)
    rest = sum_except(e, x, top) + (ties - 1) * e_max
    return Row(top, e_max, rest, e_max + rest, math.log1p(rest / e_max), scale)


@part
def probability(row, e_k):
    """p_k."""
    return e_k / row.total


@part
def complement(row, e_k):
    """1 − p_k; added up from the other classes where the subtraction would cancel.

    Beyond p_k = ½ class k is the one maximum, and the others are the rest.
    """
    p_k = probability(row, e_k)
    return 1.0 - p_k if p_k <= 0.5 else row.rest / row.total


@part
def surprise(row, x_k):
    """ℓ(k) = −log p_k = (m − x_k) / temperature + log1p(rest): neither term is ever negative."""
    gap, gap_low = two_sum(row.max, -x_k)
    if gap == math.inf:
        return gap
    low = fma(gap, row.scale.inverse_low, gap_low * row.scale.inverse)
    return fma(gap, row.scale.inverse, low + row.log1p_rest)


@part
def cap_slope(z, softcap):
    """d/dz of softcap · tanh(z / softcap): 1 / cosh², since 1 − tanh² would cancel."""
    if softcap == math.inf or not math.isfinite(z):
        return 1.0
    e = math.exp(-2.0 * abs(z / softcap))
    return 4.0 * e / ((1.0 + e) * (1.0 + e))
