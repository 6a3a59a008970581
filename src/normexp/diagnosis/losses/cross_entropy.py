"""Cross-entropy by −log p, and its mean held against that of a guess."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ...losses import CrossEntropy
from ..by_loss import ordinary_code, own_checks
from ..case import Case
from ..ordinary import (
    Array,
    Losses,
    Ordinary,
    is_class_y,
    spread,
    through_softmax,
    weight_of_classes,
    without_softmax,
)
from ..seen import Seen

CLOSE = 0.02  # of the loss of a guess: as good as a guess
WORSE = 1.0  # nats above a guess; random logits of spread 1 have about half of that
ENOUGH = 30  # rows whose mean says something


@ordinary_code.register
def compute(loss: CrossEntropy, case: Case) -> Ordinary:
    if case.takes_logits:
        return through_softmax(case, cross_entropy)
    return without_softmax(cross_entropy(case, case.logits, np.log(case.logits)))


def cross_entropy(case: Case, p: Array, log_p: Array) -> Losses:
    weight = np.broadcast_to(weight_of_classes(case), p.shape)
    t_y = spread(case, np.where(is_class_y(case), weight, case.dtype.type(0)))
    p_y = case.at_y(p)
    grad = spread(case, weight) * p_y - t_y if case.takes_logits else -t_y / p_y
    return Losses(-spread(case, weight * log_p), grad)


@own_checks.register
def chance(loss: CrossEntropy, case: Case) -> Iterator[Seen]:
    """A mean loss that guessing would have, or more, with no more spread than leaves that sure."""
    if not case.is_softmax or not case.has_target:
        return
    plain = replace(loss, class_weight=None)
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
