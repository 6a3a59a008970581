"""Squared distance to the target, measured on the logits or (the Brier score) on probabilities."""

import math

from .compiled import Kernel
from .loss_rows import (
    coefficients_of,
    counting,
    finish,
    read_mass,
    row_of_lane,
    skip,
    undefined,
    write_loss,
)
from .memory import load, room
from .pipeline import summarise
from .rows import complement, largest, nan_of, probability
from .sums import total_of
from .tiles import is_live, put, read_logits, target_of, tile_at, write
from .vector import any_lane, as_type_of, lanes_of, loop, on_its_own, select


@loop
def row_weights(tile, r, t, weight, class_weight, rooms, index):
    """weight · Σ_k class_weight[k] · mass_k / Σ_k mass_k: for a class id, the weight of that class.

    A row without any mass counts its weight.
    """
    lanes = lanes_of(rooms)
    found = room(rooms, index, lanes, 1.0)
    for lane in range(lanes):
        row = row_of_lane(tile, r, lane)
        found[lane] = weight[row]
        if class_weight.size:
            of_target, mass = 0.0, 0.0
            for k in range(tile.classes):
                t_k = t[k * tile.step + row - r]
                of_target += class_weight[k] * t_k
                mass += t_k
            found[lane] *= of_target / mass if mass > 0.0 else 1.0
    return as_type_of(load(found, 0, rooms), rooms)


@loop
def differences(z, t, where, tile, d, rooms):
    """z_k − t_k, 0 where there is no class."""
    for j in range(0, z.size, lanes_of(rooms)):
        put(d, j, as_type_of(load(z, j, rooms), rooms) - load(t, j, rooms))
    if where is not None:
        for k in range(tile.classes):
            for lane in range(tile.rows):
                if not is_live(where, tile, k, lane):
                    d[k * tile.step + lane] = 0.0


@loop
def squares(d, weight, terms, rooms):
    """weight · d_k². The weight comes first: it may be what makes room."""
    on_its_own()
    for j in range(0, d.size, lanes_of(rooms)):
        d_j = load(d, j, rooms)
        put(terms, j, weight * d_j * d_j)


@Kernel
def squared_error(
    values,
    where,
    units,
    rooms,
    copies,
    classes,
    weight,
    class_weight,
    loss,
    grad,
    start,
    stop,
):
    """Σ_k (z_k − t_k)², with gradient 2 · (z_k − t_k)."""
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
        t = room(rooms, 4, tile.size, rooms)
        d = room(rooms, 1, tile.size, rooms)
        read_mass(classes, tile, r, t, rooms)
        factor = row_weights(tile, r, t, weight, class_weight, rooms, 3)
        spoiled = undefined(largest(z, tile, rooms, copies)) + nan_of(z, tile, rooms)
        differences(z, t, where, tile, d, rooms)
        squares(d, factor, t, rooms)
        value = select(factor > 0.0, total_of(t, tile, rooms, 2, copies), 0.0) + spoiled
        write_loss(loss, r, tile, counting(rows, value))
        if grad.size:
            g = target_of(grad, tile, rooms, 0, copies)
            finish(d, rows, 2.0 * factor, spoiled, g, rooms)
            write(grad, tile, g, rooms, copies)
        r += tile.rows


@loop
def distances(e, t, row, p, d, rooms, like):
    """p_k and p_k − t_k; where t_k is 1, −(1 − p_k) added up from the other classes."""
    on_its_own()
    for j in range(0, e.size, lanes_of(rooms)):
        t_k = load(t, j, rooms)
        p_k = probability(row, load(e, j, rooms), like)
        put(p, j, p_k)
        put(d, j, select(t_k == 1.0, -complement(row, p_k, like), p_k - t_k))


@loop
def as_wide_as(x, wide):
    """The logits as wide as the arithmetic: what follows is exact to the last bit of that."""
    on_its_own()
    for j in range(0, wide.size, lanes_of(wide)):
        put(wide, j, load(x, j, wide))


@loop
def products(p, d, terms, rooms):
    on_its_own()
    for j in range(0, d.size, lanes_of(rooms)):
        put(terms, j, load(p, j, rooms) * load(d, j, rooms))


@loop
def take_leaders(x, top, terms, places, tile, rooms, index):
    """Take the term of the leading class of each row out of its terms; `places` says where.

    A row of NaN has no leading class: there it is the first, and the gradient is NaN anyway.
    """
    lanes = lanes_of(rooms)
    tops = room(rooms, index, lanes, x)
    put(tops, 0, top)
    taken = room(rooms, index, lanes, 1.0)
    for lane in range(lanes):
        source = min(lane, tile.rows - 1)
        if lane == source:
            places[lane] = lane
            for k in range(tile.classes):
                if x[k * tile.step + lane] == tops[lane]:
                    places[lane] = k * tile.step + lane
        places[lane] = places[source]
    for lane in range(lanes):
        taken[lane] = terms[int(places[lane])]
    for lane in range(tile.rows):
        terms[int(places[lane])] = 0.0
    return as_type_of(load(taken, 0, rooms), rooms)


@loop
def brier_gradients(p, d, terms, row, of_leader, without_leader, factor, rows, g, rooms):
    """factor · p_k · Σ_{j ≠ k} p_j · (d_k − d_j). The term of the leading class is NaN."""
    on_its_own()
    for j in range(0, d.size, lanes_of(rooms)):
        p_k, d_k, term = load(p, j, rooms), load(d, j, rooms), load(terms, j, rooms)
        over_others = select(term == term, (without_leader - term) + of_leader, without_leader)
        slope = factor * p_k * (d_k * complement(row, p_k, g) - over_others)
        put(g, j, select(rows.counts > 0.0, slope, 0.0))


@Kernel
def brier(
    values,
    where,
    units,
    rooms,
    copies,
    classes,
    weight,
    class_weight,
    loss,
    grad,
    start,
    stop,
):
    """Σ_k d_k² with d = p − t, with gradient 2 · p_k · Σ_{j ≠ k} p_j · (d_k − d_j).

    The gradient crosses zero on its own account, which takes every digit of the arithmetic. The sum
    over the others is d_k · (1 − p_k) − Σ_{j ≠ k} p_j · d_j; the second part is added up
    without the leading class M, whose term would swallow the rest, and that term is put back last.
    """
    usual = start < stop
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
        x = room(rooms, 7, tile.size, rooms)
        as_wide_as(read_logits(values, where, tile, rooms, 0, copies), x)
        e = room(rooms, 1, tile.size, rooms)
        t = room(rooms, 4, tile.size, rooms)
        d = room(rooms, 5, tile.size, rooms)
        row, usual = summarise(x, e, None, 0, tile, usual, units, rooms, 2, copies)
        read_mass(classes, tile, r, t, rooms)
        factor = row_weights(tile, r, t, weight, class_weight, rooms, 3)
        distances(e, t, row, e, d, rooms, x)
        squares(d, factor, t, rooms)
        value = total_of(t, tile, rooms, 2, copies) + undefined(row.top)
        write_loss(loss, r, tile, counting(rows, value))
        if grad.size:
            terms = t
            products(e, d, terms, rooms)
            places = room(rooms, 6, lanes_of(rooms), 1.0)
            of_leader = take_leaders(x, row.top, terms, places, tile, rooms, 3)
            without_leader = total_of(terms, tile, rooms, 2, copies)
            for lane in range(tile.rows):
                terms[int(places[lane])] = math.nan
            g = target_of(grad, tile, rooms, 0, copies)
            brier_gradients(
                e,
                d,
                terms,
                row,
                of_leader,
                without_leader,
                2.0 * factor * units.inverse,
                rows,
                g,
                rooms,
            )
            write(grad, tile, g, rooms, copies)
        r += tile.rows
