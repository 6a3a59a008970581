"""What every loss does with a row: read it and its target, skip it, write its gradient."""

import math

import numpy as np

from .rows import cap_slope, fill, row_of
from .vector import part


@part
def entry(coefficients, r):
    """The coefficient of row r, 0 where there are none."""
    return coefficients[r] if coefficients.size else 0.0


@part
def weight_of(class_weight, k):
    return class_weight[k] if class_weight.size else 1.0


@part
def weight_of_label(classes, class_weight, r):
    """The class weight of a row's class id: 0 for −1, 1 where the target is no class id."""
    if classes.ndim > 1:
        return 1.0
    return weight_of(class_weight, classes[r]) if classes[r] >= 0 else 0.0


@part
def label_weight(target, r):
    """What a row counts: its own weight times that of its class id."""
    return target.weight[r] * weight_of_label(target.classes, target.class_weight, r)


@part
def is_without_label(classes, r):
    return classes[r] < 0 if classes.ndim == 1 else False


@part
def is_ignored(target, r):
    return is_without_label(target.classes, r) or (
        label_weight(target, r) == 0.0
        and entry(target.smoothing, r) == 0.0
        and entry(target.norm, r) == 0.0
    )


@part
def read_mass(classes, r, t):
    """The target of row r as a mass for every class."""
    if classes.ndim == 1:
        for k in range(t.size):
            t[k] = 0.0
        t[classes[r]] = 1.0
    else:
        mass = row_of(classes, r)
        for k in range(t.size):
            t[k] = mass[k]


@part
def is_live(where, r, k):
    return where.size == 0 or row_of(where, r)[k]


@part
def read_target(target, where, r, t):
    """t_k = class_weight[k] · (weight · mass_k + smoothing), smoothing on live classes only."""
    read_mass(target.classes, r, t)
    weight = target.weight[r]
    smoothing = entry(target.smoothing, r)
    for k in range(t.size):
        spread = smoothing if is_live(where, r, k) else 0.0
        t[k] = weight_of(target.class_weight, k) * (weight * t[k] + spread)


@part
def settle(loss, grad, r, value):
    """Loss and gradient of a row that needs no computing: 0 if it is ignored or its mask leaves no
    class, NaN if it holds NaN or +inf, or nothing but −inf."""
    loss[r] = value
    if grad.size:
        fill(row_of(grad, r), value)


@part
def write_gradient(grad, r, g, logits):
    """∂/∂z from g = ∂/∂x, for x = softcap · tanh(z / softcap) / temperature."""
    out = row_of(grad, r)
    inverse = 1.0 / logits.temperature
    if logits.softcap == math.inf:
        for k in range(g.size):
            out[k] = g[k] * inverse
    else:
        z = row_of(logits.values, r)
        for k in range(g.size):
            out[k] = g[k] * inverse * cap_slope(np.float64(z[k]), logits.softcap)
