"""Tensors of a CPU as arrays of NumPy on the same memory, and back."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch._C._functorch import is_legacy_batchedtensor

from .._extras import extra

Array = NDArray[Any]

FLOATING = (torch.float32, torch.float64, torch.float16, torch.bfloat16)


def is_plain(x: Tensor) -> bool:
    """Whether it is no more than numbers in some memory."""
    if type(x) not in (Tensor, torch.nn.Parameter) or is_legacy_batchedtensor(x):
        return False
    return x.layout is torch.strided and not x.is_meta


def on_host(x: Tensor) -> bool:
    """Whether that memory is one that arrays of NumPy may lie in."""
    return x.is_cpu


def array_of(x: Tensor) -> Array:
    """The numbers of a plain tensor, without a copy."""
    if x.requires_grad:
        x = x.detach()
    if x.dtype is torch.bfloat16:
        return x.view(torch.int16).numpy().view(bfloat16())
    if x.is_neg():
        x = x.resolve_neg()
    return x.numpy()


def tensor_of(array: Any) -> Tensor:
    """A tensor on the memory of an array; a number becomes one without dimensions."""
    if not isinstance(array, np.ndarray):
        array = np.asarray(array)
    if array.dtype.itemsize == 2 and array.dtype.name == "bfloat16":
        return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(array)


def from_array(array: Array, is_kept: bool) -> Tensor:
    """The same of an array of the caller's, who may write there: what is kept is a copy."""
    return torch.as_tensor(array.copy() if is_kept or not array.flags.writeable else array)


def bfloat16() -> np.dtype[Any]:
    """NumPy has none of its own."""
    with extra("torch"):
        import ml_dtypes
    return np.dtype(ml_dtypes.bfloat16)


def checked(x: Tensor, name: str) -> Tensor:
    """A tensor that the kernels take."""
    is_floating = x.is_floating_point()
    if (is_floating and x.dtype not in FLOATING) or x.is_complex() or x.is_quantized:
        raise TypeError(
            f"{name} must hold float16, bfloat16, float32, float64, integers or booleans, "
            f"got {x.dtype}"
        )
    if x.layout is not torch.strided:
        raise TypeError(f"{name} must be a dense tensor, got one with the layout {x.layout}")
    return x


def result_type(x: Tensor) -> torch.dtype:
    """Of what has the shape of `x`: integers and booleans are float64."""
    return x.dtype if x.is_floating_point() else torch.float64


def loss_type(x: Tensor) -> torch.dtype:
    """Of a loss of these logits: float32 or float64."""
    return torch.float64 if result_type(x) is torch.float64 else torch.float32


def held(holds: Tensor, must: str) -> None:
    """What must hold is an assertion on the device, for which nobody waits."""
    torch._assert_async(holds.all(), must)
