"""Squared error, on the logits and on what softmax makes of them."""

from __future__ import annotations

import numpy as np

from ...losses import SquaredError
from ..by_loss import ordinary_code
from ..case import Case
from ..ordinary import (
    Array,
    Losses,
    Ordinary,
    one_hot,
    spread,
    through_softmax,
    total,
    weight_of_classes,
    without_softmax,
)


@ordinary_code.register
def compute(loss: SquaredError, case: Case) -> Ordinary:
    if case.is_softmax:
        return through_softmax(case, brier)
    return without_softmax(squared_error(case))


def brier(case: Case, p: Array, log_p: Array) -> Losses:
    weight = spread(case, np.broadcast_to(weight_of_classes(case), p.shape))
    error = p - one_hot(case)
    pull = error - total(p * error)
    two = case.dtype.type(2)
    return Losses(weight * total(error * error)[:, 0], weight * two * case.at_y(p * pull))


def squared_error(case: Case) -> Losses:
    weight = spread(case, np.broadcast_to(weight_of_classes(case), case.logits.shape))
    error = np.where(case.where, case.logits - one_hot(case), case.dtype.type(0))
    two = case.dtype.type(2)
    return Losses(weight * total(error * error)[:, 0], weight * two * case.at_y(error))
