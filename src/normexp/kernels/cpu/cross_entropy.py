"""Cross-entropy of logits, of probabilities, and of two classes; with its gradient in one pass.

With target mass t, T = Σ t and p = softmax:

    loss = Σ_k t_k · ℓ(k),            ℓ(k) = −log p_k
    ∂loss/∂z_k = T · p_k − t_k = (T − t_k) · p_k − t_k · (1 − p_k)

where 1 − p_k and T − t_k are added up from the other classes, so that neither vanishes when p_k and
t_k come close to 1 and T.
"""

import math

import numpy as np

from .compiled import Kernel
from .functions import exp_minus_abs, softplus
from .loss_rows import (
    at_label,
    coefficients_of,
    coefficients_of_row,
    counting,
    fill,
    finish,
    read_target,
    set_at_label,
    skip,
    undefined,
    write_loss,
)
from .memory import after_streams, load, number, room, rounded_to, row_at, store
from .pipeline import (
    Left,
    Slopes,
    ask_for_ends,
    begun,
    none_of,
    summarise,
    write_all,
)
from .rows import complement, largest, log_sum, log_sum_of, nan_of, probability, weighted_surprise
from .sums import Total, add, end_of_block, nothing, total_except, total_of, value_of
from .tiles import put, read_logits, row_of, target_of, tile_at, write
from .vector import (
    absolute,
    any_lane,
    as_type_of,
    first_lane,
    lanes_of,
    loop,
    on_its_own,
    part,
    select,
    spread,
    sum_of_lanes,
)


@part
def logsumexp(of_row, units):
    """logsumexp of the logits, as far as a penalty on it needs."""
    return of_row.top * units.inverse + of_row.log1p_rest


@part
def pull_of(of_row, norm, units):
    """2 · norm · logsumexp, what the penalty adds to the factor of p_k; never −0."""
    log_z = logsumexp(of_row, units)
    far = 2.0 * norm * units.inverse * of_row.top  # logsumexp itself has no room
    return select(absolute(log_z) < math.inf, 2.0 * norm * log_z, far) + 0.0


@part
def penalty(of_row, norm, units):
    """norm · logsumexp²; 0 without a norm, whatever logsumexp is but NaN."""
    log_z = logsumexp(of_row, units)
    without = select(log_z == log_z, spread(0.0, log_z), math.nan)
    return select(norm > 0.0, norm * log_z * log_z, without)


@part
def label_loss(of_row, mass, norm, x_y, units):
    """mass · ℓ(y) + norm · logsumexp²."""
    value = weighted_surprise(mass, of_row, x_y, units)
    return value + penalty(of_row, norm, units) + undefined(of_row.top)


@part
def label_slopes(row, mass, pull, e_y, g, units):
    """The factor of p_k in the gradient, and the gradient at the label.

    ∂/∂z_k = (mass · (p_k − [k = y]) + pull · p_k) / temperature
    """
    p_y = probability(row, e_y, g)
    g_y = (pull * p_y - mass * complement(row, p_y, g)) * units.inverse
    return (mass + pull) * units.inverse, g_y


@loop
def label_gradients(e, row, factor, counts, g, rooms):
    """factor · p_k, in the rows that count."""
    on_its_own()
    for j in range(0, e.size, lanes_of(rooms)):
        p = probability(row, load(e, j, rooms), g)
        put(g, j, select(counts > 0.0, factor * p, 0.0))


@Kernel
def cross_entropy(
    values,
    where,
    units,
    rooms,
    copies,
    classes,
    weight,
    norm,
    class_weight,
    loss,
    grad,
    start,
    stop,
):
    """Targets that are class ids, without smoothing: one class of each row is all that counts."""
    usual = start < stop
    r = start
    while r < stop:
        tile = tile_at(values, r, stop, rooms)
        rows = coefficients_of(
            tile, r, where, classes, weight, norm[:0], norm, class_weight, rooms, 3
        )
        if not any_lane(rows.counts > 0.0):
            skip(loss, grad, r, tile, rooms, copies)
            r += tile.rows
            continue
        x = read_logits(values, where, tile, rooms, 0, copies)
        e = room(rooms, 1, tile.size if grad.size or tile.step > 1 else 0, rooms)
        row, usual = summarise(x, e, None, 0, tile, usual, units, rooms, 2, copies)
        of_row = log_sum_of(row)
        x_y = at_label(x, tile, r, classes, rooms, 3)
        value = label_loss(of_row, rows.mass, rows.norm, x_y, units)
        write_loss(loss, r, tile, counting(rows, value))
        if grad.size:
            g = target_of(grad, tile, rooms, 0, copies)
            e_y = at_label(e, tile, r, classes, rooms, 3)
            pull = pull_of(of_row, rows.norm, units)
            factor, g_y = label_slopes(row, rows.mass, pull, e_y, g, units)
            label_gradients(e, row, factor, rows.counts, g, rooms)
            set_at_label(g, tile, r, classes, counting(rows, g_y), rooms, 3)
            write(grad, tile, g, rooms, copies)
        r += tile.rows


@loop
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
def cross_entropy_of_rows(
    values, units, rooms, streams, classes, weight, norm, class_weight, loss, grad, start, stop
):
    """The same for rows that are read and written where they are."""
    has_grad = grad.size > 0
    lanes = lanes_of(rooms)
    zero = spread(0.0, rooms)
    e = room(rooms, 1, values.shape[1] if has_grad else 0, rooms)
    ends, at_labels = room(rooms, 3, 4 * lanes, rooms), room(rooms, 4, lanes, values)
    waiting = 0  # rows whose loss is still to be written
    nothing = row_at(grad, 0, 0)
    rule = Slopes(Total(zero, zero), zero, zero, -1, first_lane(zero))
    left = none_of(Left(rule, e, nothing, 0, streams))
    usual = start < stop
    for r in range(start, stop):
        tile = tile_at(values, r, stop, rooms)
        its = coefficients_of_row(r, False, classes, weight, norm[:0], norm, class_weight)
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
        row, usual = summarise(x, e, left, ahead, tile, usual, units, rooms, 2, None)
        ends[waiting] = its.mass
        ends[lanes + waiting] = its.norm
        ends[2 * lanes + waiting] = first_lane(row.top)
        ends[3 * lanes + waiting] = first_lane(row.rest / row.e_max)
        at_labels[waiting] = number(x[classes[r]])
        waiting += 1
        if has_grad:
            pull = zero
            if norm.size:
                pull = pull_of(log_sum_of(row), spread(its.norm, rooms), units)
            e_y = at_label(e, tile, r, classes, rooms, 3)
            mass = spread(its.mass, rooms)
            factor, g_y = label_slopes(row, mass, pull, e_y, g, units)
            rule = Slopes(row.total, row.inverse, factor, classes[r], first_lane(g_y))
            left = begun(Left(rule, e, g, 0, streams), rooms)
    write_losses(ends, at_labels, waiting, stop, loss, units, rooms)
    write_all(left, rooms)
    if streams:
        after_streams()


@loop
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


@loop
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


@loop
def mass_gradients(e, t, row, t_max, t_rest, pull, counts, inverse, g, rooms):
    """((T − t_k) · p_k − t_k · (1 − p_k) + pull · p_k) / temperature."""
    on_its_own()
    for j in range(0, e.size, lanes_of(rooms)):
        t_k = load(t, j, rooms)
        p_k = probability(row, load(e, j, rooms), g)
        others = select(t_k == t_max, t_rest, (t_rest - t_k) + t_max)
        g_k = ((others + pull) * p_k - t_k * complement(row, p_k, g)) * inverse
        put(g, j, select(counts > 0.0, g_k, 0.0))


@Kernel
def spread_cross_entropy(
    values,
    where,
    units,
    rooms,
    copies,
    classes,
    weight,
    smoothing,
    norm,
    class_weight,
    loss,
    grad,
    start,
    stop,
):
    """Any target: a mass on every class of each row."""
    no_class = spread(math.nan, rooms)
    usual = start < stop
    r = start
    while r < stop:
        tile = tile_at(values, r, stop, rooms)
        rows = coefficients_of(
            tile, r, where, classes, weight, smoothing, norm, class_weight, rooms, 3
        )
        if not any_lane(rows.counts > 0.0):
            skip(loss, grad, r, tile, rooms, copies)
            r += tile.rows
            continue
        x = read_logits(values, where, tile, rooms, 0, copies)
        e = room(rooms, 1, tile.size, rooms)
        t = room(rooms, 4, tile.size, rooms)
        terms = room(rooms, 5, tile.size, rooms)
        row, usual = summarise(x, e, None, 0, tile, usual, units, rooms, 2, copies)
        read_target(classes, class_weight, where, tile, r, rows, t, rooms, 3)
        of_row = log_sum_of(row)
        sums = spread_terms(x, t, terms, of_row, units, end_of_block(tile, t, rooms), rooms)
        found = total_except(sums, terms, x, no_class, tile, rooms, 2, copies)
        of_norm = penalty(of_row, rows.norm, units)
        value = value_of(found) + of_norm + undefined(row.top) + row.rest * 0.0
        write_loss(loss, r, tile, counting(rows, value))
        if grad.size:
            g = target_of(grad, tile, rooms, 5, copies)
            t_max = largest(t, tile, rooms, copies)
            below, ties = below_largest(t, t_max, end_of_block(tile, t, rooms), rooms)
            if tile.step == 1:
                ties = sum_of_lanes(ties)
            rest = total_except(below, t, t, t_max, tile, rooms, 2, copies)
            t_rest = value_of(rest) + (ties - 1.0) * t_max
            pull = pull_of(of_row, rows.norm, units)
            mass_gradients(e, t, row, t_max, t_rest, pull, rows.counts, units.inverse, g, rooms)
            write(grad, tile, g, rooms, copies)
        r += tile.rows


@loop
def log_terms(p, t, terms, slopes):
    """−t_k · log p_k and its derivative −t_k / p_k, where there is a mass at all.

    A class that the mask has taken out has no probability.
    """
    for i in range(p.size):
        p_i, t_i = max(np.float64(number(p[i])), 0.0), np.float64(t[i])
        terms[i] = -t_i * math.log(p_i) if t_i > 0.0 else 0.0
        slopes[i] = -t_i / p_i if t_i > 0.0 else 0.0


@Kernel
def log_loss(
    values,
    where,
    units,
    rooms,
    copies,
    classes,
    weight,
    smoothing,
    norm,
    class_weight,
    loss,
    grad,
    start,
    stop,
):
    """Probabilities instead of logits: Σ_k t_k · (−log p_k), with gradient −t_k / p_k."""
    r = start
    while r < stop:
        tile = tile_at(values, r, stop, rooms)
        rows = coefficients_of(
            tile, r, where, classes, weight, smoothing, norm, class_weight, rooms, 3
        )
        if not any_lane(rows.counts > 0.0):
            skip(loss, grad, r, tile, rooms, copies)
            r += tile.rows
            continue
        p = read_logits(values, where, tile, rooms, 0, copies)
        t = room(rooms, 4, tile.size, rooms)
        terms = room(rooms, 5, tile.size, rooms)
        slopes = room(rooms, 1, tile.size, rooms)
        read_target(classes, class_weight, where, tile, r, rows, t, rooms, 3)
        log_terms(p, t, terms, slopes)
        spoiled = undefined(largest(p, tile, rooms, copies)) + nan_of(p, tile, rooms)
        value = total_of(terms, tile, rooms, 2, copies) + spoiled
        write_loss(loss, r, tile, counting(rows, value))
        if grad.size:
            g = target_of(grad, tile, rooms, 0, copies)
            finish(slopes, rows, spread(1.0, rooms), spoiled, g, rooms)
            write(grad, tile, g, rooms, copies)
        r += tile.rows


@part
def side(mass, value, x):
    """mass · value; without mass 0, since 0 · inf counts 0, but NaN where x is."""
    return select(mass > 0.0, mass * value, select(x == x, 0.0, math.nan))


@Kernel
def binary_cross_entropy(values, units, rooms, target, positive, weight, loss, grad, start, stop):
    """positive · t · softplus(−z) + (1 − t) · softplus(z), element by element.

    An element of weight 0 does not count, whatever it holds.
    """
    one_weight = weight.strides[0] == 0
    z = row_at(values, start * values.itemsize, stop - start)
    loss = row_at(loss, start * loss.itemsize, stop - start)
    target = row_at(target, start * target.itemsize, stop - start)
    weight = row_at(weight, 0 if one_weight else start * weight.itemsize, stop - start)
    g = row_at(grad, start * grad.itemsize, stop - start)
    for j in range(0, z.size, lanes_of(rooms)):
        x = load(z, j, rooms)
        t = as_type_of(load(target, j, rooms), 1.0)
        w = spread(weight[0], t) if one_weight else load(weight, j, rooms)
        x = select(w > 0.0, x, 0.0)
        yes, no = w * positive * t, w * (1.0 - t)
        wide = as_type_of(x, 1.0)
        value = side(yes, softplus(-x, units, rooms), wide) + side(
            no, softplus(x, units, rooms), wide
        )
        store(loss, j, as_type_of(value, loss))
        if grad.size:
            e = as_type_of(exp_minus_abs(x, units, rooms), 1.0)
            on = select(wide >= 0.0, 1.0, e) / (1.0 + e)
            off = select(wide >= 0.0, e, 1.0) / (1.0 + e)
            slope = no * on - yes * off + select(wide == wide, 0.0, math.nan)
            put(g, j, slope)


@Kernel
def binary_log_loss(values, units, rooms, target, positive, weight, loss, grad, start, stop):
    """−positive · t · log p − (1 − t) · log(1 − p), element by element."""
    p = row_at(values, start * values.itemsize, stop - start)
    g = row_at(grad, start * grad.itemsize, stop - start)
    for i in range(p.size):
        w, t = weight[start + i], np.float64(number(target[start + i]))
        x = np.float64(number(p[i])) if w > 0.0 else 0.0
        yes, no, nothing = w * positive * t, w * (1.0 - t), x if math.isnan(x) else 0.0
        loss[start + i] = (-yes * math.log(x) if yes else nothing) - (
            no * math.log1p(-x) if no else nothing
        )
        if grad.size:
            slope = (no / (1.0 - x) if no else nothing) - (yes / x if yes else nothing)
            g[i] = rounded_to(slope, g)
