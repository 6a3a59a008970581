"""Checks of what logits and target hold, before anything is computed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .case import Case, Mask
from .seen import Seen


def logits(case: Case) -> Iterator[Seen]:
    """Numbers that make the loss of their row NaN, and rows of too few classes."""
    seen = case.exists & ~case.is_ignored
    z = case.wide
    nans = np.isnan(z) & case.where
    is_nan = nans.any(axis=1)
    places = {"first class": nans.argmax(axis=1), "number of NaN": nans.sum(axis=1)}
    yield Seen("nan", seen & is_nan, places if case.classes > 1 else {})
    if case.loss.is_elementwise or not case.takes_logits:
        return
    largest = np.where(case.where, z, -np.inf).max(axis=1)
    place = {"first class": (case.where & (z == np.inf)).argmax(axis=1)}
    yield Seen("plus-inf", seen & (largest == np.inf) & ~is_nan, place)
    yield Seen("all-minus-inf", seen & (largest == -np.inf))
    if case.is_softmax and case.classes == 1:
        yield Seen("one-class", seen & np.isfinite(largest))


def mask(case: Case) -> Iterator[Seen]:
    """Rows that the mask leaves out."""
    yield Seen("masked-whole", ~case.exists & ~case.is_ignored)


def probabilities(case: Case) -> Iterator[Seen]:
    """Probabilities as the input of a loss."""
    if case.takes_logits:
        return
    yield Seen("not-probabilities", case.exists & ~case.is_ignored & ~case.has_readable_input)
    if case.loss.is_elementwise:
        return
    sums = case.wide.sum(axis=1, where=case.where)
    off = case.counts & (abs(sums - 1) > tolerance(case.dtype))
    yield Seen("sum-of-probabilities", off, {"sum": sums})


def labels(case: Case) -> Iterator[Seen]:
    """Class ids that are none of the classes, and rows that they leave out."""
    if case.labels is None:
        return
    given = case.labels
    numbers = {"label": given}
    is_read = ~case.is_ignored
    counted = given[is_read]
    from_one = counted.size > 0 and counted.min() == 1 and counted.max() == case.classes
    yield Seen("labels-from-one", is_read & from_one, numbers)
    yield Seen("label-too-large", is_read & (given >= case.classes) & (not from_one), numbers)
    facts = {"ignore_index": case.ignore_index}
    yield Seen("label-negative", is_read & (given < 0), numbers, facts)
    yield Seen("ignored", case.is_ignored & case.counts.any(), facts=facts)


def masses(case: Case) -> Iterator[Seen]:
    """Probabilities as the target."""
    if case.mass is None:
        return
    seen = case.exists & ~case.has_readable_target
    if case.loss.is_elementwise:
        yield Seen("yes-out-of-range", seen, {"target": case.mass[:, 0]})
        return
    yield Seen("target-no-mass", seen, {"least target": case.mass.min(axis=1)})
    sums = case.mass.sum(axis=1, dtype=np.float64)
    off = case.counts & (abs(sums - 1) > tolerance(case.mass.dtype))
    yield Seen("sum-of-target", off, {"sum": sums})


def target_class(case: Case) -> Iterator[Seen]:
    """Targets that cannot be: a class that does not exist, or has the probability 0."""
    if not case.has_target:
        return
    if case.loss.is_elementwise:
        if not case.takes_logits:
            yield Seen("target-at-zero", case.counts & (case.true.value == np.inf))
        return
    is_target = targets(case)
    is_masked = (is_target & ~case.where).any(axis=1)
    yield Seen("target-masked", case.counts & is_masked)
    if not case.takes_logits:
        at_zero = (is_target & case.where & (case.wide == 0)).any(axis=1)
        yield Seen("target-at-zero", case.counts & at_zero & ~is_masked)


def targets_at_minus_inf(case: Case) -> Iterator[Seen]:
    """Targets, or shares of them by smoothing, whose logit is −inf, which makes the loss inf."""
    if not case.has_target:
        return
    is_target, is_impossible = targets(case), case.where & (case.wide == -np.inf)
    is_masked = (is_target & ~case.where).any(axis=1)
    is_infinite = case.counts & ~is_masked & (case.true.value == np.inf)
    at_target = (is_target & is_impossible).any(axis=1)
    yield Seen("target-at-minus-inf", is_infinite & at_target)
    if case.label_smoothing:
        smoothed = is_impossible.any(axis=1) & ~at_target
        facts = {"label_smoothing": case.label_smoothing}
        yield Seen("smoothing-at-minus-inf", is_infinite & smoothed, facts=facts)


def targets(case: Case) -> Mask:
    """The classes that a target asks for."""
    if case.mass is not None:
        return np.asarray(case.mass > 0)
    return np.asarray(np.arange(case.classes) == case.y[:, np.newaxis])


def whole_batch(case: Case) -> Iterator[Seen]:
    """A batch of which nothing counts for want of rows: its mean divides 0 by 0."""
    is_left_out = case.is_ignored | ~case.exists
    yield Seen("nothing-counts", is_left_out & is_left_out.all())


def tolerance(dtype: np.dtype[np.generic]) -> float:
    """How far a sum of rounded probabilities may be from 1."""
    return 1e-2 if dtype.itemsize == 2 else 1e-3
