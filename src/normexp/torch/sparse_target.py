"""Targets of a few classes as tensors: spread over all classes, some rows at a time or at once."""

import math
from typing import Any

import torch
from torch import Tensor

from ..kernels import NO_MASK
from ..losses.sparse_target import ROUNDING, SparseTarget, masses_of
from . import views
from .operator import Operator, one_by_one, operator
from .views import array_of, held, tensor_of


class SparseOnDevice:
    """The masses of a `SparseTarget` by rows: a slice of it is a tensor of all classes.

    It is what `normexp.losses.sparse_target.SparseMasses` is of arrays; nobody waits for a number.
    """

    ndim = 2

    def __init__(self, target: SparseTarget, shape: torch.Size) -> None:
        ids, given = target.ids, target.probabilities
        if ids.is_floating_point() or ids.dtype is torch.bool:
            raise TypeError(f"target.ids must hold integer class ids, got {ids.dtype}")
        if given.is_complex():
            raise TypeError(f"target.probabilities must hold real numbers, got {given.dtype}")
        *samples, self.classes = shape
        if list(ids.shape[:-1]) != samples:
            raise ValueError(
                f"target.ids must have the shape {(*samples, 'k')} for logits of shape "
                f"{tuple(shape)}, got {tuple(ids.shape)}"
            )
        masses = given.double().reshape(math.prod(samples), ids.shape[-1])
        ids = ids.long().reshape(masses.shape)
        held(
            (masses >= 0) & masses.isfinite(),
            "target.probabilities must be finite and not negative",
        )
        held(
            (ids >= 0) & (ids < self.classes) | (masses == 0),
            "target.ids must hold class ids of the logits where there is a probability",
        )
        total = masses.sum(1, keepdim=True)
        if target.rest == "uniform":
            most = 1.0 + ROUNDING[given.dtype.itemsize]
            held(total <= most, "target.probabilities must add up to at most 1")
        if target.rest == "renormalize":
            masses = masses / torch.where(total > 0, total, 1.0)
        self.ids, self.masses = torch.where(masses > 0, ids, 0), masses
        self.rest = target.rest
        self.where: Any = NO_MASK

    def __getitem__(self, part: slice) -> Tensor:
        ids, masses = self.ids[part], self.masses[part]
        dense = masses.new_zeros((len(ids), self.classes))
        if self.rest == "uniform":
            free = torch.ones_like(dense) if not len(self.where) else self.where[part].double()
            is_given = torch.zeros_like(dense).scatter_add_(1, ids, (masses > 0).double())
            free = torch.where(is_given > 0, 0, free)
            left = (1.0 - masses.sum(1, keepdim=True)).clamp(min=0)
            dense = free * (left / free.sum(1, keepdim=True).clamp(min=1))
        return dense.scatter_add_(1, ids, masses)


class Dense(Operator):
    """The probabilities of all classes. Nothing is differentiated by them."""

    @staticmethod
    def kernel(ids: Tensor, probabilities: Tensor, where: Any, classes: int, rest: str) -> Tensor:
        shape = *ids.shape[:-1], classes
        if not views.on_host(ids):
            spread = SparseOnDevice(SparseTarget(ids, probabilities, rest), torch.Size(shape))
            if where is not None:
                spread.where = where.expand(shape).reshape(math.prod(shape[:-1]), classes)
            return spread[:].reshape(shape)
        target = SparseTarget(array_of(ids), array_of(probabilities), rest)
        masses = masses_of(target, shape)
        if where is not None:
            mask = where.expand(shape).reshape(math.prod(shape[:-1]), classes)
            masses.where = array_of(mask) if mask.numel() else NO_MASK
        return tensor_of(masses[:].reshape(shape))

    @staticmethod
    def like(ids: Tensor, probabilities: Tensor, where: Any, classes: int, rest: str) -> Tensor:
        return ids.new_empty((*ids.shape[:-1], classes), dtype=torch.float64)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.mark_non_differentiable(output)

    @staticmethod
    def backward(ctx: Any, _: Tensor) -> Any:
        return None, None, None, None, None

    @staticmethod
    def jvp(ctx: Any, *_: Any) -> None:
        return None

    @staticmethod
    def vmap(info: Any, in_dims: Any, *given: Any) -> Any:
        return one_by_one(DENSE, info, in_dims, *given), 0


DENSE = operator(
    "dense_target(Tensor ids, Tensor probabilities, Tensor? where, SymInt classes, str rest)"
    " -> Tensor",
    Dense,
)
