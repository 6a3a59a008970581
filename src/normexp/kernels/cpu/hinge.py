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
def violation(margin, z_j, z_y):
    """max(0, margin + z_j − z_y), keeping the digits that the two roundings lose."""
    gap, gap_low = two_sum(z_j, -z_y)
    value, value_low = two_sum(gap, margin + gap * 0.0)
    exact = clamped(value + (value_low + gap_low), 0.0)
    exact = select(absolute(gap) < math.inf, exact, clamped(gap, 0.0))
    return select(z_j == -math.inf, 0.0, exact)


@part
def loss_of(v, squared):
    """v, or v²."""
    return v * v if squared else v


@part
def slope_of(v, squared):
    """1 or 2v where the margin is violated."""
    if squared:
        return select(v > 0.0, 2.0 * v, 0.0)
    return select(v > 0.0, spread(1.0, v), 0.0)


@loop
def violations(z, z_y, margin, squared, terms, slopes, rooms):
    """The loss of every class as a rival, and its slope."""
    on_its_own()
    for j in range(0, z.size, lanes_of(rooms)):
        v = violation(margin, as_type_of(load(z, j, rooms), rooms), z_y)
        put(terms, j, loss_of(v, squared))
        put(slopes, j, slope_of(v, squared))


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
        violations(z, z_y, margin, squared, terms, slopes, rooms)
        set_at_label(terms, tile, r, classes, nothing, rooms, 3)
        set_at_label(slopes, tile, r, classes, nothing, rooms, 3)
        spoiled = undefined(largest(z, tile, rooms, copies)) + nan_of(z, tile, rooms)
        value = rows.mass * total_of(terms, tile, rooms, 2, copies) + spoiled
        write_loss(loss, r, tile, counting(rows, value))
        if grad.size:
            g = target_of(grad, tile, rooms, 0, copies)
            pull = rows.mass * total_of(slopes, tile, rooms, 2, copies) + spoiled
            finish(slopes, rows, rows.mass, spoiled, g, rooms)
            set_at_label(g, tile, r, classes, counting(rows, -pull), rooms, 3)
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
    """pull at the rival, −pull at the class of each row, and 0 elsewhere."""
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
            g[classes[r + lane] * tile.step + lane] = rounded_to(-values[lane], g)


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
        v = violation(margin, as_type_of(z_rival, rooms), z_y)
        spoiled = undefined(largest(z, tile, rooms, copies)) + nan_of(z, tile, rooms)
        value = rows.mass * loss_of(v, squared) + spoiled
        write_loss(loss, r, tile, counting(rows, value))
        if grad.size:
            g = target_of(grad, tile, rooms, 0, copies)
            pull = rows.mass * slope_of(v, squared)
            rival_gradients(rivals, tile, r, classes, rows, pull, spoiled, g, rooms, 3)
            write(grad, tile, g, rooms, copies)
        r += tile.rows
