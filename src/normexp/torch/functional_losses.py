"""Losses with the signatures and the meaning of `torch.nn.functional`, exact.

A class weight that PyTorch takes may be negative and is a tensor, whose numbers nobody reads here:
it weighs the loss of each row, or the logarithms of the probabilities.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear as matrix_product
from torch.nn.functional import nll_loss as pick

from .. import losses
from .as_pytorch import (
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
from .functions import log_sigmoid, log_softmax
from .linear_loss import linear
from .losses import loss_of, named
from .operator import is_differentiated

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
        weight = _of_classes(weight, x.shape[axis])
    options = {"reduction": reduction, "label_smoothing": float(label_smoothing), "axis": axis}
    if target.shape == x.shape:
        return _of_probabilities(x, target, weight, ignore_index, options)
    if x.shape[axis] == 0 and target.numel() == 0:
        return reduced(x.sum(axis), reduction, 0, x.dtype)
    options["ignore_index"] = ignore_index
    if weight is None:
        loss = loss_with(losses.CrossEntropy, empty="nan", **options)
        return loss_of(loss, x, target).to(x.dtype)
    return _of_weighted_ids(x, target, weight, **options)


def _of_weighted_ids(
    x: Tensor,
    target: Tensor,
    weight: Tensor,
    reduction: str,
    label_smoothing: float,
    axis: int,
    ignore_index: int,
) -> Tensor:
    of_sample, counts = _weights_of(target, weight, ignore_index)
    loss = loss_with(losses.CrossEntropy, reduction="none", axis=axis, ignore_index=ignore_index)
    values = _weighted(loss, x, target, of_sample)
    if label_smoothing:
        of_class = weight.reshape(-1, *[1] * (x.dim() - axis - 1))
        counted = x.masked_fill(~counts.unsqueeze(axis), 0)
        spread = -product(of_class, log_softmax(counted, axis)).sum(axis)
        spread = spread.masked_fill(~counts, 0)
        share = label_smoothing / x.shape[axis]
        values = (1 - label_smoothing) * values + share * spread
    return reduced(values, reduction, of_sample.sum(dtype=torch.float64), x.dtype)


def _of_classes(weight: Tensor, classes: int) -> Tensor:
    check_tensors(weight=weight)
    if weight.shape != (classes,):
        raise ArgumentError(
            f"weight must hold a number for each of {classes} classes, "
            f"got shape {tuple(weight.shape)}"
        )
    return weight


def _weights_of(target: Tensor, weight: Tensor, ignore_index: int | None) -> tuple[Tensor, Tensor]:
    """The weight of each sample's class, 0 where there is none; and which samples count."""
    if weight.requires_grad and torch.is_grad_enabled():
        raise ArgumentError("weight has requires_grad, but no loss is differentiated by it")
    if target.is_floating_point() or target.dtype is torch.bool:
        raise ArgumentError(f"target must hold integer class ids, got {target.dtype}")
    ids = target.long()
    counts = (ids >= 0) & (ids < len(weight))  # any other is an error of the loss itself
    if ignore_index is not None:
        counts &= ids != ignore_index
    of_sample = weight.detach()[ids.masked_fill(~counts, 0)]
    return of_sample.masked_fill(~counts, 0), counts


def _weighted(loss: Any, x: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """The loss of each sample times its weight, which may be negative.

    What has the weight 0 is left out, whatever it holds.
    """
    return loss_of(loss, x, target, weight.abs()) * weight.sign()


def _of_probabilities(
    x: Tensor, target: Tensor, weight: Maybe, ignore_index: int, options: dict[str, Any]
) -> Tensor:
    if not target.is_floating_point():
        raise ArgumentError(
            f"target in the shape of input must hold floating probabilities, got {target.dtype}"
        )
    if ignore_index >= 0:
        raise ArgumentError("ignore_index is for class ids, not for probabilities")
    dtype = common_type(x, target, weight)
    x = x.to(dtype)
    if weight is None and not is_differentiated([target]):
        loss = loss_with(losses.CrossEntropy, empty="nan", ignore_index=None, **options)
        return loss_of(loss, x, target).to(dtype)
    axis, smoothing = options["axis"], options["label_smoothing"]
    if not 0 <= smoothing <= 1:
        raise ArgumentError(f"label_smoothing must be between 0 and 1, got {smoothing}")
    share = (1 - smoothing) * target + smoothing / max(x.shape[axis], 1)
    if weight is not None:
        share = share * weight.reshape(-1, *[1] * (x.dim() - axis - 1))
    values = -product(share, log_softmax(x, axis)).sum(axis)
    return reduced(values, options["reduction"], values.numel(), dtype)


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
    weight = _of_classes(weight, x.shape[min(x.dim() - 1, 1)])
    of_sample, _ = _weights_of(ids, weight, ignore_index)
    values = product(of_sample, values)
    return reduced(values, reduction, of_sample.sum(dtype=torch.float64), x.dtype)


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
        As for `cross_entropy`; for targets beyond 0 and 1 where they are constants without a
        `pos_weight`.

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
    if pos_weight is None and not is_differentiated([target]):
        if weight is None:
            options = {"reduction": reduction, "normalizer": "full", "empty": "nan"}
            loss = loss_with(losses.BinaryCrossEntropy, **options)
            return loss_of(loss, x, target).to(dtype)
        values = _weighted(
            loss_with(losses.BinaryCrossEntropy, reduction="none"), x, target, weight
        )
    else:
        wide = x.float() if x.dtype in HALVES else x
        yes, no = target, 1 - target
        if pos_weight is not None:
            yes = _spread(pos_weight, "pos_weight", x) * target
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
    if weight is None and margin >= 0:
        options |= {"reduction": reduction, "normalizer": "batch", "empty": "nan"}
        value = loss_of(loss_with(losses.MulticlassHinge, **options), rows, ids, of_sample)
        return (value.reshape(target.shape) if reduction == "none" else value).to(x.dtype)
    if weight is not None:
        of_sample = of_sample * _weights_of(ids, _of_classes(weight, classes), None)[0]
    if margin >= 0:
        loss = loss_with(losses.MulticlassHinge, reduction="none", **options)
        values = _weighted(loss, rows, ids, of_sample)
    else:
        values = _trailing(rows, ids.long(), p, margin) * of_sample
    return reduced(values.reshape(target.shape), reduction, samples, x.dtype)


def _trailing(rows: Tensor, ids: Tensor, p: int, margin: float) -> Tensor:
    """With a negative margin, by how much more than that the target trails."""
    wide = rows.double()
    own = ids.unsqueeze(1)
    violations = (margin + wide - wide.gather(1, own)).clamp_min(0)
    return violations.pow(p).scatter(1, own, 0.0).sum(1)


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

    The logits are never held whole, but for class weights together with smoothing or probabilities,
    for probabilities that ask for a gradient, and for a loss of several dimensions.

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
    is_told_ids = is_ids and not (weight is not None and label_smoothing)
    is_told_shares = not is_ids and weight is None and not is_differentiated([target])
    if len(outputs) > 1 or not (is_told_ids or is_told_shares) or not linear_weight.shape[0]:
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
    return _of_map(input, matrix, target, bias, weight, chosen, ignore_index, label_smoothing)


def _of_map(
    x: Tensor,
    matrix: Tensor,
    target: Tensor,
    bias: Maybe,
    weight: Maybe,
    reduction: str,
    ignore_index: int | None,
    label_smoothing: float,
) -> Tensor:
    """Tile by tile: the logits are never held whole."""
    ignored = -100 if ignore_index is None else ignore_index
    options: dict[str, Any] = {"label_smoothing": float(label_smoothing), "ignore_index": ignored}
    if weight is None:
        options |= {"reduction": reduction, "empty": "nan"}
        loss = named(loss_with(losses.CrossEntropy, **options))
        return linear(loss, x, matrix, target, bias).to(x.dtype)
    loss = named(loss_with(losses.CrossEntropy, reduction="none", **options))
    of_sample, _ = _weights_of(target, _of_classes(weight, len(matrix)), ignored)
    values = linear(loss, x, matrix, target, bias, of_sample.abs()) * of_sample.sign()
    return reduced(values, reduction, of_sample.sum(dtype=torch.float64), x.dtype)
