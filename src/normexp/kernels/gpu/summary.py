"""The summary of a row, or of a part of it: its largest logit, and the others measured by that.

    logsumexp = top + log1p(rest)

Everything that a row has one of is float64.
"""

import triton
import triton.language as tl

from .arithmetic import OWN, exponentials, sum_of, unit


@triton.jit
def summary_of(x, here, ARITHMETIC: tl.constexpr, TOTAL_ALONE: tl.constexpr = False):
    """Top, rest and the exponentials of a tile of rows, −inf where nothing is `here`.

    rest = Σ exp(x − top) over every class but one that attains the top. That is the total less 1,
    unless one class leads, so that the total would hide the others: only then are they added up on
    their own. So is what is not finite: of an infinite top each class that attains it counts 1.
    Who wants the total alone needs none of that.
    """
    top = tl.max(x, 1)
    e = exponentials(x, top[:, None], ARITHMETIC)
    total = sum_of(e, ARITHMETIC) / unit(x, ARITHMETIC)
    rest = total - 1.0
    if not TOTAL_ALONE:
        hidden = tl.where(total >= 2.0, 0, 1)
        if tl.max(hidden, 0) > 0:
            leads = x == top[:, None]
            others = sum_of(tl.where(leads, 0.0, e), ARITHMETIC) / unit(x, ARITHMETIC)
            leaders = tl.sum((leads & here).to(tl.int32), 1)
            rest = tl.where(hidden > 0, others + (leaders - 1), rest)
    return top.to(tl.float64), rest, e


@triton.jit
def merged(tops, rests):
    """The summary of all parts of each row, whose summaries stand side by side."""
    top = tl.max(tops, 1)
    attained = tops == top[:, None]
    e = exponentials(tops, top[:, None], OWN) / unit(tops, OWN)
    e = tl.where(attained, 1.0, e) * (1.0 + rests)
    index = tl.arange(0, tops.shape[1])[None, :]
    leader = tl.min(tl.where(attained, index, tops.shape[1]), 1)
    rest = sum_of(tl.where(index == leader[:, None], rests, e), OWN)
    return top, rest


@triton.jit
def spread(value):
    """What one row has one of, for a tile of any layout: a number, not a vector in the layout of
    the parts that it came from, to which Triton would bring the tile (each warp with all of it).
    """
    return tl.full([1], tl.sum(value, 0), value.dtype)


@triton.jit
def finite(top):
    return tl.abs(top) < float("inf")
