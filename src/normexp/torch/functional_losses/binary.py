"""Binary cross-entropy of logits."""

import torch
from torch import Tensor

from ... import losses
from ..as_pytorch import (
    HALVES,
    ArgumentError,
    check_tensors,
    common_type,
    drop_in,
    floating,
    loss_with,
    product,
    reduced,
    reduction_of,
    widened,
)
from ..functions import log_sigmoid
from ..losses import loss_of
from ..operator import is_differentiated
from .weights import weighted


@drop_in
def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """Binary cross-entropy, as `torch.nn.functional.binary_cross_entropy_with_logits`.

    ``−w · (pos_weight · t · log σ(z) + (1 − t) · log σ(−z))`` of each element.

    Parameters
    ----------
    input : Tensor
        Logits z.
    target : Tensor
        t between 0 and 1, in the shape of `input`; the loss is differentiated by it too, if it
        asks for that.
    weight, pos_weight : Tensor, optional
        w and the weight of yes, broadcast to the shape of `input`.
    reduction : {"mean", "sum", "none"}
        The mean divides by the number of elements.

    Returns
    -------
    Tensor
        In the type that input, target and weights have in common.

    Raises
    ------
    ArgumentError
        As for `cross_entropy`; for targets beyond 0 and 1 where they are constants.

    Examples
    --------
    >>> import torch
    >>> from normexp.torch import binary_cross_entropy_with_logits
    >>> z, yes = torch.tensor([0.0, 40.0]), torch.tensor([1.0, 1.0])
    >>> binary_cross_entropy_with_logits(z, yes, reduction="none")
    tensor([6.9315e-01, 4.2484e-18])
    """
    check_tensors(input=input, target=target)
    reduction = reduction_of(reduction, size_average, reduce)
    x = widened(floating(input))
    if target.shape != x.shape:
        raise ArgumentError(
            f"target must have the shape of input, {tuple(x.shape)}, got {tuple(target.shape)}"
        )
    for name, one in (("weight", weight), ("pos_weight", pos_weight)):
        if one is not None and one.requires_grad and torch.is_grad_enabled():
            raise ArgumentError(f"{name} has requires_grad, but no loss is differentiated by it")
    dtype = common_type(x, target, weight, pos_weight)
    x = x.to(dtype)
    if weight is not None:
        weight = _spread(weight, "weight", x)
    if pos_weight is not None:
        pos_weight = _spread(pos_weight, "pos_weight", x)
    if not is_differentiated([target]):
        if weight is None:
            options = {"reduction": reduction, "normalizer": "full", "empty": "nan"}
            loss = loss_with(losses.BinaryCrossEntropy, **options)
            return loss_of(loss, x, target, of_class=pos_weight).to(dtype)
        loss = loss_with(losses.BinaryCrossEntropy, reduction="none")
        values = weighted(loss, x, target, weight, pos_weight)
    else:
        wide = x.float() if x.dtype in HALVES else x
        yes, no = target, 1 - target
        if pos_weight is not None:
            yes = pos_weight * target
        values = -product(yes, log_sigmoid(wide)) - product(no, log_sigmoid(-wide))
        if weight is not None:
            values = weight * values
    return reduced(values, reduction, values.numel(), dtype)


def _spread(weight: Tensor, name: str, x: Tensor) -> Tensor:
    try:
        return weight.detach().expand(x.shape)
    except RuntimeError:
        raise ArgumentError(
            f"{name} must broadcast to the shape of input, {tuple(x.shape)}, "
            f"got {tuple(weight.shape)}"
        ) from None
