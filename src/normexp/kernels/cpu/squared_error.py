"""Squared distance to the target, measured on the logits or (the Brier score) on probabilities."""

import math

import numpy as np

from .loss_rows import is_ignored, is_live, read_mass, settle, weight_of, write_gradient
from .rows import (
    class_count,
    complement,
    is_defined,
    largest,
    load,
    probability,
    row_count,
    row_of,
    summarise,
    total,
)
from .vector import kernel, part


@part
def row_weight(target, r, t):
    """weight · Σ_k class_weight[k] · mass_k: for a class id, the weight of that class."""
    if target.class_weight.size == 0:
        return target.weight[r]
    weight = 0.0
    for k in range(t.size):
        weight += weight_of(target.class_weight, k) * t[k]
    return target.weight[r] * weight


@kernel
def squared_error(logits, target, loss, grad):
    """Σ_k (z_k − t_k)², with gradient 2 · (z_k − t_k)."""
    z = np.empty(class_count(logits.values))
    t = np.empty_like(z)
    squares = np.empty_like(z)
    for r in range(row_count(logits.values)):
        if is_ignored(target, r) or not load(logits, r, z):
            settle(loss, grad, r, 0.0)
            continue
        if not is_defined(largest(z)):
            settle(loss, grad, r, math.nan)
            continue
        read_mass(target.classes, r, t)
        weight = row_weight(target, r, t)
        for k in range(z.size):
            z[k] = z[k] - t[k] if is_live(logits.where, r, k) else 0.0
            squares[k] = z[k] * z[k]
        loss[r] = weight * total(squares) if weight else 0.0
        if grad.size:
            out = row_of(grad, r)
            for k in range(z.size):
                out[k] = 2.0 * weight * z[k] if weight else 0.0


@part
def distances(row, e, t, g):
    """g_k = p_k − t_k; where t_k is 1, −(1 − p_k) added up from the other classes."""
    for k in range(e.size):
        if t[k] == 1.0:
            g[k] = -complement(row, e[k])
        else:
            g[k] = probability(row, e[k]) - t[k]


@kernel
def brier(logits, target, loss, grad):
    """Σ_k g_k² with g = p − t, with gradient 2 · p_k · Σ_{j ≠ k} p_j · (g_k − g_j).

    The sum over the others is g_k · (1 − p_k) − Σ_{j ≠ k} p_j · g_j; the second part is added up
    without the leading class M, whose term would swallow the rest, and that term is put back last.
    """
    x = np.empty(class_count(logits.values))
    e = np.empty_like(x)
    t = np.empty_like(x)
    g = np.empty_like(x)
    terms = np.empty_like(x)
    for r in range(row_count(logits.values)):
        if is_ignored(target, r) or not load(logits, r, x):
            settle(loss, grad, r, 0.0)
            continue
        top = largest(x)
        if not is_defined(top):
            settle(loss, grad, r, math.nan)
            continue
        row = summarise(logits, x, top, e)
        read_mass(target.classes, r, t)
        weight = row_weight(target, r, t)
        distances(row, e, t, g)
        for k in range(x.size):
            terms[k] = g[k] * g[k]
        loss[r] = weight * total(terms)
        if grad.size:
            leader = 0
            for k in range(x.size):
                if x[k] == top:
                    leader = k
                terms[k] = probability(row, e[k]) * g[k]
            of_leader = terms[leader]
            terms[leader] = 0.0
            without_leader = total(terms)
            for k in range(x.size):
                over_others = without_leader
                if k != leader:
                    over_others = (without_leader - terms[k]) + of_leader
                p_k = probability(row, e[k])
                spread = g[k] * complement(row, e[k]) - over_others
                e[k] = 2.0 * weight * p_k * spread
            write_gradient(grad, r, e, logits)
