"""What every drop-in does as PyTorch does: errors, reductions, autocast, types of results."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.nn import _reduction

from ..losses.base import Loss
from .losses import name_by_options

Function = TypeVar("Function", bound=Callable[..., Any])

REDUCTIONS = "none", "mean", "sum"
HALVES = torch.float16, torch.bfloat16


class ArgumentError(TypeError, ValueError, IndexError, RuntimeError):
    """An argument that a drop-in refuses: the error of normexp, and whichever PyTorch raises."""


def drop_in(function: Function) -> Function:
    """A function whose errors are caught by whoever expects those of PyTorch."""

    @wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except ArgumentError:
            raise
        except (TypeError, ValueError) as error:
            raise ArgumentError(str(error)) from None

    return called  # type: ignore[return-value]


def loss_with(kind: type[Loss], **options: Any) -> Any:
    """The loss of these options: made once, or in a compiled program its name."""
    if torch.compiler.is_compiling():
        return name_by_options(kind, options)
    return _made(kind, **options)


@lru_cache(maxsize=256)
def _made(kind: type[Loss], **options: Any) -> Loss:
    return kind(**options)


def reduction_of(reduction: str, size_average: bool | None, reduce: bool | None) -> str:
    """The reduction that is asked for, by its name or by the two flags that it had once."""
    if size_average is not None or reduce is not None:
        reduction = _reduction.legacy_get_string(size_average, reduce)
    return REDUCTIONS[_reduction.get_enum(reduction)]


def reduced(losses: Tensor, reduction: str, divisor: Any, dtype: torch.dtype) -> Tensor:
    """Losses as one, summed in float64."""
    if reduction == "none":
        return losses.to(dtype)
    total = losses.sum(dtype=torch.float64)
    return (total if reduction == "sum" else total / divisor).to(dtype)


def check_tensors(**given: Any) -> None:
    for name, one in given.items():
        if not isinstance(one, Tensor):
            raise ArgumentError(f"{name} must be a tensor, got {type(one).__name__}")


def floating(x: Tensor, dtype: torch.dtype | None = None) -> Tensor:
    """Logits in the type that is asked for; integers and booleans in PyTorch's default."""
    check_tensors(input=x)
    if dtype is None and (x.is_floating_point() or x.is_complex()):
        return x
    return x.to(dtype or torch.get_default_dtype())


def widened(x: Tensor, devices: tuple[str, ...] = ("cpu", "cuda")) -> Tensor:
    """Logits of what autocast computes in float32 on these devices, where it is on."""
    device = x.device.type
    if x.dtype in HALVES and device in devices and torch.is_autocast_enabled(device):
        return x.float()
    return x


def common_type(x: Tensor, *others: Tensor | None) -> torch.dtype:
    """The type that PyTorch computes in where these meet."""
    dtype = x.dtype
    for other in others:
        if other is not None:
            dtype = torch.promote_types(dtype, other.dtype)
    return dtype


def product(factor: Tensor, logarithm: Tensor) -> Tensor:
    """factor · logarithm, where 0 · −∞ is 0: what is impossible and not asked for costs nothing."""
    return factor * logarithm.masked_fill((factor == 0) & logarithm.isinf(), 0)
