"""The summary of a row, or of a part of it: its largest logit, and the others measured by that.

    logsumexp = top + log1p(rest)

Everything that a row has one of is float64.
"""

import triton
import triton.language as tl

from .arithmetic import OWN, WIDE, exponentials, per_unit, sum_of, unit
from .tile import beside

TOTAL = tl.constexpr(0)
RIGHT = tl.constexpr(1)
COUNTED = tl.constexpr(2)


@triton.jit
def summary_of(x, here, ARITHMETIC: tl.constexpr, NEEDED: tl.constexpr):
    """Top, rest and the exponentials of a tile of rows, −inf where nothing is `here`.

    rest = Σ exp(x − top) over every class but one that attains the top, of an infinite top their
    count. What is NEEDED of it:

    TOTAL    only 1 + rest: the sum of all, less 1
    RIGHT    rest in all its digits, which that loses where one class leads: then the others are
             added up. Where the top is −inf, rest is 0, which changes nothing in what it is merged
             with
    COUNTED  the same for an infinite top as well
    """
    top = tl.max(x, 1)
    e = exponentials(x, top[:, None], ARITHMETIC)
    rest = sum_of(e, ARITHMETIC) * per_unit(x, ARITHMETIC) - 1.0
    if NEEDED != TOTAL:
        # Who leads, where only one does: mostly the exponential says so too, and then the logits
        # need not be kept for it.
        leads = x == top[:, None] if ARITHMETIC == WIDE else e == unit(x, ARITHMETIC)
        others = tl.where(leads, 0.0, e)
        rest = tl.where(rest >= 0.5, rest, sum_of(others, ARITHMETIC) * per_unit(x, ARITHMETIC))
        rest = tl.where(top == -float("inf"), 0.0, rest)
    if NEEDED == COUNTED:
        all_finite = tl.min(finite(top).to(tl.int32), 0) > 0
        if not all_finite:
            attained = x == top[:, None]
            lower = sum_of(tl.where(attained, 0.0, e), ARITHMETIC) * per_unit(x, ARITHMETIC)
            leaders = tl.sum((attained & here).to(tl.int32), 1)
            rest = tl.where(finite(top), rest, lower + (leaders - 1))
    return top.to(tl.float64), rest, e


@triton.jit
def nothing_of(row):
    """The summary of no class, for each row."""
    zero = tl.zeros_like(row).to(tl.float64)
    return zero - float("inf"), zero - 1.0


@triton.jit
def both(top, rest, other_top, other_rest, ARITHMETIC: tl.constexpr, kind: tl.constexpr):
    """The summary of two parts of each row, as exact as exponentials of this arithmetic."""
    largest = tl.maximum(top, other_top)
    lower = tl.minimum(top, other_top).to(kind)
    e = exponentials(lower, largest.to(kind), ARITHMETIC) * per_unit(lower, ARITHMETIC)
    e = tl.where(top == other_top, 1.0, e.to(tl.float64))
    leads = top >= other_top
    rest_of_lower = tl.where(leads, other_rest, rest)
    return largest, tl.where(leads, rest, other_rest) + e * (1.0 + rest_of_lower)


@triton.jit
def merged(tops, rests):
    """The summary of all parts of each row, whose summaries stand side by side."""
    top = tl.max(tops, 1)
    attained = tops == top[:, None]
    e = exponentials(tops, top[:, None], OWN) * per_unit(tops, OWN)
    e = tl.where(attained, 1.0, e) * (1.0 + rests)
    index = tl.arange(0, tops.shape[1])[None, :]
    leader = tl.min(tl.where(attained, index, tops.shape[1]), 1)
    rest = sum_of(tl.where(index == leader[:, None], rests, e), OWN)
    return top, rest


@triton.jit
def of_parts(tops, rests, row, present, SUMMARIES: tl.constexpr, WIDTH: tl.constexpr):
    """The summary of all parts of each row, whose summaries are in memory."""
    part, there = beside(row, SUMMARIES, WIDTH)
    there = there & present[:, None]
    return merged(
        tl.load(tops + part, there, other=-float("inf")), tl.load(rests + part, there, other=-1.0)
    )


@triton.jit
def spread(value):
    """What one row has one of, for a tile of any layout: a number, not a vector in the layout of
    the parts that it came from, to which Triton would bring the tile (each warp with all of it).
    """
    return tl.full([1], tl.sum(value, 0), value.dtype)


@triton.jit
def finite(top):
    return tl.abs(top) < float("inf")
