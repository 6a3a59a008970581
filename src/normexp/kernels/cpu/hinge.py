"""The two multiclass hinge losses, plain and squared, each with a subgradient in the same pass.

The violation of a rival j is v_j = margin + z_j − z_y. At the kink, v_j = 0, the subgradient is 0.
"""

import math

from .exp import clamped
from .loss_kernel import logits, loss_kernel, tile_room
from .loss_rows import at_label, scaled_slopes, set_at_label, undefined
from .memory import load, number, room, rounded_to, store
from .rooms import LANES, LEADERS, SLOPES, TERMS
from .rows import top_and_nan
from .sums import total_of
from .tiles import put
from .vector import (
    absolute,
    as_type_of,
    function,
    inline,
    lanes_of,
    macro,
    on_its_own,
    select,
    spread,
    two_sum,
)


@inline
def headroom(margin, top, z_y):
    """The scale of violations: 1, or ¼ where the largest has no room in the type."""
    return select(margin + (top - z_y) < math.inf, spread(1.0, top), 0.25)


@inline
def violation(margin, z_j, z_y, scale):
    """scale · max(0, margin + z_j − z_y), keeping the digits that the two roundings lose."""
    gap, gap_low = two_sum(z_j * scale, -z_y * scale)
    value, value_low = two_sum(gap, margin * scale)
    exact = clamped(value + (value_low + gap_low), 0.0)
    exact = select(absolute(gap) < math.inf, exact, clamped(gap, 0.0))
    return select(z_j == -math.inf, 0.0, exact)


@inline
def loss_of(v, mass, scale, squared):
    """mass · v or mass · v², of scale · v. The mass comes first: it may be what makes room."""
    return mass / scale / scale * v * v if squared else mass / scale * v


@inline
def slope_of(v, mass, scale, squared):
    """mass, or mass · 2v of scale · v, where the margin is violated."""
    return select(v > 0.0, 2.0 * (mass / scale) * v if squared else mass, 0.0)


@function
def violations(z, z_y, margin, mass, scale, squared, terms, slopes, rooms):
    """The loss of every class as a rival, and its slope."""
    on_its_own()
    for j in range(0, z.size, lanes_of(rooms)):
        v = violation(margin, as_type_of(load(z, j, rooms), rooms), z_y, scale)
        put(terms, j, loss_of(v, mass, scale, squared))
        put(slopes, j, slope_of(v, mass, scale, squared))


@macro
def held_against(z, rows, options):
    """z_y, the scale of violations, and NaN for spoiled rows."""
    tile, rooms = rows.tile, rows.rooms
    z_y = as_type_of(at_label(z, tile, rows.first, rows.target.classes, rooms), rooms)
    top, nan = top_and_nan(z, tile, rooms)
    return z_y, headroom(options.margin, top, z_y), undefined(top) + nan


@macro
def value_of_all(z, rows, options):
    """mass · Σ_{j ≠ y} max(0, margin + z_j − z_y): every rival counts."""
    tile, rooms, zero = rows.tile, rows.rooms, spread(0.0, rows.rooms)
    terms, slopes = tile_room(rooms, TERMS, tile), tile_room(rooms, SLOPES, tile)
    z_y, scale, spoiled = held_against(z, rows, options)
    margin, squared = options.margin, options.squared
    violations(z, z_y, margin, rows.its.mass, scale, squared, terms, slopes, rooms)
    set_at_label(terms, tile, rows.first, rows.target.classes, zero, rooms)
    set_at_label(slopes, tile, rows.first, rows.target.classes, zero, rooms)
    return total_of(terms, tile, rooms, rows.copies) + spoiled, (slopes, spoiled)


@macro
def gradient_of_all(z, kept, rows, options, g):
    """mass at every rival that violates the margin, and less all that at the class of the row."""
    slopes, spoiled = kept
    tile, rooms = rows.tile, rows.rooms
    pull = total_of(slopes, tile, rooms, rows.copies) + spoiled
    scaled_slopes(slopes, spread(1.0, rooms), spoiled, g, rooms)
    set_at_label(g, tile, rows.first, rows.target.classes, 0.0 - pull, rooms)


weston_watkins = loss_kernel("weston_watkins", logits, value_of_all, gradient_of_all)


@function
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


@function
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


@macro
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


@macro
def gradient_of_strongest(z, kept, rows, options, g):
    """mass at the strongest rival, if it violates the margin, and less that at the row's class."""
    rivals, pull, spoiled = kept
    classes = rows.target.classes
    rival_gradients(rivals, rows.tile, rows.first, classes, pull, spoiled, g, rows.rooms)


crammer_singer = loss_kernel("crammer_singer", logits, value_of_strongest, gradient_of_strongest)
