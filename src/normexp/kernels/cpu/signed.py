"""log |Σ b_k exp(x_k)| and the sign of the sum: factors of either sign cancel, so everything is in
twice the precision.

    b_k = m_k · 2^n_k,    top = max (x_k + n_k ln 2)
    Σ b_k exp(x_k) = exp(top) · Σ m_k exp(x_k − top) 2^n_k

The largest term is about 1 then, and no x_k − top is rounded. A bound on the error is kept beside
the sum; rows that cancel too far for it are left to `decimals.py`.
"""

import math

from . import double_double
from .compiled import Kernel
from .log import log1p
from .memory import load, row_at, store
from .rooms import EXPONENTS, LANE_TOTALS, MANTISSAS, NUMBERS
from .tiles import read, tile_at
from .vector import (
    absolute,
    as_type_of,
    bits,
    fma,
    from_bits,
    function,
    inline,
    lanes_of,
    largest_of_lanes,
    on_its_own,
    select,
    spread,
    sum_of_lanes,
    two_product,
    two_sum,
)

LN2 = math.log(2)
EXPONENT_BIAS = 1023
ONE, SIGNIFICAND = 0x3FF0000000000000, 0x000FFFFFFFFFFFFF
ROUNDER, ROUNDER_BITS = 1.5 * 2.0**52, 0x4338000000000000

NEGLIGIBLE = -90.0  # exp(−90) < 2^-129
FAR = 2.0**55  # beyond it `top` is rounded by so much that the largest term may be anything
# Of a term, of adding one up to the others, and of log(sum) + top: bounds on what pairs lose.
TERM_ERROR, SUM_ERROR, LOG_ERROR = 2.0**-98, 2.0**-103, 2.0**-100


@inline
def height_of(x_k, mantissa, exponent):
    """log |b_k exp(x_k)| to a bit: ±inf or NaN where the term is 0, infinite or NaN."""
    return select(mantissa == 0.0, -math.inf, fma(exponent, LN2, x_k))


@inline
def next_height(found, x_k, mantissa, exponent):
    """The largest height so far, and the sum of the terms that are no finite numbers."""
    top, infinite = found
    height = height_of(x_k, mantissa, exponent)
    infinite = infinite + select(height < math.inf, 0.0, height * mantissa)
    return select(height > top, height, top), infinite


@inline
def next_term(found, x_k, mantissa, exponent, top):
    """The sum under way with one term more, and the sum of the sizes of its terms."""
    total, size = found
    counts = height_of(x_k, mantissa, exponent) - top > NEGLIGIBLE
    distance, distance_low = two_sum(x_k, -top)
    far = select(counts, distance, 0.0), select(counts, distance_low, 0.0)
    m = select(counts, mantissa, 0.0)
    e = double_double.exp(far, select(counts, exponent, 0.0))
    high, low = two_product(e[0], m)
    term = double_double.renormalise(high, fma(e[1], m, low))
    return double_double.add(total, term), size + absolute(high)


@function
def heights(x, mantissas, exponents, tile, rooms):
    """`next_height` of all classes of a row."""
    on_its_own()
    lanes = lanes_of(rooms)
    zero = spread(0.0, rooms)
    found = zero - math.inf, zero
    for j in range(0, x.size, lanes):
        x_k = as_type_of(load(x, j, rooms), rooms)
        found = next_height(found, x_k, load(mantissas, j, rooms), load(exponents, j, rooms))
    if tile.step == 1:
        return largest_of_lanes(found[0]), sum_of_lanes(found[1])
    return found


@function
def sums(x, mantissas, exponents, top, tile, rooms):
    """`next_term` of all classes of a row, added up in the order of `sums.py`."""
    on_its_own()
    lanes = lanes_of(rooms)
    zero = spread(0.0, rooms)
    nothing = zero, zero
    total, size = nothing, zero
    if tile.step == 1:
        for j in range(0, x.size, lanes):
            x_k = as_type_of(load(x, j, rooms), rooms)
            m, n = load(mantissas, j, rooms), load(exponents, j, rooms)
            total, size = next_term((total, size), x_k, m, n, top)
        return double_double.sum_of_lanes(total, rooms, LANE_TOTALS), sum_of_lanes(size)
    for lane in range(lanes):
        of_lane = nothing
        for k in range(lane, tile.classes, lanes):
            x_k = as_type_of(load(x, k * lanes, rooms), rooms)
            m, n = load(mantissas, k * lanes, rooms), load(exponents, k * lanes, rooms)
            of_lane, size = next_term((of_lane, size), x_k, m, n, top)
        total = double_double.add(total, of_lane)
    return total, size


@inline
def log(x):
    """log(x) of a normal number to some units of 2^-53 times its size: enough to start from."""
    k = from_bits((bits(x) >> 52) - EXPONENT_BIAS + ROUNDER_BITS) - ROUNDER
    return fma(k, LN2, log1p(from_bits((bits(x) & SIGNIFICAND) + ONE) - 1.0))


@function
def log_of_sum(total, top):
    """top + log |total|."""
    on_its_own()
    is_negative = total[0] < 0.0
    high = select(is_negative, -total[0], total[0])
    low = select(is_negative, -total[1], total[1])
    is_zero = high == 0.0
    high = select(is_zero, 1.0, high)
    return select(is_zero, -math.inf, double_double.plus_log(top, (high, low), log(high)))


@Kernel
def logsumexp(
    values,
    where,
    units,
    rooms,
    copies,
    mantissas,
    exponents,
    out,
    signs,
    doubts,
    tolerance,
    start,
    stop,
):
    """Values and signs of rows, and the rows that are in doubt: whose error may exceed `tolerance`
    times the value.
    """
    r = start
    while r < stop:
        tile = tile_at(values, r, stop, rooms)
        x = read(values, tile, rooms, NUMBERS, copies)
        m = read(mantissas, tile, rooms, MANTISSAS, copies)
        n = read(exponents, tile, rooms, EXPONENTS, copies)
        top, infinite = heights(x, m, n, tile, rooms)
        total, size = sums(x, m, n, top, tile, rooms)
        value = log_of_sum(total, top)
        sign = select(total[0] > 0.0, 1.0, select(total[0] < 0.0, -1.0, 0.0))

        of_sum = size * (TERM_ERROR + tile.classes * SUM_ERROR) / absolute(total[0])
        error = select(size > 0.0, of_sum + (absolute(top) + 1.0) * LOG_ERROR, 0.0)
        in_doubt = select(error < absolute(value) * tolerance, 0.0, 1.0)
        distance = absolute(top)
        in_doubt = select((distance > FAR) & (distance < math.inf), 1.0, in_doubt)

        is_finite = infinite == 0.0
        store(row_at(doubts, r * doubts.itemsize, tile.rows), 0, select(is_finite, in_doubt, 0.0))
        value = select(is_finite, value, absolute(infinite))
        store(row_at(out, r * out.itemsize, tile.rows), 0, as_type_of(value, out))
        infinite = select(infinite > 0.0, 1.0, select(infinite < 0.0, -1.0, infinite))
        sign = select(is_finite, sign, infinite)
        store(row_at(signs, r * signs.itemsize, tile.rows), 0, as_type_of(sign, signs))
        r += tile.rows
