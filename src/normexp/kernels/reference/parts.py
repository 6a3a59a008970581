"""What a part of a row is to the rest of it, and what follows for a part from the whole."""

import numpy as np

from ..contract import Array, Logits, Mass, Summary, Target
from .rows import Matrix, capped, column, product, read_logits, result, rows, written
from .targets import coefficient, is_ignored, read_target


@np.errstate(all="ignore")
def summarise(logits: Logits) -> Summary:
    x, live = read_logits(logits)
    top = np.fmax.reduce(x, axis=1, initial=-np.inf)  # of numbers
    is_top = live & (x == column(top))
    is_first = is_top & (is_top.cumsum(axis=1) == 1)
    e = np.where(is_top, 1.0, np.exp(x - column(top)))
    rest = np.where(live & ~is_first, e, 0.0).sum(axis=1)
    z = np.where(live & ~np.isnan(x), capped(rows(logits.values), logits.softcap), -np.inf)
    has_none = ~live.any(axis=1)
    return Summary(
        z.max(axis=1, initial=-np.inf), np.where(has_none, -1.0, rest), logits.temperature
    )


@np.errstate(all="ignore")
def merge(a: Summary, b: Summary) -> Summary:
    (top, rest), (lower, its_rest) = np.where(a.top >= b.top, (a[:2], b[:2]), (b[:2], a[:2]))
    share = np.exp((lower - top) / a.temperature)
    both = np.where(lower == top, (rest + its_rest) + 1, rest + share * (1 + its_rest))
    return Summary(top, both, a.temperature)


@np.errstate(all="ignore")
def logsumexp_of(summary: Summary) -> Array:
    return np.asarray(summary.top / summary.temperature + np.log1p(summary.rest))


def shares(logits: Logits, summary: Summary) -> tuple[Matrix, Matrix]:
    """p_k and −log p_k; NaN in rows whose largest logit is not finite."""
    x, _ = read_logits(logits)
    top = column(summary.top / summary.temperature)
    surprise = (top - x) + column(np.log1p(summary.rest))
    surprise = np.where(np.isfinite(column(summary.top)), surprise, np.nan)
    return np.exp(-surprise), surprise


@np.errstate(all="ignore")
def probabilities(logits: Logits, summary: Summary, out: Array | None = None) -> Array:
    p, _ = shares(logits, summary)
    return result(out, np.where(column(summary.rest == -1), 0.0, p), logits.values)


@np.errstate(all="ignore")
def log_probabilities(logits: Logits, summary: Summary, out: Array | None = None) -> Array:
    _, surprise = shares(logits, summary)
    return result(out, np.where(column(summary.rest == -1), -np.inf, -surprise), logits.values)


@np.errstate(all="ignore")
def target_mass(logits: Logits, target: Target, first: int = 0) -> Mass:
    _, live = read_logits(logits)
    t = read_target(target, live, first)
    top = t.max(axis=1, initial=0.0)
    return Mass(top, t.sum(axis=1) - top)


def merge_masses(a: Mass, b: Mass) -> Mass:
    return Mass(np.maximum(a.top, b.top), a.rest + b.rest + np.minimum(a.top, b.top))


@np.errstate(all="ignore")
def cross_entropy_of_part(
    logits: Logits,
    target: Target,
    summary: Summary,
    mass: Mass,
    first: int = 0,
    loss: Array | None = None,
    grad: Array | None = None,
) -> tuple[Array, Array]:
    _, live = read_logits(logits)
    p, surprise = shares(logits, summary)
    t = read_target(target, live, first)
    norm = coefficient(target.norm, len(t))
    log_z = logsumexp_of(summary)
    value = product(t, surprise).sum(axis=1) + (norm * log_z**2 if first == 0 and t.size else 0.0)
    gradient = column(mass.top + mass.rest + 2 * norm * log_z) * p - t
    ignored = is_ignored(target) | (summary.rest == -1)
    undefined = ~np.isfinite(summary.top + summary.rest)
    return written(logits, ignored, undefined, value, gradient, loss, grad)
