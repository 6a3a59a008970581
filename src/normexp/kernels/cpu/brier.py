"""The Brier score: Σ_k d_k² with d = p − t, with gradient 2 · p_k · Σ_{j ≠ k} p_j · (d_k − d_j).

The gradient crosses zero on its own account, which takes every digit of the arithmetic. The sum
over the others is d_k · (1 − p_k) − Σ_{j ≠ k} p_j · d_j; the second part is added up without the
leading class M, whose term would swallow the rest, and that term is put back last.
"""

import math

from .loss_kernel import loss_kernel, softmax_of, tile_room
from .loss_rows import copy, read_mass, row_weights, undefined
from .memory import load, room
from .rooms import DIFFERENCES, LANES, LEADERS, TARGET, TERMS, WIDE
from .rows import complement, probability
from .squared_error import sum_of_squares
from .sums import total_of
from .tiles import put
from .vector import as_type_of, function, lanes_of, macro, on_its_own, select


@macro
def wide_softmax(x, rows, guess):
    """The logits as wide as the arithmetic: what follows is exact to the last bit of that."""
    wide = tile_room(rows.rooms, WIDE, rows.tile)
    copy(x, wide, rows.rooms)
    return softmax_of(wide, rows, True, guess)


@function
def distances(e, t, row, p, d, rooms, like):
    """p_k and p_k − t_k; where t_k is 1, −(1 − p_k) added up from the other classes."""
    on_its_own()
    for j in range(0, e.size, lanes_of(rooms)):
        t_k = load(t, j, rooms)
        p_k = probability(row, load(e, j, rooms), like)
        put(p, j, p_k)
        put(d, j, select(t_k == 1.0, -complement(row, p_k, like), p_k - t_k))


@macro
def value(found, rows, options):
    """weight · Σ_k (p_k − t_k)². The probabilities take the place of the exponentials."""
    tile, rooms = rows.tile, rows.rooms
    t, d = tile_room(rooms, TARGET, tile), tile_room(rooms, DIFFERENCES, tile)
    read_mass(rows.target.classes, tile, rows.first, t, rooms)
    weight = row_weights(tile, rows.first, t, rows.target, rooms)
    distances(found.e, t, found.row, found.e, d, rooms, found.x)
    total = sum_of_squares((d, weight), tile, rooms, rows.copies)
    return total + undefined(found.row.top), (found.e, d, weight)


@function
def products(p, d, terms, rooms):
    on_its_own()
    for j in range(0, d.size, lanes_of(rooms)):
        put(terms, j, load(p, j, rooms) * load(d, j, rooms))


@function
def take_leaders(x, top, terms, places, tile, rooms):
    """Take the term of the leading class of each row out of its terms; `places` says where.

    A row of NaN has no leading class: there it is the first, and the gradient is NaN anyway.
    """
    lanes = lanes_of(rooms)
    tops = room(rooms, LANES, lanes, x)
    put(tops, 0, top)
    taken = room(rooms, LANES, lanes, 1.0)
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


@function
def slopes(p, d, terms, row, of_leader, without_leader, factor, g, rooms):
    """factor · p_k · Σ_{j ≠ k} p_j · (d_k − d_j). The term of the leading class is NaN."""
    on_its_own()
    for j in range(0, d.size, lanes_of(rooms)):
        p_k, d_k, term = load(p, j, rooms), load(d, j, rooms), load(terms, j, rooms)
        over_others = select(term == term, (without_leader - term) + of_leader, without_leader)
        put(g, j, factor * p_k * (d_k * complement(row, p_k, g) - over_others))


@macro
def gradient(found, kept, rows, options, g):
    """weight · 2 · p_k · Σ_{j ≠ k} p_j · (d_k − d_j) / temperature."""
    p, d, weight = kept
    tile, rooms = rows.tile, rows.rooms
    terms = tile_room(rooms, TERMS, tile)
    products(p, d, terms, rooms)
    places = room(rooms, LEADERS, lanes_of(rooms), 1.0)
    of_leader = take_leaders(found.x, found.row.top, terms, places, tile, rooms)
    without_leader = total_of(terms, tile, rooms, rows.copies)
    for lane in range(tile.rows):
        terms[int(places[lane])] = math.nan
    factor = 2.0 * weight * rows.units.inverse
    slopes(p, d, terms, found.row, of_leader, without_leader, factor, g, rooms)


brier = loss_kernel("brier", wide_softmax, value, gradient)
