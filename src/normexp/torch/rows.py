"""Rows of tensors along any axes, as kernels take them."""

import math
from typing import Any

import torch
from torch import Tensor

from ..kernels import Logits
from .views import result_type

Axes = tuple[int, ...]
Where = Any  # a tensor or None


def rows_of(x: Tensor, axes: Axes) -> Tensor:
    """(rows, classes), or (outer, classes, inner) for an axis in the middle, as kernels take it."""
    if len(axes) == 1:
        (axis,) = axes
        outer, inner = math.prod(x.shape[:axis]), math.prod(x.shape[axis + 1 :])
        rows = (outer, x.shape[axis]) if inner == 1 else (outer, x.shape[axis], inner)
        return x.reshape(rows)
    last = x.movedim(axes, tuple(range(-len(axes), 0)))
    count = math.prod(last.shape[: x.ndim - len(axes)])
    return last.reshape(count, math.prod(last.shape[x.ndim - len(axes) :]))


def rows_back(rows: Tensor, shape: torch.Size, axes: Axes) -> Tensor:
    """What `rows_of` took apart, in its shape again."""
    if len(axes) == 1:
        return rows.reshape(shape)
    apart = rows.reshape(*left(shape, axes), *(shape[axis] for axis in axes))
    return apart.movedim(tuple(range(-len(axes), 0)), axes)


def logits_of(x: Tensor, axes: Axes, where: Where) -> Logits:
    """Logits as the kernels of a device take them."""
    rows: Any = rows_of(x.to(result_type(x)), axes)
    return Logits(rows) if where is None else Logits(rows, rows_of(where.expand(x.shape), axes))


def left(shape: torch.Size, axes: Axes, keepdims: bool = False) -> list[int]:
    """The shape without the axes of the classes, or with 1 for each."""
    return [
        1 if axis in axes else size
        for axis, size in enumerate(shape)
        if keepdims or axis not in axes
    ]


def beside_classes(of_rows: Tensor, axes: Axes) -> Tensor:
    """A number for each row, with an axis of 1 where the classes are."""
    for axis in sorted(axes):
        of_rows = of_rows.unsqueeze(axis)
    return of_rows


def behind_batch(axes: Axes) -> Axes:
    """The same axes where a batch comes first."""
    return tuple(axis + 1 for axis in axes)


def axis_of(axes: Axes) -> int | Axes:
    """One axis as a number, which has a short way."""
    return axes[0] if len(axes) == 1 else tuple(axes)


def existing(values: Tensor, where: Where) -> Tensor:
    return values if where is None else torch.where(where, values, 0)
