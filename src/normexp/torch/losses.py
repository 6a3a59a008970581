"""Losses of tensors, differentiable twice: by their gradient, and by Hessian products."""

import math
from collections.abc import Sequence
from copy import copy
from dataclasses import fields
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .. import _check
from ..losses.base import Loss
from ..losses.bound import Bound, LossGrad
from ..losses.sparse_target import SparseTarget
from . import few, views
from .binding import on_device
from .functions import mask_of
from .operator import (
    SET_WITHIN,
    Operator,
    apply_of,
    has_only_grad,
    is_differentiated,
    is_eager,
    is_followed,
    is_numbers,
    one_by_one,
    operator,
)
from .rows import beside_classes, left
from .sparse_target import DENSE
from .views import array_of, checked, from_array, loss_type, result_type, tensor_of

Maybe = Any  # a tensor or None
NAMED: dict[str, Loss] = {}  # the losses that compiled programs name


def loss_of(
    loss: Loss,
    logits: Any,
    target: Any,
    sample_weight: Any = None,
    where: Any = None,
    of_class: Any = None,
) -> Tensor:
    """`Loss.__call__` on tensors; `of_class` are weights of any sign, as `weighed` has them."""
    is_plain = sample_weight is None and where is None and of_class is None
    if is_plain and isinstance(logits, Tensor) and not torch.compiler.is_compiling():
        if is_differentiated([logits]):
            pair = few.value_and_grad(loss, logits, target, True)
            if pair is not None:
                return FORMED(logits, target, None, None, None, loss, pair)
        elif (of_few := few.value(loss, logits, target)) is not None:
            return of_few
        elif is_short(logits, target):
            return tensor_of(loss(array_of(logits), array_of(target)))
    given = arguments(logits, target, sample_weight, where, of_class)
    if has_only_grad(*given):
        return FORMED(*given, loss, None)
    if is_followed(given[0]):
        return WITH_GRADIENT(*given, loss)[0]
    return VALUE(*given, loss)


def value_and_grad(
    loss: Loss, logits: Any, target: Any, sample_weight: Any = None, where: Any = None
) -> LossGrad:
    """`Loss.value_and_grad` on tensors: both can be differentiated."""
    if sample_weight is None and where is None and not torch.compiler.is_compiling():
        both: LossGrad | None = few.value_and_grad(loss, logits, target)
        if both is not None:
            return both
    return LossGrad(*WITH_GRADIENT(*arguments(logits, target, sample_weight, where), loss))


def is_short(logits: Any, target: Any) -> bool:
    """Whether both are numbers in memory, which nobody follows."""
    if not isinstance(logits, Tensor) or not isinstance(target, Tensor):
        return False
    return is_numbers(logits) and is_eager([target]) and not target.requires_grad


def numbers_of(x: Any) -> Any:
    if isinstance(x, SparseTarget):
        return SparseTarget(numbers_of(x.ids), numbers_of(x.probabilities), x.rest)
    return None if x is None else array_of(x.cpu())


def arguments(
    logits: Any,
    target: Any,
    sample_weight: Any,
    where: Any,
    of_class: Any = None,
    is_kept: bool = False,
) -> tuple[Tensor, Tensor, Maybe, Maybe, Maybe]:
    """All as tensors where the logits are; the loss checks their shapes and numbers.

    Arrays are copied where a derivative will need them: `is_kept`, or somebody follows the logits.
    """
    if not isinstance(logits, Tensor):
        raise TypeError(f"logits must be a tensor, as the target, got {_check.described(logits)}")
    checked(logits, "logits")
    is_kept = is_kept or is_followed(logits)
    where = mask_of(where, logits, is_kept)
    if isinstance(target, SparseTarget):
        target = DENSE(*constants(target, logits, False), where, logits.shape[-1], target.rest)
    target = _constant(target, "target", logits, is_kept)
    if sample_weight is not None:
        sample_weight = _constant(sample_weight, "sample_weight", logits, is_kept)
    if of_class is not None:
        of_class = _constant(of_class, "weight", logits, is_kept)
    return logits, target, sample_weight, where, of_class


def constants(target: SparseTarget, logits: Tensor, is_kept: bool) -> tuple[Tensor, Tensor]:
    """Its class ids and probabilities as tensors."""
    return (
        _constant(target.ids, "target.ids", logits, is_kept),
        _constant(target.probabilities, "target.probabilities", logits, is_kept),
    )


def _constant(given: Any, name: str, logits: Tensor, is_kept: bool) -> Tensor:
    if not isinstance(given, Tensor):
        return from_array(np.asarray(given), is_kept).to(logits.device)
    if given.requires_grad and torch.is_grad_enabled():
        raise TypeError(f"{name} has requires_grad, but no loss is differentiated by it: detach it")
    if given.device != logits.device:
        raise ValueError(f"{name} must be on {logits.device}, as the logits, got {given.device}")
    return given


class OfLoss(Operator):
    """What a loss, the last argument, computes of logits or of a map to them."""

    @staticmethod
    def told(*given: Any) -> Any:
        *tensors, loss = given
        return *tensors, loss if isinstance(loss, str) else name_of(loss)


class Value(OfLoss):
    """The loss alone. Where it is differentiated after all, the gradient is computed then."""

    @staticmethod
    def kernel(logits: Tensor, *told: Any) -> Tensor:
        *target, of_class, loss = told
        loss = weighed(loss, of_class, logits)
        if not views.on_host(logits):
            return on_device(loss, logits, *target).evaluate(logits, False)[0]
        return tensor_of(loss(*map(numbers_of, (logits, *target))))

    @staticmethod
    def like(logits: Tensor, *told: Any) -> Tensor:
        return logits.new_empty(losses_shape(logits, NAMED[told[-1]]), dtype=loss_type(logits))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        *tensors, ctx.loss = inputs
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*tensors)
        ctx.save_for_forward(*tensors)

    @staticmethod
    def backward(ctx: Any, of_value: Maybe) -> Any:
        if of_value is None:
            return (None,) * len(ctx.needs_input_grad)
        _, grad = WITH_GRADIENT(*ctx.saved_tensors, ctx.loss)
        return times(of_value, grad, named(ctx.loss), not torch.is_grad_enabled()), *NOTHING

    @staticmethod
    def jvp(ctx: Any, tangent: Tensor, *rest: Any) -> Any:
        by_logits_alone(rest)
        _, grad = WITH_GRADIENT(*ctx.saved_tensors, ctx.loss)
        return dot(grad, tangent, named(ctx.loss))

    @staticmethod
    def vmap(info: Any, in_dims: Any, *given: Any) -> Any:
        return one_by_one(VALUE, info, in_dims, *given), 0


class WithGradient(OfLoss):
    """The loss and its gradient in one pass; the gradient's own is a product with the Hessian."""

    @staticmethod
    def kernel(logits: Tensor, *told: Any) -> Any:
        *target, of_class, loss = told
        loss = weighed(loss, of_class, logits)
        if not views.on_host(logits):
            return on_device(loss, logits, *target).evaluate(logits, True)
        if all(one is None for one in (*target[1:], of_class)):
            both = few.value_and_grad(loss, logits, target[0])
            if both is not None:
                return tuple(both)
        pair = loss.value_and_grad(*map(numbers_of, (logits, *target)))
        return tuple(map(tensor_of, pair))

    @staticmethod
    def like(logits: Tensor, *told: Any) -> Any:
        value = Value.like(logits, *told)
        return value, logits.new_empty(logits.shape, dtype=result_type(logits))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        *tensors, ctx.loss = inputs
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*tensors, output[1])
        ctx.save_for_forward(*tensors, output[1])

    @staticmethod
    def backward(ctx: Any, of_value: Maybe, of_grad: Maybe) -> Any:
        *tensors, grad = ctx.saved_tensors
        loss, result = named(ctx.loss), None
        if of_value is not None:
            result = times(of_value, grad, loss, False)  # somebody has it, or will ask again
        if of_grad is not None:
            product = HESSIAN_PRODUCT(*tensors, of_grad, ctx.loss)
            result = product if result is None else result + product
        return result, *NOTHING

    @staticmethod
    def jvp(ctx: Any, tangent: Tensor, *rest: Any) -> Any:
        by_logits_alone(rest)
        *tensors, grad = ctx.saved_tensors
        product = HESSIAN_PRODUCT(*tensors, tangent, ctx.loss)
        return dot(grad, tangent, named(ctx.loss)), product

    @staticmethod
    def vmap(info: Any, in_dims: Any, *given: Any) -> Any:
        return one_by_one(WITH_GRADIENT, info, in_dims, *given), (0, 0)


class Formed(Value):
    """The loss alone again, of logits that autograd alone follows: the gradient is formed with it.

    It may be told the pair of both.

    One result to follow costs less than the two of `WithGradient`. For a first derivative nobody
    looks at the logits again: they may have been written to since, as after `F.cross_entropy`.
    """

    @staticmethod
    def forward(ctx: Any, *given: Any) -> Tensor:
        *tensors, ctx.loss, pair = given
        value, grad = pair or WithGradient.kernel(*tensors, ctx.loss)
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*tensors, grad)
        return value

    setup_context = SET_WITHIN

    @staticmethod
    def backward(ctx: Any, of_value: Maybe) -> Any:
        if of_value is None:
            return (None,) * len(ctx.needs_input_grad)
        if torch.is_grad_enabled():  # somebody will differentiate the gradient
            _, grad = WITH_GRADIENT(*ctx.saved_tensors[:-1], ctx.loss)
        else:
            grad = last_saved(ctx)
        return times(of_value, grad, named(ctx.loss), is_last()), *NOTHING, None


class HessianProduct(OfLoss):
    """H · v, with H the Hessian of the loss: symmetric, so that it is its own transpose."""

    @staticmethod
    def kernel(logits: Tensor, *told: Any) -> Tensor:
        *target, of_class, vector, loss = told
        loss = weighed(loss, of_class, logits)
        if not views.on_host(logits):
            return on_device(loss, logits, *target).hessian_product(logits, vector)
        bound = bound_to(loss, logits.shape, *target)
        return tensor_of(bound.hessian_product(array_of(logits), array_of(vector)))

    @staticmethod
    def like(logits: Tensor, *told: Any) -> Tensor:
        return logits.new_empty(logits.shape)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        *tensors, _, ctx.loss = inputs
        ctx.save_for_backward(*tensors)
        ctx.save_for_forward(*tensors)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        if ctx.needs_input_grad[0]:
            raise NotImplementedError(THIRD)
        return *NOTHING, HESSIAN_PRODUCT(*ctx.saved_tensors, grad, ctx.loss), None

    @staticmethod
    def jvp(ctx: Any, of_logits: Maybe, *rest: Any) -> Any:
        if of_logits is not None:
            raise NotImplementedError(THIRD)
        return HESSIAN_PRODUCT(*ctx.saved_tensors, rest[-2], ctx.loss)

    @staticmethod
    def vmap(info: Any, in_dims: Any, *given: Any) -> Any:
        return one_by_one(HESSIAN_PRODUCT, info, in_dims, *given), 0


TOLD = "Tensor logits, Tensor target, Tensor? sample_weight, Tensor? where, Tensor? of_class"
NOTHING = None, None, None, None, None  # the gradients by all but logits, or but the vector
THIRD = "losses have first and second derivatives, but no third"
VALUE = operator(f"loss({TOLD}, str loss) -> Tensor", Value)
WITH_GRADIENT = operator(f"loss_with_gradient({TOLD}, str loss) -> (Tensor, Tensor)", WithGradient)
FORMED = apply_of(Formed)
HESSIAN_PRODUCT = operator(
    f"loss_hessian_product({TOLD}, Tensor vector, str loss) -> Tensor", HessianProduct
)


def weighed(loss: Any, of_class: Maybe, logits: Tensor) -> Any:
    """The loss, with the weight of each class, or of each yes, where a tensor holds it.

    Numbers that nobody has looked at are no option of a loss: here they may have any sign.
    """
    loss = named(loss)
    if of_class is None:
        return loss
    given, values, is_host = copy(loss), of_class.detach(), views.on_host(logits)
    if not loss.is_elementwise:
        values = values.double()
        object.__setattr__(given, "class_weight", array_of(values) if is_host else values)
        return given
    values = values.expand(logits.shape)
    last = logits.shape[-1] if logits.ndim else 1
    by_rows = values.double().reshape(-1)
    if is_host:
        by_rows = array_of(values).reshape(math.prod(logits.shape[:-1]), last)
    object.__setattr__(given, "pos_weight", by_rows)
    return given


def bound_to(loss: Loss, shape: Sequence[int], target: Any, weight: Maybe, where: Maybe) -> Bound:
    """The loss of logits of a shape with its target."""
    return loss.bind_to(tuple(shape), *map(numbers_of, (target, weight, where)))


def losses_shape(logits: Tensor, loss: Loss) -> list[int]:
    if loss.reduction != "none":
        return []
    return left(logits.shape, loss.axes_of(logits.ndim))


def times(of_value: Tensor, grad: Tensor, loss: Loss, is_free: bool) -> Tensor:
    """The gradient times that of the loss, by which it is reached."""
    if loss.reduction == "none":
        return product(beside_classes(of_value, loss.axes_of(grad.ndim)), grad)
    return scaled(of_value, grad, is_free)


def scaled(of_value: Tensor, grad: Tensor, is_free: bool) -> Tensor:
    """The gradient of one loss times that of the loss.

    It is new memory, for whoever gets it may write there, unless nobody else has or will see it.
    """
    if not is_one(of_value):
        return product(of_value, grad)
    return grad if is_free else grad.clone()


def last_saved(ctx: Any) -> Tensor:
    """What was saved last; the others are not looked at, nor whether they are as they were."""
    tensor: Tensor
    if torch.compiler.is_compiling() or not hasattr(torch._C._autograd.SavedTensor, "unpack"):
        *_, tensor = ctx.saved_tensors  # of a backward pass that is compiled, or an older PyTorch
    else:
        tensor = ctx._raw_saved_tensors[-1].unpack()
    return tensor


def is_last() -> bool:
    """Whether what a loss keeps for the backward pass that runs is used by nobody after it."""
    keeps_graph: bool = torch._C._autograd._get_current_graph_task_keep_graph()
    return not (keeps_graph or torch.is_grad_enabled())


def product(of_value: Tensor, grad: Tensor) -> Tensor:
    """Both as they are, multiplied in the type of losses and rounded once to that of the logits."""
    return (of_value * grad.to(loss_type(grad))).to(grad.dtype)


def is_one(of_value: Tensor) -> bool:
    """Whether it is 1 and nobody has to wait to know it: so it is where backward begins."""
    return is_numbers(of_value) and of_value.item() == 1


def by_logits_alone(tangents: Sequence[Any]) -> None:
    if any(tangent is not None for tangent in tangents):
        raise TypeError("no loss is differentiated by its target or its weights: detach them")


def dot(grad: Tensor, tangent: Tensor, loss: Loss) -> Tensor:
    """What the loss changes by when its logits change by the tangent."""
    change = grad.to(loss_type(grad)) * tangent
    if loss.reduction != "none":
        return change.sum()
    axes = loss.axes_of(grad.ndim)
    return change.sum(axes) if axes else change


def named(loss: Any) -> Any:
    return NAMED[loss] if isinstance(loss, str) else loss


def name_of(loss: Loss) -> str:
    """A name by which a compiled program finds the loss again.

    A compiler takes numbers for variables, but looks into sets: so it compiles anew for others.
    """
    return name_by_options(type(loss), {one.name: getattr(loss, one.name) for one in fields(loss)})


def name_by_options(kind: type[Loss], options: dict[str, Any]) -> str:
    """The name of a loss that is not there yet: a program may say its options alone."""
    return _named(kind, tuple(options), *map(_sealed, options.values()))


def _sealed(option: Any) -> Any:
    return tuple(map(_sealed, option)) if isinstance(option, tuple) else frozenset([option])


def _opened(sealed: Any) -> Any:
    return tuple(map(_opened, sealed)) if isinstance(sealed, tuple) else next(iter(sealed))


@torch.compiler.assume_constant_result
def _named(kind: Any, options: tuple[str, ...], *values: Any) -> str:
    loss = kind(**dict(zip(options, map(_opened, values), strict=True)))
    name = f"{kind.__module__}.{loss!r}"
    return next(one for one in _names(name) if NAMED.setdefault(one, loss) == loss)


def _names(first: str) -> Any:
    """The name, and others for losses that are called the same."""
    yield first
    count = 2
    while True:
        yield f"{first} ({count})"
        count += 1
