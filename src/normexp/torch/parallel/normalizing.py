"""What the mean over rows on many ranks, in many micro-batches, divides by."""

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from ...losses.cross_entropy import CrossEntropy
from .ranks import Group, Ranks, Told
from .target import numbers


def normalizer(
    targets: Any,
    *,
    loss: CrossEntropy | None = None,
    sample_weight: Any = None,
    classes: int | None = None,
    group: Group = None,
) -> float:
    """How much the rows of all ranks and micro-batches count together.

    A mean of means weighs rows of a small batch, or of one with many ignored rows, more than
    others. With this number as the normalizer of the loss each micro-batch on each rank gives its
    part of the mean over all rows: the parts, and their gradients, add up to it.

    Parameters
    ----------
    targets : Tensor or list of Tensors
        The class ids, or probabilities, of the rows on this rank: of one batch, or of its
        micro-batches. A list may be empty.
    loss : CrossEntropy, optional
        Whose ``normalizer`` says what is counted: weights ("weight"), rows that count ("valid"),
        rows ("full"), or the length of first axes ("batch"). Without it that is `CrossEntropy()`.
    sample_weight : Tensor or list of Tensors, optional
        For each row, as `targets`.
    classes : int, optional
        The number of classes, for class ids to be checked; class weights tell it too.
    group : ProcessGroup, optional
        The ranks whose rows differ: where data and vocabulary are both spread, the group of
        the data.

    Returns
    -------
    float
        The same on every rank. 1 where nothing counts, so that the loss is 0.

    Raises
    ------
    TypeError, ValueError
        For an argument of the wrong type, shape or range; where nothing counts and the loss has
        ``empty="raise"``.

    Notes
    -----
    `DistributedDataParallel` divides gradients by the number of ranks: multiply the loss by that.

    Examples
    --------
    >>> import torch, torch.distributed as dist
    >>> import normexp as nex
    >>> from normexp.torch import parallel
    >>> dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    >>> batches = [torch.tensor([0, 2, 1]), torch.tensor([1, -100])]
    >>> count = parallel.normalizer(batches)
    >>> count
    4.0
    >>> loss = nex.CrossEntropy(normalizer=count)
    >>> sum(loss(torch.zeros(len(ids), 3), ids) for ids in batches)  # log 3
    tensor(1.0986)
    >>> dist.destroy_process_group()
    """
    loss = CrossEntropy() if loss is None else loss
    ranks = Ranks(group)
    counted, _ = ranks.agreed(lambda: _counted(targets, sample_weight, loss, classes), ("loss",))
    total = float(ranks.gathered(torch.tensor(counted, dtype=torch.float64)).sum())
    if total == 0 and loss.empty == "raise":
        raise ValueError("targets leave nothing to average: every row is ignored")
    return total or 1.0


def _counted(
    targets: Any, sample_weight: Any, loss: CrossEntropy, classes: int | None
) -> tuple[float, Told]:
    """How much the rows of this rank count."""
    if loss.reduction != "mean" or not isinstance(loss.normalizer, str):
        raise ValueError(
            "loss must be a mean that says what it counts, got "
            f"reduction={loss.reduction!r}, normalizer={loss.normalizer!r}"
        )
    batches = list(targets) if isinstance(targets, list | tuple) else [targets]
    weights = [None] * len(batches)
    if sample_weight is not None:
        weights = list(sample_weight) if isinstance(targets, list | tuple) else [sample_weight]
    if len(weights) != len(batches):
        raise ValueError(
            f"sample_weight must hold weights for each of {len(batches)} micro-batches, "
            f"got {len(weights)}"
        )
    counting = replace(loss, empty="zero")
    found = 0.0
    for target, weight in zip(map(numbers, batches), weights, strict=True):
        weight = None if weight is None else numbers(weight)
        known = _classes_for(target, counting, classes)
        found += counting.bind(target, classes=known, sample_weight=weight).divisor
    return found, Told(0, 0, False, {"loss": loss})


def _classes_for(target: Any, loss: CrossEntropy, classes: int | None) -> int | None:
    """How many there are, by what tells it: as many as the ids ask for where nothing does."""
    if target.dtype.kind not in "iu" or classes is not None:
        return classes
    if loss.class_weight is not None:
        return len(loss.class_weight)
    return max(int(np.max(target, initial=0)) + 1, 1)
