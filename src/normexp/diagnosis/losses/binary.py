"""Binary cross-entropy, by the sigmoid and as libraries do."""

from __future__ import annotations

import numpy as np

from ...losses import BinaryCrossEntropy
from ..by_loss import ordinary_code
from ..case import Case
from ..ordinary import Losses, Ordinary, one_hot, without_softmax


@ordinary_code.register
def compute(loss: BinaryCrossEntropy, case: Case) -> Ordinary:
    return without_softmax(*binary(case, loss))


def binary(case: Case, loss: BinaryCrossEntropy) -> tuple[Losses, Losses]:
    """By the sigmoid and its logarithm; and as libraries do, by log1p(exp(−|z|)) + max(−z, 0)."""
    number, one, zero = case.dtype.type, case.dtype.type(1), case.dtype.type(0)
    z, positive = case.logits[:, 0], number(loss.pos_weight)
    t = number(1 - loss.label_smoothing) * one_hot(case)[:, 0] + number(loss.label_smoothing / 2)
    p = one / (one + np.exp(-z)) if loss.from_logits else z
    naive = -(positive * t * np.log(p) + (one - t) * np.log(one - p))
    if not loss.from_logits:
        by_p = Losses(naive, (one - t) / (one - p) - positive * t / p)
        return by_p, by_p
    weight = one + (positive - one) * t
    softplus = np.log1p(np.exp(-np.abs(z))) + np.maximum(-z, zero)
    stable = (one - t) * z + weight * softplus
    grad = (one - t) * p - positive * t * (one - p)
    return Losses(naive, grad), Losses(stable, grad)
