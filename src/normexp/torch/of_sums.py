"""logsumexp of tensors, with factors too: its gradient is the softmax."""

import math
from typing import Any

import torch
from torch import Tensor

from .. import functions
from ..kernels import kernels_for
from . import few, views
from .of_rows import SOFTMAX
from .operator import Operator, batch_first, operator
from .rows import (
    Axes,
    Where,
    axis_of,
    behind_batch,
    beside_classes,
    existing,
    left,
    logits_of,
    rows_of,
)
from .views import array_of, result_type, tensor_of


class LogSumExp(Operator):
    """log Σ_k exp(z_k), whose gradient is the softmax."""

    @staticmethod
    def kernel(x: Tensor, axes: Axes, where: Where, keepdims: bool) -> Tensor:
        if where is None and len(axes) == 1 and not keepdims:
            of_few = few.LOGSUMEXP(x, axes[0])
            if of_few is not None:
                return of_few
        if not views.on_host(x):
            sums = kernels_for(x).logsumexp(logits_of(x, axes, where))
            return sums.to(result_type(x)).reshape(left(x.shape, axes, keepdims))
        mask = None if where is None else array_of(where)
        return tensor_of(
            functions.logsumexp(array_of(x), axis_of(axes), where=mask, keepdims=keepdims)
        )

    @staticmethod
    def like(x: Tensor, axes: Axes, where: Where, keepdims: bool) -> Tensor:
        return x.new_empty(left(x.shape, axes, keepdims), dtype=result_type(x))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        x, ctx.axes, where, ctx.keepdims = inputs
        ctx.save_for_backward(x, where)
        ctx.save_for_forward(x, where)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        x, where = ctx.saved_tensors
        p = SOFTMAX(x, ctx.axes, 1.0, where)
        return p * _spread(grad, ctx), None, None, None

    @staticmethod
    def jvp(ctx: Any, tangent: Tensor, *rest: None) -> Any:
        x, where = ctx.saved_tensors
        p = SOFTMAX(x, ctx.axes, 1.0, where)
        return (p * existing(tangent, where)).sum(ctx.axes, keepdim=ctx.keepdims)

    @staticmethod
    def vmap(info: Any, in_dims: Any, x: Tensor, axes: Axes, where: Where, keepdims: bool) -> Any:
        x, where = batch_first(info, in_dims[0::2], x, where)
        return LOGSUMEXP(x, behind_batch(axes), where, keepdims), 0


LOGSUMEXP = operator(
    "logsumexp(Tensor x, int[] axes, Tensor? where, bool keepdims) -> Tensor", LogSumExp
)


class SignedLogSumExp(Operator):
    """log |Σ_k b_k · exp(z_k)| and the sign of the sum."""

    @staticmethod
    def kernel(x: Tensor, b: Tensor, axes: Axes, where: Where, keepdims: bool) -> Any:
        if not views.on_host(x):
            b = b if where is None else torch.where(where, b, 0)
            shape = left(x.shape, axes, keepdims)
            value, sign = x.new_empty((2, math.prod(shape)), dtype=torch.float64)
            given = rows_of(x, axes), rows_of(b, axes), value, sign
            pair = kernels_for(x).signed_logsumexp(*given)
            return tuple(one.to(x.dtype).reshape(shape) for one in pair)
        mask = None if where is None else array_of(where)
        pair = functions.logsumexp(
            array_of(x), tuple(axes), b=array_of(b), return_sign=True, where=mask, keepdims=keepdims
        )
        return tuple(map(tensor_of, pair))

    @staticmethod
    def like(x: Tensor, b: Tensor, axes: Axes, where: Where, keepdims: bool) -> Any:
        value = x.new_empty(left(x.shape, axes, keepdims))
        return value, torch.empty_like(value)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        x, b, ctx.axes, where, ctx.keepdims = inputs
        value, sign = output
        ctx.mark_non_differentiable(sign)
        ctx.save_for_backward(x, b, where, value, sign)
        ctx.save_for_forward(x, b, where, value, sign)

    @staticmethod
    def _weights(ctx: Any) -> tuple[Tensor, Tensor]:
        """∂/∂z and ∂/∂b of each term."""
        x, b, where, value, sign = ctx.saved_tensors
        by_factor = (x - _spread(value, ctx)).exp() * _spread(sign, ctx)
        by_factor = existing(by_factor, where)
        return torch.where(b == 0, 0, by_factor * b), by_factor

    @staticmethod
    def backward(ctx: Any, grad: Tensor, _: Any) -> Any:
        by_logit, by_factor = SignedLogSumExp._weights(ctx)
        grad = _spread(grad, ctx)
        return by_logit * grad, by_factor * grad, None, None, None

    @staticmethod
    def jvp(ctx: Any, of_logits: Tensor | None, of_factors: Tensor | None, *rest: None) -> Any:
        by_logit, by_factor = SignedLogSumExp._weights(ctx)
        terms = torch.zeros_like(by_logit)
        if of_logits is not None:
            terms = terms + by_logit * of_logits
        if of_factors is not None:
            terms = terms + by_factor * of_factors
        return terms.sum(ctx.axes, keepdim=ctx.keepdims), None

    @staticmethod
    def vmap(
        info: Any, in_dims: Any, x: Tensor, b: Tensor, axes: Axes, where: Where, keepdims: bool
    ) -> Any:
        x, b, where = batch_first(info, (*in_dims[:2], in_dims[3]), x, b, where)
        return SIGNED_LOGSUMEXP(x, b, behind_batch(axes), where, keepdims), (0, 0)


SIGNED_LOGSUMEXP = operator(
    "signed_logsumexp(Tensor x, Tensor b, int[] axes, Tensor? where, bool keepdims)"
    " -> (Tensor, Tensor)",
    SignedLogSumExp,
)


def _spread(of_rows: Tensor, ctx: Any) -> Tensor:
    """A number for each row beside its classes."""
    return of_rows if ctx.keepdims else beside_classes(of_rows, ctx.axes)
