"""A loss with its target, and the affine map that makes its logits: on the CPU, or on a device."""

from collections.abc import Collection, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from ..linear_hessian import Vectors
from ..linear_loss import operands
from ..losses.sparse_target import SparseTarget
from . import views
from .linear_on_device import Gradients, LinearOnDevice
from .losses import bound_to, weighed
from .views import array_of, loss_type, result_type, tensor_of

Maybe = Any  # a tensor or None


class LossOfMap(Protocol):
    """What the operators of linear losses are made of."""

    def evaluate(
        self, wanted: Collection[str] = (), upstream: Maybe = None
    ) -> tuple[Tensor, *Gradients]:
        """The value, and the `wanted` gradients of "features" and "weight" (with the bias).

        With `upstream`, a number for each loss, value and gradients are those of Σ upstream · loss.
        """

    def hessian_product(self, vectors: Gradients, upstream: Maybe) -> tuple[Tensor, *Gradients]:
        """What losses and gradients change by along vectors."""


def map_of(told: Sequence[Any]) -> LossOfMap:
    """What an operator is told, as that which computes it."""
    features, weight, bias, _, _, sample_weight, where, of_class, _, loss = told
    given = weighed(loss, of_class, features), features, weight, bias
    kind = LinearOnHost if views.on_host(features) else LinearOnDevice
    return kind(*given, target_of(told), sample_weight, where)


def target_of(told: Sequence[Any]) -> Any:
    target, probabilities, *_, rest, _ = told[3:]
    return target if probabilities is None else SparseTarget(target, probabilities, rest)


class LinearOnHost:
    """The sweep of arrays, on the memory of the tensors."""

    def __init__(
        self, loss: Any, features: Tensor, weight: Tensor, bias: Maybe, *told: Any
    ) -> None:
        self.given = operands(array_of(features), array_of(weight), array_or_none(bias))
        self.bound = bound_to(loss, self.given.logits_shape, *told)

    def evaluate(
        self, wanted: Collection[str] = (), upstream: Maybe = None
    ) -> tuple[Tensor, *Gradients]:
        weights = array_or_none(upstream)
        value, *grads = self.bound.evaluate_linear(self.given, wanted, weights)
        if weights is not None:
            with np.errstate(invalid="ignore"):  # a loss may be inf, and so may a sum of them
                value = np.sum(weights * value, dtype=value.dtype)
        return tensor_of(value), *map(tensor_or_none, grads)

    def hessian_product(self, vectors: Gradients, upstream: Maybe) -> tuple[Tensor, *Gradients]:
        of_map = Vectors(*map(array_or_none, vectors))
        bound, weights = self.bound, array_or_none(upstream)
        losses, *products = bound.linear_hessian_product(self.given, of_map, weights)
        shape = bound.losses_shape if bound.loss.reduction == "none" else ()
        along = losses.reshape(shape) if shape or losses.size == 1 else losses.sum()
        return tensor_of(along), *map(tensor_or_none, products)


def array_or_none(x: Maybe) -> Any:
    return None if x is None else array_of(x)


def tensor_or_none(array: Any) -> Maybe:
    return None if array is None else tensor_of(array)


def words(of_features: bool, of_weight: bool) -> str:
    """What is wanted, as an operator is told it."""
    return " ".join(["features"] * of_features + ["weight"] * of_weight)


def type_of_losses(*of_map: Maybe) -> torch.dtype:
    """Of the loss of these features, weight and bias."""
    types = [loss_type(one) for one in of_map if one is not None]
    return torch.float64 if torch.float64 in types else torch.float32


def gradients_like(of_map: Any, wanted: str) -> list[Tensor]:
    return [
        of_map[0].new_empty(0)
        if one is None or name not in wanted
        else one.new_empty(one.shape, dtype=result_type(one))
        for one, name in zip(of_map, ("features", "weight", "weight"), strict=True)
    ]


def as_results(grads: Any, features: Tensor) -> list[Tensor]:
    """Gradients by features, weight and bias; an empty tensor for none."""
    return [features.new_empty(0) if grad is None else grad for grad in grads]
