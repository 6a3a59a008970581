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

from .arithmetic import OWN, SHORT, WIDE, exponentials, log1p, sum_of, unit, widened
from .as_read import as_read, slope_at
from .summary import RIGHT, finite, of_parts, spread, summary_of
from .tile import (
    FINISH,
    ONCE,
    SUMMARISE,
    as_stored,
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
    per_temperature, per_temperature_low, cap, cap_low,
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
    z = read(logits, row, column, here, inner, x_outer, x_class, x_inner, -float("inf"), ONCE)
    x = as_read(z, per_temperature, per_temperature_low, cap, cap_low, ARITHMETIC)
    y = tl.load(ids + row, present, other=-1).to(tl.int64)
    u = of_class(class_weight, column, column < classes)
    # Each logit is read before the gradient may take its place: z_y here, for everyone.
    if PHASE == FINISH:
        z_y = tl.load(chosen + row, present, other=-float("inf")).to(z.dtype)
        top, rest = of_parts(tops, rests, row, present, SUMMARIES, WIDTH)
        if ROWS == 1:
            top, rest = spread(top), spread(rest)
        e = exponentials(x, top.to(x.dtype)[:, None], ARITHMETIC)
    else:
        z_y = logit_of(logits, row, y, classes, inner, x_outer, x_class, x_inner)
        if turn % PARTS == 0:
            tl.store(chosen + row, z_y.to(tl.float64), present)
        top, rest, e = summary_of(x, here, ARITHMETIC, RIGHT)
        part = row * PARTS + turn % PARTS
        tl.store(tops + part, top, present)
        tl.store(rests + part, rest, present)
        if smoothing is not None:
            gap, mass = gap_of(x, top, u, ARITHMETIC)
            tl.store(gaps + part, gap, present)
            tl.store(masses + part, mass, present)
    if PHASE != SUMMARISE:
        told, b, T, pull, total, rest, inverse, g_y = terms_of(
            top, rest, z_y, y, weight, smoothing, norm, class_weight, class_weights,
            per_temperature, per_temperature_low, cap, cap_low,
            row, present, classes, ARITHMETIC,
        )  # fmt: skip
        g = gradient_of(x, e, u, top, b, T, pull, total, rest, inverse, smoothing is not None)
        if per_temperature is not None:
            g *= slope_at(z, per_temperature, per_temperature_low, cap, cap_low, ARITHMETIC)
        here = told[:, None] & (column < classes)[None, :]
        write(grad, g, row, column, here, inner, g_outer, g_class, g_inner)
        here = (present & (told == 0))[:, None] & (column < classes)[None, :]
        clear(grad, row, column, here, inner, g_outer, g_class, g_inner)
        its_part = y // CLASSES == turn % PARTS
        write_at(grad, g_y, row, y, told & its_part, classes, inner, g_outer, g_class, g_inner)


@triton.jit
def logit_of(logits, row, y, classes, inner, outer_stride, class_stride, inner_stride):
    """z_y of each row, half types as float32; −inf where there is no such class."""
    place = begin_of(row, inner, outer_stride, inner_stride) + y * class_stride
    z = tl.load(logits + place, (y >= 0) & (y < classes), other=-float("inf"))
    return z if z.dtype == tl.float64 else z.to(tl.float32)


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
def terms_of(
    top, rest, z_y, y, weight, smoothing, norm, class_weight, class_weights,
    per_temperature, per_temperature_low, cap, cap_low,
    row, present, classes, ARITHMETIC: tl.constexpr,
):  # fmt: skip
    """What the gradient needs of each row, and the gradient at its class."""
    x_y = as_read(z_y, per_temperature, per_temperature_low, cap, cap_low, ARITHMETIC)
    a, b, n, T, ignored = target_of(
        y, weight, smoothing, norm, class_weight, class_weights, row, present, classes
    )
    kind: tl.constexpr = tl.float64 if ARITHMETIC == WIDE else z_y.dtype
    if norm is not None:
        pull = (2.0 * n * (top + log1p(rest))).to(kind)
    else:
        pull = tl.zeros_like(a).to(kind)
    one = unit(z_y, ARITHMETIC)
    total, rest = ((1.0 + rest) * one).to(kind), (rest * one).to(kind)
    inverse = tl.where(finite(top) & (y < classes), 1.0 / total, float("nan"))
    t = a
    if smoothing is not None:
        t = a + b * of_class(class_weight, y, (y >= 0) & (y < classes))
    a, b, T, t = a.to(kind), b.to(kind), T.to(kind), t.to(kind)
    e = exponentials(x_y, top.to(x_y.dtype), ARITHMETIC)
    others = tl.where(x_y == top.to(x_y.dtype), rest, total - e)
    g = (((T - t) + pull) * e - t * others) * inverse
    if per_temperature is not None:
        g *= slope_at(z_y, per_temperature, per_temperature_low, cap, cap_low, ARITHMETIC)
    return present & (ignored == 0), b, T, pull, total, rest, inverse, g


@triton.jit
def gradient_of(x, e, u, top, b, T, pull, total, rest, inverse, IS_SMOOTH: tl.constexpr):
    """Of a tile, as if no class were that of its row."""
    if IS_SMOOTH:
        t = b[:, None] * u.to(e.dtype)[None, :]
        others = tl.where(x == top.to(x.dtype)[:, None], rest[:, None], total[:, None] - e)
        return (((T[:, None] - t) + pull[:, None]) * e - t * others) * inverse[:, None]
    else:
        return e * ((T + pull) * inverse)[:, None]


@triton.jit
def write_at(values, x, row, y, told, classes, inner, outer_stride, class_stride, inner_stride):
    """Into the class of each row, over what another thread may have written there."""
    tl.debug_barrier()
    place = begin_of(row, inner, outer_stride, inner_stride) + y * class_stride
    tl.store(values + place, as_stored(x, values), told & (y >= 0) & (y < classes))


@triton.jit
def clear(values, row, column, here, inner, outer_stride, class_stride, inner_stride):
    """What is ignored has no gradient, whatever its logits are."""
    if tl.max(tl.max(here.to(tl.int32), 1), 0) > 0:
        zero = tl.zeros(here.shape, tl.float32)
        write(values, zero, row, column, here, inner, outer_stride, class_stride, inner_stride)


@triton.jit
def losses_of_rows(
    ids, weight, smoothing, norm, class_weight, class_weights, loss,
    tops, rests, gaps, masses, chosen,
    per_temperature, per_temperature_low, cap, cap_low,
    rows, classes,
    SUMMARIES: tl.constexpr, WIDTH: tl.constexpr, ROWS: tl.constexpr, ARITHMETIC: tl.constexpr,
):  # fmt: skip
    """The values, from the summaries of all parts of each row."""
    row = tl.program_id(0).to(tl.int64) * ROWS + tl.arange(0, ROWS)
    present = row < rows
    y = tl.load(ids + row, present, other=-1).to(tl.int64)
    z_y = tl.load(chosen + row, present, other=-float("inf"))
    if ARITHMETIC == SHORT:  # as it was read there
        z_y = z_y.to(tl.float32)
    x_y = as_read(z_y, per_temperature, per_temperature_low, cap, cap_low, ARITHMETIC)
    a, b, n, T, ignored = target_of(
        y, weight, smoothing, norm, class_weight, class_weights, row, present, classes
    )
    top, rest = of_parts(tops, rests, row, present, SUMMARIES, WIDTH)
    log_total = log1p(rest)
    value = product(a, top - x_y.to(tl.float64)) + T * log_total
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
