"""Cross-entropy of logits, of probabilities, and of two classes; with its gradient in one pass.

With target mass t, T = Σ t and p = softmax:

    loss = Σ_k t_k · ℓ(k),            ℓ(k) = −log p_k
    ∂loss/∂z_k = T · p_k − t_k = (T − t_k) · p_k − t_k · (1 − p_k)

where 1 − p_k and T − t_k are added up from the other classes, so that neither vanishes when p_k and
t_k come close to 1 and T.
"""

import math

import numpy as np

from .functions import exp_minus_abs, softplus
from .loss_rows import entry, is_ignored, label_weight, read_target, settle, write_gradient
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
    surprise,
    total,
    total_but_one,
)
from .vector import kernel, part


@part
def log_norm(row, logits):
    """logsumexp of the logits as read."""
    return row.max / logits.temperature + row.log1p_rest


@part
def label_gradient(grad, r, logits, row, e, y, mass, pull):
    """mass · (p_k − [k = y]) + pull · p_k."""
    if grad.size:
        e_y = e[y]
        for k in range(e.size):
            e[k] = (mass + pull) * probability(row, e[k])
        e[y] = pull * probability(row, e_y) - mass * complement(row, e_y)
        write_gradient(grad, r, e, logits)


@part
def mass_gradient(grad, r, logits, row, e, t, pull):
    """(T − t_k) · p_k − t_k · (1 − p_k) + pull · p_k."""
    if grad.size:
        t_max = t.max()
        t_rest = total_but_one(t, t_max)
        for k in range(e.size):
            t_others = t_rest if t[k] == t_max else (t_rest - t[k]) + t_max
            e[k] = (t_others + pull) * probability(row, e[k]) - t[k] * complement(row, e[k])
        write_gradient(grad, r, e, logits)


@kernel
def cross_entropy(logits, target, loss, grad):
    """Targets that are class ids, without smoothing: one class of each row is all that counts."""
    x = np.empty(class_count(logits.values))
    e = np.empty_like(x)
    for r in range(row_count(logits.values)):
        if is_ignored(target, r) or not load(logits, r, x):
            settle(loss, grad, r, 0.0)
            continue
        top = largest(x)
        if not is_defined(top):
            settle(loss, grad, r, math.nan)
            continue
        row = summarise(logits, x, top, e)
        y = target.classes[r]
        mass = label_weight(target, r)
        penalty = entry(target.norm, r)
        norm = log_norm(row, logits)
        loss[r] = (mass * surprise(row, x[y]) if mass else 0.0) + penalty * norm * norm
        label_gradient(grad, r, logits, row, e, y, mass, 2.0 * penalty * norm)


@kernel
def spread_cross_entropy(logits, target, loss, grad):
    """Any target: a mass on every class of each row."""
    x = np.empty(class_count(logits.values))
    e = np.empty_like(x)
    t = np.empty_like(x)
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
        read_target(target, logits.where, r, t)
        for k in range(x.size):
            terms[k] = t[k] * surprise(row, x[k]) if t[k] else 0.0
        penalty = entry(target.norm, r)
        norm = log_norm(row, logits)
        loss[r] = total(terms) + penalty * norm * norm
        mass_gradient(grad, r, logits, row, e, t, 2.0 * penalty * norm)


@kernel
def log_loss(probabilities, target, loss, grad):
    """Probabilities instead of logits: Σ_k t_k · (−log p_k), with gradient −t_k / p_k."""
    p = np.empty(class_count(probabilities.values))
    t = np.empty_like(p)
    terms = np.empty_like(p)
    for r in range(row_count(probabilities.values)):
        if is_ignored(target, r) or not load(probabilities, r, p):
            settle(loss, grad, r, 0.0)
            continue
        if not is_defined(largest(p)):
            settle(loss, grad, r, math.nan)
            continue
        read_target(target, probabilities.where, r, t)
        for k in range(p.size):
            # A class that the mask has taken out has no probability.
            terms[k] = -t[k] * math.log(max(p[k], 0.0)) if t[k] else 0.0
        loss[r] = total(terms)
        if grad.size:
            out = row_of(grad, r)
            for k in range(p.size):
                out[k] = -t[k] / max(p[k], 0.0) if t[k] else 0.0


@part
def read_element(values, weight, i):
    """Element i; 0 if it does not count, whatever it holds."""
    return np.float64(values[i]) if weight[i] != 0.0 else 0.0


@part
def sides(x, target, positive, weight, i):
    """What yes and no count at element i, and what a side without mass adds: 0 · inf counts 0, so
    nothing, but for a NaN."""
    nothing = x if math.isnan(x) else 0.0
    return weight[i] * positive * target[i], weight[i] * (1.0 - target[i]), nothing


@kernel
def binary_cross_entropy(z, target, positive, weight, loss, grad):
    """positive · t · softplus(−z) + (1 − t) · softplus(z), element by element."""
    for i in range(z.size):
        x = read_element(z, weight, i)
        yes, no, nothing = sides(x, target, positive, weight, i)
        loss[i] = (yes * softplus(-x) if yes else nothing) + (no * softplus(x) if no else nothing)
        if grad.size:
            e = exp_minus_abs(x)
            on = (1.0 if x >= 0 else e) / (1.0 + e)
            off = (e if x >= 0 else 1.0) / (1.0 + e)
            grad[i] = no * on - yes * off + nothing


@kernel
def binary_log_loss(p, target, positive, weight, loss, grad):
    """−positive · t · log p − (1 − t) · log(1 − p), element by element."""
    for i in range(p.size):
        x = read_element(p, weight, i)
        yes, no, nothing = sides(x, target, positive, weight, i)
        loss[i] = (-yes * math.log(x) if yes else nothing) - (
            no * math.log1p(-x) if no else nothing
        )
        if grad.size:
            grad[i] = (no / (1.0 - x) if no else nothing) - (yes / x if yes else nothing)
