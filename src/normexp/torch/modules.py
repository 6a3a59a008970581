"""Modules of `torch.nn` that compute with the functions of this room.

Each is a subclass of the module of that name: with its arguments, attributes and state.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.loss import _WeightedLoss

from . import functional, functional_losses
from .as_pytorch import ArgumentError


class Softmax(nn.Softmax):
    """`softmax` along an axis, as `torch.nn.Softmax`.

    Parameters
    ----------
    dim : int

    Examples
    --------
    >>> import torch
    >>> from normexp.torch import Softmax
    >>> Softmax(dim=-1)(torch.zeros(1, 2))
    tensor([[0.5000, 0.5000]])
    """

    def forward(self, input: Tensor) -> Tensor:
        return functional.softmax(input, self.dim, _stacklevel=5)


class LogSoftmax(nn.LogSoftmax):
    """`log_softmax` along an axis, as `torch.nn.LogSoftmax`.

    Parameters
    ----------
    dim : int

    Examples
    --------
    >>> import torch
    >>> from normexp.torch import LogSoftmax
    >>> LogSoftmax(dim=-1)(torch.zeros(1, 2))
    tensor([[-0.6931, -0.6931]])
    """

    def forward(self, input: Tensor) -> Tensor:
        return functional.log_softmax(input, self.dim, _stacklevel=5)


class CrossEntropyLoss(nn.CrossEntropyLoss):
    """`cross_entropy` of logits and a target, as `torch.nn.CrossEntropyLoss`.

    Parameters
    ----------
    weight : Tensor, shape (C,), optional
    size_average : bool, optional
    ignore_index : int
    reduce : bool, optional
    reduction : {"mean", "sum", "none"}
    label_smoothing : float
        As for `cross_entropy`.

    Examples
    --------
    >>> import torch
    >>> from normexp.torch import CrossEntropyLoss
    >>> loss = CrossEntropyLoss(label_smoothing=0.1)
    >>> loss(torch.tensor([[2.0, 1.0, 0.1]]), torch.tensor([0]))
    tensor(0.5137)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return functional_losses.cross_entropy(
            input,
            target,
            self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class NLLLoss(nn.NLLLoss):
    """`nll_loss` of log-probabilities and class ids, as `torch.nn.NLLLoss`.

    Parameters
    ----------
    weight : Tensor, shape (C,), optional
    size_average : bool, optional
    ignore_index : int
    reduce : bool, optional
    reduction : {"mean", "sum", "none"}
        As for `nll_loss`.

    Examples
    --------
    >>> import torch
    >>> from normexp.torch import LogSoftmax, NLLLoss
    >>> NLLLoss()(LogSoftmax(dim=1)(torch.tensor([[40.0, 0.0]])), torch.tensor([0]))
    tensor(4.2484e-18)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return functional_losses.nll_loss(
            input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction
        )


class BCEWithLogitsLoss(nn.BCEWithLogitsLoss):
    """`binary_cross_entropy_with_logits`, as `torch.nn.BCEWithLogitsLoss`.

    Parameters
    ----------
    weight : Tensor, optional
    size_average : bool, optional
    reduce : bool, optional
    reduction : {"mean", "sum", "none"}
    pos_weight : Tensor, optional
        As for `binary_cross_entropy_with_logits`.

    Examples
    --------
    >>> import torch
    >>> from normexp.torch import BCEWithLogitsLoss
    >>> loss = BCEWithLogitsLoss(pos_weight=torch.tensor([3.0, 1.0]))
    >>> loss(torch.zeros(1, 2), torch.tensor([[1.0, 0.0]]))
    tensor(1.3863)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return functional_losses.binary_cross_entropy_with_logits(
            input, target, self.weight, pos_weight=self.pos_weight, reduction=self.reduction
        )


class MultiMarginLoss(nn.MultiMarginLoss):
    """`multi_margin_loss` of logits and class ids, as `torch.nn.MultiMarginLoss`.

    Parameters
    ----------
    p : {1, 2}
    margin : float
    weight : Tensor, shape (C,), optional
    size_average : bool, optional
    reduce : bool, optional
    reduction : {"mean", "sum", "none"}
        As for `multi_margin_loss`.

    Examples
    --------
    >>> import torch
    >>> from normexp.torch import MultiMarginLoss
    >>> MultiMarginLoss()(torch.tensor([[3.0, 5.0, -2.0]]), torch.tensor([0]))
    tensor(1.)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return functional_losses.multi_margin_loss(
            input, target, self.p, self.margin, self.weight, reduction=self.reduction
        )


class LinearCrossEntropyLoss(getattr(nn, "LinearCrossEntropyLoss", _WeightedLoss)):  # type: ignore[misc]
    """A linear layer and its cross-entropy in one, as `torch.nn.LinearCrossEntropyLoss`.

    Where PyTorch has that module (2.13), this is a subclass of it; the parameters are called
    ``linear.weight`` and ``linear.bias`` in either case.

    Parameters
    ----------
    in_features, num_classes : int
        D and C.
    out_features : tuple of int
        d1, ..., dK: a class id is told for each of these.
    bias : bool
    device, dtype
        Of the layer.
    reduction, weight, ignore_index, label_smoothing, options
        As for `linear_cross_entropy`.

    Raises
    ------
    ArgumentError
        For a weight of another shape, or smoothing beyond 0 and 1.

    Examples
    --------
    >>> import torch
    >>> from normexp.torch import LinearCrossEntropyLoss
    >>> head = LinearCrossEntropyLoss(4, 3, bias=True)
    >>> head(torch.randn(5, 4), torch.tensor([0, 1, 2, 0, 1])).backward()
    >>> head.linear.weight.grad.shape
    torch.Size([3, 4])
    """

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        *,
        out_features: tuple[int, ...] = (),
        bias: bool = False,
        device: Any = None,
        dtype: torch.dtype | None = None,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int | None = None,
        label_smoothing: float = 0.0,
        options: Any = None,
    ) -> None:
        if weight is not None and weight.shape != (num_classes,):
            raise ArgumentError(
                f"weight must have the shape ({num_classes},), got {tuple(weight.shape)}"
            )
        if not 0 <= label_smoothing <= 1:
            raise ArgumentError(f"label_smoothing must be between 0 and 1, got {label_smoothing}")
        _WeightedLoss.__init__(self, weight, None, None, reduction)
        self.num_classes = num_classes
        self.out_features = out_features
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing
        self.options = options
        outputs = math.prod(out_features, start=num_classes)
        self.linear = nn.Linear(in_features, outputs, bias=bias, device=device, dtype=dtype)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        outputs = (self.num_classes, *self.out_features)
        linear_weight, bias = self.linear.weight, self.linear.bias
        return functional_losses.linear_cross_entropy(
            input,
            linear_weight.reshape(*outputs, self.linear.in_features),
            target,
            linear_bias=None if bias is None else bias.reshape(outputs),
            weight=self.weight,
            reduction=self.reduction,
            ignore_index=self.ignore_index,
            label_smoothing=self.label_smoothing,
            options=self.options,
        )

    def extra_repr(self) -> str:
        told = {
            "in_features": self.linear.in_features,
            "num_classes": self.num_classes,
            "out_features": self.out_features,
            "bias": self.linear.bias is not None,
            "reduction": self.reduction,
            "ignore_index": self.ignore_index,
            "label_smoothing": self.label_smoothing,
            "options": self.options,
        }
        return ", ".join(f"{name}={value}" for name, value in told.items())
