"""Targets of a few classes as tensors: spread over all classes where the logits are all there."""

from typing import Any

import torch
from torch import Tensor

from ..kernels import NO_MASK
from ..losses.sparse_target import SparseTarget, masses_of
from .operator import Operator, one_by_one, operator
from .views import array_of, tensor_of


class Dense(Operator):
    """The probabilities of all classes. Nothing is differentiated by them."""

    @staticmethod
    def kernel(ids: Tensor, probabilities: Tensor, where: Any, classes: int, rest: str) -> Tensor:
        shape = *ids.shape[:-1], classes
        target = SparseTarget(array_of(ids.cpu()), array_of(probabilities.cpu()), rest)
        masses = masses_of(target, shape)
        if where is not None:
            mask = where.cpu().expand(shape).reshape(-1, classes)
            masses.where = array_of(mask) if mask.numel() else NO_MASK
        return tensor_of(masses[:].reshape(shape)).to(ids.device)

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
