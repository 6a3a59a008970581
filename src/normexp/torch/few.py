"""Few numbers: from tensor to tensor in one entry of the compiled library, where it knows the call.

It knows calls on plain tensors of the CPU that nobody follows, and that came before: every function
here gives None for any other, and is not to be called while a compiler traces.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.nn import Parameter

from .. import functions
from ..kernels import exchange_tensors
from .operator import WATCHERS

if hasattr(Tensor, "__dlpack_c_exchange_api__"):  # PyTorch 2.10
    exchange_tensors(
        Tensor.__dlpack_c_exchange_api__,
        (Tensor, Parameter),
        torch.is_grad_enabled,
        partial(torch._C._autograd._top_saved_tensors_default_hooks, True),
        (torch._C._are_functorch_transforms_active, *WATCHERS),
        forward_ad,
    )


def _entry(quick: Any, own: Any = None) -> Callable[..., Tensor | None]:
    """The way of a function for tensors.

    `own` is PyTorch's function with the same derivative, as it is before anybody replaces it.
    """
    if not hasattr(quick, "of_tensor"):
        return lambda *given: None
    if own is not None:
        quick.own = own
    found: Callable[..., Tensor | None] = quick.of_tensor
    return found


# Of a tensor, and what says how its rows lie: an axis, and but for sums a temperature.
SOFTMAX = _entry(functions.quick("softmax"), torch.softmax)
LOG_SOFTMAX = _entry(functions.quick("log_softmax"), torch.log_softmax)
LOGSUMEXP = _entry(functions.quick("logsumexp"))
SIGMOID = _entry(functions.quick_elements("sigmoid"))
LOG_SIGMOID = _entry(functions.quick_elements("log_sigmoid"))
OF_ROWS = {"softmax": SOFTMAX, "log_softmax": LOG_SOFTMAX}
OF_ELEMENTS = {"sigmoid": SIGMOID, "log_sigmoid": LOG_SIGMOID}


def value(loss: Any, logits: Any, target: Any) -> Tensor | None:
    """A loss of logits and class ids."""
    quick = loss._quick
    return None if quick is None else quick[0].of_tensors(logits, target)


def value_and_grad(loss: Any, logits: Any, target: Any, is_differentiated_too: bool = False) -> Any:
    """Both; also of logits that autograd follows, where that is seen to."""
    quick = loss._quick
    return None if quick is None else quick[1].of_tensors(logits, target, is_differentiated_too)
