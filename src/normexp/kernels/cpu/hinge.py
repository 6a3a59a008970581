"""The two multiclass hinge losses, plain and squared, each with a subgradient in the same pass.

The violation of a rival j is v_j = margin + z_j − z_y. At the kink, v_j = 0, the subgradient is 0.
"""

import math

import numpy as np

from .loss_rows import is_ignored, label_weight, settle
from .rows import class_count, fill, is_defined, largest, load, row_count, row_of, total
from .vector import kernel, part, two_sum


@part
def violation(margin, z_j, z_y):
    """max(0, margin + z_j − z_y), keeping the digits that the two roundings lose."""
    if z_j == -math.inf:
        return 0.0
    gap, gap_low = two_sum(z_j, -z_y)
    if math.isinf(gap):
        return max(0.0, gap)
    value, value_low = two_sum(gap, margin)
    return max(0.0, value + (value_low + gap_low))


@part
def loss_and_slope(v, squared):
    """(v, 1) or (v², 2v) where the margin is violated."""
    if squared:
        return v * v, 2.0 * v
    return v, 1.0 if v > 0.0 else 0.0


@kernel
def weston_watkins(logits, target, margin, squared, loss, grad):
    """Σ_{j ≠ y} max(0, margin + z_j − z_y): every rival counts."""
    z = np.empty(class_count(logits.values))
    terms = np.empty_like(z)
    slopes = np.empty_like(z)
    for r in range(row_count(logits.values)):
        if is_ignored(target, r) or not load(logits, r, z):
            settle(loss, grad, r, 0.0)
            continue
        if not is_defined(largest(z)):
            settle(loss, grad, r, math.nan)
            continue
        y = target.classes[r]
        weight = label_weight(target, r)
        for j in range(z.size):
            v = violation(margin, z[j], z[y]) if j != y else 0.0
            terms[j], slopes[j] = loss_and_slope(v, squared)
        loss[r] = weight * total(terms)
        if grad.size:
            out = row_of(grad, r)
            for j in range(z.size):
                out[j] = weight * slopes[j]
            out[y] = -weight * total(slopes)


@kernel
def crammer_singer(logits, target, margin, squared, loss, grad):
    """max(0, margin + max_{j ≠ y} z_j − z_y): only the strongest rival counts."""
    z = np.empty(class_count(logits.values))
    for r in range(row_count(logits.values)):
        if is_ignored(target, r) or not load(logits, r, z):
            settle(loss, grad, r, 0.0)
            continue
        if not is_defined(largest(z)):
            settle(loss, grad, r, math.nan)
            continue
        y = target.classes[r]
        weight = label_weight(target, r)
        rival, z_rival = -1, -math.inf
        for j in range(z.size):
            if j != y and z[j] > z_rival:
                rival, z_rival = j, z[j]
        value, slope = loss_and_slope(violation(margin, z_rival, z[y]), squared)
        loss[r] = weight * value
        if grad.size:
            out = row_of(grad, r)
            fill(out, 0.0)
            if rival >= 0:
                out[rival] = weight * slope
                out[y] = -weight * slope
