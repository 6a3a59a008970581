"""Cross-entropy of the logits of a linear map."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear as matrix_product

from ... import losses
from ..as_pytorch import (
    ArgumentError,
    check_tensors,
    drop_in,
    floating,
    loss_with,
    reduction_of,
    widened,
)
from ..linear_loss import linear
from ..losses import named
from ..operator import is_differentiated
from .cross_entropy import cross_entropy, type_with_probabilities
from .weights import of_classes


@drop_in
def linear_cross_entropy(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    *,
    linear_bias: Tensor | None = None,
    weight: Tensor | None = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: Any = None,
) -> Tensor:
    """``cross_entropy(x Wᵀ + b, target)``, as `torch.nn.functional.linear_cross_entropy`.

    Parameters
    ----------
    input : Tensor, shape (D,) or (N, D)
        x.
    linear_weight : Tensor, shape (C, D) or (C, d1, ..., dK, D)
        W.
    target : Tensor
        As for `cross_entropy` of logits of shape (N, C, d1, ..., dK).
    linear_bias : Tensor, shape (C,) or (C, d1, ..., dK), optional
    weight, reduction, label_smoothing
        As for `cross_entropy`.
    ignore_index : int, optional
        None is −100; with probabilities there must be none.
    options : optional
        How PyTorch is to cut its work: this function needs none, and takes no notice of it.

    The logits are never held whole, but for probabilities that ask for a gradient, and for a loss
    of several dimensions.

    Returns and errors are those of `cross_entropy`.

    Examples
    --------
    >>> import torch
    >>> from normexp.torch import linear_cross_entropy
    >>> x, W = torch.eye(2), torch.tensor([[40.0, 0.0], [0.0, 1.0]])
    >>> linear_cross_entropy(x, W, torch.tensor([0, 1]), reduction="none")
    tensor([4.2484e-18, 3.1326e-01])
    """
    check_tensors(input=input, linear_weight=linear_weight, target=target)
    if input.dim() not in (1, 2):
        raise ArgumentError(f"input must have the shape (D,) or (N, D), got {tuple(input.shape)}")
    if linear_weight.dim() < 2 or linear_weight.shape[-1] != input.shape[-1]:
        raise ArgumentError(
            f"linear_weight must have the shape (C, ..., {input.shape[-1]}), "
            f"got {tuple(linear_weight.shape)}"
        )
    outputs = linear_weight.shape[:-1]
    if len(outputs) > 1 and input.dim() == 1:
        raise ArgumentError("input must have the shape (N, D) for a loss of several dimensions")
    if linear_bias is not None and linear_bias.shape != outputs:
        raise ArgumentError(
            f"linear_bias must have the shape {tuple(outputs)}, got {tuple(linear_bias.shape)}"
        )
    is_ids = target.shape != (*input.shape[:-1], *outputs)
    if ignore_index is not None and not is_ids:
        raise ArgumentError("ignore_index is for class ids, not for probabilities")
    chosen = reduction_of(reduction, None, None)
    matrix = linear_weight.reshape(-1, input.shape[-1])
    bias = None if linear_bias is None else linear_bias.reshape(-1)
    is_told = is_ids or not is_differentiated([target])
    if len(outputs) > 1 or not is_told or not linear_weight.shape[0]:
        logits = matrix_product(input, matrix, bias).reshape(*input.shape[:-1], *outputs)
        ignored = -100 if ignore_index is None else ignore_index
        return cross_entropy(
            logits,
            target,
            weight,
            ignore_index=ignored,
            reduction=chosen,
            label_smoothing=label_smoothing,
        )
    if weight is not None:
        weight = of_classes(weight, len(matrix))
    x = floating(input)
    dtype = widened(x).dtype
    if not is_ids:
        dtype = type_with_probabilities(widened(x), target, weight)
        if dtype is torch.float64:  # whose digits a loss of float32 has not
            x = x.double()
    ignored = -100 if ignore_index is None else ignore_index
    told: dict[str, Any] = {"label_smoothing": float(label_smoothing), "ignore_index": ignored}
    loss = named(loss_with(losses.CrossEntropy, reduction=chosen, empty="nan", **told))
    return linear(loss, x, matrix, target, bias, of_class=weight).to(dtype)
