"""The target as a mass for every class, and which rows count."""

from typing import Any

import torch

from ..contract import Target
from .rows import Tensor, column, rows


def coefficient(values: Any, like: Tensor) -> Tensor:
    return values if len(values) else torch.zeros_like(like)


def read_mass(target: Target, classes: int, first: int = 0) -> Tensor:
    """The target as a mass for every class from `first` on: one-hot for a class id."""
    if target.classes.ndim > 1:
        return rows(target.classes)
    numbers = torch.arange(first, first + classes, device=target.classes.device)
    return (column(target.classes) == numbers).double()


def read_target(target: Target, live: Tensor, first: int = 0) -> Tensor:
    """t_k = class_weight[k] · (weight · mass_k + smoothing), smoothing on live classes only."""
    classes = live.shape[1]
    t = column(target.weight) * read_mass(target, classes, first)
    if len(target.smoothing):
        t = t + torch.where(live, column(target.smoothing), 0)
    return target.class_weight[first : first + classes] * t if len(target.class_weight) else t


def label_weight(target: Target, mass: Tensor) -> Tensor:
    """weight · Σ_k class_weight[k] · mass_k / Σ_k mass_k; without any mass, the weight."""
    if not len(target.class_weight):
        return target.weight
    whole = mass.sum(1)
    weighted = target.weight * (mass @ target.class_weight) / whole
    return torch.where(whole > 0, weighted, target.weight)


def is_ignored(target: Target) -> Tensor:
    """Rows of which nothing counts, whatever they hold."""
    classes: Tensor = target.classes
    weight: Tensor = target.weight
    is_id = classes.ndim == 1
    if is_id and len(target.class_weight):
        weight = weight * target.class_weight[classes.clamp(0)]
    ignored = weight == 0
    for others in (target.smoothing, target.norm):
        if len(others):
            ignored = ignored & (others == 0)
    return ignored | (classes < 0) if is_id else ignored
