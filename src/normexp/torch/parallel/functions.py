"""Cross-entropy of logits, and of a linear map, whose classes lie on several ranks."""

import math
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ... import _check
from ...losses.bound import check_classes_last
from ...losses.cross_entropy import CrossEntropy
from ...losses.sparse_target import parts_of
from ..losses import is_last, times
from ..views import checked, is_plain, loss_type, result_type
from .dtensors import is_sharded, local
from .head import Gradients, Operands, swept
from .ranks import Group, Ranks, Told
from .target import Shard
from .vocabulary import Part

ALIKE = (
    "the function called",
    "loss",
    "target",
    "sample_weight",
    "the shape of rows",
    "the type of the loss",
    "what is differentiated",
)


@torch.compiler.disable
def cross_entropy(
    logits: Tensor,
    target: Any,
    *,
    loss: CrossEntropy | None = None,
    sample_weight: Any = None,
    where: Any = None,
    group: Group = None,
) -> Tensor:
    """The cross-entropy of logits of which each rank has some of the classes.

    Parameters
    ----------
    logits : Tensor
        This rank's part of the logits, with its classes on the loss's axis: any number of them,
        none too, in the order of ranks. Or a DTensor that is sharded along that axis.
    target : Tensor or SparseTarget
        Class ids of the whole vocabulary, the same on every rank; or probabilities of this rank's
        classes, in the shape of its logits; or a `SparseTarget` with ids of the whole vocabulary,
        the same on every rank.
    loss : CrossEntropy, optional
        With any options; without it, that of ``CrossEntropy()``. Class weights are of all classes.
    sample_weight : Tensor, optional
        As for the loss, the same on every rank.
    where : Tensor of bool, optional
        Which of this rank's classes exist, broadcast to the shape of its logits.
    group : ProcessGroup, optional
        The ranks that share the vocabulary; all of them without it.

    Returns
    -------
    Tensor
        The loss, the same bits on every rank. Its gradient is that of this rank's logits.

    Raises
    ------
    TypeError, ValueError
        For an argument of the wrong type, shape or range, or that differs between ranks.
    RuntimeError
        If there is no process group; if the arguments of another rank were refused; from
        `torch.distributed`, within the group's timeout, if a rank does not come along.

    Examples
    --------
    >>> import tempfile, torch, torch.distributed as dist
    >>> from normexp.torch import parallel
    >>> dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    >>> parallel.cross_entropy(torch.tensor([[2.0, 1.0, 0.1]]), torch.tensor([0]))
    tensor(0.4170)
    >>> dist.destroy_process_group()

    References
    ----------
    M. Shoeybi et al., Megatron-LM, 2019: the vocabulary over ranks.
    """
    loss = CrossEntropy() if loss is None else loss
    _refuse_others(loss)
    logits, group = local(logits, "logits", loss.axis, group)
    ranks = Ranks(group)

    def told() -> tuple[Shard, Told]:
        taken(logits, "logits")
        shard = Shard(loss, tuple(logits.shape), target, sample_weight, where)
        (axis,) = shard.axes
        alike = shard.alike | {
            "the function called": "cross_entropy",
            "the type of the loss": loss_type(logits),
            "what is differentiated": None,  # nothing is sent for it
        }
        return shard, Told(logits.shape[axis], 0, shard.has_mask, alike)

    shard, every = ranks.agreed(told, ALIKE)
    part = Part(ranks, shard, every, logits.device)
    value: Tensor = _OfLogits.apply(logits, source(logits), part, is_wanted(logits))
    return value


class _OfLogits(torch.autograd.Function):
    """The gradient is computed with the loss: there is nothing to send when it is asked for."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, came_from: Tensor, part: Part, wanted: bool) -> Tensor:
        logits = logits.detach().to(result_type(logits))
        losses, grad = part.zeros(part.count), logits.new_empty(logits.shape) if wanted else None
        part.put(logits, part.whole(logits), losses, grad)
        if grad is not None:
            ctx.save_for_backward(grad, came_from)
        ctx.loss = part.loss
        return part.reduced(losses, loss_type(logits))

    @staticmethod
    def backward(ctx: Any, of_value: Tensor) -> Any:
        grad, came_from = ctx.saved_tensors
        with torch.no_grad():
            found = times(of_value, grad, ctx.loss, is_last())
        return *finally_(of_value, came_from, found), None, None, None


@torch.compiler.disable
def linear_cross_entropy(
    features: Tensor,
    weight: Tensor,
    target: Any,
    bias: Tensor | None = None,
    *,
    loss: CrossEntropy | None = None,
    sample_weight: Any = None,
    where: Any = None,
    group: Group = None,
    sequence_parallel: bool = False,
    recompute: bool = False,
) -> Tensor:
    """The cross-entropy of ``features @ weight.T + bias``, of which each rank has some classes.

    The logits of some rows are computed at a time, on every rank those of its classes.

    Parameters
    ----------
    features : Tensor, shape (..., inputs)
        The same on every rank; or with `sequence_parallel` this rank's rows of them. Or a DTensor,
        replicated or sharded along its first axis, which says so itself.
    weight : Tensor, shape (classes of this rank, inputs)
        Or a DTensor that is sharded along its first axis.
    target, loss, sample_weight, where, group
        As for `cross_entropy`, of the logits of all rows.
    bias : Tensor, shape (classes of this rank,), optional
    sequence_parallel : bool
        Whether each rank has some of the rows of features, along the first axis, any number of
        them, in the order of ranks. They are gathered here, and their gradients are
        summed and scattered back.
    recompute : bool
        Compute gradients when they are asked for, from logits that are computed again, instead of
        keeping them from now on. So it is for ``reduction="none"`` anyway.

    Returns
    -------
    Tensor
        The loss, the same bits on every rank. The gradients of weight and bias are those of this
        rank's part, the gradient of features is the sum over all classes.

    Raises
    ------
    TypeError, ValueError, RuntimeError
        As `cross_entropy`.

    Examples
    --------
    >>> import torch, torch.distributed as dist
    >>> from normexp.torch import parallel
    >>> dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    >>> weight = torch.eye(3, requires_grad=True)
    >>> features = torch.tensor([[2.0, 1.0, 0.1]])
    >>> value = parallel.linear_cross_entropy(features, weight, torch.tensor([0]))
    >>> value.backward()
    >>> weight.grad[0]
    tensor([-0.6820, -0.3410, -0.0341])
    >>> dist.destroy_process_group()
    """
    loss = CrossEntropy() if loss is None else loss
    _refuse_others(loss)
    by_rows = sequence_parallel or is_sharded(features)
    weight, group = local(weight, "weight", 0, group)
    given = Operands(
        local(features, "features", 0, group)[0], weight, local(bias, "bias", 0, group)[0]
    )
    ranks = Ranks(group)
    later = recompute or loss.reduction == "none"
    is_kept = later and is_wanted(*given)

    def told() -> tuple[Shard, Told]:
        for name, tensor in zip(Operands._fields, given, strict=True):
            if tensor is not None or name != "bias":
                taken(tensor, name)
        given.check()
        left = tuple(given.features.shape[:-1])
        if by_rows:
            left = _rows_of(target, left)
        shard = Shard(loss, (*left, len(weight)), target, sample_weight, where, is_kept)
        check_classes_last(shard.axes, len(shard.shape))
        alike = shard.alike | {
            "the function called": ("linear_cross_entropy", by_rows, recompute),
            "the type of the loss": given.dtype,
            "what is differentiated": (is_wanted(*given), is_wanted(given.features)),
        }
        rows = math.prod(given.features.shape[:-1])
        likeness = (0.0, 0.0) if by_rows else given.likeness()
        return shard, Told(len(weight), rows, shard.has_mask, alike, likeness)

    shard, every = ranks.agreed(told, ALIKE)
    counts = every[:, 1].tolist()
    if by_rows and sum(counts) != math.prod(shard.left):
        raise ValueError(
            f"target must be of the rows of all ranks, which are {sum(counts)}, "
            f"got one of shape {shard.left}"
        )
    part = Part(ranks, shard, every, weight.device)
    wanted = is_wanted(given.features), is_wanted(weight), is_wanted(given.bias)
    call = Call(part, counts if by_rows else None, wanted, later)
    value: Tensor = _OfLinear.apply(*given, source(*given), call)
    return value


class Call(NamedTuple):
    """What a linear loss is told beside its operands."""

    part: Part
    counts: list[int] | None  # rows of features on each rank, where they are sharded
    wanted: tuple[bool, bool, bool]
    later: bool  # whether gradients are computed when they are asked for

    def operands(self, *given: Any) -> Operands:
        """Those of all rows."""
        x, w, b = Operands(*given).computed()
        if self.counts is not None:
            x = self.part.ranks.rows_gathered(x, self.counts)
        return Operands(x, w, b)

    def shared(self, grads: Gradients) -> Gradients:
        """Those of features summed over the classes of all ranks, for the rows that are here."""
        if grads.features is None:
            return grads
        if self.counts is None:
            return grads._replace(features=self.part.ranks.summed(grads.features))
        return grads._replace(features=self.part.ranks.rows_scattered(grads.features, self.counts))


class _OfLinear(torch.autograd.Function):
    """Gradients are computed with the loss, or later from what was known of whole rows."""

    @staticmethod
    def forward(ctx: Any, *told: Any) -> Tensor:
        *came, came_from, call = told
        ctx.call = call
        ctx.like = [None if one is None else (one.shape, one.dtype) for one in came]
        given = call.operands(*came)
        losses, ctx.known, grads = swept(call.part, given, NOTHING if call.later else call.wanted)
        ctx.save_for_backward(*(came if call.later else call.shared(grads)), came_from)
        return call.part.reduced(losses, given.weight.dtype)

    @staticmethod
    def backward(ctx: Any, of_value: Tensor) -> Any:
        *kept, came_from = ctx.saved_tensors
        with torch.no_grad():
            found = _OfLinear.gradients(ctx, of_value, kept)
        return *finally_(of_value, came_from, *found), None, None

    @staticmethod
    def gradients(ctx: Any, of_value: Tensor, kept: list[Any]) -> Any:
        call = ctx.call
        if call.later:
            given = call.operands(*kept)
            of_losses = of_value.to(given.weight.dtype).reshape(-1).expand(call.part.count)
            _, _, grads = swept(call.part, given, call.wanted, ctx.known, of_losses)
            found = call.shared(grads)
        else:
            found = [_times(of_value, grad) for grad in kept]
        return (
            None if grad is None else grad.reshape(like[0]).to(like[1])
            for grad, like in zip(found, ctx.like, strict=True)
        )


NOTHING = False, False, False


def _times(of_value: Tensor, grad: Tensor | None) -> Tensor | None:
    """A gradient times that of the loss; in place if nobody asks for it again, as it is large."""
    if grad is None:
        return None
    if torch._C._autograd._get_current_graph_task_keep_graph():
        return grad * of_value
    return grad if of_value == 1 else grad.mul_(of_value)


class _Final(torch.autograd.Function):
    """A gradient that cannot be differentiated, which is an error, and not 0."""

    @staticmethod
    def forward(ctx: Any, grad: Tensor, *came_from: Tensor) -> Tensor:
        return grad.view_as(grad)

    @staticmethod
    def backward(ctx: Any, *_: Any) -> Any:
        raise NotImplementedError(
            "a loss with its classes on several ranks has first derivatives, but no second"
        )


def finally_(of_value: Tensor, came_from: Tensor, *grads: Tensor | None) -> Any:
    """Gradients as backward gives them; where somebody follows them, he is told where they end."""
    if not torch.is_grad_enabled():
        return grads
    return (None if grad is None else _Final.apply(grad, of_value, came_from) for grad in grads)


def source(*tensors: Tensor | None) -> Tensor:
    """Nothing, but of these tensors as autograd sees it; it does not keep their numbers."""
    return torch.cat([one.reshape(-1)[:0].float() for one in tensors if one is not None])


def taken(tensor: Any, name: str) -> None:
    """Refuse what is no tensor with numbers."""
    if not isinstance(tensor, Tensor):
        raise TypeError(f"{name} must be a tensor, got {_check.described(tensor)}")
    if not is_plain(checked(tensor, name)):
        raise TypeError(
            f"{name} must be a plain tensor, got {type(tensor).__name__} on {tensor.device}"
        )


def is_wanted(*tensors: Tensor | None) -> bool:
    """Whether somebody may ask for the gradient of one of them."""
    return torch.is_grad_enabled() and any(one is not None and one.requires_grad for one in tensors)


def _refuse_others(loss: Any) -> None:
    if getattr(loss, "kernel", None) != "cross_entropy":
        raise TypeError(f"loss must be a CrossEntropy of logits, got {loss!r}")


def _rows_of(target: Any, left: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of all rows, which the target tells; each rank has some along the first axis."""
    if not left:
        raise ValueError("features must have rows to be sharded by, got an array of one dimension")
    shape = tuple(np.shape(parts_of(target)[0]))
    shape = shape[: len(left)]
    if shape[1:] != left[1:]:
        raise ValueError(f"target must be of rows of shape {('all ranks', *left[1:])}, got {shape}")
    return shape
