"""The product of each row's Hessian with a vector, in float64 for any type of logits.

Softmax has the Jacobian diag(p) − p·pᵀ. Its product with v is p_k · (v_k − p·v), where v_k − p·v
cancels at a class that leads by far. Measured from v_M at a leading class M it does not:

    v_k − p·v = (v_k − v_M) − Σ_j p_j · (v_j − v_M)

with no term for M itself in the sum, and nothing but that sum left for k = M.
"""

import math
from typing import NamedTuple

from .brier import distances
from .compiled import Kernel
from .cross_entropy import pull_of
from .focal import power
from .functions import exp_minus_abs
from .hinge import headroom, rival_gradients, strongest_rivals, violation
from .loss_kernel import Rows, read_masses, softmax_of, tile_room
from .loss_rows import (
    at_label,
    clear,
    coefficients_of,
    copy,
    fill,
    read_mass,
    row_weights,
    scaled_slopes,
    set_at_label,
    undefined,
)
from .memory import load, room, row_at
from .rooms import LANES, LEADERS, NUMBERS, SLOPES, TARGET, TERMS, WIDE
from .rows import complement, log_sum_of, probability, surprise, top_and_nan
from .sums import total_of
from .tiles import is_live, put, read, read_logits, target_of, tile_at, write
from .vector import (
    any_lane,
    as_type_of,
    function,
    inline,
    lanes_of,
    largest_of_lanes,
    macro,
    on_its_own,
    select,
    spread,
)

VECTOR = SLOPES


def over_rows(of_tile):
    """The kernel that does `of_tile` with each tile: its logits and the vector are float64 then,
    the vector 0 where there is no class.
    """

    def kernel(values, where, units, rooms, copies, target, options, vector, out, start, stop):
        r = start
        while r < stop:
            tile = tile_at(values, r, stop, rooms)
            its = coefficients_of(tile, r, where, target, rooms)
            x, v = tile_room(rooms, WIDE, tile), tile_room(rooms, VECTOR, tile)
            copy(read_logits(values, where, tile, rooms, NUMBERS, copies), x, rooms)
            copy(read(vector, tile, rooms, NUMBERS, copies), v, rooms)
            leave_out(where, tile, v)
            g = target_of(out, tile, rooms, NUMBERS, copies)
            if any_lane(its.counts > 0.0):
                rows = Rows(tile, r, where, target, its, units, rooms, copies, True)
                of_tile(x, v, rows, options, g)
                if any_lane(its.counts == 0.0):
                    clear(g, its.counts, rooms)
            else:
                fill(g, spread(0.0, rooms), rooms)
            write(out, tile, g, rooms, copies)
            r += tile.rows

    kernel.__qualname__ = kernel.__name__ = of_tile.__name__
    return Kernel(kernel)


@function
def leave_out(where, tile, v):
    """0 where the mask leaves no class."""
    if where.size:
        for k in range(tile.classes):
            for lane in range(tile.rows):
                if not is_live(where, tile, k, lane):
                    v[k * tile.step + lane] = 0.0


class Mean(NamedTuple):
    """p·a, in two terms."""

    leading: float  # a at a leading class
    rest: float  # Σ_j p_j · (a_j − leading)


@inline
def centred(a_k, mean):
    """a_k − p·a."""
    return (a_k - mean.leading) - mean.rest


@function
def at_leader(a, x, top, tile, rooms):
    """What stands at a class with the largest logit: the largest number, where several have it."""
    on_its_own()
    found = spread(-math.inf, rooms)
    for j in range(0, x.size, lanes_of(rooms)):
        a_j = load(a, j, rooms)
        found = select((load(x, j, rooms) == top) & (a_j > found), a_j, found)
    return largest_of_lanes(found) if tile.step == 1 else found


@function
def distances_from(leading, a, p, terms, rooms):
    """p_k · (a_k − leading), NaN where that is not finite."""
    on_its_own()
    for j in range(0, a.size, lanes_of(rooms)):
        d_j = load(a, j, rooms) - leading
        put(terms, j, load(p, j, rooms) * d_j + (d_j - d_j))


@inline
def mean_of(a, p, x, top, terms, rows):
    leading = at_leader(a, x, top, rows.tile, rows.rooms)
    distances_from(leading, a, p, terms, rows.rooms)
    return Mean(leading, total_of(terms, rows.tile, rows.rooms, rows.copies) + undefined(top))


@function
def probabilities(e, row, x, p, rooms):
    on_its_own()
    for j in range(0, e.size, lanes_of(rooms)):
        put(p, j, probability(row, load(e, j, rooms), x))


@function
def cross_entropy_products(p, v, mean, factor, bow, g, rooms):
    """p_k · (factor · (v_k − p·v) + bow · p·v)."""
    on_its_own()
    both = bow * (mean.leading + mean.rest)
    for j in range(0, v.size, lanes_of(rooms)):
        slope = factor * centred(load(v, j, rooms), mean) + both
        put(g, j, load(p, j, rooms) * slope)


@over_rows
@macro
def cross_entropy(x, v, rows, options, g):
    """[(T + 2 · norm · logsumexp) · p_k · (v_k − p·v) + 2 · norm · p_k · p·v] / temperature²."""
    tile, rooms, units = rows.tile, rows.rooms, rows.units
    t = tile_room(rooms, TARGET, tile)
    found, _ = softmax_of(x, rows, True, True)
    p, row = found.e, found.row
    read_masses(rows, t)
    mass = total_of(t, tile, rooms, rows.copies) + pull_of(log_sum_of(row), rows.its.norm, units)
    probabilities(found.e, row, x, p, rooms)
    mean = mean_of(v, p, x, row.top, t, rows)
    bow = 2.0 * rows.its.norm * units.inverse * units.inverse
    cross_entropy_products(p, v, mean, mass * units.inverse * units.inverse, bow, g, rooms)


@function
def softmax_products(p, v, mean, factor, q, rooms):
    """factor · p_k · (v_k − p·v)."""
    on_its_own()
    for j in range(0, v.size, lanes_of(rooms)):
        put(q, j, factor * load(p, j, rooms) * centred(load(v, j, rooms), mean))


@function
def products_with(q, d, mean, terms, rooms):
    """q_k · (d_k − p·d)."""
    on_its_own()
    for j in range(0, q.size, lanes_of(rooms)):
        put(terms, j, load(q, j, rooms) * centred(load(d, j, rooms), mean))


@function
def brier_products(p, q, of_q, terms, both, factor, g, rooms):
    """factor · [p_k · (q_k − p·q − q·d) + q_k · (d_k − p·d)]."""
    on_its_own()
    for j in range(0, q.size, lanes_of(rooms)):
        slope = load(p, j, rooms) * (centred(load(q, j, rooms), of_q) - both)
        put(g, j, factor * (slope + load(terms, j, rooms)))


@over_rows
@macro
def brier(x, v, rows, options, g):
    """2 · [J(q) + q ∘ (d − p·d) − p · (q·d)] / temperature², with d = p − t, q = J(v)."""
    tile, rooms, units = rows.tile, rows.rooms, rows.units
    t, terms = tile_room(rooms, TARGET, tile), tile_room(rooms, TERMS, tile)
    found, _ = softmax_of(x, rows, True, True)
    top = found.row.top
    read_mass(rows.target.classes, tile, rows.first, t, rooms)
    factor = 2.0 * row_weights(tile, rows.first, t, rows.target, rooms)
    distances(found.e, t, found.row, found.e, t, rooms, x)
    p, d, q = found.e, t, v
    of_v = mean_of(v, p, x, top, terms, rows)
    softmax_products(p, v, of_v, spread(units.inverse * units.inverse, rooms), q, rooms)
    of_q = mean_of(q, p, x, top, terms, rows)
    of_d = mean_of(d, p, x, top, terms, rows)
    products_with(q, d, of_d, terms, rooms)
    both = total_of(terms, tile, rooms, rows.copies)
    brier_products(p, q, of_q, terms, both, factor, g, rooms)


@macro
def spoiled(x, rows):
    """NaN for rows whose largest logit is infinite or NaN, else 0."""
    top, nan = top_and_nan(x, rows.tile, rows.rooms)
    return undefined(top) + nan


@over_rows
@macro
def squared_error(x, v, rows, options, g):
    """2 · v_k."""
    t = tile_room(rows.rooms, TARGET, rows.tile)
    read_mass(rows.target.classes, rows.tile, rows.first, t, rows.rooms)
    factor = 2.0 * row_weights(rows.tile, rows.first, t, rows.target, rows.rooms)
    scaled_slopes(v, factor, spoiled(x, rows), g, rows.rooms)


@function
def log_curvatures(p, t, v, nan, g, rooms):
    """t_k / p_k² · v_k, where there is a mass at all."""
    on_its_own()
    for j in range(0, p.size, lanes_of(rooms)):
        p_j, t_j = load(p, j, rooms), load(t, j, rooms)
        put(g, j, select(t_j > 0.0, t_j / p_j / p_j * load(v, j, rooms), 0.0) + nan)


@over_rows
@macro
def log_loss(x, v, rows, options, g):
    """t_k / p_k² · v_k."""
    t = tile_room(rows.rooms, TARGET, rows.tile)
    read_masses(rows, t)
    log_curvatures(x, t, v, spoiled(x, rows), g, rows.rooms)


@macro
def held_against(x, v, rows, options):
    """z_y, v_y, the scale of violations, and NaN for spoiled rows."""
    tile, rooms, classes = rows.tile, rows.rooms, rows.target.classes
    z_y = at_label(x, tile, rows.first, classes, rooms)
    v_y = at_label(v, tile, rows.first, classes, rooms)
    top, nan = top_and_nan(x, tile, rooms)
    return z_y, v_y, headroom(options.margin, top, z_y), undefined(top) + nan


@function
def pulls(z, z_y, v, v_y, margin, scale, terms, rooms):
    """v_j − v_y where the margin is violated."""
    on_its_own()
    for j in range(0, z.size, lanes_of(rooms)):
        is_active = violation(margin, load(z, j, rooms), z_y, scale) > 0.0
        put(terms, j, select(is_active, load(v, j, rooms) - v_y, 0.0))


@over_rows
@macro
def weston_watkins(x, v, rows, options, g):
    """2 · (v_j − v_y) at the violated rivals, less their sum at the target; of the plain loss 0."""
    tile, rooms, classes = rows.tile, rows.rooms, rows.target.classes
    terms = tile_room(rooms, TERMS, tile)
    z_y, v_y, scale, nan = held_against(x, v, rows, options)
    pulls(x, z_y, v, v_y, options.margin, scale, terms, rooms)
    set_at_label(terms, tile, rows.first, classes, spread(0.0, rooms), rooms)
    factor = (2.0 if options.squared else 0.0) * rows.its.mass
    pull = factor * total_of(terms, tile, rooms, rows.copies)
    scaled_slopes(terms, factor, nan, g, rooms)
    set_at_label(g, tile, rows.first, classes, nan - pull, rooms)


@function
def at_rival(v, rivals, tile, rooms):
    """What stands at the rival of each row; 0 where there is none."""
    found = room(rooms, LANES, lanes_of(rooms), rooms)
    for lane in range(tile.rows):
        rival = int(rivals[lane])
        found[lane] = v[rival * tile.step + lane] if rival >= 0 else 0.0
    return spread(found[0], rooms) if tile.step == 1 else load(found, 0, rooms)


@over_rows
@macro
def crammer_singer(x, v, rows, options, g):
    """The same for the one rival that counts."""
    tile, rooms, classes = rows.tile, rows.rooms, rows.target.classes
    rivals = room(rooms, LEADERS, lanes_of(rooms), 1.0)
    z_rival = strongest_rivals(x, tile, rows.first, classes, rivals, rooms)
    z_y, v_y, scale, nan = held_against(x, v, rows, options)
    apart = at_rival(v, rivals, tile, rooms) - v_y
    is_active = violation(options.margin, z_rival, z_y, scale) > 0.0
    factor = (2.0 if options.squared else 0.0) * rows.its.mass
    pull = select(is_active, factor * apart, 0.0)
    rival_gradients(rivals, tile, rows.first, classes, pull, nan, g, rooms)


@function
def focal_products(p, v, mean, factor, towards_y, g, rooms):
    """p_k · (factor · (v_k − p·v) + towards_y)."""
    on_its_own()
    for j in range(0, v.size, lanes_of(rooms)):
        put(g, j, load(p, j, rooms) * (factor * centred(load(v, j, rooms), mean) + towards_y))


@over_rows
@macro
def focal(x, v, rows, options, g):
    """[F′ · p_k · (v_k − p·v) + F″ · (p_k − [k = y]) · (p·v − v_y)] / temperature².

    The loss is F(ℓ) = T · q^γ · ℓ with q = 1 − p_y, whose derivatives are
    F′ = T · q^γ · (1 + γ · p_y · ℓ / q) and
    F″ = T · γ · p_y · q^(γ−1) · (2 − ℓ + (γ − 1) · p_y · ℓ / q).
    """
    tile, r, rooms, classes = rows.tile, rows.first, rows.rooms, rows.target.classes
    gamma, inverse = options.gamma, rows.units.inverse
    found, _ = softmax_of(x, rows, True, True)
    row = found.row
    p_y = probability(row, at_label(found.e, tile, r, classes, rooms), x)
    q = complement(row, p_y, x)
    of_y = surprise(log_sum_of(row), at_label(x, tile, r, classes, rooms), rows.units)
    per_other = select(q > 0.0, of_y / q, 1.0)
    mass = rows.its.mass * power(q, gamma, tile, rooms) * inverse * inverse
    first = mass * (1.0 + gamma * p_y * per_other)
    second = mass / q * gamma * p_y * (2.0 - of_y + (gamma - 1.0) * p_y * per_other)
    second = select((q > 0.0) & (p_y > 0.0), second, 0.0)
    first = select(p_y > 0.0, first, mass)
    probabilities(found.e, row, x, found.e, rooms)
    terms = tile_room(rooms, TERMS, tile)
    mean = mean_of(v, found.e, x, row.top, terms, rows)
    of_label = centred(at_label(v, tile, r, classes, rooms), mean)
    focal_products(found.e, v, mean, first, second * -of_label, g, rooms)
    at_y = first * p_y * of_label + second * q * of_label
    set_at_label(g, tile, r, classes, at_y, rooms)


@inline
def elements(array, start, stop):
    return row_at(array, start * array.itemsize, stop - start)


@Kernel
def binary_cross_entropy(values, units, rooms, target, positive, weight, vector, out, start, stop):
    """[positive · t + (1 − t)] · σ(z) · σ(−z) · v, element by element."""
    z, t = elements(values, start, stop), elements(target, start, stop)
    v, y = elements(vector, start, stop), elements(out, start, stop)
    w = elements(weight, start, stop)
    for j in range(0, z.size, lanes_of(rooms)):
        x_j, t_j = load(z, j, rooms), as_type_of(load(t, j, rooms), 1.0)
        v_j, w_j = as_type_of(load(v, j, rooms), 1.0), load(w, j, rooms)
        e = as_type_of(exp_minus_abs(x_j, units, rooms), 1.0)
        curvature = (positive * t_j + (1.0 - t_j)) * e / ((1.0 + e) * (1.0 + e))
        x_j = as_type_of(x_j, 1.0)
        curvature = select(x_j == x_j, curvature, math.nan)
        put(y, j, select(w_j > 0.0, w_j * curvature * v_j, 0.0))


@Kernel
def binary_log_loss(values, units, rooms, target, positive, weight, vector, out, start, stop):
    """[positive · t / p² + (1 − t) / (1 − p)²] · v, element by element."""
    p, t = elements(values, start, stop), elements(target, start, stop)
    v, y = elements(vector, start, stop), elements(out, start, stop)
    w = elements(weight, start, stop)
    for j in range(0, p.size, lanes_of(rooms)):
        p_j, t_j = as_type_of(load(p, j, rooms), 1.0), as_type_of(load(t, j, rooms), 1.0)
        v_j, w_j = as_type_of(load(v, j, rooms), 1.0), load(w, j, rooms)
        yes, no = positive * t_j, 1.0 - t_j
        curvature = select(yes > 0.0, yes / p_j / p_j, p_j - p_j)
        curvature = curvature + select(no > 0.0, no / (1.0 - p_j) / (1.0 - p_j), 0.0)
        put(y, j, select(w_j > 0.0, w_j * curvature * v_j, 0.0))
