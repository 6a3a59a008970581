"""Hinges, by the violations of the margin."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...losses import MulticlassHinge
from ..by_loss import impossible_targets, ordinary_code, own_checks
from ..case import Case
from ..inputs import targets_at_minus_inf
from ..ordinary import (
    Losses,
    Ordinary,
    column,
    is_class_y,
    total,
    weight_of_classes,
    without_softmax,
)
from ..seen import Seen


@ordinary_code.register
def compute(loss: MulticlassHinge, case: Case) -> Ordinary:
    return without_softmax(hinge(case, loss))


def hinge(case: Case, loss: MulticlassHinge) -> Losses:
    zero = case.dtype.type(0)
    z = np.where(case.where, case.logits, case.dtype.type(-np.inf))
    violations = np.maximum(zero, case.dtype.type(loss.margin) + (z - column(case.at_y(z))))
    violations = np.where(is_class_y(case), zero, violations)
    powers = violations * violations if loss.squared else violations
    slopes = violations + violations if loss.squared else (violations > 0).astype(case.dtype)
    if loss.variant == "weston-watkins":
        value, pull = total(powers)[:, 0], total(slopes)[:, 0]
    else:
        value, pull = powers.max(axis=1), slopes.max(axis=1)
    weight = weight_of_classes(case)[case.y]
    return Losses(weight * value, -weight * pull)


@impossible_targets.register
def impossible(loss: MulticlassHinge, case: Case) -> Iterator[Seen]:
    return targets_at_minus_inf(case)


@own_checks.register
def margins(loss: MulticlassHinge, case: Case) -> Iterator[Seen]:
    """Hinges of which none pulls any more."""
    if case.has_target:
        is_won = case.counts & (case.true.value == 0)
        yield Seen("margins-won", is_won & is_won[case.counts].all())
