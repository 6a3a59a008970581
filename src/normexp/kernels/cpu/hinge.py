"""The two multiclass hinge losses, plain and squared, each with a subgradient in the same pass.

The violation of a rival j is v_j = margin + z_j − z_y. At the kink, v_j = 0, the subgradient is 0.
"""

import math

from .compiled import Kernel
from .exp import clamped
from .loss_rows import (
    at_label,
    coefficients_of,
    counting,
    finish,
    set_at_label,
    skip,
    undefined,
    write_loss,
)
from .memory import load, number, room, rounded_to, store
from .rows import largest, nan_of
from .sums import total_of
from .tiles import put, read_logits, target_of, tile_at, write
from .vector import (
    absolute,
    any_lane,
    as_type_of,
    lanes_of,
    loop,
    on_its_own,
    part,
    select,
    spread,
    two_sum,
)


@part
def room_for(margin, top, z_y):
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
    return mass / scale / scale * v * v if squared else mass / scale * v


@part
def slope_of(v, mass, scale, squared):
    """mass, or mass · 2v of scale · v, where the margin is violated."""
    return select(v > 0.0, 2.0 * (mass / scale) * v if squared else mass, 0.0)


@loop
def violations(z, z_y, margin, mass, scale, squared, terms, slopes, rooms):
    """The loss of every class as a rival, and its slope."""
    on_its_own()
    for j in range(0, z.size, lanes_of(rooms)):
        v = violation(margin, as_type_of(load(z, j, rooms), rooms), z_y, scale)
        put(terms, j, loss_of(v, mass, scale, squared))
        put(slopes, j, slope_of(v, mass, scale, squared))


@Kernel
def weston_watkins(
    values,
    where,
    units,
    rooms,
    copies,
    classes,
    weight,
    class_weight,
    margin,
    squared,
    loss,
    grad,
    start,
    stop,
):
    """Σ_{j ≠ y} max(0, margin + z_j − z_y): every rival counts."""
    nothing = spread(0.0, rooms)
    r = start
    while r < stop:
        tile = tile_at(values, r, stop, rooms)
        rows = coefficients_of(
            tile, r, where, classes, weight, weight[:0], weight[:0], class_weight, rooms, 3
        )
        if not any_lane(rows.counts > 0.0):
            skip(loss, grad, r, tile, rooms, copies)
            r += tile.rows
            continue
        z = read_logits(values, where, tile, rooms, 0, copies)
        terms = room(rooms, 4, tile.size, rooms)
        slopes = room(rooms, 5, tile.size, rooms)
        z_y = as_type_of(at_label(z, tile, r, classes, rooms, 3), rooms)
        top = largest(z, tile, rooms, copies)
        scale = room_for(margin, top, z_y)
        violations(z, z_y, margin, rows.mass, scale, squared, terms, slopes, rooms)
        set_at_label(terms, tile, r, classes, nothing, rooms, 3)
        set_at_label(slopes, tile, r, classes, nothing, rooms, 3)
        spoiled = undefined(top) + nan_of(z, tile, rooms)
        value = total_of(terms, tile, rooms, 2, copies) + spoiled
        write_loss(loss, r, tile, counting(rows, value))
        if grad.size:
            g = target_of(grad, tile, rooms, 0, copies)
            pull = total_of(slopes, tile, rooms, 2, copies) + spoiled
            finish(slopes, rows, spread(1.0, rooms), spoiled, g, rooms)
            set_at_label(g, tile, r, classes, counting(rows, 0.0 - pull), rooms, 3)
            write(grad, tile, g, rooms, copies)
        r += tile.rows


@loop
def strongest_rivals(z, tile, r, classes, rivals, rooms, index):
    """The largest logit of each row but that of its own class; and the first such class, or −1."""
    lanes = lanes_of(rooms)
    best = room(rooms, index, lanes, z)
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
def rival_gradients(rivals, tile, r, classes, rows, pull, spoiled, g, rooms, index):
    """pull at the rival, −pull (but never −0) at the class of each row, and 0 elsewhere."""
    lanes = lanes_of(rooms)
    values = room(rooms, index, 2 * lanes, rooms)
    store(values, 0, counting(rows, pull + spoiled))
    store(values, lanes, counting(rows, spoiled))
    for lane in range(tile.rows):
        for k in range(tile.classes):
            g[k * tile.step + lane] = rounded_to(values[lanes + lane], g)
        rival = int(rivals[lane])
        if rival >= 0 and classes[r + lane] >= 0:
            g[rival * tile.step + lane] = rounded_to(values[lane], g)
            g[classes[r + lane] * tile.step + lane] = rounded_to(0.0 - values[lane], g)


@Kernel
def crammer_singer(
    values,
    where,
    units,
    rooms,
    copies,
    classes,
    weight,
    class_weight,
    margin,
    squared,
    loss,
    grad,
    start,
    stop,
):
    """max(0, margin + max_{j ≠ y} z_j − z_y): only the strongest rival counts."""
    r = start
    while r < stop:
        tile = tile_at(values, r, stop, rooms)
        rows = coefficients_of(
            tile, r, where, classes, weight, weight[:0], weight[:0], class_weight, rooms, 3
        )
        if not any_lane(rows.counts > 0.0):
            skip(loss, grad, r, tile, rooms, copies)
            r += tile.rows
            continue
        z = read_logits(values, where, tile, rooms, 0, copies)
        rivals = room(rooms, 4, lanes_of(rooms), 1.0)
        z_rival = strongest_rivals(z, tile, r, classes, rivals, rooms, 3)
        z_y = as_type_of(at_label(z, tile, r, classes, rooms, 3), rooms)
        top = largest(z, tile, rooms, copies)
        scale = room_for(margin, top, z_y)
        v = violation(margin, as_type_of(z_rival, rooms), z_y, scale)
        spoiled = undefined(top) + nan_of(z, tile, rooms)
        value = loss_of(v, rows.mass, scale, squared) + spoiled
        write_loss(loss, r, tile, counting(rows, value))
        if grad.size:
            g = target_of(grad, tile, rooms, 0, copies)
            pull = slope_of(v, rows.mass, scale, squared)
            rival_gradients(rivals, tile, r, classes, rows, pull, spoiled, g, rooms, 3)
            write(grad, tile, g, rooms, copies)
        r += tile.rows
