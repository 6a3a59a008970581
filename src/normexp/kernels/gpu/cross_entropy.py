"""Cross-entropy of class ids: a kernel with and without the gradient, and one for the values.

Of a row with the target t_k = a · [k = y] + b · u_k, T = Σ t_k, and the summary of its logits:

    loss      = a · (top − z_y) + b · Σ u_k · (top − z_k) + T · log1p(rest)  +  n · logsumexp²
    gradient  = (T − t_k) · p_k − t_k · (1 − p_k)                            +  2n · logsumexp · p_k

The terms of the loss are ≥ 0, and 1 − p_k is what the other classes have, never a difference that
cancels: `rest` where k leads, else total − e_k, of which e_k is at most half.

Whoever goes through the logits leaves the summaries; the values are computed from those, a thread
to a row. In the tile of a row each of its threads would compute them, logarithm and all.
"""

import triton
import triton.language as tl

from .arithmetic import OWN, exponentials, log1p, sum_of, unit
from .summary import finite, merged, spread, summary_of
from .tile import (
    FINISH,
    SUMMARISE,
    begin_of,
    beside,
    classes_of,
    read,
    rows_of,
    write,
)


@triton.jit
def product(mass, term):
    """What has no mass does not count, whatever it is multiplied by."""
    return tl.where(mass == 0.0, 0.0, mass * term)


@triton.jit
def of_row(values, row, present, default: tl.constexpr):
    """The entry of each row; the default where nobody gave any."""
    if values is None:
        return tl.full(row.shape, default, tl.float64)
    else:
        return tl.load(values + row, present, other=0.0).to(tl.float64)


@triton.jit
def of_class(values, column, present):
    """The entry of each class; 1 where nobody gave any."""
    if values is None:
        return tl.where(present, 1.0, 0.0).to(tl.float64)
    else:
        return tl.load(values + column, present, other=0.0).to(tl.float64)


@triton.jit
def target_of(y, weight, smoothing, norm, class_weight, class_weights, row, present, classes):
    """a, b, n and T of each row, and whether it is ignored."""
    known = (y >= 0) & (y < classes)
    a = of_row(weight, row, present, 1.0)
    if class_weight is not None:
        a = a * tl.load(class_weight + y, known, other=0.0).to(tl.float64)
    b = of_row(smoothing, row, present, 0.0)
    n = of_row(norm, row, present, 0.0)
    T = a
    if smoothing is not None:
        T = a + b * (tl.load(class_weights) if class_weight is not None else classes)
    return a, b, n, T, (y < 0) | ((a == 0.0) & (b == 0.0) & (n == 0.0))


@triton.jit
def cross_entropy_of_rows(
    logits, ids, weight, smoothing, norm, class_weight, class_weights, grad,
    tops, rests, gaps, masses, chosen,
    rows, classes, inner,
    x_outer, x_class, x_inner,
    g_outer, g_class, g_inner,
    PHASE: tl.constexpr, SUMMARIES: tl.constexpr, WIDTH: tl.constexpr,
    PARTS: tl.constexpr, ROWS: tl.constexpr, CLASSES: tl.constexpr, ARITHMETIC: tl.constexpr,
):  # fmt: skip
    """The summaries, Σ u_k · (top − z_k) and Σ u_k of each part; and the gradient, where wanted."""
    turn = tl.program_id(0).to(tl.int64)
    row = rows_of(turn, PARTS, ROWS)
    column = classes_of(turn, PARTS, CLASSES)
    present = row < rows
    here = present[:, None] & (column < classes)[None, :]
    x = read(logits, row, column, here, inner, x_outer, x_class, x_inner, -float("inf"))
    if smoothing is not None:
        u = of_class(class_weight, column, column < classes)
    # Each logit is read before the gradient may take its place: z_y here, for everyone.
    y = tl.load(ids + row, present, other=-1).to(tl.int64)
    if PHASE == FINISH:
        z_y = tl.load(chosen + row, present, other=-float("inf")).to(x.dtype)
    else:
        begin = begin_of(row, inner, x_outer, x_inner)
        known = (y >= 0) & (y < classes)
        z_y = tl.load(logits + begin + y * x_class, known, other=-float("inf")).to(x.dtype)
        if turn % PARTS == 0:
            tl.store(chosen + row, z_y.to(tl.float64), present)
    if PHASE != SUMMARISE:
        a, b, n, T, ignored = target_of(
            y, weight, smoothing, norm, class_weight, class_weights, row, present, classes
        )

    if PHASE == FINISH:
        part, there = beside(row, SUMMARIES, WIDTH)
        there = there & present[:, None]
        top, rest = merged(
            tl.load(tops + part, there, other=-float("inf")),
            tl.load(rests + part, there, other=-1.0),
        )
        if ROWS == 1:
            top, rest = spread(top), spread(rest)
        e = exponentials(x, top.to(x.dtype)[:, None], ARITHMETIC)
    else:
        top, rest, e = summary_of(x, here, ARITHMETIC)
        part = row * PARTS + turn % PARTS
        tl.store(tops + part, top, present)
        tl.store(rests + part, rest, present)
        if smoothing is not None:
            below = top.to(e.dtype)[:, None] - x.to(e.dtype)
            below = tl.where(x == -float("inf"), float("inf"), below)
            gap = sum_of(product(u.to(e.dtype)[None, :], below), ARITHMETIC)
            tl.store(gaps + part, gap, present)
            tl.store(masses + part, tl.sum(u, 0) + tl.zeros_like(gap), present)

    if PHASE != SUMMARISE:
        if norm is not None:
            pull = (2.0 * n * (top + log1p(rest))).to(e.dtype)
        else:
            pull = tl.zeros_like(a).to(e.dtype)
        good = finite(top) & (y < classes)
        one = unit(x, ARITHMETIC)
        total, rest = ((1.0 + rest) * one).to(e.dtype), (rest * one).to(e.dtype)
        inverse = tl.where(good, 1.0 / total, float("nan"))
        a, b, T = a.to(e.dtype), b.to(e.dtype), T.to(e.dtype)
        at_y = column[None, :] == y[:, None]
        if smoothing is None:
            e_y = exponentials(z_y, top.to(x.dtype), ARITHMETIC)
            others = tl.where(z_y == top.to(x.dtype), rest, total - e_y)
            g_y = (pull * e_y - a * others) * inverse
            g = tl.where(at_y, g_y[:, None], e * ((a + pull) * inverse)[:, None])
        else:
            t = b[:, None] * u.to(e.dtype)[None, :] + tl.where(at_y, a[:, None], 0.0)
            others = tl.where(x == top.to(x.dtype)[:, None], rest[:, None], total[:, None] - e)
            g = (((T + pull)[:, None] - t) * e - t * others) * inverse[:, None]
        g = tl.where(ignored[:, None], 0.0, g)
        write(grad, g, row, column, here, inner, g_outer, g_class, g_inner)


@triton.jit
def losses_of_rows(
    ids, weight, smoothing, norm, class_weight, class_weights, loss,
    tops, rests, gaps, masses, chosen,
    rows, classes,
    SUMMARIES: tl.constexpr, WIDTH: tl.constexpr, ROWS: tl.constexpr,
):  # fmt: skip
    """The values, from the summaries of all parts of each row."""
    row = tl.program_id(0).to(tl.int64) * ROWS + tl.arange(0, ROWS)
    present = row < rows
    y = tl.load(ids + row, present, other=-1).to(tl.int64)
    z_y = tl.load(chosen + row, present, other=-float("inf"))
    a, b, n, T, ignored = target_of(
        y, weight, smoothing, norm, class_weight, class_weights, row, present, classes
    )
    part, there = beside(row, SUMMARIES, WIDTH)
    there = there & present[:, None]
    part_tops = tl.load(tops + part, there, other=-float("inf"))
    top, rest = merged(part_tops, tl.load(rests + part, there, other=-1.0))
    log_total = log1p(rest)
    value = product(a, top - z_y) + T * log_total
    if smoothing is not None:
        mass = tl.load(masses + part, there, other=0.0)
        gap = tl.load(gaps + part, there, other=0.0) + product(mass, top[:, None] - part_tops)
        value += product(b, sum_of(gap, OWN))
    if norm is not None:
        value += n * (top + log_total) * (top + log_total)
    value = tl.where(finite(top) & (y < classes), value, float("nan"))
    value = tl.where(ignored, 0.0, value)
    tl.store(loss + row, value.to(loss.dtype.element_ty), present)
