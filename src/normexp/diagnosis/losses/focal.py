"""The focal loss, with 1 − p as it comes."""

from __future__ import annotations

from ...losses import Focal
from ..by_loss import ordinary_code
from ..case import Case
from ..ordinary import Array, Losses, Ordinary, through_softmax, weight_of_classes


@ordinary_code.register
def compute(loss: Focal, case: Case) -> Ordinary:
    return through_softmax(case, lambda case, p, log_p: focal(case, loss, p, log_p))


def focal(case: Case, loss: Focal, p: Array, log_p: Array) -> Losses:
    number = case.dtype.type
    p_y, surprise = case.at_y(p), -case.at_y(log_p)
    left = number(1) - p_y
    factor = weight_of_classes(case)[case.y] * left ** number(loss.gamma)
    return Losses(factor * surprise, -factor * (left + number(loss.gamma) * p_y * surprise))
