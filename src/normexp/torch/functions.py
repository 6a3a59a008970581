"""softmax, log_softmax, logsumexp, sigmoid and log_sigmoid: the public calls on tensors."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.compiler import is_dynamo_compiling

from .. import _check, functions
from . import few
from .of_elements import LOG_SIGMOID, SIGMOID
from .of_rows import LOG_SOFTMAX, SOFTMAX
from .of_sums import LOGSUMEXP, SIGNED_LOGSUMEXP
from .operator import is_followed, is_numbers
from .rows import Axes, Where
from .views import array_of, checked, from_array, result_type, tensor_of

Axis = int | Axes | None


def softmax(
    x: Tensor,
    axis: Axis = -1,
    temperature: float = 1.0,
    where: Any = None,
    out: Tensor | None = None,
) -> Tensor:
    if where is None and out is None and not is_dynamo_compiling():
        p = few.SOFTMAX(x, axis, temperature)
        if p is not None:
            return p
    return _of_rows(functions.softmax, SOFTMAX, x, axis, temperature, where, out)


def log_softmax(
    x: Tensor,
    axis: Axis = -1,
    temperature: float = 1.0,
    where: Any = None,
    out: Tensor | None = None,
) -> Tensor:
    if where is None and out is None and not is_dynamo_compiling():
        log_p = few.LOG_SOFTMAX(x, axis, temperature)
        if log_p is not None:
            return log_p
    return _of_rows(functions.log_softmax, LOG_SOFTMAX, x, axis, temperature, where, out)


def logsumexp(
    x: Tensor,
    axis: Axis = -1,
    b: Any = None,
    return_sign: bool = False,
    where: Any = None,
    keepdims: bool = False,
    out: Tensor | None = None,
) -> Any:
    is_plain = where is None and out is None and b is None and not is_dynamo_compiling()
    if is_plain and return_sign is False and keepdims is False:
        value = few.LOGSUMEXP(x, axis)
        if value is not None:
            return value
    if is_plain and is_numbers(x):
        result = functions.logsumexp(array_of(x), axis, return_sign=return_sign, keepdims=keepdims)
        return tuple(map(tensor_of, result)) if return_sign else tensor_of(result)
    is_kept = is_followed(checked(x, "x"))
    where = mask_of(where, x, is_kept)
    _check.flag(keepdims, "keepdims")
    if b is None and not _check.flag(return_sign, "return_sign"):
        value = LOGSUMEXP(x, _check.axes(axis, x.ndim), where, keepdims)
        return value if out is None else into(out, value)
    factors = torch.ones((), dtype=result_type(x), device=x.device)
    if b is not None:
        if isinstance(b, np.ndarray):
            b = from_array(b, is_kept)
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


def sigmoid(x: Tensor, out: Tensor | None = None) -> Tensor:
    return _of_elements(few.SIGMOID, SIGMOID, x, out)


def log_sigmoid(x: Tensor, out: Tensor | None = None) -> Tensor:
    return _of_elements(few.LOG_SIGMOID, LOG_SIGMOID, x, out)


def _of_elements(
    of_few: Callable[..., Tensor | None], function: Callable[..., Tensor], x: Tensor, out: Any
) -> Tensor:
    if out is None and not is_dynamo_compiling():
        value = of_few(x, -1, 1.0)
        if value is not None:
            return value
    value = function(checked(x, "x"))
    return value if out is None else into(out, value)


def _of_rows(
    of_arrays: Callable[..., Any],
    function: Callable[..., Any],
    x: Tensor,
    axis: Axis,
    temperature: float,
    where: Any,
    out: Any,
) -> Tensor:
    if where is None and out is None and is_numbers(x):
        return tensor_of(of_arrays(array_of(x), axis, temperature=temperature))
    axes = _check.axes(axis, checked(x, "x").ndim)
    if 0 in [x.shape[one] for one in axes]:
        raise ValueError(f"x has no classes on axis {axis!r}: its shape is {tuple(x.shape)}")
    told = _check.temperature(temperature), mask_of(where, x, is_followed(x))
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


def mask_of(where: Any, x: Tensor, is_kept: bool) -> Where:
    """A mask as a tensor beside what it masks; that it can be broadcast is seen to by its user."""
    if where is None:
        return None
    if not isinstance(where, Tensor):
        where = from_array(np.asarray(where), is_kept)
    mask = where.to(x.device)
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
