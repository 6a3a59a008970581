"""The derivation of one sample: its own loss, or softmax alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..losses import CrossEntropy, Loss
from . import linear, softmax
from .by_loss import work_out
from .derivation import Derivation
from .formula import Derivative, Name
from .graph import LOSS, drawn
from .problem import Problem
from .sample import Sample
from .softmax import p, z
from .steps import Sheet


def of_sample(given: Problem, index: tuple[int, ...], symbol: Name) -> Derivation:
    """The derivation of one sample's own loss, whose symbol is given."""
    sample, loss = given.sample(index, symbol), given.loss
    sheet = sample.sheet(given.language)
    derivation = Derivation(
        loss=loss,
        language=given.language,
        target=plain(sample.target),
        columns=sheet.columns,
        headings=sheet.headings,
    )
    if given.is_left_out[index] and loss is not None:
        return _left_out(derivation, sheet, sample, loss)
    if sample.linear is not None:
        linear.forward(sheet, sample.linear, sample.logits)
    if sample.target is None or loss is None:
        return _probabilities(derivation, sheet, sample)
    back = work_out(loss, sheet, sample)
    sheet.turn()
    back()
    value, grad = sample.value_and_grad(loss)
    sheet.column("grad", Derivative(LOSS, input_of(loss)["k"]), grad)
    return replace(
        derivation,
        value=value,
        grad=grad,
        steps=tuple(sheet.forth),
        gradient=tuple(sheet.back),
        graph=drawn(sheet.trace, sample.loss),
    )


def _left_out(derivation: Derivation, sheet: Sheet, sample: Sample, loss: Loss) -> Derivation:
    """A sample that does not count."""
    value, grad = sample.value_and_grad(loss)
    sheet.column("z", z, sample.logits)
    sheet.column("grad", Derivative(LOSS, z["k"]), grad)
    sheet.work("left_out", sample.loss, value=value)
    sheet.trace.row(sample.loss, value)
    return replace(
        derivation,
        value=value,
        grad=grad,
        steps=tuple(sheet.forth),
        graph=drawn(sheet.trace, sample.loss),
    )


def _probabilities(derivation: Derivation, sheet: Sheet, sample: Sample) -> Derivation:
    """Softmax alone, and how it moves with the scores."""
    scores = softmax.forward(sheet, sample, derivation.loss or CrossEntropy())
    softmax.logarithm(sheet, sample, scores)
    sheet.turn()
    softmax.jacobian(sheet, scores, int(scores.values.argmax()))
    return replace(
        derivation,
        steps=tuple(sheet.forth),
        gradient=tuple(sheet.back),
        graph=drawn(sheet.trace, sample.loss),
    )


def input_of(loss: Loss) -> Name:
    """What a gradient is taken by: logits, unless the loss takes probabilities."""
    return p if loss.reads == "probabilities" else z


def plain(target: Any) -> Any:
    return target.tolist() if isinstance(target, np.ndarray) else target
