"""Soft capping, c · tanh(z / c), a tile of rows at a time: what is capped stays in a cache.

    tanh(a) = −E / (2 + E),   E = exp(−2a) − 1,   a = |z| / c
    slope   = 1 / cosh²(a) = 4e / (1 + e)²,   e = exp(−2a)
    bend    = −2 / c · tanh(z / c) · slope

E is put together from the parts of exp(−2a) = 2^k · exp(r), so that neither it nor e cancels, and
z / c keeps what rounding it loses. Capped logits are float64, to 1 ULP, for any type of logits.
"""

import math
from fractions import Fraction
from typing import NamedTuple

from .compiled import Kernel
from .exp import EXP_64, one_plus
from .memory import load
from .rooms import EXPONENTIALS, NUMBERS, SLOPES, TARGET, TERMS
from .tiles import put, read, read_logits, target_of, tile_at, write
from .units import LN2
from .vector import (
    absolute,
    as_type_of,
    bits,
    fma,
    from_bits,
    function,
    inline,
    lanes_of,
    on_its_own,
    polynomial,
    select,
    spread,
    two_product,
    two_sum,
)

ROUNDER = 1.5 * 2.0**52
LOG2_E = math.log2(math.e)
LN2_HIGH = float.fromhex("0x1.62e42fefap-1")  # k times it is exact
LN2_LOW = float(LN2 - Fraction(LN2_HIGH))
FARTHEST = 760.0  # exp(−760) is 0, also as a subnormal number
LIFT, LOWER = 200, 2.0**-200  # away from subnormal numbers and back
TINY = 2.0**-28  # below it tanh(a) is a


class Decay(NamedTuple):
    """exp(−2a) = power · (1 + r + tail)."""

    lifted: float  # 2^LIFT · power, which is 2^k
    r: float
    tail: float


@inline
def decay(z, cap):
    """exp(−2 · |z| / cap), in parts."""
    a = absolute(z) / cap
    lost = fma(-a, cap, absolute(z)) / cap
    far = a * 2.0 < FARTHEST
    x = select(far, -2.0 * a, -FARTHEST)
    x_low = select(far, -2.0 * lost, 0.0)
    rounded = fma(x, LOG2_E, ROUNDER)
    k = rounded - ROUNDER
    high, low = two_sum(fma(-k, LN2_HIGH, x), fma(-k, LN2_LOW, x_low))
    q = polynomial(high, EXP_64)
    lifted = from_bits((bits(rounded) + (1023 + LIFT)) << 52)
    return Decay(lifted, high, fma(high * high, q, low))


@inline
def capped(z, cap):
    """cap · tanh(z / cap); an infinite z stays, as does NaN."""
    of_z = decay(z, cap)
    power = of_z.lifted * LOWER
    less_one, less_one_low = two_sum(power - 1.0, power * of_z.r)
    less_one, lost = two_sum(less_one, power * of_z.tail)
    less_one_low = less_one_low + lost
    over, over_low = two_product(-less_one, spread(cap, z))
    over_low = fma(-less_one_low, cap, over_low)
    under, under_low = two_sum(less_one, spread(2.0, z))
    under_low = under_low + less_one_low
    bound = over / under
    left = fma(-bound, under, over) + (over_low - bound * under_low)
    bound = bound + left / under
    bound = select(absolute(z) < TINY * cap, absolute(z), bound)
    return select(absolute(z) < math.inf, select(z < 0.0, -bound, bound), z)


@inline
def slope(z, cap):
    """The derivative of `capped`; 1 at infinity, where it is the identity."""
    of_z = decay(z, cap)
    lifted = of_z.lifted * one_plus(of_z.r, of_z.tail)
    sum_of_both = 1.0 + lifted * LOWER
    by = 4.0 * lifted / (sum_of_both * sum_of_both) * LOWER
    return select(absolute(z) == math.inf, 1.0, by)


@inline
def wide(x, j, rooms):
    return as_type_of(load(x, j, rooms), rooms)


@function
def capped_tile(z, cap, u, rooms):
    on_its_own()
    for j in range(0, z.size, lanes_of(rooms)):
        put(u, j, capped(wide(z, j, rooms), cap))


@function
def sloped_tile(z, cap, g, out, rooms):
    on_its_own()
    for j in range(0, z.size, lanes_of(rooms)):
        put(out, j, slope(wide(z, j, rooms), cap) * wide(g, j, rooms))


@function
def bent_tile(z, cap, h, g, v, out, rooms):
    on_its_own()
    for j in range(0, z.size, lanes_of(rooms)):
        z_j, g_j = wide(z, j, rooms), wide(g, j, rooms)
        by = slope(z_j, cap)
        tanh = select(absolute(z_j) == math.inf, 0.0, capped(z_j, cap) / cap)
        bend = by * tanh * (-2.0 / cap)
        of_bend = select(g_j == 0.0, 0.0, bend * wide(v, j, rooms) * g_j)
        put(out, j, by * wide(h, j, rooms) + of_bend)


@Kernel
def cap_rows(values, where, units, rooms, copies, cap, out, start, stop):
    """The logits, capped."""
    r = start
    while r < stop:
        tile = tile_at(values, r, stop, rooms)
        z = read_logits(values, where, tile, rooms, NUMBERS, copies)
        u = target_of(out, tile, rooms, TERMS, copies)
        capped_tile(z, cap, u, rooms)
        write(out, tile, u, rooms, copies)
        r += tile.rows


@Kernel
def slope_rows(values, where, units, rooms, copies, cap, by, out, start, stop):
    """What is given, multiplied by the slope of the cap."""
    r = start
    while r < stop:
        tile = tile_at(values, r, stop, rooms)
        z = read_logits(values, where, tile, rooms, NUMBERS, copies)
        g = read(by, tile, rooms, TERMS, copies)
        y = target_of(out, tile, rooms, TARGET, copies)
        sloped_tile(z, cap, g, y, rooms)
        write(out, tile, y, rooms, copies)
        r += tile.rows


@Kernel
def bend_rows(values, where, units, rooms, copies, cap, product, grad, vector, out, start, stop):
    """slope · product + bend · gradient · vector."""
    r = start
    while r < stop:
        tile = tile_at(values, r, stop, rooms)
        z = read_logits(values, where, tile, rooms, NUMBERS, copies)
        h = read(product, tile, rooms, TERMS, copies)
        g = read(grad, tile, rooms, TARGET, copies)
        v = read(vector, tile, rooms, SLOPES, copies)
        y = target_of(out, tile, rooms, EXPONENTIALS, copies)
        bent_tile(z, cap, h, g, v, y, rooms)
        write(out, tile, y, rooms, copies)
        r += tile.rows
