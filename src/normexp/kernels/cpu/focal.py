"""Focal loss of logits with class ids, and its gradient in one pass.

With the mass T of class y, q = 1 − p_y and ℓ = −log p_y:

    loss = T · q^γ · ℓ
    ∂loss/∂ℓ = T · q^γ · (1 + γ · p_y · ℓ / q)
    ∂loss/∂z_k = ∂loss/∂ℓ · (p_k − [k = y])

so that the gradient is that of cross-entropy with another mass. Where a row is confident q is the
sum of the other classes, and ℓ / q comes close to 1: no digit is lost.
"""

import math

from .cross_entropy import label_gradients, label_slopes
from .loss_kernel import loss_kernel, softmax_of
from .loss_rows import at_label, set_at_label, undefined
from .memory import load, room, store
from .rooms import LANES
from .rows import complement, log_sum_of, probability, surprise, weighted_surprise
from .vector import first_lane, function, lanes_of, macro, select, spread


@macro
def kept_softmax(x, rows, guess):
    """The softmax of the logits; its value, too, needs the exponential of a class."""
    return softmax_of(x, rows, True, guess)


@function
def power(x, exponent, tile, rooms):
    """x^exponent of the row in each lane."""
    if tile.step == 1:
        return spread(first_lane(x) ** exponent, rooms)
    lanes = lanes_of(rooms)
    found = room(rooms, LANES, lanes, rooms)
    store(found, 0, x)
    for lane in range(lanes):
        found[lane] = found[lane] ** exponent
    return load(found, 0, rooms)


@macro
def value(found, rows, options):
    """T · q^γ · ℓ(y), and its derivative by ℓ(y)."""
    tile, r, rooms, classes = rows.tile, rows.first, rows.rooms, rows.target.classes
    row, of_row = found.row, log_sum_of(found.row)
    x_y = at_label(found.x, tile, r, classes, rooms)
    p_y = probability(row, at_label(found.e, tile, r, classes, rooms), rooms)
    q = complement(row, p_y, rooms)
    of_y = surprise(of_row, x_y, rows.units)
    mass = rows.its.mass * power(q, options.gamma, tile, rooms)
    per_other = select(q > 0.0, of_y / q, 1.0)
    growth = select(of_y < math.inf, options.gamma * p_y * per_other, 0.0)
    spoiled = undefined(row.top) + row.rest * 0.0
    loss = weighted_surprise(mass, of_row, x_y, rows.units) + spoiled
    return loss, mass * (1.0 + growth) + spoiled


@macro
def gradient(found, slope, rows, options, g):
    """∂loss/∂ℓ · (p_k − [k = y]) / temperature."""
    tile, r, rooms, classes = rows.tile, rows.first, rows.rooms, rows.target.classes
    e_y = at_label(found.e, tile, r, classes, rooms)
    factor, g_y = label_slopes(found.row, slope, spread(0.0, rooms), e_y, g, rows.units)
    label_gradients(found.e, found.row, factor, g, rooms)
    set_at_label(g, tile, r, classes, g_y, rooms)


focal = loss_kernel("focal", kept_softmax, value, gradient)
