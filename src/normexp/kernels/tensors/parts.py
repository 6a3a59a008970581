"""What a part of a row is to the rest of it, and what follows for a part from the whole."""

import torch

from ..contract import Logits, Mass, Summary, Target
from .rows import (
    INF,
    NAN,
    Tensor,
    column,
    entries,
    lead_of,
    product,
    read_logits,
    result,
    slope,
)
from .targets import coefficient, is_ignored, read_target


def summarise(logits: Logits) -> Summary:
    z, live = read_logits(logits)
    if not z.shape[1]:
        nothing = z.sum(1)
        return Summary(nothing - INF, nothing - 1, logits.temperature)
    top = torch.where(z.isnan(), -INF, z).amax(1, keepdim=True)  # of numbers
    is_top = live & (z == top)
    is_first = is_top & (is_top.cumsum(1) == 1)
    e = torch.where(is_top, 1, lead_of(z, top, logits.temperature)[1])
    rest = torch.where(live & ~is_first, e, 0).sum(1)
    return Summary(top[:, 0], torch.where(live.any(1), rest, -1), logits.temperature)


def merge(a: Summary, b: Summary) -> Summary:
    leads = a.top >= b.top
    top, rest = torch.where(leads, a.top, b.top), torch.where(leads, a.rest, b.rest)
    lower, its_rest = torch.where(leads, b.top, a.top), torch.where(leads, b.rest, a.rest)
    _, share = lead_of(lower, top, a.temperature)
    both = torch.where(lower == top, (rest + its_rest) + 1, rest + share * (1 + its_rest))
    return Summary(top, both, a.temperature)


def logsumexp_of(summary: Summary) -> Tensor:
    return summary.top / summary.temperature + torch.log1p(summary.rest)


def surprise_of(logits: Logits, summary: Summary) -> Tensor:
    """−log p of a part; NaN in rows whose largest logit is not finite."""
    z, _ = read_logits(logits)
    lead, _ = lead_of(z, column(summary.top), summary.temperature)
    surprise = lead + column(torch.log1p(summary.rest))
    return torch.where(column(summary.top).isfinite(), surprise, NAN)


def probabilities(logits: Logits, summary: Summary, out: Tensor = None) -> Tensor:
    z, _ = read_logits(logits)
    p = torch.where(column(summary.top).isfinite(), share(z, summary), NAN)
    return result(out, torch.where(column(summary.rest == -1), 0, p), logits.values)


def share(z: Tensor, summary: Summary) -> Tensor:
    """p of a part."""
    _, e = lead_of(z, column(summary.top), summary.temperature)
    return e / (1 + column(summary.rest))


def log_probabilities(logits: Logits, summary: Summary, out: Tensor = None) -> Tensor:
    log_p = -surprise_of(logits, summary)
    return result(out, torch.where(column(summary.rest == -1), -INF, log_p), logits.values)


def target_mass(logits: Logits, target: Target, first: int = 0) -> Mass:
    _, live = read_logits(logits)
    return mass_of(read_target(target, live, first))


def mass_of(t: Tensor) -> Mass:
    if not t.shape[1]:
        return Mass(t.sum(1), t.sum(1))
    top, at = t.max(1, keepdim=True)
    return Mass(top[:, 0], t.scatter(1, at, 0.0).sum(1))


def merge_masses(a: Mass, b: Mass) -> Mass:
    return Mass(torch.maximum(a.top, b.top), a.rest + b.rest + torch.minimum(a.top, b.top))


def cross_entropy_of_part(
    logits: Logits,
    target: Target,
    summary: Summary,
    mass: Mass,
    first: int = 0,
    loss: Tensor = None,
    grad: Tensor = None,
) -> tuple[Tensor, Tensor]:
    z, live = read_logits(logits)
    surprise = surprise_of(logits, summary)
    rest = column(summary.rest)
    p = share(z, summary)
    # 1 − p where p is above ½: what the others have, of which one may be as large.
    leads = (z == column(summary.top)) & (rest < 1)
    complement = torch.where(leads, rest / (1 + rest), 1 - p)
    t = read_target(target, live, first)
    norm = coefficient(target.norm, summary.top)
    log_z = logsumexp_of(summary)
    value = product(t, surprise).sum(1)
    if first == 0 and t.shape[1]:
        value = value + norm * log_z**2
    gradient = gradient_of(t, mass, p, complement) + column(2 * norm * log_z) * p
    ignored = is_ignored(target) | (summary.rest == -1)
    of_whole: Tensor = summary.top + summary.rest
    undefined = ~of_whole.isfinite()
    return written(logits, ignored, undefined, value, gradient, loss, grad)


def gradient_of(t: Tensor, mass: Mass, p: Tensor, complement: Tensor) -> Tensor:
    """T·p_k − t_k = (T − t_k)·p_k − t_k·(1 − p_k), of which nothing cancels."""
    top, rest = column(mass.top), column(mass.rest)
    others = torch.where(t == top, rest, (top - t) + rest)
    return others * p - t * complement


def written(
    logits: Logits,
    ignored: Tensor,
    undefined: Tensor,
    value: Tensor,
    gradient: Tensor,
    loss: Tensor = None,
    grad: Tensor = None,
) -> tuple[Tensor, Tensor]:
    """Value and gradient of each row: 0 where it is ignored, else NaN where it is undefined.

    The gradient is that with respect to what the logits are read as.
    """
    value = torch.where(ignored, 0, torch.where(undefined, NAN, value))
    if grad is None or grad.numel():
        gradient = torch.where(column(undefined), NAN, slope(logits) * gradient)
        grad = result(grad, torch.where(column(ignored), 0, gradient), logits.values)
    return entries(loss, value), grad
