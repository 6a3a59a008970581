"""Cross-entropy of logits with class ids, and its gradient in one pass.

With the mass T of class y, and p = softmax:

    loss = T · ℓ(y) + norm · logsumexp²,      ℓ(y) = −log p_y
    ∂loss/∂z_k = T · p_k + pull · p_k,        pull = 2 · norm · logsumexp
    ∂loss/∂z_y = pull · p_y − T · (1 − p_y)

where 1 − p_y is added up from the other classes, so that it does not vanish when p_y comes close
to 1.
"""

import math

from .compiled import Kernel
from .loss_kernel import loss_kernel, softmax
from .loss_rows import (
    at_label,
    coefficients_of_row,
    fill,
    set_at_label,
    undefined,
    write_loss,
)
from .memory import after_streams, load, number, room, row_at, store
from .pipeline import Pending, Slopes, ask_for_ends, ends_written, none_of, summarise, write_all
from .rooms import EXPONENTIALS, LANE_TOTALS, LANES, LEADERS
from .rows import complement, log_sum, log_sum_of, probability, weighted_surprise
from .sums import Total
from .tiles import put, row_of, tile_at
from .vector import (
    absolute,
    as_type_of,
    first_lane,
    function,
    inline,
    lanes_of,
    macro,
    on_its_own,
    select,
    spread,
)


@inline
def logsumexp(of_row, units):
    """logsumexp of the logits, as far as a penalty on it needs."""
    return of_row.top * units.inverse + of_row.log1p_rest


@inline
def pull_of(of_row, norm, units):
    """2 · norm · logsumexp, what the penalty adds to the factor of p_k; never −0."""
    log_z = logsumexp(of_row, units)
    far = 2.0 * norm * units.inverse * of_row.top  # logsumexp itself has no room
    return select(absolute(log_z) < math.inf, 2.0 * norm * log_z, far) + 0.0


@inline
def penalty(of_row, norm, units):
    """norm · logsumexp²; 0 without a norm, whatever logsumexp is but NaN."""
    log_z = logsumexp(of_row, units)
    without = select(log_z == log_z, spread(0.0, log_z), math.nan)
    return select(norm > 0.0, norm * log_z * log_z, without)


@inline
def label_loss(of_row, mass, norm, x_y, units):
    """mass · ℓ(y) + norm · logsumexp²."""
    value = weighted_surprise(mass, of_row, x_y, units)
    return value + penalty(of_row, norm, units) + undefined(of_row.top)


@inline
def label_slopes(row, mass, pull, e_y, g, units):
    """The factor of p_k in the gradient, and the gradient at the label.

    ∂/∂z_k = (mass · (p_k − [k = y]) + pull · p_k) / temperature
    """
    p_y = probability(row, e_y, g)
    g_y = (pull * p_y - mass * complement(row, p_y, g)) * units.inverse
    return (mass + pull) * units.inverse, g_y


@function
def label_gradients(e, row, factor, g, rooms):
    """factor · p_k."""
    on_its_own()
    for j in range(0, e.size, lanes_of(rooms)):
        put(g, j, factor * probability(row, load(e, j, rooms), g))


@macro
def value(found, rows, options):
    """mass · ℓ(y) + norm · logsumexp²: one class of each row is all that counts."""
    of_row = log_sum_of(found.row)
    x_y = at_label(found.x, rows.tile, rows.first, rows.target.classes, rows.rooms)
    return label_loss(of_row, rows.its.mass, rows.its.norm, x_y, rows.units), of_row


@macro
def gradient(found, of_row, rows, options, g):
    """(mass · (p_k − [k = y]) + pull · p_k) / temperature."""
    tile, r, rooms, classes = rows.tile, rows.first, rows.rooms, rows.target.classes
    e_y = at_label(found.e, tile, r, classes, rooms)
    pull = pull_of(of_row, rows.its.norm, rows.units)
    factor, g_y = label_slopes(found.row, rows.its.mass, pull, e_y, g, rows.units)
    label_gradients(found.e, found.row, factor, g, rooms)
    set_at_label(g, tile, r, classes, g_y, rooms)


cross_entropy = loss_kernel("cross_entropy", softmax, value, gradient)


@function
def write_losses(ends, labels, count, r, loss, units, rooms):
    """The losses of the `count` rows before row r, a row in each lane: a logarithm takes as long
    for one as for all of them.
    """
    on_its_own()
    lanes = lanes_of(rooms)
    mass, norm = load(ends, 0, rooms), load(ends, lanes, rooms)
    of_rows = log_sum(load(ends, 2 * lanes, rooms), load(ends, 3 * lanes, rooms))
    value = label_loss(of_rows, mass, norm, load(labels, 0, rooms), units)
    place = row_at(loss, (r - count) * loss.itemsize, count)
    store(place, 0, as_type_of(value, loss))


@Kernel
def cross_entropy_of_rows(values, units, rooms, streams, target, options, loss, grad, start, stop):
    """The same for rows that are read and written where they are."""
    has_grad = grad.size > 0
    lanes = lanes_of(rooms)
    zero = spread(0.0, rooms)
    e = room(rooms, EXPONENTIALS, values.shape[1] if has_grad else 0, rooms)
    ends, at_labels = room(rooms, LANES, 4 * lanes, rooms), room(rooms, LEADERS, lanes, values)
    waiting = 0  # rows whose loss is still to be written
    nothing = row_at(grad, 0, 0)
    rule = Slopes(Total(zero, zero), zero, zero, -1, first_lane(zero))
    pending = none_of(Pending(rule, e, nothing, 0, streams))
    guess = start < stop
    for r in range(start, stop):
        tile = tile_at(values, r, stop, rooms)
        its = coefficients_of_row(r, False, target)
        if its.counts == 0.0 or waiting == lanes:
            write_losses(ends, at_labels, waiting, r, loss, units, rooms)
            waiting = 0
        if its.counts == 0.0:
            write_loss(loss, r, tile, zero)
            if has_grad:
                fill(row_of(grad, tile), zero, rooms)
            continue
        x = row_of(values, tile)
        g = nothing
        if has_grad:
            g = row_of(grad, tile)
            ask_for_ends(g, streams, rooms)
        ahead = values.strides[0]
        row, guess = summarise(x, e, pending, ahead, tile, guess, units, rooms, LANE_TOTALS, None)
        ends[waiting] = its.mass
        ends[lanes + waiting] = its.norm
        ends[2 * lanes + waiting] = first_lane(row.top)
        ends[3 * lanes + waiting] = first_lane(row.rest / row.e_max)
        at_labels[waiting] = number(x[target.classes[r]])
        waiting += 1
        if has_grad:
            pull = zero
            if target.norm.size:
                pull = pull_of(log_sum_of(row), spread(its.norm, rooms), units)
            e_y = at_label(e, tile, r, target.classes, rooms)
            mass = spread(its.mass, rooms)
            factor, g_y = label_slopes(row, mass, pull, e_y, g, units)
            label = target.classes[r]
            rule = Slopes(row.total, row.inverse, factor, label, first_lane(g_y))
            pending = ends_written(Pending(rule, e, g, 0, streams), rooms)
    write_losses(ends, at_labels, waiting, stop, loss, units, rooms)
    write_all(pending, rooms)
    if streams:
        after_streams()
