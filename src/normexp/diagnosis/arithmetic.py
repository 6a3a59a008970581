"""Checks of what ordinary arithmetic makes of the rows, held against their true losses."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import loss_type
from .by_loss import compute
from .case import Case, Mask, Vector
from .ordinary import Ordinary
from .seen import Seen


@np.errstate(over="ignore")
def returned(case: Case, values: Vector) -> NDArray[Any]:
    """Values in the type that losses come back in."""
    return values.astype(loss_type(case.dtype))


def infinite(case: Case, explained: Mask) -> Iterator[Seen]:
    """True losses that are inf, or too large for the type of the result, for no reason yet seen."""
    if case.has_target:
        is_infinite = case.counts & (returned(case, case.true.value) == np.inf) & ~explained
        yield Seen("infinite", is_infinite, {"true loss": case.true.value})


def not_finite(case: Case, ordinary: Ordinary) -> Iterator[Seen]:
    """Rows that ordinary code makes inf or NaN, and whose true loss is a number."""
    is_fine = case.counts & np.isfinite(case.true.value)
    overflows = is_fine & ordinary.exp_overflows
    truth = {"true loss": case.true.value}
    naive = {"naive loss": ordinary.naive} | truth
    stable = {"ordinary loss": ordinary.loss} | truth
    yield Seen("exp-overflows", overflows, naive)
    is_lost = ~np.isfinite(ordinary.naive) | ((ordinary.naive == 0) & (ordinary.loss != 0))
    underflows = is_fine & is_lost & ~overflows & np.isfinite(ordinary.loss)
    kind = "sigmoid-rounds" if case.loss.is_elementwise else "exp-underflows"
    yield Seen(kind, underflows, naive)
    yield Seen("sum-overflows", is_fine & ordinary.sum_overflows, stable)
    otherwise = is_fine & ~np.isfinite(ordinary.loss) & ~ordinary.sum_overflows
    yield Seen("ordinary-not-finite", otherwise, stable)


def rounded_away(case: Case, ordinary: Ordinary) -> Iterator[Seen]:
    """Rows whose loss, or gradient, ordinary arithmetic rounds to 0."""
    if not (case.takes_logits or case.loss.is_elementwise):
        # A probability of 1 costs 0, truly: what it was rounded from is not here any more.
        yield Seen("rounded-to-one", case.counts & (case.at_y(case.wide) == 1))
    if not case.is_softmax:
        return
    value, grad = case.true
    is_zero = case.counts & (ordinary.loss == 0) & (returned(case, value) > 0)
    losses = {"ordinary loss": ordinary.loss, "true loss": value}
    if case.dtype.itemsize == 2 and is_zero.any():  # most code widens half types before it computes
        widened = replace(case, logits=case.logits.astype(np.float32))
        losses["loss in float32"] = compute(widened).loss
    facts = {"lead": -math.log(np.spacing(case.dtype.type(1)) / 2)}
    yield Seen("zero-loss" if case.has_target else "saturated", is_zero, losses, facts)
    if not case.has_target:
        return
    grads = {"ordinary gradient": ordinary.grad, "true gradient": grad}
    if case.labels is not None and not case.label_smoothing:  # others come to rest at 0
        no_pull = case.counts & (ordinary.grad == 0) & (returned(case, grad) != 0) & ~is_zero
        yield Seen("zero-gradient", no_pull, grads)
    vanished = case.counts & (value > 0) & (returned(case, value) == 0)
    yield Seen("below-the-type", vanished, {"true loss": value})


def certainty(case: Case, ordinary: Ordinary) -> Iterator[Seen]:
    """Rows that are sure of a wrong class."""
    if case.has_target and case.is_softmax:
        is_wrong = case.leading != case.y
        sure = case.counts & ordinary.is_saturated & is_wrong & np.isfinite(case.true.value)
        yield Seen("sure-and-wrong", sure, {"true loss": case.true.value})
