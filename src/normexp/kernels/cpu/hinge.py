"""The two multiclass hinge losses, plain and squared, each with a subgradient in the same pass.

The violation of a rival j is v_j = margin + z_j − z_y. At the kink, v_j = 0, the subgradient is 0.
"""

import math
from typing import Any, NamedTuple

from .exp import clamped
from .loss_kernel import logits, loss_kernel
from .loss_rows import at_label, copy, set_at_label, undefined
from .memory import load, number, room, rounded_to, store
from .options import Hinge
from .rooms import LANES, LEADERS, TERMS
from .rows import top_and_nan
from .sums import sum_of
from .tiles import put
from .vector import (
    absolute,
    as_type_of,
    body,
    lanes_of,
    loop,
    on_its_own,
    part,
    select,
    spread,
    two_sum,
)


@part
def headroom(margin, top, z_y):
    """The scale of violations: 1, or ¼ where the largest has no room in the type."""
    return select(margin + (top - z_y) < math.inf, spread(1.0, top), 0.25)


@part
def violation(margin, z_j, z_y, scale):
    """scale · max(0, margin + z_j − z_y), keeping the digits that the two roundings lose."""
    gap, gap_low = two_sum(z_j * scale, -z_y * scale)
    value, value_low = two_sum(gap, margin * scale)
    exact = clamped(value + (value_low + gap_low), 0.0)
    exact = select(absolute(gap) < math.inf, exact, clamped(gap, 0.0))
    return select(z_j == -math.inf, 0.0, exact)


@part
def loss_of(v, mass, scale, squared):
    """mass · v or mass · v², of scale · v. The mass comes first: it may be what makes room."""
    value = mass / scale / scale * v * v if squared else mass / scale * v
    return select(v > 0.0, value, 0.0)


@part
def slope_of(v, mass, scale, squared):
    """mass, or mass · 2v of scale · v, where the margin is violated."""
    return select(v > 0.0, 2.0 * (mass / scale) * v if squared else mass, 0.0)


class Rivals(NamedTuple):
    """The other classes of each row, and what they are held against."""

    z: Any  # −inf at the class of the row, which is no rival of its own
    z_y: float
    mass: float
    scale: float
    options: Hinge


@part
def violation_of(rivals, j, rooms):
    z_j = as_type_of(load(rivals.z, j, rooms), rooms)
    return violation(rivals.options.margin, z_j, rivals.z_y, rivals.scale)


@part
def rival_loss(rivals, j, rooms):
    v = violation_of(rivals, j, rooms)
    return loss_of(v, rivals.mass, rivals.scale, rivals.options.squared)


@part
def rival_slope(rivals, j, rooms):
    v = violation_of(rivals, j, rooms)
    return slope_of(v, rivals.mass, rivals.scale, rivals.options.squared)


sum_of_losses, sum_of_slopes = sum_of(rival_loss), sum_of(rival_slope)


@loop
def rival_slopes(rivals, spoiled, g, rooms):
    on_its_own()
    for j in range(0, g.size, lanes_of(rooms)):
        put(g, j, rival_slope(rivals, j, rooms) + spoiled)


@body
def held_against(z, rows, options):
    """z_y, the scale of violations, and NaN for spoiled rows."""
    tile, rooms = rows.tile, rows.rooms
    z_y = as_type_of(at_label(z, tile, rows.first, rows.target.classes, rooms), rooms)
    top, nan = top_and_nan(z, tile, rooms)
    return z_y, headroom(options.margin, top, z_y), undefined(top) + nan


@body
def value_of_all(z, rows, options):
    """mass · Σ_{j ≠ y} max(0, margin + z_j − z_y): every rival counts."""
    tile, rooms = rows.tile, rows.rooms
    z_y, scale, spoiled = held_against(z, rows, options)
    others = room(rooms, TERMS, tile.size, z)
    copy(z, others, rooms)
    set_at_label(others, tile, rows.first, rows.target.classes, spread(-math.inf, rooms), rooms)
    rivals = Rivals(others, z_y, rows.its.mass, scale, options)
    return sum_of_losses(rivals, tile, rooms, rows.copies) + spoiled, (rivals, spoiled)


@body
def gradient_of_all(z, kept, rows, options, g):
    """mass at every rival that violates the margin, and less all that at the class of the row."""
    rivals, spoiled = kept
    tile, rooms = rows.tile, rows.rooms
    pull = sum_of_slopes(rivals, tile, rooms, rows.copies) + spoiled
    rival_slopes(rivals, spoiled, g, rooms)
    set_at_label(g, tile, rows.first, rows.target.classes, 0.0 - pull, rooms)


weston_watkins = loss_kernel("weston_watkins", logits, value_of_all, gradient_of_all)


@loop
def strongest_rivals(z, tile, r, classes, rivals, rooms):
    """The largest logit of each row but that of its own class; and the first such class, or −1."""
    lanes = lanes_of(rooms)
    best = room(rooms, LANES, lanes, z)
    for lane in range(lanes):
        best[lane] = best[0]
        if lane < tile.rows:
            rivals[lane], best[lane] = -1.0, -math.inf
            for k in range(tile.classes):
                z_k = number(z[k * tile.step + lane])
                if k != classes[r + lane] and z_k > best[lane]:
                    rivals[lane], best[lane] = k, z_k
    return load(best, 0, rooms)


@loop
def rival_gradients(rivals, tile, r, classes, pull, spoiled, g, rooms):
    """pull at the rival, −pull (but never −0) at the class of each row, and 0 elsewhere."""
    lanes = lanes_of(rooms)
    values = room(rooms, LANES, 2 * lanes, rooms)
    store(values, 0, pull + spoiled)
    store(values, lanes, spoiled)
    for lane in range(tile.rows):
        for k in range(tile.classes):
            g[k * tile.step + lane] = rounded_to(values[lanes + lane], g)
        rival = int(rivals[lane])
        if rival >= 0 and classes[r + lane] >= 0:
            g[rival * tile.step + lane] = rounded_to(values[lane], g)
            g[classes[r + lane] * tile.step + lane] = rounded_to(0.0 - values[lane], g)


@body
def value_of_strongest(z, rows, options):
    """mass · max(0, margin + max_{j ≠ y} z_j − z_y): only the strongest rival counts."""
    tile, rooms = rows.tile, rows.rooms
    rivals = room(rooms, LEADERS, lanes_of(rooms), 1.0)
    z_rival = strongest_rivals(z, tile, rows.first, rows.target.classes, rivals, rooms)
    z_y, scale, spoiled = held_against(z, rows, options)
    v = violation(options.margin, as_type_of(z_rival, rooms), z_y, scale)
    loss = loss_of(v, rows.its.mass, scale, options.squared)
    pull = slope_of(v, rows.its.mass, scale, options.squared)
    return loss + spoiled, (rivals, pull, spoiled)


@body
def gradient_of_strongest(z, kept, rows, options, g):
    """mass at the strongest rival, if it violates the margin, and less that at the row's class."""
    rivals, pull, spoiled = kept
    classes = rows.target.classes
    rival_gradients(rivals, rows.tile, rows.first, classes, pull, spoiled, g, rows.rooms)


crammer_singer = loss_kernel("crammer_singer", logits, value_of_strongest, gradient_of_strongest)
