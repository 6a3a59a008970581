"""Checks of what the numbers look like: something else than the logits of a network that learns."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ..functions import logsumexp
from .case import Case, with_options
from .inputs import tolerance
from .seen import Seen

PLAIN = {"label_smoothing": 0.0, "temperature": 1.0, "softcap": None, "z_loss": 0.0}
COARSE = 1 / 64  # steps between neighbouring logits that move a probability by more than 1 %


def taken_for_logits(case: Case) -> Iterator[Seen]:
    """Probabilities, or their logarithms, where logits are meant to be."""
    if not case.is_softmax or case.classes == 1 or not case.counts.any():
        return
    z = case.wide
    lowest = z.min(axis=1, where=case.where, initial=np.inf)
    highest = z.max(axis=1, where=case.where, initial=-np.inf)
    is_in_range = (lowest >= 0) & (highest <= 1)
    sums = z.sum(axis=1, where=case.where & is_in_range[:, np.newaxis])
    twice = is_in_range & (abs(sums - 1) <= tolerance(case.dtype))
    if twice[case.counts].all():
        numbers = {}
        if case.has_target and hasattr(case.loss, "from_logits"):
            of_probabilities = with_options(case.loss, from_logits=False, **PLAIN)
            numbers = {
                "loss as logits": case.true.value,
                "loss as probabilities": case.true_value_of(of_probabilities),
            }
        floor = math.log1p((case.classes - 1) / math.e)
        yield Seen("probabilities-as-logits", case.counts, numbers, {"floor": floor})
    if (highest[case.counts] <= 0).all():
        sums = logsumexp(z, where=case.where)
        normalised = abs(sums) <= tolerance(case.dtype)
        if normalised[case.counts].all():
            yield Seen("log-probabilities", case.counts, {"logsumexp": sums})


def offset(case: Case) -> Iterator[Seen]:
    """Rows so far from 0, all classes together, that their type has no room for the differences."""
    if not case.is_softmax:
        return
    z = np.where(np.isfinite(case.wide) & case.where, case.wide, np.nan)
    has_some = case.counts & ~np.isnan(z).all(axis=1)
    z = np.where(has_some[:, np.newaxis], z, 0.0)
    lowest, highest = np.nanmin(z, axis=1), np.nanmax(z, axis=1)
    nearest = np.where(lowest > 0, lowest, np.where(highest < 0, -highest, 0.0))
    with np.errstate(over="ignore"):
        step = np.spacing(nearest.astype(case.dtype)).astype(np.float64)
    is_common = nearest > 2 * (highest - lowest)
    yield Seen("offset", has_some & is_common & (step > COARSE), {"offset": nearest, "step": step})


def equal_rows(case: Case) -> Iterator[Seen]:
    """A batch in which every row is the same."""
    z = case.wide[case.counts]
    if len(z) < 2 or case.loss.is_elementwise:
        return
    yield Seen("equal-rows", case.counts & bool((z == z[0]).all()))
