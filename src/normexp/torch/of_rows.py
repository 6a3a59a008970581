"""softmax and log_softmax of tensors, with their derivatives.

A derivative is written in the value itself, by what PyTorch can differentiate again.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .. import functions
from ..kernels import kernels_for
from . import few, views
from .operator import Operator, batch_first, operator
from .rows import Axes, Where, axis_of, behind_batch, existing, logits_of, rows_back, rows_of
from .views import array_of, result_type, tensor_of


def of_rows(name: str, x: Tensor, axes: Axes, temperature: float, where: Where) -> Tensor:
    """What a kernel of that name gives in the shape of the logits."""
    if where is None and len(axes) == 1:
        of_few = few.OF_ROWS[name](x, axes[0], temperature)
        if of_few is not None:
            return of_few
    if not views.on_host(x):
        logits = logits_of(x, axes, where)._replace(temperature=temperature)
        return rows_back(getattr(kernels_for(x), name)(logits), x.shape, axes)
    mask = None if where is None else array_of(where)
    function = getattr(functions, name)
    return tensor_of(function(array_of(x), axis_of(axes), temperature=temperature, where=mask))


class _OfRows(Operator):
    """What has the shape of its logits."""

    @staticmethod
    def like(x: Tensor, axes: Axes, temperature: float, where: Where) -> Tensor:
        return x.new_empty(x.shape, dtype=result_type(x))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        _, ctx.axes, ctx.temperature, where = inputs
        ctx.save_for_backward(output, where)
        ctx.save_for_forward(output, where)


class Softmax(_OfRows):
    """p_k = exp(z_k / T) / Σ_j exp(z_j / T), with ∂p_k/∂z_j = p_k · (δ_kj − p_j) / T."""

    @staticmethod
    def kernel(x: Tensor, axes: Axes, temperature: float, where: Where) -> Tensor:
        return of_rows("softmax", x, axes, temperature, where)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        p, where = ctx.saved_tensors
        grad = existing(grad, where)
        result = over_rows(torch._softmax_backward_data, grad, p, ctx.axes)
        return divided(result, ctx.temperature), None, None, None

    @staticmethod
    def jvp(ctx: Any, tangent: Tensor, *rest: None) -> Any:
        return Softmax.backward(ctx, tangent)[0]  # the matrix is symmetric

    @staticmethod
    def vmap(info: Any, in_dims: Any, *given: Any) -> Any:
        return _batched(SOFTMAX, info, in_dims, *given)


SOFTMAX = operator(
    "softmax(Tensor x, int[] axes, float temperature, Tensor? where) -> Tensor", Softmax
)


class LogSoftmax(_OfRows):
    """log p_k, with ∂ log p_k/∂z_j = (δ_kj − p_j) / T."""

    @staticmethod
    def kernel(x: Tensor, axes: Axes, temperature: float, where: Where) -> Tensor:
        return of_rows("log_softmax", x, axes, temperature, where)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        log_p, where = ctx.saved_tensors
        grad = existing(grad, where)
        result = over_rows(torch._log_softmax_backward_data, grad, log_p, ctx.axes)
        return divided(result, ctx.temperature), None, None, None

    @staticmethod
    def jvp(ctx: Any, tangent: Tensor, *rest: None) -> Any:
        log_p, where = ctx.saved_tensors
        tangent = existing(tangent, where)
        result = tangent - (log_p.exp() * tangent).sum(ctx.axes, keepdim=True)
        return divided(existing(result, where), ctx.temperature)

    @staticmethod
    def vmap(info: Any, in_dims: Any, *given: Any) -> Any:
        return _batched(LOG_SOFTMAX, info, in_dims, *given)


LOG_SOFTMAX = operator(
    "log_softmax(Tensor x, int[] axes, float temperature, Tensor? where) -> Tensor", LogSoftmax
)


def _batched(
    function: Callable[..., Any],
    info: Any,
    in_dims: Any,
    x: Tensor,
    axes: Axes,
    temperature: float,
    where: Where,
) -> Any:
    x, where = batch_first(info, in_dims[::3], x, where)
    return function(x, behind_batch(axes), temperature, where), 0


def divided(gradient: Tensor, temperature: float) -> Tensor:
    """The gradient of what a temperature has divided."""
    return gradient if temperature == 1 else gradient / temperature


def over_rows(function: Callable[..., Tensor], grad: Tensor, result: Tensor, axes: Axes) -> Tensor:
    """A function of gradient and result, of PyTorch's, that knows one axis."""
    if len(axes) == 1:
        return function(grad, result, axes[0], result.dtype)
    rows = (rows_of(one, axes) for one in (grad, result))
    return rows_back(function(*rows, 1, result.dtype), result.shape, axes)
