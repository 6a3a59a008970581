"""Cross-entropy of logits with a mass on every class, and its gradient in one pass.

With target mass t, T = Σ t and p = softmax:

    loss = Σ_k t_k · ℓ(k) + norm · logsumexp²,        ℓ(k) = −log p_k
    ∂loss/∂z_k = (T − t_k) · p_k − t_k · (1 − p_k) + pull · p_k

where 1 − p_k and T − t_k are added up from the other classes, so that neither vanishes when p_k and
t_k come close to 1 and T.
"""

import math

from .cross_entropy import penalty, pull_of
from .loss_kernel import loss_kernel, read_masses, softmax, tile_room
from .loss_rows import undefined
from .memory import load
from .rooms import LANE_TOTALS, TARGET, TERMS
from .rows import complement, largest, log_sum_of, probability, weighted_surprise
from .sums import add, end_of_block, nothing, total_except, value_of
from .tiles import put
from .vector import function, lanes_of, macro, on_its_own, select, spread, sum_of_lanes


@function
def spread_terms(x, t, terms, of_row, units, end, rooms):
    """t_k · ℓ(k), where there is a mass at all."""
    on_its_own()
    sums = nothing(rooms)
    for j in range(0, x.size, lanes_of(rooms)):
        t_j = load(t, j, rooms)
        term = weighted_surprise(t_j, of_row, load(x, j, rooms), units)
        put(terms, j, term)
        sums = add(sums, term, j // lanes_of(rooms), end)
    return sums


@macro
def value(found, rows, options):
    """Σ_k t_k · ℓ(k) + norm · logsumexp²."""
    tile, units, rooms = rows.tile, rows.units, rows.rooms
    t, terms = tile_room(rooms, TARGET, tile), tile_room(rooms, TERMS, tile)
    read_masses(rows, t)
    of_row = log_sum_of(found.row)
    sums = spread_terms(found.x, t, terms, of_row, units, end_of_block(tile, t, rooms), rooms)
    no_class = spread(math.nan, rooms)
    total = total_except(sums, terms, found.x, no_class, tile, rooms, LANE_TOTALS, rows.copies)
    of_norm = penalty(of_row, rows.its.norm, units)
    return value_of(total) + of_norm + undefined(found.row.top), (t, of_row)


@function
def below_largest(t, top, end, rooms):
    """Σ t_k over the classes below the largest, and how many attain it."""
    on_its_own()
    below = nothing(rooms)
    ties = spread(0.0, rooms)
    for j in range(0, t.size, lanes_of(rooms)):
        t_j = load(t, j, rooms)
        term = select((t_j < top) & (t_j >= 0.0), t_j, 0.0)
        below = add(below, term, j // lanes_of(rooms), end)
        ties = ties + select(t_j == top, spread(1.0, rooms), 0.0)
    return below, ties


@function
def mass_gradients(e, t, row, t_max, t_rest, pull, inverse, g, rooms):
    """((T − t_k) · p_k − t_k · (1 − p_k) + pull · p_k) / temperature."""
    on_its_own()
    for j in range(0, e.size, lanes_of(rooms)):
        t_k = load(t, j, rooms)
        p_k = probability(row, load(e, j, rooms), g)
        others = select(t_k == t_max, t_rest, (t_rest - t_k) + t_max)
        put(g, j, ((others + pull) * p_k - t_k * complement(row, p_k, g)) * inverse)


@macro
def gradient(found, kept, rows, options, g):
    """((T − t_k) · p_k − t_k · (1 − p_k) + pull · p_k) / temperature."""
    t, of_row = kept
    tile, units, rooms = rows.tile, rows.units, rows.rooms
    t_max = largest(t, tile, rooms, rows.copies)
    below, ties = below_largest(t, t_max, end_of_block(tile, t, rooms), rooms)
    if tile.step == 1:
        ties = sum_of_lanes(ties)
    rest = total_except(below, t, t, t_max, tile, rooms, LANE_TOTALS, rows.copies)
    t_rest = value_of(rest) + (ties - 1.0) * t_max
    pull = pull_of(of_row, rows.its.norm, units)
    mass_gradients(found.e, t, found.row, t_max, t_rest, pull, units.inverse, g, rooms)


spread_cross_entropy = loss_kernel("spread_cross_entropy", softmax, value, gradient)
