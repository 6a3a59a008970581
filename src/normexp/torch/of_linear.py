"""The operators of linear losses: value, value with gradients, products with the Hessian.

The gradients are formed in the forward pass where somebody will ask for them: there the logits of a
tile are at hand. Where each loss has an upstream gradient of its own (``reduction="none"``), and on
request, the backward pass computes the logits again.
"""

from typing import Any

import torch
from torch import Tensor

from ..kernels import kernels_for
from ..losses.base import Loss
from . import views
from .linear_on_device import logits_like
from .losses import (
    NAMED,
    THIRD,
    Maybe,
    OfLoss,
    by_logits_alone,
    is_last,
    is_one,
    losses_shape,
    named,
    scaled,
)
from .maps import as_results, gradients_like, map_of, type_of_losses, words
from .operator import is_eager, is_followed, one_by_one, operator
from .views import loss_type

OWNED = "owned"  # gradients that nobody but their operator has


class OfMap(OfLoss):
    """What a loss computes of an affine map: features, weight, bias, then what it is told."""

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        *tensors, rest, loss = inputs
        ctx.how = rest, loss
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*tensors)
        ctx.save_for_forward(*tensors)


class Value(OfMap):
    """The loss alone. Where it is differentiated after all, the gradients are computed then."""

    @staticmethod
    def kernel(*given: Any) -> Tensor:
        return map_of(given).evaluate()[0]

    @staticmethod
    def like(*given: Any) -> Tensor:
        return _losses_like(given[:3], NAMED[given[-1]])

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
        value, *grads = map_of((*told, rest, loss)).evaluate(wanted.split(), upstream)
        return value, *as_results(grads, told[0])

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
        value: Maybe = None
        changes: Any = None
        if any(one is not None for one in tangents[:3]):
            value = _dot(grads, tangents)
            _, *changes = HESSIAN_PRODUCT(*told, upstream, *tangents[:3], *ctx.how)
        if of_upstream is not None:
            more, *others = WITH_GRADIENT(*told, of_upstream, ctx.wanted, *ctx.how)
            value, changes = more if value is None else value + more, _sum(changes, others)
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
        vectors = of_features, of_weight, of_bias
        along, *products = map_of((*told, rest, loss)).hessian_product(vectors, upstream)
        return along, *as_results(products, told[0])

    @staticmethod
    def like(*given: Any) -> Any:
        losses = _losses_like(given[:3], NAMED[given[-1]])
        return losses, *gradients_like(given[:3], EVERYTHING)

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
    "Tensor target, Tensor? probabilities, Tensor? sample_weight, Tensor? where, Tensor? of_class"
)
NOTHING = None, None, None, None, None  # the gradients by target, weights and mask
UPSTREAM = 8  # where that is among the arguments
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


def _apart(of_value: Tensor, loss: Any) -> tuple[Maybe, Maybe]:
    """What comes from above, for each loss, or as a factor of all gradients."""
    return (of_value, None) if named(loss).reduction == "none" else (None, of_value)


def _times(factor: Maybe, grads: Any) -> Any:
    """Gradients that are new, times the factor."""
    if factor is None:
        return grads
    return [scaled(factor, grad, not torch.is_grad_enabled()) for grad in grads]


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
    is_free = OWNED in ctx.wanted and is_eager([of_value]) and is_last()
    if not is_free or is_one(of_value) or is_followed(of_value):
        return [scaled(of_value, grad, is_free) for grad in grads]
    if not views.on_host(of_value):
        return [kernels_for(grad).scale(grad.detach(), of_value) for grad in grads]
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


def _losses_like(of_map: Any, loss: Loss) -> Tensor:
    logits = logits_like(*of_map[:2])
    return logits.new_empty(losses_shape(logits, loss), dtype=type_of_losses(*of_map))
