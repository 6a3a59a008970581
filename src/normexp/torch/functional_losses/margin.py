"""The multiclass hinge loss."""

from typing import Any

import torch
from torch import Tensor

from ... import losses
from ..as_pytorch import (
    ArgumentError,
    check_tensors,
    drop_in,
    floating,
    loss_with,
    reduced,
    reduction_of,
    widened,
)
from ..losses import loss_of
from .weights import of_classes, weights_of


@drop_in
def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The multiclass hinge loss, as `torch.nn.functional.multi_margin_loss`.

    ``w_y · Σ_j max(0, margin + z_j − z_y)^p / C`` over the rivals j of the class id y.

    Parameters
    ----------
    input : Tensor, shape (C,) or (N, C)
        Logits z.
    target : Tensor, shape (), (1,) or (N,)
        Class ids of any type of integers.
    p : {1, 2}
    margin : float
    weight : Tensor, shape (C,), optional
    reduction : {"mean", "sum", "none"}
        The mean divides by the number of samples, whatever their weights.

    Returns and errors are those of `cross_entropy`.

    Examples
    --------
    >>> import torch
    >>> from normexp.torch import multi_margin_loss
    >>> multi_margin_loss(torch.tensor([[3.0, 5.0, -2.0]]), torch.tensor([0]))
    tensor(1.)
    """
    check_tensors(input=input, target=target)
    reduction = reduction_of(reduction, size_average, reduce)
    if p not in (1, 2):
        raise ArgumentError(f"p must be 1 or 2, got {p}")
    x = widened(floating(input))
    if x.dim() > 2 or (x.dim() and x.shape[-1] == 0):
        raise ArgumentError(f"input must have the shape (C,) or (N, C), got {tuple(x.shape)}")
    rows = x.reshape(-1, x.shape[-1] if x.dim() else 1)
    samples, classes = rows.shape
    if target.dim() > 1 or target.numel() != samples:
        raise ArgumentError(f"target must have the shape ({samples},), got {tuple(target.shape)}")
    ids = target.reshape(samples)
    of_sample = torch.full((samples,), 1 / classes, dtype=torch.float64, device=x.device)
    options: dict[str, Any] = {"margin": float(margin), "squared": p == 2, "ignore_index": None}
    if weight is not None:
        weight = of_classes(weight, classes)
    if margin >= 0:
        options |= {"reduction": reduction, "normalizer": "batch", "empty": "nan"}
        loss = loss_with(losses.MulticlassHinge, **options)
        value = loss_of(loss, rows, ids, of_sample, None, weight)
        return (value.reshape(target.shape) if reduction == "none" else value).to(x.dtype)
    if weight is not None:
        of_sample = of_sample * weights_of(ids, weight, None)[0]
    values = _trailing(rows, ids.long(), p, margin) * of_sample
    return reduced(values.reshape(target.shape), reduction, samples, x.dtype)


def _trailing(rows: Tensor, ids: Tensor, p: int, margin: float) -> Tensor:
    """With a negative margin, by how much more than that the target trails."""
    wide = rows.double()
    own = ids.unsqueeze(1)
    violations = (margin + wide - wide.gather(1, own)).clamp_min(0)
    return violations.pow(p).scatter(1, own, 0.0).sum(1)
