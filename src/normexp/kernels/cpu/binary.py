"""Cross-entropy of two classes, element by element: of logits z and of probabilities p.

An element of weight 0 does not count, whatever it holds.
"""

import math

import numpy as np

from .compiled import Kernel
from .functions import exp_minus_abs, softplus
from .memory import load, number, rounded_to, row_at, store
from .tiles import put
from .vector import as_type_of, inline, lanes_of, select, spread


@inline
def side(mass, value, x):
    """mass · value; without mass 0, since 0 · inf counts 0, but NaN where x is."""
    return select(mass > 0.0, mass * value, select(x == x, 0.0, math.nan))


@Kernel
def binary_cross_entropy(values, units, rooms, target, positive, weight, loss, grad, start, stop):
    """positive · t · softplus(−z) + (1 − t) · softplus(z), element by element.

    An element of weight 0 does not count, whatever it holds.
    """
    one_weight = weight.strides[0] == 0
    z = row_at(values, start * values.itemsize, stop - start)
    loss = row_at(loss, start * loss.itemsize, stop - start)
    target = row_at(target, start * target.itemsize, stop - start)
    weight = row_at(weight, 0 if one_weight else start * weight.itemsize, stop - start)
    g = row_at(grad, start * grad.itemsize, stop - start)
    for j in range(0, z.size, lanes_of(rooms)):
        x = load(z, j, rooms)
        t = as_type_of(load(target, j, rooms), 1.0)
        w = spread(weight[0], t) if one_weight else load(weight, j, rooms)
        x = select(w > 0.0, x, 0.0)
        yes, no = w * positive * t, w * (1.0 - t)
        wide = as_type_of(x, 1.0)
        value = side(yes, softplus(-x, units, rooms), wide) + side(
            no, softplus(x, units, rooms), wide
        )
        store(loss, j, as_type_of(value, loss))
        if grad.size:
            e = as_type_of(exp_minus_abs(x, units, rooms), 1.0)
            on = select(wide >= 0.0, 1.0, e) / (1.0 + e)
            off = select(wide >= 0.0, e, 1.0) / (1.0 + e)
            slope = no * on - yes * off + select(wide == wide, 0.0, math.nan)
            put(g, j, slope)


@Kernel
def binary_log_loss(values, units, rooms, target, positive, weight, loss, grad, start, stop):
    """−positive · t · log p − (1 − t) · log(1 − p), element by element."""
    p = row_at(values, start * values.itemsize, stop - start)
    g = row_at(grad, start * grad.itemsize, stop - start)
    for i in range(p.size):
        w, t = weight[start + i], np.float64(number(target[start + i]))
        x = np.float64(number(p[i])) if w > 0.0 else 0.0
        yes, no, nothing = w * positive * t, w * (1.0 - t), x if math.isnan(x) else 0.0
        loss[start + i] = (-yes * math.log(x) if yes else nothing) - (
            no * math.log1p(-x) if no else nothing
        )
        if grad.size:
            slope = (no / (1.0 - x) if no else nothing) - (yes / x if yes else nothing)
            g[i] = rounded_to(slope, g)
