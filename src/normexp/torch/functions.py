"""softmax, log_softmax, logsumexp, sigmoid and log_sigmoid of tensors, differentiable.

Values are those of the kernels. A derivative is written in the value itself and in functions that
PyTorch can differentiate again.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .. import _check, functions
from ..kernels import Logits, kernels_for
from . import views
from .operator import Operator, batch_first, is_numbers, operator
from .views import array_of, checked, result_type, tensor_of

Axes = tuple[int, ...]
Axis = int | Axes | None
Where = Any  # a tensor or None


def softmax(
    x: Tensor,
    axis: Axis = -1,
    *,
    temperature: float = 1.0,
    where: Any = None,
    out: Tensor | None = None,
) -> Tensor:
    if where is None and out is None and is_numbers(x):
        return tensor_of(functions.softmax(array_of(x), axis, temperature=temperature))
    return _of_rows(SOFTMAX, x, axis, temperature, where, out)


def log_softmax(
    x: Tensor,
    axis: Axis = -1,
    *,
    temperature: float = 1.0,
    where: Any = None,
    out: Tensor | None = None,
) -> Tensor:
    if where is None and out is None and is_numbers(x):
        return tensor_of(functions.log_softmax(array_of(x), axis, temperature=temperature))
    return _of_rows(LOG_SOFTMAX, x, axis, temperature, where, out)


def logsumexp(
    x: Tensor,
    axis: Axis = -1,
    *,
    b: Any = None,
    return_sign: bool = False,
    where: Any = None,
    keepdims: bool = False,
    out: Tensor | None = None,
) -> Any:
    if where is None and out is None and b is None and is_numbers(x):
        result = functions.logsumexp(array_of(x), axis, return_sign=return_sign, keepdims=keepdims)
        return tuple(map(tensor_of, result)) if return_sign else tensor_of(result)
    checked(x, "x")
    where = mask_of(where, x)
    _check.flag(keepdims, "keepdims")
    if b is None and not _check.flag(return_sign, "return_sign"):
        value = LOGSUMEXP(x, _check.axes(axis, x.ndim), where, keepdims)
        return value if out is None else into(out, value)
    factors = torch.ones((), dtype=result_type(x), device=x.device)
    if b is not None:
        factors = checked(torch.as_tensor(b, device=x.device), "b")
        if isinstance(b, int | float):  # takes the type of what it meets
            factors = factors.to(result_type(x))
    dtype = torch.promote_types(result_type(x), result_type(factors))
    try:
        x, factors = torch.broadcast_tensors(x.to(dtype), factors.to(dtype))
    except RuntimeError:
        raise ValueError(
            f"b must have the shape of x, {tuple(x.shape)}, or broadcast with it, "
            f"got {tuple(factors.shape)}"
        ) from None
    axes = _check.axes(axis, x.ndim)
    value, sign = SIGNED_LOGSUMEXP(x, factors, axes, where, keepdims)
    if not return_sign:
        value = torch.where(sign < 0, torch.nan, value)
    value = value if out is None else into(out, value)
    return (value, sign) if return_sign else value


def sigmoid(x: Tensor, *, out: Tensor | None = None) -> Tensor:
    value: Tensor = SIGMOID(checked(x, "x"))
    return value if out is None else into(out, value)


def log_sigmoid(x: Tensor, *, out: Tensor | None = None) -> Tensor:
    value: Tensor = LOG_SIGMOID(checked(x, "x"))
    return value if out is None else into(out, value)


def _of_rows(
    function: Callable[..., Any], x: Tensor, axis: Axis, temperature: float, where: Any, out: Any
) -> Tensor:
    axes = _check.axes(axis, checked(x, "x").ndim)
    if 0 in [x.shape[one] for one in axes]:
        raise ValueError(f"x has no classes on axis {axis!r}: its shape is {tuple(x.shape)}")
    told = _check.temperature(temperature), mask_of(where, x)
    value: Tensor = function(x, axes, *told)
    return value if out is None else into(out, value)


def into(out: Any, value: Tensor) -> Tensor:
    """Put a result where it is asked for, which autograd does not follow."""
    if not isinstance(out, Tensor):
        raise TypeError(f"out must be a tensor, as x is, got {_check.described(out)}")
    if out.shape != value.shape or out.dtype != value.dtype:
        raise ValueError(
            f"out must be {value.dtype} with shape {tuple(value.shape)}, "
            f"got {out.dtype} with shape {tuple(out.shape)}"
        )
    if value.requires_grad or (out.requires_grad and torch.is_grad_enabled()):
        raise ValueError("out cannot be differentiated: call it without out, or under no_grad")
    return out.copy_(value)


def mask_of(where: Any, x: Tensor) -> Where:
    """A mask as a tensor beside what it masks; that it can be broadcast is seen to by its user."""
    if where is None:
        return None
    mask = torch.as_tensor(where, device=x.device)
    if mask.dtype is not torch.bool:
        raise TypeError(f"where must hold booleans, got {mask.dtype}")
    try:
        mask.expand(x.shape)
    except RuntimeError:
        raise ValueError(
            f"where must have the shape {tuple(x.shape)} or broadcast to it, "
            f"got {tuple(mask.shape)}"
        ) from None
    return mask


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
        if where is not None:
            grad = torch.where(where, grad, 0)
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
        if where is not None:
            grad = torch.where(where, grad, 0)
        result = over_rows(torch._log_softmax_backward_data, grad, log_p, ctx.axes)
        return divided(result, ctx.temperature), None, None, None

    @staticmethod
    def jvp(ctx: Any, tangent: Tensor, *rest: None) -> Any:
        log_p, where = ctx.saved_tensors
        if where is not None:
            tangent = torch.where(where, tangent, 0)
        result = tangent - (log_p.exp() * tangent).sum(ctx.axes, keepdim=True)
        if where is not None:
            result = torch.where(where, result, 0)
        return divided(result, ctx.temperature)

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
    return function(x, tuple(axis + 1 for axis in axes), temperature, where), 0


class LogSumExp(Operator):
    """log Σ_k exp(z_k), whose gradient is the softmax."""

    @staticmethod
    def kernel(x: Tensor, axes: Axes, where: Where, keepdims: bool) -> Tensor:
        if not views.on_host(x):
            sums = kernels_for(x).logsumexp(logits_of(x, axes, where))
            return sums.to(result_type(x)).reshape(_left(x.shape, axes, keepdims))
        mask = None if where is None else array_of(where)
        return tensor_of(
            functions.logsumexp(array_of(x), axis_of(axes), where=mask, keepdims=keepdims)
        )

    @staticmethod
    def like(x: Tensor, axes: Axes, where: Where, keepdims: bool) -> Tensor:
        return x.new_empty(_left(x.shape, axes, keepdims), dtype=result_type(x))

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
        return (p * _existing(tangent, where)).sum(ctx.axes, keepdim=ctx.keepdims)

    @staticmethod
    def vmap(info: Any, in_dims: Any, x: Tensor, axes: Axes, where: Where, keepdims: bool) -> Any:
        x, where = batch_first(info, in_dims[0::2], x, where)
        return LOGSUMEXP(x, tuple(axis + 1 for axis in axes), where, keepdims), 0


LOGSUMEXP = operator(
    "logsumexp(Tensor x, int[] axes, Tensor? where, bool keepdims) -> Tensor", LogSumExp
)


class SignedLogSumExp(Operator):
    """log |Σ_k b_k · exp(z_k)| and the sign of the sum."""

    @staticmethod
    def kernel(x: Tensor, b: Tensor, axes: Axes, where: Where, keepdims: bool) -> Any:
        if not views.on_host(x):
            b = b if where is None else torch.where(where, b, 0)
            shape = _left(x.shape, axes, keepdims)
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
        value = x.new_empty(_left(x.shape, axes, keepdims))
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
        by_factor = _existing(by_factor, where)
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
        axes = tuple(axis + 1 for axis in axes)
        return SIGNED_LOGSUMEXP(x, b, axes, where, keepdims), (0, 0)


SIGNED_LOGSUMEXP = operator(
    "signed_logsumexp(Tensor x, Tensor b, int[] axes, Tensor? where, bool keepdims)"
    " -> (Tensor, Tensor)",
    SignedLogSumExp,
)


class _OfElements(Operator):
    """What a function gives for each number by itself."""

    @staticmethod
    def like(x: Tensor) -> Tensor:
        return x.new_empty(x.shape, dtype=result_type(x))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.save_for_backward(*inputs, output)
        ctx.save_for_forward(*inputs, output)


class Sigmoid(_OfElements):
    """σ(z) = 1 / (1 + exp(−z)), with σ′(z) = σ(z) · σ(−z): 1 − σ(z) would have no digits left."""

    @staticmethod
    def kernel(x: Tensor) -> Tensor:
        return of_elements("sigmoid", x)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        x, s = ctx.saved_tensors
        return grad * (s * SIGMOID(-x))

    @staticmethod
    def jvp(ctx: Any, tangent: Tensor) -> Tensor:
        return Sigmoid.backward(ctx, tangent)

    @staticmethod
    def vmap(info: Any, in_dims: Any, x: Tensor) -> Any:
        return SIGMOID(x), in_dims[0]


SIGMOID = operator("sigmoid(Tensor x) -> Tensor", Sigmoid)


class LogSigmoid(_OfElements):
    """log σ(z), whose derivative is σ(−z)."""

    @staticmethod
    def kernel(x: Tensor) -> Tensor:
        return of_elements("log_sigmoid", x)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        x, _ = ctx.saved_tensors
        return grad * SIGMOID(-x)

    @staticmethod
    def jvp(ctx: Any, tangent: Tensor) -> Tensor:
        return LogSigmoid.backward(ctx, tangent)

    @staticmethod
    def vmap(info: Any, in_dims: Any, x: Tensor) -> Any:
        return LOG_SIGMOID(x), in_dims[0]


LOG_SIGMOID = operator("log_sigmoid(Tensor x) -> Tensor", LogSigmoid)


def of_rows(name: str, x: Tensor, axes: Axes, temperature: float, where: Where) -> Tensor:
    """What a kernel of that name gives in the shape of the logits."""
    if not views.on_host(x):
        logits = logits_of(x, axes, where)._replace(temperature=temperature)
        return rows_back(getattr(kernels_for(x), name)(logits), x.shape, axes)
    mask = None if where is None else array_of(where)
    function = getattr(functions, name)
    return tensor_of(function(array_of(x), axis_of(axes), temperature=temperature, where=mask))


def axis_of(axes: Axes) -> int | Axes:
    """One axis as a number, which has a short way."""
    return axes[0] if len(axes) == 1 else tuple(axes)


def of_elements(name: str, x: Tensor) -> Tensor:
    if not views.on_host(x):
        return getattr(kernels_for(x), name)(x.to(result_type(x)).reshape(-1)).reshape(x.shape)
    return tensor_of(getattr(functions, name)(array_of(x)))


def divided(gradient: Tensor, temperature: float) -> Tensor:
    """The gradient of what a temperature has divided."""
    return gradient if temperature == 1 else gradient / temperature


def over_rows(function: Callable[..., Tensor], grad: Tensor, result: Tensor, axes: Axes) -> Tensor:
    """A function of gradient and result, of PyTorch's, that knows one axis."""
    if len(axes) == 1:
        return function(grad, result, axes[0], result.dtype)
    rows = (rows_of(one, axes) for one in (grad, result))
    return rows_back(function(*rows, 1, result.dtype), result.shape, axes)


def rows_of(x: Tensor, axes: Axes) -> Tensor:
    """(rows, classes), or (outer, classes, inner) for an axis in the middle, as kernels take it."""
    if len(axes) == 1:
        (axis,) = axes
        outer, inner = math.prod(x.shape[:axis]), math.prod(x.shape[axis + 1 :])
        rows = (outer, x.shape[axis]) if inner == 1 else (outer, x.shape[axis], inner)
        return x.reshape(rows)
    last = x.movedim(axes, tuple(range(-len(axes), 0)))
    left = math.prod(last.shape[: x.ndim - len(axes)])
    return last.reshape(left, math.prod(last.shape[x.ndim - len(axes) :]))


def rows_back(rows: Tensor, shape: torch.Size, axes: Axes) -> Tensor:
    """What `rows_of` took apart, in its shape again."""
    if len(axes) == 1:
        return rows.reshape(shape)
    left = [size for axis, size in enumerate(shape) if axis not in axes]
    apart = rows.reshape(*left, *(shape[axis] for axis in axes))
    return apart.movedim(tuple(range(-len(axes), 0)), axes)


def logits_of(x: Tensor, axes: Axes, where: Where) -> Logits:
    """Logits as the kernels of a device take them."""
    rows: Any = rows_of(x.to(result_type(x)), axes)
    return Logits(rows) if where is None else Logits(rows, rows_of(where.expand(x.shape), axes))


def _left(shape: torch.Size, axes: Axes, keepdims: bool) -> list[int]:
    """The shape without the axes of the classes, or with 1 for each."""
    return [
        1 if axis in axes else size
        for axis, size in enumerate(shape)
        if keepdims or axis not in axes
    ]


def _spread(of_rows: Tensor, ctx: Any) -> Tensor:
    """A number for each row beside its classes."""
    if not ctx.keepdims:
        for axis in sorted(ctx.axes):
            of_rows = of_rows.unsqueeze(axis)
    return of_rows


def _existing(values: Tensor, where: Where) -> Tensor:
    return values if where is None else torch.where(where, values, 0)
