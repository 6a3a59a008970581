"""What every loss does with a tile: what its rows count, their target, and what is not computed.

A target is class ids (flat) or a mass for every class; coefficients that are absent are empty.
"""

import math
from typing import NamedTuple

from .memory import as_number_of, load, number, room, rounded_to, row_at, store
from .rooms import LANES, NUMBERS
from .tiles import copy_in, has_classes, is_live, put, target_of, write
from .vector import (
    absolute,
    as_type_of,
    function,
    inline,
    lanes_of,
    on_its_own,
    select,
    spread,
)


@inline
def entry(coefficients, r):
    """The coefficient of row r, 0 where there are none."""
    return coefficients[r] if coefficients.size else 0.0


@inline
def weight_of(class_weight, k):
    return class_weight[k] if class_weight.size else 1.0


@inline
def label_of(classes, r):
    """The class id of row r: −1 ignores it. 0 where the target is no class id."""
    if classes.ndim > 1:
        return 0
    return classes[r]


@inline
def weight_of_label(classes, class_weight, r):
    """The class weight of a row's class id; 1 where the target is none."""
    if classes.ndim > 1:
        return 1.0
    return weight_of(class_weight, classes[r])


class Coefficients(NamedTuple):
    """What a row counts, in every lane of it."""

    counts: float  # 0 for a row that is left out, whatever it holds
    weight: float  # of the row
    mass: float  # the same times the weight of its class id
    smoothing: float
    norm: float


@inline
def coefficients_of_row(r, is_empty, target):
    """What row r counts, as numbers."""
    label = label_of(target.classes, r)
    weight, smoothing, norm = target.weight[r], entry(target.smoothing, r), entry(target.norm, r)
    mass = weight * weight_of_label(target.classes, target.class_weight, r) if label >= 0 else 0.0
    some = mass != 0.0 or smoothing != 0.0 or norm != 0.0
    counts = 1.0 if label >= 0 and some and not is_empty else 0.0
    return Coefficients(counts, weight, mass, smoothing, norm)


@inline
def row_of_lane(tile, r, lane):
    """The row that a lane is about. Lanes without one repeat the last."""
    return r + (0 if tile.step == 1 else min(lane, tile.rows - 1))


@function
def coefficients_of(tile, r, where, target, rooms):
    """What the rows of a tile count."""
    on_its_own()
    if tile.step == 1:
        its = coefficients_of_row(r, not has_classes(where, tile, 0), target)
        return Coefficients(
            spread(its.counts, rooms),
            spread(its.weight, rooms),
            spread(its.mass, rooms),
            spread(its.smoothing, rooms),
            spread(its.norm, rooms),
        )
    lanes = lanes_of(rooms)
    values = room(rooms, LANES, 5 * lanes, 1.0)
    if where.size == target.smoothing.size == target.norm.size == target.class_weight.size == 0:
        for lane in range(lanes):
            row = row_of_lane(tile, r, lane)
            values[lane] = target.weight[row] if label_of(target.classes, row) >= 0 else 0.0
        given, zero = load(values, 0, rooms), spread(0.0, rooms)
        counts = as_type_of(select(given > 0.0, given * 0.0 + 1.0, 0.0), rooms)
        mass = as_type_of(given, rooms)
        return Coefficients(counts, mass, mass, zero, zero)
    for lane in range(lanes):
        row = row_of_lane(tile, r, lane)
        its = coefficients_of_row(row, not has_classes(where, tile, row - r), target)
        values[lane] = its.counts
        values[lanes + lane] = its.weight
        values[2 * lanes + lane] = its.mass
        values[3 * lanes + lane] = its.smoothing
        values[4 * lanes + lane] = its.norm
    return Coefficients(
        as_type_of(load(values, 0, rooms), rooms),
        as_type_of(load(values, lanes, rooms), rooms),
        as_type_of(load(values, 2 * lanes, rooms), rooms),
        as_type_of(load(values, 3 * lanes, rooms), rooms),
        as_type_of(load(values, 4 * lanes, rooms), rooms),
    )


@function
def at_label(values, tile, r, classes, rooms):
    """The value at the class id of each row, in every lane of it."""
    if tile.step == 1:
        return as_number_of(spread(number(values[max(label_of(classes, r), 0)]), rooms), values)
    lanes = lanes_of(rooms)
    found = room(rooms, LANES, lanes, values)
    for lane in range(lanes):
        label = max(label_of(classes, row_of_lane(tile, r, lane)), 0)
        found[lane] = values[label * tile.step + lane]
    return load(found, 0, rooms)


@function
def set_at_label(values, tile, r, classes, lanes_of_label, rooms):
    """Set the value at the class id of each row to what its lane holds."""
    found = room(rooms, LANES, lanes_of(rooms), values)
    put(found, 0, lanes_of_label)
    for lane in range(tile.rows):
        label = label_of(classes, r + lane)
        if label >= 0:
            values[label * tile.step + lane] = rounded_to(found[lane], values)


@function
def read_mass(classes, tile, r, t, rooms):
    """The target as a mass for every class of each row."""
    on_its_own()
    if classes.ndim == 1:
        zero = spread(0.0, rooms)
        for j in range(0, t.size, lanes_of(rooms)):
            store(t, j, zero)
        for lane in range(tile.rows):
            if classes[r + lane] >= 0:
                t[classes[r + lane] * tile.step + lane] = 1.0
    else:
        copy_in(classes, tile, t, rooms)


@function
def read_target(classes, class_weight, where, tile, r, rows, t, rooms):
    """t_k = class_weight[k] · (weight · mass_k + smoothing), smoothing on live classes only."""
    read_mass(classes, tile, r, t, rooms)
    lanes = lanes_of(rooms)
    for j in range(0, t.size, lanes):
        put(t, j, load(t, j, rooms) * rows.weight)
    smoothings = room(rooms, LANES, lanes, rooms)
    store(smoothings, 0, rows.smoothing)
    for k in range(tile.classes):
        for lane in range(tile.rows):
            place = k * tile.step + lane
            spread_mass = smoothings[lane] if is_live(where, tile, k, lane) else 0.0
            t[place] = weight_of(class_weight, k) * (t[place] + spread_mass)


@function
def row_weights(tile, r, t, target, rooms):
    """weight · Σ_k class_weight[k] · mass_k / Σ_k mass_k: for a class id, the weight of that class.

    A row without any mass counts its weight.
    """
    lanes = lanes_of(rooms)
    found = room(rooms, LANES, lanes, 1.0)
    for lane in range(lanes):
        row = row_of_lane(tile, r, lane)
        found[lane] = target.weight[row]
        if target.class_weight.size:
            of_target, mass = 0.0, 0.0
            for k in range(tile.classes):
                t_k = t[k * tile.step + row - r]
                of_target += target.class_weight[k] * t_k
                mass += t_k
            found[lane] *= of_target / mass if mass > 0.0 else 1.0
    return as_type_of(load(found, 0, rooms), rooms)


@inline
def undefined(top):
    """NaN for a row whose largest logit is ±inf, else 0."""
    return select(absolute(top) < math.inf, spread(0.0, top), math.nan)


@inline
def counting(coefficients, value):
    """The value, but 0 in rows that do not count."""
    return select(coefficients.counts > 0.0, value, 0.0)


@inline
def write_loss(loss, r, tile, value):
    store(row_at(loss, r * loss.itemsize, tile.rows), 0, as_type_of(value, loss))


@function
def fill(y, value, rooms):
    on_its_own()
    for j in range(0, y.size, lanes_of(rooms)):
        put(y, j, value)


@function
def copy(x, y, rooms):
    """The same numbers in the type of y."""
    on_its_own()
    for j in range(0, y.size, lanes_of(rooms)):
        put(y, j, load(x, j, rooms))


@function
def skip(loss, grad, r, tile, rooms, copies):
    """0 for the loss and the gradient of rows none of which counts."""
    zero = spread(0.0, rooms)
    write_loss(loss, r, tile, zero)
    if grad.size:
        g = target_of(grad, tile, rooms, NUMBERS, copies)
        fill(g, zero, rooms)
        write(grad, tile, g, rooms, copies)


@function
def clear(g, counts, rooms):
    """0 in the rows that do not count."""
    on_its_own()
    for j in range(0, g.size, lanes_of(rooms)):
        put(g, j, select(counts > 0.0, load(g, j, rooms), 0.0))


@function
def scaled_slopes(slopes, factor, spoiled, g, rooms):
    """The gradient factor · slope_k, NaN in spoiled rows; never −0."""
    on_its_own()
    for j in range(0, slopes.size, lanes_of(rooms)):
        put(g, j, load(slopes, j, rooms) * factor + spoiled)
