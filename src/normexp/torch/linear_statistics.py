"""What each row of a linear map is like, on tensors: `CrossEntropy.linear_statistics`.

It is differentiated once: the gradient is an operator of its own, which sweeps the tiles again.
"""

from collections.abc import Collection
from typing import Any

import torch
from torch import Tensor

from ..linear_loss import operands
from ..linear_statistics import LinearStatistics, Sweep, Upstream
from ..losses.base import Loss
from . import views
from .linear_loss import arguments_of
from .linear_on_device import Gradients
from .losses import named, numbers_of
from .maps import (
    array_or_none,
    as_results,
    gradients_like,
    target_of,
    tensor_or_none,
    type_of_losses,
    words,
)
from .of_linear import NOTHING, TOLD, OfMap, of_inputs
from .operator import one_by_one, operator
from .statistics_on_device import SweepOnDevice
from .views import array_of, tensor_of

Maybe = Any  # a tensor or None

TWICE = "statistics of rows have a first derivative, but no second"


def linear_statistics(
    loss: Loss,
    features: Any,
    weight: Any,
    target: Any,
    bias: Any = None,
    sample_weight: Any = None,
    where: Any = None,
) -> LinearStatistics:
    given, how = arguments_of(loss, features, weight, target, bias, sample_weight, where)
    return LinearStatistics(*STATISTICS(*given, *how))


class Statistics(OfMap):
    """The loss and the statistics of each row."""

    @staticmethod
    def kernel(*given: Any) -> Any:
        dtype = type_of_losses(*given[:3])
        shape = given[0].shape[:-1]
        found = [one.reshape(shape) for one in _sweep(given).statistics()]
        return *(one.to(dtype) for one in found[:4]), *found[4:]

    @staticmethod
    def like(*given: Any) -> Any:
        shape, dtype = given[0].shape[:-1], type_of_losses(*given[:3])
        real = [given[0].new_empty(shape, dtype=dtype) for _ in range(4)]
        return *real, *(given[0].new_empty(shape, dtype=torch.int64) for _ in range(2))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        *tensors, rest, loss = inputs
        ctx.how = rest, loss
        ctx.set_materialize_grads(False)
        ctx.mark_non_differentiable(*output[4:])
        ctx.save_for_backward(*tensors)

    @staticmethod
    def backward(ctx: Any, *upstream: Any) -> Any:
        by_features, *by_others = ctx.needs_input_grad[:3]
        wanted = words(by_features, any(by_others))
        grads = GRADIENT(*ctx.saved_tensors, *upstream[:4], wanted, *ctx.how)
        return *of_inputs(ctx, grads, wanted), *NOTHING, None, None

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        raise NotImplementedError("statistics of rows are differentiated in reverse mode alone")

    @staticmethod
    def vmap(info: Any, in_dims: Any, *given: Any) -> Any:
        return one_by_one(STATISTICS, info, in_dims, *given), (0,) * 6


class Gradient(OfMap):
    """The gradients of Σ upstream · statistics."""

    @staticmethod
    def kernel(*given: Any) -> Any:
        *told, losses, log_probability, logsumexp, entropy, wanted, rest, loss = given
        above = Upstream(*map(_flat, (losses, log_probability, logsumexp, entropy)))
        found = _sweep((*told, rest, loss)).gradients(above, wanted.split())
        return tuple(as_results(found, given[0]))

    @staticmethod
    def like(*given: Any) -> Any:
        return tuple(gradients_like(given[:3], given[-3]))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        pass

    @staticmethod
    def backward(ctx: Any, *_: Any) -> Any:
        raise NotImplementedError(TWICE)

    @staticmethod
    def jvp(ctx: Any, *_: Any) -> Any:
        raise NotImplementedError(TWICE)

    @staticmethod
    def vmap(info: Any, in_dims: Any, *given: Any) -> Any:
        return one_by_one(GRADIENT, info, in_dims, *given), (0, 0, 0)


FOUR = ("losses", "log_probability", "logsumexp", "entropy")
STATISTICS = operator(
    f"linear_statistics({TOLD}, str rest, str loss)"
    " -> (Tensor, Tensor, Tensor, Tensor, Tensor, Tensor)",
    Statistics,
)
GRADIENT = operator(
    f"linear_statistics_gradient({TOLD}, {', '.join(f'Tensor? of_{name}' for name in FOUR)}, "
    "str wanted, str rest, str loss) -> (Tensor, Tensor, Tensor)",
    Gradient,
)


class SweepOnHost:
    """The sweep of arrays, on the memory of the tensors."""

    def __init__(
        self, loss: Any, features: Tensor, weight: Tensor, bias: Maybe, *told: Any
    ) -> None:
        given = operands(array_of(features), array_of(weight), array_or_none(bias))
        self._of_arrays: Sweep = loss.sweep(given, *map(numbers_of, told))

    def statistics(self) -> LinearStatistics:
        return LinearStatistics(*map(tensor_of, self._of_arrays.statistics()))

    def gradients(self, upstream: Upstream, wanted: Collection[str]) -> Gradients:
        found = self._of_arrays.gradients(Upstream(*map(array_or_none, upstream)), wanted)
        by_features, by_weight, by_bias = map(tensor_or_none, found)
        return by_features, by_weight, by_bias


def _sweep(told: Any) -> SweepOnHost | SweepOnDevice:
    features, weight, bias, _, _, sample_weight, where, _, _, loss = told
    kind = SweepOnHost if views.on_host(features) else SweepOnDevice
    return kind(named(loss), features, weight, bias, target_of(told), sample_weight, where)


def _flat(upstream: Any) -> Any:
    return None if upstream is None else upstream.detach().reshape(-1)
