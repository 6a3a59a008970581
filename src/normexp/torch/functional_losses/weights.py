"""Weights of classes and samples, of any sign, whose numbers nobody reads here."""

from typing import Any

import torch
from torch import Tensor

from ..as_pytorch import ArgumentError, check_tensors
from ..losses import loss_of


def of_classes(weight: Tensor, classes: int) -> Tensor:
    """The weights, if there is one for each class."""
    check_tensors(weight=weight)
    if weight.shape != (classes,):
        raise ArgumentError(
            f"weight must hold a number for each of {classes} classes, "
            f"got shape {tuple(weight.shape)}"
        )
    return weight


def weights_of(target: Tensor, weight: Tensor, ignore_index: int | None) -> tuple[Tensor, Tensor]:
    """The weight of each sample's class, 0 where there is none; and which samples count."""
    if weight.requires_grad and torch.is_grad_enabled():
        raise ArgumentError("weight has requires_grad, but no loss is differentiated by it")
    if target.is_floating_point() or target.dtype is torch.bool:
        raise ArgumentError(f"target must hold integer class ids, got {target.dtype}")
    ids = target.long()
    counts = (ids >= 0) & (ids < len(weight))  # any other is an error of the loss itself
    if ignore_index is not None:
        counts &= ids != ignore_index
    of_sample = weight.detach()[ids.masked_fill(~counts, 0)]
    return of_sample.masked_fill(~counts, 0), counts


def weighted(loss: Any, x: Tensor, target: Tensor, weight: Tensor, of_class: Any = None) -> Tensor:
    """The loss of each sample times its weight, which may be negative.

    What has the weight 0 is left out, whatever it holds.
    """
    return loss_of(loss, x, target, weight.abs(), None, of_class) * weight.sign()
