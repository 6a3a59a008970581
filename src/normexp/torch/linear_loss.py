"""The loss of ``features @ weight.T + bias`` on tensors, tile by tile, differentiable twice."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from .. import _check
from ..linear_loss import LinearLossGrad
from ..losses.base import Loss
from ..losses.bound import check_classes_last, wanted_gradients
from ..losses.sparse_target import SparseTarget
from .linear_on_device import logits_like
from .losses import Maybe, arguments, constants
from .maps import words
from .of_linear import EVERYTHING, OWNED, VALUE, WITH_GRADIENT
from .views import checked


def linear(
    loss: Loss,
    features: Any,
    weight: Any,
    target: Any,
    bias: Any = None,
    sample_weight: Any = None,
    where: Any = None,
    of_class: Any = None,
    *,
    recompute: bool = False,
) -> Tensor:
    """`Loss.linear` on tensors; `of_class` are weights of classes, of any sign."""
    told = target, bias, sample_weight, where, of_class
    given, how = arguments_of(loss, features, weight, *told)
    wanted = differentiated(*given[:3])
    if not wanted or _check.flag(recompute, "recompute") or loss.reduction == "none":
        return VALUE(*given, *how)
    value: Tensor = WITH_GRADIENT(*given, None, f"{wanted} {OWNED}", *how)[0]
    return value


def linear_value_and_grad(
    loss: Loss,
    features: Any,
    weight: Any,
    target: Any,
    bias: Any = None,
    sample_weight: Any = None,
    where: Any = None,
    *,
    features_grad: bool = True,
) -> LinearLossGrad:
    """`Loss.linear_value_and_grad` on tensors: all of it can be differentiated."""
    wanted_gradients(loss, features_grad)
    given, how = arguments_of(loss, features, weight, target, bias, sample_weight, where)
    is_asked = features_grad or "features" in differentiated(*given[:3])
    value, *grads = WITH_GRADIENT(*given, None, words(is_asked, True), *how)
    if not features_grad:
        grads[0] = None
    if bias is None:
        grads[2] = None
    return LinearLossGrad(value, *grads)


def arguments_of(
    loss: Loss,
    features: Any,
    weight: Any,
    target: Any,
    bias: Any,
    sample_weight: Any,
    where: Any,
    of_class: Any = None,
) -> tuple[tuple[Any, ...], tuple[str, Loss]]:
    """All as tensors, and what else the operators are told; numbers are looked at by the kernel."""
    of_logits = {"features": features, "weight": weight} | ({} if bias is None else {"bias": bias})
    for name, given in of_logits.items():
        if not isinstance(given, Tensor):
            raise TypeError(
                f"{name} must be a tensor, as others are, got {_check.described(given)}"
            )
        checked(given, name)
        if given.device != features.device:
            raise ValueError(
                f"{name} must be on {features.device}, as features, got {given.device}"
            )
    if weight.ndim != 2 or features.ndim < 1 or features.shape[-1] != weight.shape[1]:
        raise ValueError(
            "features and weight must have the shapes (..., inputs) and (classes, inputs), "
            f"got {tuple(features.shape)} and {tuple(weight.shape)}"
        )
    check_classes_last(loss.axes_of(features.ndim), features.ndim)
    logits, is_kept = logits_like(features, weight), bool(differentiated(features, weight, bias))
    probabilities, rest = None, ""
    if isinstance(target, SparseTarget):
        rest = target.rest
        target, probabilities = constants(target, logits, is_kept)
    target, *told = arguments(logits, target, sample_weight, where, of_class, is_kept)[1:]
    return (features, weight, bias, target, probabilities, *told), (rest, loss)


def differentiated(features: Tensor, weight: Tensor, bias: Maybe) -> str:
    """What somebody may want the gradient of: "features", "weight", both with a blank, or ""."""
    if torch._C._are_functorch_transforms_active() or forward_ad._current_level >= 0:
        return EVERYTHING
    if not torch.is_grad_enabled():
        return ""
    of_weight = weight.requires_grad or (bias is not None and bias.requires_grad)
    return words(features.requires_grad, of_weight)
