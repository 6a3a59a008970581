"""Cross-entropy of logits, and the negative logarithms of class ids."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import nll_loss as pick

from ... import losses
from ..as_pytorch import (
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
from ..functions import log_softmax
from ..losses import loss_of
from ..operator import is_differentiated
from .weights import of_classes, weights_of

Maybe = Any  # a tensor or None


@drop_in
def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Cross-entropy of logits, as `torch.nn.functional.cross_entropy`.

    With ``ℓ(k) = −log softmax(z)_k`` the loss of a sample is ``Σ_k w_k · t_k · ℓ(k)``, where t is
    1 at a class id, or the probabilities given, and then smoothed: ``(1 − ε) · t_k + ε / C``. Of a
    class id y the weight w_y goes with its own share instead, as in PyTorch. The mean divides by
    the sum of the w_y, of probabilities by the number of samples.

    Parameters
    ----------
    input : Tensor, shape (C,), (N, C) or (N, C, d1, ..., dK)
        Logits.
    target : Tensor
        Class ids of any type of integers, in the shape of `input` without C; or probabilities in
        the shape of `input`, by which the loss is differentiated too, if they ask for it.
    weight : Tensor, shape (C,), optional
    ignore_index : int
        The class id that leaves a sample out.
    reduction : {"mean", "sum", "none"}
        `size_average` and `reduce` are its old names. The mean of nothing is NaN.
    label_smoothing : float
        ε.

    Returns
    -------
    Tensor
        In the type of `input` (or what it and the probabilities have in common).

    Raises
    ------
    ArgumentError
        For an argument of the wrong type, shape or range, and for probabilities that are negative
        where the loss is not differentiated by them. It is a ValueError, TypeError, IndexError and
        RuntimeError, whichever you catch.

    Examples
    --------
    >>> import torch
    >>> from normexp.torch import cross_entropy
    >>> z = torch.tensor([[40.0, 0.0], [0.0, 1.0]], requires_grad=True)
    >>> cross_entropy(z, torch.tensor([0, 1]), reduction="none")
    tensor([4.2484e-18, 3.1326e-01], grad_fn=<FormedBackward>)
    """
    check_tensors(input=input, target=target)
    reduction = reduction_of(reduction, size_average, reduce)
    x = widened(floating(input))
    if x.dim() == 0:
        raise ArgumentError("input must have an axis of classes, got a tensor without dimensions")
    axis = min(x.dim() - 1, 1)
    if weight is not None:
        weight = of_classes(weight, x.shape[axis])
    options = {"reduction": reduction, "label_smoothing": float(label_smoothing), "axis": axis}
    if target.shape == x.shape:
        return _of_probabilities(x, target, weight, ignore_index, options)
    if x.shape[axis] == 0 and target.numel() == 0:
        return reduced(x.sum(axis), reduction, 0, x.dtype)
    options["axis"] = axis - x.dim()  # −1 has a short way
    loss = loss_with(losses.CrossEntropy, empty="nan", ignore_index=ignore_index, **options)
    return loss_of(loss, x, target, of_class=weight).to(x.dtype)


def _of_probabilities(
    x: Tensor, target: Tensor, weight: Maybe, ignore_index: int, options: dict[str, Any]
) -> Tensor:
    if ignore_index >= 0:
        raise ArgumentError("ignore_index is for class ids, not for probabilities")
    dtype = type_with_probabilities(x, target, weight)
    x = x.to(dtype)
    if not is_differentiated([target]):
        loss = loss_with(losses.CrossEntropy, empty="nan", ignore_index=None, **options)
        return loss_of(loss, x, target, of_class=weight).to(dtype)
    axis, smoothing = options["axis"], options["label_smoothing"]
    if not 0 <= smoothing <= 1:
        raise ArgumentError(f"label_smoothing must be between 0 and 1, got {smoothing}")
    share = (1 - smoothing) * target + smoothing / max(x.shape[axis], 1)
    if weight is not None:
        share = share * weight.reshape(-1, *[1] * (x.dim() - axis - 1))
    values = -product(share, log_softmax(x, axis)).sum(axis)
    return reduced(values, options["reduction"], values.numel(), dtype)


def type_with_probabilities(x: Tensor, target: Tensor, weight: Maybe) -> torch.dtype:
    """What the loss of logits is computed in, and is, where its target holds probabilities."""
    if not target.is_floating_point():
        raise ArgumentError(
            f"target in the shape of input must hold floating probabilities, got {target.dtype}"
        )
    return common_type(x, target, weight)


@drop_in
def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The log-probabilities of class ids, negated, as `torch.nn.functional.nll_loss`.

    ``−w_y · log p_y`` of each sample with the class id y; summed in float64.

    Parameters
    ----------
    input : Tensor, shape (C,), (N, C) or (N, C, d1, ..., dK)
        Log-probabilities, as `log_softmax` gives them.
    target : Tensor
        Class ids of any type of integers.
    weight, ignore_index, reduction
        As for `cross_entropy`, as are the errors.

    Examples
    --------
    >>> import torch
    >>> from normexp.torch import log_softmax, nll_loss
    >>> log_p = log_softmax(torch.tensor([[2.0, 1.0, 0.1]]), dim=1)
    >>> nll_loss(log_p, torch.tensor([0]))
    tensor(0.4170)
    """
    check_tensors(input=input, target=target)
    reduction = reduction_of(reduction, size_average, reduce)
    x = widened(floating(input))
    if target.is_floating_point() or target.dtype is torch.bool:
        raise ArgumentError(f"target must hold integer class ids, got {target.dtype}")
    ids = target.long()
    # To pick a number has no error: PyTorch's own does it, and has the errors of its own.
    values = pick(x, ids, ignore_index=ignore_index, reduction="none")
    if weight is None:
        return reduced(values, reduction, (ids != ignore_index).sum(), x.dtype)
    weight = of_classes(weight, x.shape[min(x.dim() - 1, 1)])
    of_sample, _ = weights_of(ids, weight, ignore_index)
    values = product(of_sample, values)
    return reduced(values, reduction, of_sample.sum(dtype=torch.float64), x.dtype)
