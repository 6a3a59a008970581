"""The loss of ``features @ weight.T + bias`` on tensors, tile by tile, differentiable twice.

The gradients are formed in the forward pass where somebody will ask for them: there the logits of a
tile are at hand. Where each loss has an upstream gradient of its own (``reduction="none"``), and on
request, the backward pass computes the logits again.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd import forward_ad

from .. import _check
from ..linear_hessian import Vectors
from ..linear_loss import LinearLossGrad, Operands, operands
from ..losses.base import Loss
from ..losses.bound import Bound, check_classes_last, wanted_gradients
from ..losses.sparse_target import SparseTarget
from .losses import (
    NAMED,
    THIRD,
    Maybe,
    arguments,
    bound_to,
    by_logits_alone,
    constants,
    is_one,
    losses_shape,
    name_of,
    named,
    scaled,
)
from .operator import Operator, is_eager, is_followed, one_by_one, operator
from .views import array_of, checked, loss_type, result_type, tensor_of

OWNED = "owned"  # gradients that nobody but their operator has


def linear(
    loss: Loss,
    features: Any,
    weight: Any,
    target: Any,
    bias: Any = None,
    sample_weight: Any = None,
    where: Any = None,
    *,
    recompute: bool = False,
) -> Tensor:
    """`Loss.linear` on tensors."""
    given, how = arguments_of(loss, features, weight, target, bias, sample_weight, where)
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
    loss: Loss, features: Any, weight: Any, target: Any, bias: Any, sample_weight: Any, where: Any
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
    logits = features.detach().new_empty(()).expand(*features.shape[:-1], weight.shape[0])
    probabilities, rest = None, ""
    if isinstance(target, SparseTarget):
        rest = target.rest
        target, probabilities = constants(target, logits)
    target, *told = arguments(logits, target, sample_weight, where)[1:]
    return (features, weight, bias, target, probabilities, *told), (rest, loss)


def differentiated(features: Tensor, weight: Tensor, bias: Maybe) -> str:
    """What somebody may want the gradient of: "features", "weight", both with a blank, or ""."""
    if torch._C._are_functorch_transforms_active() or forward_ad._current_level >= 0:
        return EVERYTHING
    if not torch.is_grad_enabled():
        return ""
    of_weight = weight.requires_grad or (bias is not None and bias.requires_grad)
    return words(features.requires_grad, of_weight)


class OfMap(Operator):
    """What a loss computes of an affine map: features, weight, bias, then what it is told."""

    @staticmethod
    def told(*given: Any) -> Any:
        *tensors, loss = given
        return *tensors, loss if isinstance(loss, str) else name_of(loss)


class Value(OfMap):
    """The loss alone. Where it is differentiated after all, the gradients are computed then."""

    @staticmethod
    def kernel(*given: Any) -> Tensor:
        bound, operands = map_of(given)
        return tensor_of(bound.evaluate_linear(operands, ()).value)

    @staticmethod
    def like(*given: Any) -> Tensor:
        return _losses_like(given[:3], NAMED[given[-1]])

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        *tensors, rest, loss = inputs
        ctx.how = rest, loss
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*tensors)
        ctx.save_for_forward(*tensors)

    @staticmethod
    def backward(ctx: Any, of_value: Maybe) -> Any:
        if of_value is None:
            return (None,) * len(ctx.needs_input_grad)
        by_features, *by_others = ctx.needs_input_grad[:3]
        wanted = words(by_features, any(by_others))
        upstream, factor = _apart(of_value, ctx.how[-1])
        grads = WITH_GRADIENT(*ctx.saved_tensors, upstream, wanted, *ctx.how)[1:]
        return *of_inputs(ctx, _times(factor, grads), wanted), *NOTHING, None, None

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        by_logits_alone(tangents[3:UPSTREAM])
        if named(ctx.how[-1]).reduction == "none":
            return HESSIAN_PRODUCT(*ctx.saved_tensors, None, *tangents[:3], *ctx.how)[0]
        grads = WITH_GRADIENT(*ctx.saved_tensors, None, EVERYTHING, *ctx.how)[1:]
        return _dot(grads, tangents)

    @staticmethod
    def vmap(info: Any, in_dims: Any, *given: Any) -> Any:
        return one_by_one(VALUE, info, in_dims, *given), 0


class WithGradient(OfMap):
    """The loss and its gradients in one sweep; their own are products with the Hessian.

    With an upstream gradient for each loss, all are those of Σ upstream · loss. A gradient that is
    not `wanted` is an empty tensor.
    """

    @staticmethod
    def kernel(*given: Any) -> Any:
        *told, upstream, wanted, rest, loss = given
        bound, operands = map_of((*told, rest, loss))
        weights = array_or_none(upstream)
        value, *grads = bound.evaluate_linear(operands, wanted.split(), weights)
        if weights is not None:
            value = np.sum(weights * value, dtype=value.dtype)
        return tensor_of(value), *as_tensors(grads, told[0])

    @staticmethod
    def like(*given: Any) -> Any:
        value = given[0].new_empty((), dtype=type_of_losses(*given[:3]))
        return value, *gradients_like(given[:3], given[-3])

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        *tensors, ctx.wanted, rest, loss = inputs
        ctx.how = rest, loss
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*tensors, *output[1:])
        ctx.save_for_forward(*tensors, *output[1:])

    @staticmethod
    def backward(ctx: Any, of_value: Maybe, *of_grads: Maybe) -> Any:
        *told, upstream, _, _, _ = ctx.saved_tensors
        grads = of_upstream = None
        if of_value is not None:
            grads = _times_kept(of_value, ctx)
            if ctx.needs_input_grad[UPSTREAM]:
                of_upstream = of_value * VALUE(*told, *ctx.how)
        if any(one is not None and one.numel() for one in of_grads):
            along, *products = HESSIAN_PRODUCT(*told, upstream, *_vectors(of_grads), *ctx.how)
            grads = _sum(grads, products)
            if ctx.needs_input_grad[UPSTREAM]:
                of_upstream = along if of_upstream is None else of_upstream + along
        return *of_inputs(ctx, grads, ctx.wanted), *NOTHING, of_upstream, None, None, None

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        by_logits_alone(tangents[3:UPSTREAM])
        *told, upstream = ctx.saved_tensors[:-3]
        grads, of_upstream = ctx.saved_tensors[-3:], tangents[UPSTREAM]
        value = _dot(grads, tangents)
        _, *changes = HESSIAN_PRODUCT(*told, upstream, *tangents[:3], *ctx.how)
        if of_upstream is not None:
            more, *others = WITH_GRADIENT(*told, of_upstream, ctx.wanted, *ctx.how)
            value, changes = value + more, _sum(changes, others)
        return value, *(
            change if change.shape == grad.shape else torch.zeros_like(grad)  # not wanted
            for grad, change in zip(grads, changes, strict=True)
        )

    @staticmethod
    def vmap(info: Any, in_dims: Any, *given: Any) -> Any:
        return one_by_one(WITH_GRADIENT, info, in_dims, *given), (0, 0, 0, 0)


class HessianProduct(OfMap):
    """What losses and gradients change by along vectors of the shapes of features, weight, bias.

    The Hessian is symmetric, so that it is its own transpose.
    """

    @staticmethod
    def kernel(*given: Any) -> Any:
        *told, upstream, of_features, of_weight, of_bias, rest, loss = given
        bound, operands = map_of((*told, rest, loss))
        vectors = Vectors(*map(array_or_none, (of_features, of_weight, of_bias)))
        weights = array_or_none(upstream)
        losses, *products = bound.linear_hessian_product(operands, vectors, weights)
        shape = bound.losses_shape if bound.loss.reduction == "none" else ()
        along = losses.reshape(shape) if shape or losses.size == 1 else losses.sum()
        return tensor_of(along), *as_tensors(products, told[0])

    @staticmethod
    def like(*given: Any) -> Any:
        losses = _losses_like(given[:3], NAMED[given[-1]])
        return losses, *gradients_like(given[:3], EVERYTHING)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        *tensors, rest, loss = inputs
        ctx.how = rest, loss
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*tensors)
        ctx.save_for_forward(*tensors)

    @staticmethod
    def backward(ctx: Any, of_losses: Maybe, *of_products: Maybe) -> Any:
        *told, upstream, of_features, of_weight, of_bias = ctx.saved_tensors
        of_map = of_vectors = None
        if of_losses is not None:  # whose derivatives are second ones
            above, factor = _apart(of_losses, ctx.how[-1])
            its = HESSIAN_PRODUCT(*told, above, of_features, of_weight, of_bias, *ctx.how)
            of_map = _times(factor, its[1:])
            its = WITH_GRADIENT(*told, above, EVERYTHING, *ctx.how)
            of_vectors = _times(factor, its[1:])
        if any(one is not None and one.numel() for one in of_products):
            if any(ctx.needs_input_grad[: UPSTREAM + 1]):
                raise NotImplementedError(THIRD)
            its = HESSIAN_PRODUCT(*told, upstream, *_vectors(of_products), *ctx.how)
            of_vectors = _sum(of_vectors, its[1:])
        of_vectors = [
            grad if is_needed else None
            for grad, is_needed in zip(
                of_vectors or NOTHING[:3], ctx.needs_input_grad[-5:-2], strict=True
            )
        ]
        return *of_inputs(ctx, of_map, EVERYTHING), *NOTHING, None, *of_vectors, None, None

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        if any(tangent is not None for tangent in tangents[: UPSTREAM + 1]):
            raise NotImplementedError(THIRD)
        *told, upstream, _, _, _ = ctx.saved_tensors
        return HESSIAN_PRODUCT(*told, upstream, *tangents[-5:-2], *ctx.how)

    @staticmethod
    def vmap(info: Any, in_dims: Any, *given: Any) -> Any:
        return one_by_one(HESSIAN_PRODUCT, info, in_dims, *given), (0, 0, 0, 0)


TOLD = (
    "Tensor features, Tensor weight, Tensor? bias, "
    "Tensor target, Tensor? probabilities, Tensor? sample_weight, Tensor? where"
)
NOTHING = None, None, None, None  # the gradients by target, sample weights and mask
UPSTREAM = 7  # where that is among the arguments
EVERYTHING = "features weight"
FOUR = "(Tensor, Tensor, Tensor, Tensor)"
VALUE = operator(f"linear_loss({TOLD}, str rest, str loss) -> Tensor", Value)
WITH_GRADIENT = operator(
    f"linear_loss_with_gradient({TOLD}, Tensor? upstream, str wanted, str rest, str loss)"
    f" -> {FOUR}",
    WithGradient,
)
HESSIAN_PRODUCT = operator(
    f"linear_loss_hessian_product({TOLD}, Tensor? upstream, Tensor? of_features, "
    f"Tensor? of_weight, Tensor? of_bias, str rest, str loss) -> {FOUR}",
    HessianProduct,
)


def map_of(told: Sequence[Any]) -> tuple[Bound, Operands]:
    """The loss bound to its target, and the arrays that make the logits."""
    features, weight, bias, _, _, sample_weight, where, _, loss = told
    given = operands(array_of(features), array_of(weight), array_or_none(bias))
    shape = given.logits_shape
    return bound_to(named(loss), shape, target_of(told), sample_weight, where), given


def target_of(told: Sequence[Any]) -> Any:
    target, probabilities, _, _, rest, _ = told[3:]
    return target if probabilities is None else SparseTarget(target, probabilities, rest)


def array_or_none(x: Maybe) -> Any:
    return None if x is None else array_of(x)


def words(of_features: bool, of_weight: bool) -> str:
    return " ".join(["features"] * of_features + ["weight"] * of_weight)


def _apart(of_value: Tensor, loss: Any) -> tuple[Maybe, Maybe]:
    """What comes from above, for each loss, or as a factor of all gradients."""
    return (of_value, None) if named(loss).reduction == "none" else (None, of_value)


def _times(factor: Maybe, grads: Any) -> Any:
    return grads if factor is None else [scaled(factor, grad) for grad in grads]


def of_inputs(ctx: Any, grads: Any, wanted: str) -> list[Maybe]:
    """The gradients that are asked for by features, weight and bias."""
    asked: list[Maybe] = [None, None, None]
    if grads is not None:
        for at, name in enumerate(("features", "weight", "weight")):
            if not ctx.needs_input_grad[at]:
                continue
            if name not in wanted:
                raise RuntimeError(f"no gradient of the {name} was formed: none was needed then")
            asked[at] = grads[at]
    return asked


def _times_kept(of_value: Tensor, ctx: Any) -> list[Tensor]:
    """The gradients that were formed with the loss, times that of the loss.

    What nobody else has and nobody asks for again takes the product in place: a second array as
    large as the weight may not fit.
    """
    grads: list[Tensor] = ctx.saved_tensors[-3:]
    if OWNED not in ctx.wanted or is_followed(of_value) or not is_eager([of_value]):
        return [scaled(of_value, grad) for grad in grads]
    if is_one(of_value):
        ctx.wanted = ctx.wanted.replace(OWNED, "")  # somebody has them now
        return grads
    if torch._C._autograd._get_current_graph_task_keep_graph():
        return [scaled(of_value, grad) for grad in grads]
    return [grad.detach().mul_(of_value.item()) for grad in grads]


def _vectors(given: Any) -> list[Maybe]:
    """Gradients of gradients, None for what there is not."""
    return [None if one is None or not one.numel() else one for one in given]


def _sum(a: Any, b: Any) -> Any:
    return b if a is None else [one + other for one, other in zip(a, b, strict=True)]


def _dot(grads: Any, tangents: Any) -> Tensor:
    """What the loss changes by along tangents, of which some may be None."""
    terms = [
        (grad.to(loss_type(grad)) * tangent).sum()
        for grad, tangent in zip(grads, tangents[:3], strict=True)
        if tangent is not None
    ]
    return torch.stack(terms).sum()


def type_of_losses(*of_map: Maybe) -> torch.dtype:
    """Of the loss of these features, weight and bias."""
    types = [loss_type(one) for one in of_map if one is not None]
    return torch.float64 if torch.float64 in types else torch.float32


def _losses_like(of_map: Any, loss: Loss) -> Tensor:
    features, weight, _ = of_map
    logits = features.new_empty(()).expand(*features.shape[:-1], weight.shape[0])
    return torch.empty(
        losses_shape(logits, loss), dtype=type_of_losses(*of_map), device=features.device
    )


def gradients_like(of_map: Any, wanted: str) -> list[Tensor]:
    return [
        of_map[0].new_empty(0)
        if one is None or name not in wanted
        else one.new_empty(one.shape, dtype=result_type(one))
        for one, name in zip(of_map, ("features", "weight", "weight"), strict=True)
    ]


def as_tensors(grads: Any, features: Tensor) -> list[Tensor]:
    """Gradients by features, weight and bias; an empty tensor for none."""
    return [features.new_empty(0) if grad is None else tensor_of(grad) for grad in grads]
