"""softmax and its kin with the signatures of `torch.nn.functional`, exact."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as theirs

from . import functions
from .as_pytorch import drop_in, floating, widened

ON_CUDA = ("cuda",)  # on the CPU, autocast lets softmax have the type of its logits


@drop_in
def softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: torch.dtype | None = None
) -> Tensor:
    """``exp(z_k) / Σ_j exp(z_j)`` along an axis, as `torch.nn.functional.softmax`.

    Parameters
    ----------
    input : Tensor
        Logits z of any shape. Integers and booleans are taken in PyTorch's default type.
    dim : int
        The axis of the classes. Without it PyTorch's choice is taken, with PyTorch's warning.
    dtype : torch.dtype, optional
        What `input` is converted to first.

    Returns
    -------
    Tensor
        In the shape of `input`, each entry within 1 ULP; differentiable as often as you like.

    Raises
    ------
    ArgumentError
        For a tensor of another kind, or an axis that it has not. It is a ValueError, TypeError,
        IndexError and RuntimeError, whichever you catch.

    Examples
    --------
    >>> import torch
    >>> from normexp.torch import softmax
    >>> softmax(torch.tensor([0.0, -100.0], dtype=torch.float64), dim=0)
    tensor([1.0000e+00, 3.7201e-44], dtype=torch.float64)
    """
    return _along("softmax", input, dim, _stacklevel, dtype)


@drop_in
def log_softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: torch.dtype | None = None
) -> Tensor:
    """``log softmax(z)`` along an axis, as `torch.nn.functional.log_softmax`.

    Parameters, result and errors are those of `softmax`. A confident class keeps its digits:

    Examples
    --------
    >>> import torch
    >>> from normexp.torch import log_softmax
    >>> log_softmax(torch.tensor([40.0, 0.0]), dim=0)
    tensor([-4.2484e-18, -4.0000e+01])
    """
    return _along("log_softmax", input, dim, _stacklevel, dtype)


@drop_in
def softmin(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: torch.dtype | None = None
) -> Tensor:
    """``softmax(−z)`` along an axis, as `torch.nn.functional.softmin`.

    Parameters, result and errors are those of `softmax`.

    Examples
    --------
    >>> import torch
    >>> from normexp.torch import softmin
    >>> softmin(torch.tensor([0.0, 1.0]), dim=0)
    tensor([0.7311, 0.2689])
    """
    return _along("softmax", -floating(input, dtype), dim, _stacklevel, dtype, "softmin")


@drop_in
def logsumexp(input: Tensor, dim: Any, keepdim: bool = False) -> Tensor:
    """``log Σ_k exp(z_k)`` along one axis or several, as `torch.logsumexp`.

    Parameters
    ----------
    input : Tensor
    dim : int or tuple of int
    keepdim : bool
        Whether the axes stay, with 1 entry each.

    Returns
    -------
    Tensor
        Without the axes; −inf where there was nothing to sum. Errors are those of `softmax`.

    Examples
    --------
    >>> import torch
    >>> from normexp.torch import logsumexp
    >>> logsumexp(torch.tensor([[1e4, 1e4]]), dim=1)
    tensor([10000.6934])
    """
    x = widened(floating(input), ON_CUDA)
    axes = tuple(dim) if isinstance(dim, list | tuple) else dim
    if x.dim() == 0 and axes in (0, -1, (0,), (-1,)):  # of one number
        return x.clone()
    return functions.logsumexp(x, axes, keepdims=keepdim)


@drop_in
def sigmoid(input: Tensor) -> Tensor:
    """``1 / (1 + exp(−z))`` of each number, as `torch.sigmoid`.

    Examples
    --------
    >>> import torch
    >>> from normexp.torch import sigmoid
    >>> sigmoid(torch.tensor([-2.0, 0.0, 2.0]))
    tensor([0.1192, 0.5000, 0.8808])
    """
    return functions.sigmoid(floating(input))


@drop_in
def logsigmoid(input: Tensor) -> Tensor:
    """``log sigmoid(z)`` of each number, as `torch.nn.functional.logsigmoid`.

    Examples
    --------
    >>> import torch
    >>> from normexp.torch import logsigmoid
    >>> logsigmoid(torch.tensor([-1000.0, 0.0, 40.0]))
    tensor([-1.0000e+03, -6.9315e-01, -4.2484e-18])
    """
    return functions.log_sigmoid(floating(input))


def _along(
    name: str,
    input: Tensor,
    dim: int | None,
    stacklevel: int,
    dtype: torch.dtype | None,
    called: str | None = None,
) -> Tensor:
    x = floating(input, dtype)
    if dim is None:
        dim = theirs._get_softmax_dim(called or name, x.dim(), stacklevel + 2)  # type: ignore[attr-defined]
    if dtype is None:
        x = widened(x, ON_CUDA)
    function = getattr(functions, name)
    if x.dim() == 0 and dim in (0, -1):  # as one class
        return function(x.unsqueeze(0), 0).squeeze(0)
    if x.numel() == 0 and -x.dim() <= dim < x.dim():
        return x.clone()
    return function(x, dim)
