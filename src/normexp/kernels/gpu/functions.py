"""softmax, log_softmax, logsumexp and summaries of rows; the backward pass of softmax."""

import triton
import triton.language as tl

from .arithmetic import OWN, exponentials, log1p, sum_of, unit, widened
from .as_read import as_read
from .summary import COUNTED, RIGHT, TOTAL, finite, of_parts, spread, summary_of
from .tile import FINISH, ONCE, SUMMARISE, WHOLE, beside, classes_of, read, rows_of, write

SUMMARY = tl.constexpr(0)
SOFTMAX = tl.constexpr(1)
LOG_SOFTMAX = tl.constexpr(2)


@triton.jit
def of_rows(
    logits, out, tops, rests,
    per_temperature, per_temperature_low, cap, cap_low,
    rows, classes, inner,
    x_outer, x_class, x_inner,
    out_outer, out_class, out_inner,
    RESULT: tl.constexpr, PHASE: tl.constexpr, SUMMARIES: tl.constexpr, WIDTH: tl.constexpr,
    PARTS: tl.constexpr, ROWS: tl.constexpr, CLASSES: tl.constexpr, ARITHMETIC: tl.constexpr,
):  # fmt: skip
    turn = tl.program_id(0).to(tl.int64)
    row = rows_of(turn, PARTS, ROWS)
    column = classes_of(turn, PARTS, CLASSES)
    present = row < rows
    here = present[:, None] & (column < classes)[None, :]
    x = read(logits, row, column, here, inner, x_outer, x_class, x_inner, -float("inf"), ONCE)
    x = as_read(x, per_temperature, per_temperature_low, cap, cap_low, ARITHMETIC)
    if PHASE == FINISH:
        top, rest = of_parts(tops, rests, row, present, SUMMARIES, WIDTH)
        if ROWS == 1:
            top, rest = spread(top), spread(rest)
        e = exponentials(x, top.to(x.dtype)[:, None], ARITHMETIC)
    else:
        NEEDED: tl.constexpr = (
            COUNTED if RESULT == SUMMARY
            else TOTAL if RESULT == SOFTMAX and PHASE == WHOLE
            else RIGHT
        )  # fmt: skip
        top, rest, e = summary_of(x, here, ARITHMETIC, NEEDED)
    if PHASE == SUMMARISE:
        part = row * PARTS + turn % PARTS
        tl.store(tops + part, top, present)
        tl.store(rests + part, rest, present)
    else:
        result = result_of(x, e, top, rest, RESULT, ARITHMETIC)
        write(out, result, row, column, here, inner, out_outer, out_class, out_inner)


@triton.jit
def result_of(x, e, top, rest, RESULT: tl.constexpr, ARITHMETIC: tl.constexpr):
    """Of a tile, from the summaries of its rows."""
    if RESULT == SOFTMAX:
        total = ((1.0 + rest) * unit(x, ARITHMETIC)).to(e.dtype)
        return e * tl.where(finite(top), 1.0 / total, float("nan"))[:, None]
    else:
        log_total = tl.where(finite(top), log1p(rest.to(e.dtype)), float("nan"))
        return (x.to(e.dtype) - top.to(e.dtype)[:, None]) - log_total[:, None]


@triton.jit
def merge_rows(
    tops, rests, top_of, rest_of, log_of, rows,
    SUMMARIES: tl.constexpr, WIDTH: tl.constexpr, ROWS: tl.constexpr,
):  # fmt: skip
    """Of each row the summaries of its parts: as one summary, or as its logsumexp."""
    row = tl.program_id(0).to(tl.int64) * ROWS + tl.arange(0, ROWS)
    top, rest = of_parts(tops, rests, row, row < rows, SUMMARIES, WIDTH)
    if log_of is None:
        tl.store(top_of + row, top, row < rows)
        tl.store(rest_of + row, rest, row < rows)
    else:
        tl.store(log_of + row, (top + log1p(rest)).to(log_of.dtype.element_ty), row < rows)


@triton.jit
def softmax_backward_of_rows(
    p, upstream, out, dots,
    rows, classes, inner,
    p_outer, p_class, p_inner,
    up_outer, up_class, up_inner,
    out_outer, out_class, out_inner,
    PHASE: tl.constexpr, SUMMARIES: tl.constexpr, WIDTH: tl.constexpr,
    PARTS: tl.constexpr, ROWS: tl.constexpr, CLASSES: tl.constexpr, ARITHMETIC: tl.constexpr,
):  # fmt: skip
    """p_k · (v_k − Σ_j p_j · v_j), where v is the gradient of the softmax p."""
    turn = tl.program_id(0).to(tl.int64)
    row = rows_of(turn, PARTS, ROWS)
    column = classes_of(turn, PARTS, CLASSES)
    present = row < rows
    here = present[:, None] & (column < classes)[None, :]
    q = read(p, row, column, here, inner, p_outer, p_class, p_inner, 0.0, ONCE)
    v = read(upstream, row, column, here, inner, up_outer, up_class, up_inner, 0.0, ONCE)
    if PHASE == FINISH:
        part, there = beside(row, SUMMARIES, WIDTH)
        dot = sum_of(tl.load(dots + part, there & present[:, None], other=0.0), OWN)
        if ROWS == 1:
            dot = spread(dot)
    else:
        dot = dot_of(q, v, ARITHMETIC)
    if PHASE == SUMMARISE:
        tl.store(dots + row * PARTS + turn % PARTS, dot, present)
    else:
        result = times_lead(q, v, dot, ARITHMETIC)
        write(out, result, row, column, here, inner, out_outer, out_class, out_inner)


@triton.jit
def dot_of(p, v, ARITHMETIC: tl.constexpr):
    """Σ_j p_j · v_j of a tile."""
    return sum_of(widened(p, ARITHMETIC) * widened(v, ARITHMETIC), ARITHMETIC)


@triton.jit
def times_lead(p, v, dot, ARITHMETIC: tl.constexpr):
    """p_k · (v_k − dot)."""
    v = widened(v, ARITHMETIC)
    return widened(p, ARITHMETIC) * (v - dot.to(v.dtype)[:, None])
