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

from .arithmetic import OWN, exponentials, log1p, sum_of, unit, widened
from .summary import RIGHT, both, finite, nothing_of, of_parts, spread, summary_of
from .tile import (
    AGAIN,
    FINISH,
    IN_TURN,
    NO_MORE,
    ONCE,
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
    row = rows_of(turn, PHASE, PARTS, ROWS)
    present = row < rows
    # Each logit is read before the gradient may take its place: z_y here, for everyone.
    y = tl.load(ids + row, present, other=-1).to(tl.int64)
    if PHASE == FINISH:
        z_y = tl.load(chosen + row, present, other=-float("inf"))
    else:
        begin = begin_of(row, inner, x_outer, x_inner)
        known = (y >= 0) & (y < classes)
        z_y = tl.load(logits + begin + y * x_class, known, other=-float("inf")).to(tl.float64)
        if PHASE == IN_TURN or turn % PARTS == 0:
            tl.store(chosen + row, z_y, present)
    a, b, n, T, ignored = target_of(
        y, weight, smoothing, norm, class_weight, class_weights, row, present, classes
    )
    told = present & (ignored == 0)
    IS_SMOOTH: tl.constexpr = smoothing is not None
    IS_PULLED: tl.constexpr = norm is not None

    if PHASE == IN_TURN:
        top, rest = nothing_of(row)
        gap, mass = tl.zeros_like(top), tl.zeros_like(top)
        for part in tl.range(PARTS):
            column = classes_of(part, PARTS, CLASSES)
            here = present[:, None] & (column < classes)[None, :]
            x = read(
                logits, row, column, here, inner, x_outer, x_class, x_inner, -float("inf"), AGAIN
            )
            part_top, part_rest, e = summary_of(x, here, ARITHMETIC, RIGHT)
            before = top
            top, rest = both(top, rest, part_top, part_rest, ARITHMETIC, x.dtype)
            if IS_SMOOTH:
                u = of_class(class_weight, column, column < classes)
                part_gap, part_mass = gap_of(x, part_top, u, ARITHMETIC)
                gap = lowered(gap, mass, before, top) + lowered(part_gap, part_mass, part_top, top)
                mass += part_mass
        if grad is not None:
            for part in tl.range(PARTS):
                column = classes_of(part, PARTS, CLASSES)
                here = told[:, None] & (column < classes)[None, :]
                x = read(
                    logits, row, column, here, inner, x_outer, x_class, x_inner, -float("inf"),
                    NO_MORE,
                )  # fmt: skip
                u = of_class(class_weight, column, column < classes)
                e = exponentials(x, top.to(x.dtype)[:, None], ARITHMETIC)
                g = gradient_of(
                    x, e, top, rest, z_y.to(x.dtype), y, a, b, n, T, u, column, classes,
                    IS_SMOOTH, IS_PULLED, ARITHMETIC,
                )  # fmt: skip
                write(grad, g, row, column, here, inner, g_outer, g_class, g_inner)
    else:
        column = classes_of(turn, PARTS, CLASSES)
        here = present[:, None] & (column < classes)[None, :]
        x = read(logits, row, column, here, inner, x_outer, x_class, x_inner, -float("inf"), ONCE)
        u = of_class(class_weight, column, column < classes)
        if PHASE == FINISH:
            top, rest = of_parts(tops, rests, row, present, SUMMARIES, WIDTH)
            if ROWS == 1:
                top, rest = spread(top), spread(rest)
            e = exponentials(x, top.to(x.dtype)[:, None], ARITHMETIC)
        else:
            top, rest, e = summary_of(x, here, ARITHMETIC, RIGHT)
            if IS_SMOOTH:
                gap, mass = gap_of(x, top, u, ARITHMETIC)
        if PHASE != SUMMARISE:
            g = gradient_of(
                x, e, top, rest, z_y.to(x.dtype), y, a, b, n, T, u, column, classes,
                IS_SMOOTH, IS_PULLED, ARITHMETIC,
            )  # fmt: skip
            here = told[:, None] & (column < classes)[None, :]
            write(grad, g, row, column, here, inner, g_outer, g_class, g_inner)

    if PHASE != FINISH:
        place = row if PHASE == IN_TURN else row * PARTS + turn % PARTS
        tl.store(tops + place, top, present)
        tl.store(rests + place, rest, present)
        if IS_SMOOTH:
            tl.store(gaps + place, gap, present)
            tl.store(masses + place, mass, present)
    # What is ignored has no gradient, whatever its logits are.
    left_out = present & ignored
    if grad is not None and PHASE != SUMMARISE and tl.max(left_out.to(tl.int32), 0) > 0:
        for part in tl.range(PARTS if PHASE == IN_TURN else 1):
            column = classes_of(part if PHASE == IN_TURN else turn, PARTS, CLASSES)
            here = left_out[:, None] & (column < classes)[None, :]
            zero = tl.zeros([ROWS, CLASSES], tl.float32)
            write(grad, zero, row, column, here, inner, g_outer, g_class, g_inner)


@triton.jit
def gap_of(x, top, u, ARITHMETIC: tl.constexpr):
    """Σ u_k · (top − z_k) of a tile, and Σ u_k for each row."""
    x = widened(x, ARITHMETIC)
    below = tl.where(x == -float("inf"), float("inf"), top.to(x.dtype)[:, None] - x)
    gap = sum_of(product(u.to(x.dtype)[None, :], below), ARITHMETIC)
    return gap, tl.sum(u, 0) + tl.zeros_like(gap)


@triton.jit
def lowered(gap, mass, part_top, top):
    """The gap of a part, measured from a higher top."""
    return gap + tl.where(part_top == top, 0.0, product(mass, top - part_top))


@triton.jit
def gradient_of(
    x, e, top, rest, z_y, y, a, b, n, T, u, column, classes,
    IS_SMOOTH: tl.constexpr, IS_PULLED: tl.constexpr, ARITHMETIC: tl.constexpr,
):  # fmt: skip
    """The gradient of a tile, from the summaries of its rows."""
    kind = e.dtype
    pull = (2.0 * n * (top + log1p(rest))).to(kind) if IS_PULLED else tl.zeros_like(a).to(kind)
    one = unit(x, ARITHMETIC)
    total, rest = ((1.0 + rest) * one).to(kind), (rest * one).to(kind)
    inverse = tl.where(finite(top) & (y < classes), 1.0 / total, float("nan"))
    a, b, T, top = a.to(kind), b.to(kind), T.to(kind), top.to(x.dtype)
    at_y = column[None, :] == y[:, None]
    if IS_SMOOTH:
        t = b[:, None] * u.to(kind)[None, :] + tl.where(at_y, a[:, None], 0.0)
        others = tl.where(x == top[:, None], rest[:, None], total[:, None] - e)
        return (((T + pull)[:, None] - t) * e - t * others) * inverse[:, None]
    else:
        e_y = exponentials(z_y, top, ARITHMETIC)
        others = tl.where(z_y == top, rest, total - e_y)
        g_y = (pull * e_y - a * others) * inverse
        g = (e * ((a + pull) * inverse)[:, None]).to(x.dtype)
        return tl.where(at_y, g_y.to(x.dtype)[:, None], g)


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
    top, rest = of_parts(tops, rests, row, present, SUMMARIES, WIDTH)
    log_total = log1p(rest)
    value = product(a, top - z_y) + T * log_total
    if smoothing is not None:
        part, there = beside(row, SUMMARIES, WIDTH)
        there = there & present[:, None]
        part_tops = tl.load(tops + part, there, other=-float("inf"))
        mass = tl.load(masses + part, there, other=0.0)
        gap = tl.load(gaps + part, there, other=0.0)
        value += product(b, sum_of(lowered(gap, mass, part_tops, top[:, None]), OWN))
    if norm is not None:
        value += n * (top + log_total) * (top + log_total)
    value = tl.where(finite(top) & (y < classes), value, float("nan"))
    value = tl.where(ignored, 0.0, value)
    tl.store(loss + row, value.to(loss.dtype.element_ty), present)
