"""Checks of what the numbers look like: something else than the logits of a network that learns."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ..functions import logsumexp
from ..losses import BinaryCrossEntropy, CrossEntropy
from .case import Case
from .inputs import tolerance
from .seen import Seen

COARSE = 1 / 64  # steps between neighbouring logits that move a probability by more than 1 %
CLOSE = 0.02  # of the loss of a guess: as good as a guess
WORSE = 1.0  # nats above a guess; random logits of spread 1 have about half of that
ENOUGH = 30  # rows whose mean says something


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
        if case.has_target and isinstance(case.loss, CrossEntropy):
            of_probabilities = CrossEntropy(class_weight=case.loss.class_weight, from_logits=False)
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
    if len(z) < 2 or isinstance(case.loss, BinaryCrossEntropy):
        return
    yield Seen("equal-rows", case.counts & bool((z == z[0]).all()))


def chance(case: Case) -> Iterator[Seen]:
    """A mean loss that guessing would have, or more, with no more spread than leaves that sure."""
    if not isinstance(case.loss, CrossEntropy) or not case.is_softmax or not case.has_target:
        return
    plain = replace(case.loss, class_weight=None)
    excess = case.true_value_of(plain) - np.log(np.maximum(case.where.sum(axis=1), 1))
    excess = excess[case.counts]
    guess = math.log(case.classes)
    if excess.size and case.classes > 1 and np.isfinite(excess).all():
        mean, error = excess.mean(), excess.std() / math.sqrt(excess.size)
        is_close = abs(mean) <= CLOSE * guess and error <= CLOSE * guess
        is_read = (case.has_readable_target | case.is_ignored).all()  # or else that is the reason
        is_worse = is_read and excess.size >= ENOUGH and mean - 3 * error > WORSE
        facts = {"guess": guess, "mean": guess + mean}
        yield Seen("chance", case.counts & bool(is_close), facts=facts)
        yield Seen("worse-than-chance", case.counts & bool(is_worse), facts=facts)
