"""A loss with a target of tensors, for as many logits as there are."""

from typing import Any

import torch
from torch import Tensor

from .. import _check
from ..linear_loss import LinearLossGrad
from ..losses.base import Loss
from ..losses.bound import LossGrad
from ..losses.sparse_target import SparseTarget
from . import linear_loss
from .losses import HESSIAN_PRODUCT, arguments, loss_of, numbers_of, value_and_grad

Maybe = Any  # a tensor or None


class BoundTensors:
    """A loss with a target of tensors: what `Loss.bind` gives for one.

    It computes what `normexp.losses.bound.Bound` does, on tensors.
    """

    def __init__(
        self, loss: Loss, target: Any, classes: int | None, sample_weight: Any, where: Any
    ) -> None:
        target, sample_weight, where = own = list(map(_own, (target, sample_weight, where)))
        bound = loss.bind(
            numbers_of(target),
            classes=classes,
            sample_weight=numbers_of(sample_weight),
            where=numbers_of(where),
        )
        self.loss, self.shape, self.axes = loss, bound.shape, bound.axes
        self.losses_shape, self.divisor = bound.losses_shape, bound.divisor
        self._told = own

    def __repr__(self) -> str:
        return f"<{self.loss!r} with a target for logits of shape {self.shape}>"

    def __call__(self, logits: Tensor) -> Tensor:
        return loss_of(self.loss, self._checked(logits), *self._told)

    def value_and_grad(self, logits: Tensor) -> LossGrad:
        return value_and_grad(self.loss, self._checked(logits), *self._told)

    def hessian_product(self, logits: Tensor, vector: Tensor) -> Tensor:
        """The product of the Hessian with a vector, which can be differentiated by the vector."""
        given = arguments(self._checked(logits), *self._told)
        if vector.shape != self.shape:
            raise ValueError(
                f"vector must have the shape of the logits, {self.shape}, got {tuple(vector.shape)}"
            )
        return HESSIAN_PRODUCT(*given, vector, self.loss)

    def linear(
        self, features: Tensor, weight: Tensor, bias: Maybe = None, *, recompute: bool = False
    ) -> Tensor:
        given = self._checked_linear(features, weight, bias)
        return linear_loss.linear(self.loss, *given, *self._told[1:], recompute=recompute)

    def linear_value_and_grad(
        self, features: Tensor, weight: Tensor, bias: Maybe = None, *, features_grad: bool = True
    ) -> LinearLossGrad:
        given = self._checked_linear(features, weight, bias)
        return linear_loss.linear_value_and_grad(
            self.loss, *given, *self._told[1:], features_grad=features_grad
        )

    def _checked_linear(self, features: Any, weight: Any, bias: Any) -> tuple[Any, ...]:
        if isinstance(features, Tensor) and isinstance(weight, Tensor):
            shape = *features.shape[:-1], *weight.shape[:1]
            if shape != self.shape:
                raise ValueError(
                    f"features and weight make logits of shape {shape}, "
                    f"but the target is bound for logits of shape {self.shape}"
                )
        return features, weight, self._told[0], bias

    def _checked(self, logits: Any) -> Tensor:
        if not isinstance(logits, Tensor):
            raise TypeError(
                f"logits must be a tensor, as the target, got {_check.described(logits)}"
            )
        if logits.shape != self.shape:
            raise ValueError(
                f"logits must have the shape {self.shape} that the target is for, "
                f"got {tuple(logits.shape)}"
            )
        return logits


def _own(given: Any) -> Any:
    """A copy, as tensors."""
    if isinstance(given, SparseTarget):
        return SparseTarget(_own(given.ids), _own(given.probabilities), given.rest)
    return None if given is None else torch.as_tensor(given).detach().clone()
