"""softmax, log_softmax, logsumexp, sigmoid and log_sigmoid."""

import math

import numpy as np

from . import twice
from .exp import NEGLIGIBLE, exp_over_power
from .rows import (
    class_count,
    fill,
    is_defined,
    largest,
    load,
    probability,
    row_count,
    row_of,
    summarise,
    surprise,
)
from .vector import kernel, part


@kernel
def softmax(logits, out):
    """p_k = e_k / (e_max + rest)."""
    x = np.empty(class_count(logits.values))
    e = np.empty_like(x)
    for r in range(row_count(logits.values)):
        p = row_of(out, r)
        if not load(logits, r, x):
            fill(p, 0.0)
            continue
        top = largest(x)
        if not is_defined(top):
            fill(p, math.nan)
            continue
        row = summarise(logits, x, top, e)
        for k in range(x.size):
            p[k] = probability(row, e[k])


@kernel
def log_softmax(logits, out):
    """log p_k = −((m − x_k) / temperature + log1p(rest))."""
    x = np.empty(class_count(logits.values))
    e = np.empty_like(x)
    for r in range(row_count(logits.values)):
        log_p = row_of(out, r)
        if not load(logits, r, x):
            fill(log_p, -math.inf)
            continue
        top = largest(x)
        if not is_defined(top):
            fill(log_p, math.nan)
            continue
        row = summarise(logits, x, top, e)
        for k in range(x.size):
            log_p[k] = -surprise(row, x[k])


@kernel
def logsumexp(logits, out):
    """m + log1p(rest): the one result whose terms can cancel, so that it may need more digits."""
    x = np.empty(class_count(logits.values))
    e = np.empty_like(x)
    # How far the sum may fall below its terms before float64 no longer rounds it well.
    enough = 0.5 if logits.values.itemsize == 8 else 2.0**-20
    for r in range(row_count(logits.values)):
        load(logits, r, x)
        top = largest(x)
        if not is_defined(top):
            out[r] = top
            continue
        value = top + summarise(logits, x, top, e).log1p_rest
        out[r] = twice.logsumexp(x, top) if abs(value) < enough * abs(top) else value


@part
def exp_minus_abs(x):
    """exp(−|x|), which is 0 from x = ±inf on."""
    return exp_over_power(-min(abs(x), NEGLIGIBLE), 0.0, 0.0)


@kernel
def sigmoid(x, out):
    """1 / (1 + exp(−x)), from the exponential that does not overflow."""
    for i in range(x.size):
        e = exp_minus_abs(np.float64(x[i]))
        out[i] = math.nan if math.isnan(x[i]) else (1.0 if x[i] >= 0 else e) / (1.0 + e)


@part
def softplus(x):
    """log(1 + exp(x)) = max(x, 0) + log1p(exp(−|x|)), two terms that are never negative."""
    if math.isnan(x):
        return x
    return max(x, 0.0) + math.log1p(exp_minus_abs(x))


@kernel
def log_sigmoid(x, out):
    """−softplus(−x)."""
    for i in range(x.size):
        out[i] = -softplus(-np.float64(x[i]))
