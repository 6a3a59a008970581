"""The same functions of rows that a program does not hold, but takes in turn, part by part, twice.

The second cache, which is told to keep the parts, still has them the second time when the rows of
all programs fit there.
"""

import triton
import triton.language as tl

from .arithmetic import exponentials
from .as_read import as_read, slope_at
from .cross_entropy import (
    clear,
    gap_of,
    gradient_of,
    logit_of,
    lowered,
    of_class,
    terms_of,
    write_at,
)
from .functions import dot_of, result_of, times_lead
from .summary import RIGHT, both, nothing_of, summary_of
from .tile import AGAIN, NO_MORE, classes_of, read, rows_of, write


@triton.jit
def of_rows_in_turn(
    logits, out, tops, rests,
    per_temperature, per_temperature_low, cap, cap_low,
    rows, classes, inner,
    x_outer, x_class, x_inner,
    out_outer, out_class, out_inner,
    RESULT: tl.constexpr, PHASE: tl.constexpr, SUMMARIES: tl.constexpr, WIDTH: tl.constexpr,
    PARTS: tl.constexpr, ROWS: tl.constexpr, CLASSES: tl.constexpr, ARITHMETIC: tl.constexpr,
):  # fmt: skip
    """softmax or log_softmax."""
    row = rows_of(tl.program_id(0).to(tl.int64), 1, ROWS)
    present = row < rows
    top, rest = nothing_of(row)
    for part in tl.range(PARTS):
        column = classes_of(part, PARTS, CLASSES)
        here = present[:, None] & (column < classes)[None, :]
        x = read(logits, row, column, here, inner, x_outer, x_class, x_inner, -float("inf"), AGAIN)
        x = as_read(x, per_temperature, per_temperature_low, cap, cap_low, ARITHMETIC)
        part_top, part_rest, e = summary_of(x, here, ARITHMETIC, RIGHT)
        top, rest = both(top, rest, part_top, part_rest, ARITHMETIC, x.dtype)
    for part in tl.range(PARTS):
        column = classes_of(part, PARTS, CLASSES)
        here = present[:, None] & (column < classes)[None, :]
        x = read(
            logits, row, column, here, inner, x_outer, x_class, x_inner, -float("inf"), NO_MORE
        )
        x = as_read(x, per_temperature, per_temperature_low, cap, cap_low, ARITHMETIC)
        e = exponentials(x, top.to(x.dtype)[:, None], ARITHMETIC)
        result = result_of(x, e, top, rest, RESULT, ARITHMETIC)
        write(out, result, row, column, here, inner, out_outer, out_class, out_inner)


@triton.jit
def softmax_backward_in_turn(
    p, upstream, out, dots,
    rows, classes, inner,
    p_outer, p_class, p_inner,
    up_outer, up_class, up_inner,
    out_outer, out_class, out_inner,
    PHASE: tl.constexpr, SUMMARIES: tl.constexpr, WIDTH: tl.constexpr,
    PARTS: tl.constexpr, ROWS: tl.constexpr, CLASSES: tl.constexpr, ARITHMETIC: tl.constexpr,
):  # fmt: skip
    """p_k · (v_k − Σ_j p_j · v_j)."""
    row = rows_of(tl.program_id(0).to(tl.int64), 1, ROWS)
    present = row < rows
    dot = tl.zeros_like(row).to(tl.float64)
    for part in tl.range(PARTS):
        column = classes_of(part, PARTS, CLASSES)
        here = present[:, None] & (column < classes)[None, :]
        q = read(p, row, column, here, inner, p_outer, p_class, p_inner, 0.0, AGAIN)
        v = read(upstream, row, column, here, inner, up_outer, up_class, up_inner, 0.0, AGAIN)
        dot += dot_of(q, v, ARITHMETIC)
    for part in tl.range(PARTS):
        column = classes_of(part, PARTS, CLASSES)
        here = present[:, None] & (column < classes)[None, :]
        q = read(p, row, column, here, inner, p_outer, p_class, p_inner, 0.0, NO_MORE)
        v = read(upstream, row, column, here, inner, up_outer, up_class, up_inner, 0.0, NO_MORE)
        result = times_lead(q, v, dot, ARITHMETIC)
        write(out, result, row, column, here, inner, out_outer, out_class, out_inner)


@triton.jit
def cross_entropy_in_turn(
    logits, ids, weight, smoothing, norm, class_weight, class_weights, grad,
    tops, rests, gaps, masses, chosen,
    per_temperature, per_temperature_low, cap, cap_low,
    rows, classes, inner,
    x_outer, x_class, x_inner,
    g_outer, g_class, g_inner,
    PHASE: tl.constexpr, SUMMARIES: tl.constexpr, WIDTH: tl.constexpr,
    PARTS: tl.constexpr, ROWS: tl.constexpr, CLASSES: tl.constexpr, ARITHMETIC: tl.constexpr,
):  # fmt: skip
    """The summaries of whole rows; and the gradient, where wanted."""
    row = rows_of(tl.program_id(0).to(tl.int64), 1, ROWS)
    present = row < rows
    y = tl.load(ids + row, present, other=-1).to(tl.int64)
    # Each logit is read before the gradient may take its place.
    z_y = logit_of(logits, row, y, classes, inner, x_outer, x_class, x_inner)
    top, rest = nothing_of(row)
    gap, mass = tl.zeros_like(top), tl.zeros_like(top)
    for part in tl.range(PARTS):
        column = classes_of(part, PARTS, CLASSES)
        here = present[:, None] & (column < classes)[None, :]
        x = read(logits, row, column, here, inner, x_outer, x_class, x_inner, -float("inf"), AGAIN)
        x = as_read(x, per_temperature, per_temperature_low, cap, cap_low, ARITHMETIC)
        part_top, part_rest, e = summary_of(x, here, ARITHMETIC, RIGHT)
        before = top
        top, rest = both(top, rest, part_top, part_rest, ARITHMETIC, x.dtype)
        if smoothing is not None:
            u = of_class(class_weight, column, column < classes)
            part_gap, part_mass = gap_of(x, part_top, u, ARITHMETIC)
            gap = lowered(gap, mass, before, top) + lowered(part_gap, part_mass, part_top, top)
            mass += part_mass
    tl.store(chosen + row, z_y.to(tl.float64), present)
    tl.store(tops + row, top, present)
    tl.store(rests + row, rest, present)
    if smoothing is not None:
        tl.store(gaps + row, gap, present)
        tl.store(masses + row, mass, present)
    if grad is not None:
        told, b, T, pull, total, rest, inverse, g_y = terms_of(
            top, rest, z_y, y, weight, smoothing, norm, class_weight, class_weights,
            per_temperature, per_temperature_low, cap, cap_low,
            row, present, classes, ARITHMETIC,
        )  # fmt: skip
        for part in tl.range(PARTS):
            column = classes_of(part, PARTS, CLASSES)
            here = told[:, None] & (column < classes)[None, :]
            z = read(
                logits, row, column, here, inner, x_outer, x_class, x_inner, -float("inf"), NO_MORE
            )
            x = as_read(z, per_temperature, per_temperature_low, cap, cap_low, ARITHMETIC)
            u = of_class(class_weight, column, column < classes)
            e = exponentials(x, top.to(x.dtype)[:, None], ARITHMETIC)
            g = gradient_of(x, e, u, top, b, T, pull, total, rest, inverse, smoothing is not None)
            if per_temperature is not None:
                g *= slope_at(z, per_temperature, per_temperature_low, cap, cap_low, ARITHMETIC)
            write(grad, g, row, column, here, inner, g_outer, g_class, g_inner)
            here = (present & (told == 0))[:, None] & (column < classes)[None, :]
            clear(grad, row, column, here, inner, g_outer, g_class, g_inner)
        write_at(grad, g_y, row, y, told, classes, inner, g_outer, g_class, g_inner)
