"""A head of a language model as a module, with its part of the vocabulary."""

import math
from typing import Any

import torch
from torch import Tensor

from ... import _check
from ...losses.cross_entropy import CrossEntropy
from .functions import linear_cross_entropy
from .ranks import Group, Ranks


def classes_of(classes: int, group: Group = None) -> slice:
    """The classes of this rank where they are spread over ranks as evenly as can be.

    Parameters
    ----------
    classes : int
        Of the whole vocabulary.
    group : ProcessGroup, optional

    Returns
    -------
    slice
        Such that ``weight[classes_of(len(weight))]`` is this rank's part of a weight. The first
        ranks have one class more where they cannot all have the same number.

    Raises
    ------
    TypeError, ValueError
        If `classes` is no positive integer.

    Examples
    --------
    >>> import torch.distributed as dist
    >>> from normexp.torch import parallel
    >>> dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    >>> parallel.classes_of(50257)
    slice(0, 50257, None)
    >>> dist.destroy_process_group()
    """
    if _check.integer(classes, "classes") < 1:
        raise ValueError(f"classes must be at least 1, got {classes}")
    ranks = Ranks(group)
    share, more = divmod(classes, ranks.count)
    start = ranks.rank * share + min(ranks.rank, more)
    return slice(start, start + share + (ranks.rank < more))


class LinearCrossEntropy(torch.nn.Module):
    """A linear map to a vocabulary that is spread over ranks, and its cross-entropy.

    Called with features and target it gives `linear_cross_entropy` of them.

    Parameters
    ----------
    in_features : int
    classes : int
        Of the whole vocabulary, of which this rank has `classes_of`.
    bias : bool
    loss : CrossEntropy, optional
    group, sequence_parallel, recompute
        As for `linear_cross_entropy`.
    device, dtype
        Of the parameters.

    Attributes
    ----------
    weight : Parameter, shape (classes of this rank, in_features)
    bias : Parameter, shape (classes of this rank,), or None
        Both are drawn as those of `torch.nn.Linear`, from other random numbers on each rank.

    Examples
    --------
    >>> import torch, torch.distributed as dist
    >>> from normexp.torch import parallel
    >>> dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    >>> head = parallel.LinearCrossEntropy(4, 1000, bias=False)
    >>> head(torch.zeros(2, 4), torch.tensor([3, 5]))  # log 1000
    tensor(6.9078, grad_fn=<_OfLinearBackward>)
    >>> dist.destroy_process_group()
    """

    def __init__(
        self,
        in_features: int,
        classes: int,
        bias: bool = True,
        *,
        loss: CrossEntropy | None = None,
        group: Group = None,
        sequence_parallel: bool = False,
        recompute: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        own = classes_of(classes, group)
        self.in_features, self.classes, self.own = in_features, classes, own
        self.loss = CrossEntropy() if loss is None else loss
        self.group = group
        self.sequence_parallel, self.recompute = sequence_parallel, recompute
        count = own.stop - own.start
        self.weight = torch.nn.Parameter(
            torch.empty(count, in_features, device=device, dtype=dtype)
        )
        self.bias = (
            torch.nn.Parameter(torch.empty(count, device=device, dtype=dtype)) if bias else None
        )
        self.reset_parameters()

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Draw weight and bias anew.

        Ranks are often seeded alike, and their parts must not be.
        """
        seed = int(torch.randint(1 << 62, ())) + Ranks(self.group).rank
        generator = torch.Generator(self.weight.device).manual_seed(seed)
        bound = 1 / math.sqrt(max(self.in_features, 1))
        for parameter in self.parameters(recurse=False):
            parameter.uniform_(-bound, bound, generator=generator)

    def forward(
        self, features: Tensor, target: Any, sample_weight: Any = None, where: Any = None
    ) -> Tensor:
        return linear_cross_entropy(
            features,
            self.weight,
            target,
            self.bias,
            loss=self.loss,
            sample_weight=sample_weight,
            where=where,
            group=self.group,
            sequence_parallel=self.sequence_parallel,
            recompute=self.recompute,
        )

    def extra_repr(self) -> str:
        first, end = self.own.start, self.own.stop
        return f"{self.in_features}, classes {first} to {end} of {self.classes}, loss={self.loss!r}"
