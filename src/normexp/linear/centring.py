"""The objective in the coordinates of centred features, which are never written down."""

import math
from typing import NamedTuple

import numpy as np

from ..linear_loss import BoundLoss, LinearLoss
from ..losses import RowLoss
from .objective import Array, Objective


class Point(NamedTuple):
    """Params in centred coordinates, with what is known of the objective there."""

    params: Array
    value: float
    grad: Array
    gap: float


class Centred:
    """An objective of W and of the logits c at the mean μ of the features.

        z = W x + b = W (x − μ) + c        b = c − W μ

    W and b pull at the same logits wherever features have a mean, which makes an objective of
    theirs slow to minimise; W and c do not. By the chain rule the gradients are
    ``∂F/∂W − ∂F/∂b μᵀ`` and ``∂F/∂b``. Without an intercept there is nothing to centre: μ is 0.

    Attributes
    ----------
    mean : ndarray of shape (d,)
    """

    def __init__(self, objective: Objective[RowLoss], bound: BoundLoss) -> None:
        self.objective = objective
        self.mean = np.zeros(objective.features.shape[1])
        if objective.fit_intercept:
            self.mean = objective.mean()
        self._linear_loss = LinearLoss(bound)

    def centred(self, params: Array) -> Array:
        """W and c, from W and b."""
        weight, bias = self.objective.split(params)
        return self.objective.join(weight, bias + weight @ self.mean)

    def plain(self, params: Array) -> Array:
        """W and b, from W and c."""
        weight, at_mean = self.objective.split(params)
        return self.objective.join(weight, at_mean - weight @ self.mean)

    def at(self, params: Array) -> Point:
        """Value, gradient and gap at some W and c."""
        objective = self.objective
        value, plain_grad = objective.evaluated_by(self._linear_loss, self.plain(params))
        weight_grad, bias_grad = objective.split(plain_grad)
        grad = objective.join(weight_grad - np.outer(bias_grad, self.mean), bias_grad)
        if objective.alpha > 0:
            return Point(params, value, grad, relative(objective.excess(params, grad), value))
        return Point(params, value, grad, float(np.abs(plain_grad).max()) ** 2)


def relative(excess: float, value: float) -> float:
    """What is left to gain, in parts of the value: that of a loss of one's own may be negative."""
    if value == 0:
        return math.inf if excess else 0.0
    return excess / abs(value)
