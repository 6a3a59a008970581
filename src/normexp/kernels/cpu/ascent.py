"""Dual coordinate ascent on hinges: the multipliers of one row after the other.

With the leads ``v_j = margin + z_j − z_y`` at the multipliers a that a row has, and the curvature
q of its share of the dual, the best ones are

    a_j' = clip(κ · (u_j − θ), 0, most)        u_j = a_j + v_j / q,   κ = q / (q + each)

for the θ with which they add up to ``min(most_in_all, λ · (θ + Σ_j a_j))``, λ = q / (q + all): what
they are lowered by together is what they have risen by in all, and more where that is too much.
"""

import math

from .compiled import Kernel
from .memory import as_number_of, is_within, load, row_at, store, will_read
from .vector import first_lane, fma, inline, lanes_of, select, spread, sum_of_lanes

SLACK = 1e-12  # in parts of `most_in_all`: less than that of it left is nothing left
ASKED = 256  # numbers of a row: the processor finds the others by itself
STEPS = 100  # of Newton's method: each settles which multipliers are free, or halves the bracket


@inline
def row_of(matrix, i):
    return row_at(matrix, i * matrix.strides[0], matrix.shape[1])


@inline
def part_of(numbers, first, last):
    return row_at(numbers, first * numbers.itemsize, last - first)


@inline
def product(x, w, like):
    """x · w."""
    lanes = lanes_of(like)
    whole = x.size - x.size % lanes
    total = spread(0.0, like)
    for j in range(0, whole, lanes):
        total = fma(load(x, j, like), load(w, j, like), total)
    if whole < x.size:
        rest = load(x, whole, like) * load(w, whole, like)
        total = total + select(is_within(x, whole, like), rest, 0.0)
    return first_lane(sum_of_lanes(total))


@inline
def add(w, factor, x, like):
    """w += factor · x."""
    f = spread(factor, like)
    for j in range(0, w.size, lanes_of(like)):
        store(w, j, fma(f, load(x, j, like), load(w, j, like)))


@inline
def clipped(a, most):
    return min(max(a, 0.0), most)


@inline
def ask_for(samples, i, like):
    """Ask for the features of a row that comes next."""
    offset = i * samples.features.strides[0]
    for j in range(0, min(samples.features.shape[1], ASKED), lanes_of(like)):
        will_read(samples.features, offset + j * samples.features.itemsize, like)


@inline
def centre(samples, i, x):
    """Write down the features of a row less their mean."""
    its = row_of(samples.features, i)
    for j in range(0, x.size, lanes_of(x)):
        store(x, j, as_number_of(load(its, j, x), x) - load(samples.mean, j, x))


@inline
def leads_of_row(samples, kind, affine, rivals, i, x, v):
    """v_j of the chosen rivals."""
    like, y = x, samples.target[i]
    own = product(x, row_of(affine.weight, y), like) + affine.bias[y]
    for p in range(rivals.size):
        j = rivals[p]
        score = product(x, row_of(affine.weight, j), like) + affine.bias[j]
        v[p] = kind.margin + score - own


@inline
def violation_of_row(kind, a, v, total):
    """The largest slope of a multiplier that can grow, less the smallest of one that can shrink.

    What is left of `most_in_all` counts as a multiplier whose slope is 0.
    """
    rising, falling = 0.0, 0.0 if total < kind.most_in_all * (1 - SLACK) else math.inf
    for p in range(a.size):
        slope = v[p] - kind.each * a[p] - kind.all * total
        if a[p] < kind.most:
            rising = max(rising, slope)
        if a[p] > 0.0:
            falling = min(falling, slope)
    return rising - falling


@inline
def threshold(u, kind, q, total):
    """θ, by Newton's method: the sum less its goal falls, in straight pieces, as θ grows."""
    kappa, lam = q / (q + kind.each), q / (q + kind.all)
    low, high = -total, -math.inf
    for p in range(u.size):
        high = max(high, u[p])
    if high <= low:
        return low
    theta = low
    for _ in range(STEPS):
        goal = lam * (theta + total)
        is_capped = goal > kind.most_in_all
        excess = -kind.most_in_all if is_capped else -goal
        slope = 0.0 if is_capped else lam
        for p in range(u.size):
            a = clipped(kappa * (u[p] - theta), kind.most)
            excess += a
            if 0.0 < a < kind.most:
                slope += kappa
        if excess > 0.0:
            low = theta
        else:
            high = theta
        following = theta + excess / slope if slope > 0.0 else math.inf
        if following == theta:
            break
        if not low < following < high:
            following = 0.5 * (low + high)
            if following in (low, high):
                break
        theta = following
    return theta


@inline
def move_row(samples, kind, affine, rivals, i, q, theta, x, u, a):
    """Take the multipliers that belong to θ, and let W and b follow."""
    like, y = x, samples.target[i]
    pull, kappa, moved = samples.pull[i], q / (q + kind.each), 0.0
    for p in range(rivals.size):
        j = rivals[p]
        best = clipped(kappa * (u[p] - theta), kind.most)
        step = best - a[p]
        if step != 0.0:
            a[p] = best
            moved += step
            add(row_of(affine.weight, j), -pull * step, x, like)
            affine.bias[j] -= pull * step * samples.constant
    if moved != 0.0:
        add(row_of(affine.weight, y), pull * moved, x, like)
        affine.bias[y] += pull * moved * samples.constant


@Kernel
def ascend(samples, kind, affine, chosen, order, x, room, worst, start, stop):
    """Rows order[start:stop], one after the other, each written to x first."""
    for t in range(start, stop):
        i = order[t]
        if t + 1 < stop:
            ask_for(samples, order[t + 1], x)
        first, last = chosen.first[i], chosen.first[i + 1]
        rivals, a = part_of(chosen.rivals, first, last), part_of(chosen.multipliers, first, last)
        v, q = part_of(room, 0, last - first), samples.curvature[i]
        centre(samples, i, x)
        leads_of_row(samples, kind, affine, rivals, i, x, v)
        total = 0.0
        for p in range(a.size):
            total += a[p]
        violation = violation_of_row(kind, a, v, total)
        worst[0] = max(worst[0], violation)
        if violation > 0.0:
            for p in range(a.size):
                v[p] = a[p] + v[p] / q
            move_row(samples, kind, affine, rivals, i, q, threshold(v, kind, q, total), x, v, a)
