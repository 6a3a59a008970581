"""The summary of a row, from which everything else follows.

With m the largest logit and e_j = exp(x_j), that is ``rest``: the sum of the e_j over every class
but one that attains m, added up without e_m, so that a confident row keeps the digits that
1 + rest has no room for.
"""

import math
from typing import NamedTuple

from numba import types
from numba.extending import overload

from .log import log1p
from .memory import as_number_of, load, number_type
from .sums import Total
from .vector import (
    INLINED,
    any_lane,
    as_type_of,
    fma,
    function,
    inline,
    lanes_of,
    largest_of_lanes,
    on_its_own,
    select,
    spread,
    sum_of_lanes,
    two_sum,
)


@function
def _largest_of_row(x, rooms):
    on_its_own()
    top = as_number_of(spread(-math.inf, rooms), x)
    for j in range(0, x.size, lanes_of(rooms)):
        x_j = load(x, j, rooms)
        top = select(x_j > top, x_j, top)
    return as_type_of(largest_of_lanes(top), rooms)


@function
def _largest_side_by_side(x, rooms):
    on_its_own()
    top = spread(-math.inf, rooms)
    for j in range(0, x.size, lanes_of(rooms)):
        x_j = as_type_of(load(x, j, rooms), rooms)
        top = select(x_j > top, x_j, top)
    return top


@inline
def largest(x, tile, rooms, copies):
    """max_k x_k of each row, in every lane of it. NaN is passed over: it makes the sum NaN."""
    if copies is not None and tile.step > 1:
        return _largest_side_by_side(x, rooms)
    return _largest_of_row(x, rooms)


@function
def nan_of(x, tile, rooms):
    """NaN for a row that holds one, else 0."""
    on_its_own()
    nan = spread(0.0, rooms)
    for j in range(0, x.size, lanes_of(rooms)):
        x_j = as_type_of(load(x, j, rooms), rooms)
        nan = select(x_j == x_j, nan, math.nan)
    return sum_of_lanes(nan) if tile.step == 1 else nan


@function
def top_and_nan(x, tile, rooms):
    """Both `largest` and `nan_of`."""
    on_its_own()
    top, nan = spread(-math.inf, rooms), spread(0.0, rooms)
    for j in range(0, x.size, lanes_of(rooms)):
        x_j = as_type_of(load(x, j, rooms), rooms)
        top = select(x_j > top, x_j, top)
        nan = select(x_j == x_j, nan, math.nan)
    return (largest_of_lanes(top), sum_of_lanes(nan)) if tile.step == 1 else (top, nan)


class Summary(NamedTuple):
    """What a row needs to know about itself, in every lane of it."""

    top: float  # m, the largest logit
    e_max: float  # exp(m); this and the sums in units of one power of 2
    rest: float  # Σ e_j over all classes but one that attains the maximum
    total: Total  # e_max + rest
    inverse: float  # 1 / total


class LogSum(NamedTuple):
    """logsumexp, as the two terms that never cancel in −log p_k."""

    top: float  # m, the largest logit
    log1p_rest: float  # log(1 + rest / e_max) = logsumexp − m


@inline
def log_sum(top, odds):
    """Of rows whose rest is `odds` times the exponential of the largest logit."""
    return LogSum(top, as_type_of(log1p(as_type_of(odds, 1.0)), odds))


@inline
def log_sum_of(row):
    return log_sum(row.top, row.rest / row.e_max)


def quotient(x, total, inverse, like):
    """x / total, given its inverse; to the last bit unless the numbers of `like` are narrower."""
    raise NotImplementedError  # the overload stands for it in compiled code


@overload(quotient, jit_options=INLINED)
def _quotient(x, total, inverse, like):
    def rounded_once(x, total, inverse, like):
        q = x * inverse
        left = fma(-q, total.low, fma(-q, total.high, x))
        return fma(left, inverse, q)

    if x.dtype == number_type(like.dtype):
        return rounded_once
    return lambda x, total, inverse, like: x * inverse


@inline
def probability(row, e_k, like):
    """p_k."""
    return quotient(e_k, row.total, row.inverse, like)


@inline
def complement(row, p_k, like):
    """1 − p_k; added up from the other classes where the subtraction would cancel.

    Beyond p_k = ½ class k is the one maximum, and the others are the rest.
    """
    return select(p_k <= 0.5, 1.0 - p_k, quotient(row.rest, row.total, row.inverse, like))


def surprise(of_row, x_k, units):
    """ℓ(k) = −log p_k = (m − x_k) / temperature + log1p(rest): neither term is ever negative.

    The gap is taken of parts of the logits, so that it is infinite only where ℓ(k) is.
    """
    raise NotImplementedError  # the overload stands for it in compiled code


@overload(surprise, jit_options=INLINED)
def _surprise(of_row, x_k, units):
    def to_the_last_bit(of_row, x_k, units):
        gap, gap_low = two_sum(of_row.top * units.part, -x_k * units.part)
        low = fma(gap, units.per_part_low, gap_low * units.per_part)
        exact = fma(gap, units.per_part, low + of_row.log1p_rest)
        return select(gap == math.inf, math.inf + of_row.log1p_rest, exact)

    def once_rounded(of_row, x_k, units):
        gap = fma(-as_type_of(x_k, of_row.top), units.part, of_row.top * units.part)
        return fma(gap, units.per_part, of_row.log1p_rest)

    return to_the_last_bit if x_k.dtype == types.float64 else once_rounded


@inline
def weighted_surprise(mass, of_row, x_k, units):
    """mass · ℓ(k), also where only the mass gives that room; without mass 0, whatever ℓ(k) is."""
    of_k = surprise(of_row, x_k, units)
    value = select(mass > 0.0, mass * of_k, 0.0)
    far = (of_k == math.inf) & (mass > 0.0)
    if any_lane(far):
        half_gap = of_row.top * 0.5 - as_type_of(x_k, of_row.top) * 0.5
        value = select(far, mass * half_gap * (2.0 * units.inverse), value)
    return value
