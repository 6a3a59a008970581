"""A DTensor as the part of it that is here."""

import sys
from typing import Any

from torch import Tensor

from .ranks import Group


def local(x: Any, name: str, axis: int, group: Group) -> tuple[Any, Group]:
    """The part of a DTensor on this rank, and the group that its parts along an axis lie on.

    The group is the one given for what is no DTensor, or is the same on every rank of its mesh. The
    way back from the part to the DTensor is differentiable.
    """
    if not is_dtensor(x):
        return x, group
    axis %= x.ndim
    split = [index for index, one in enumerate(x.placements) if not one.is_replicate()]
    if not split:
        return x.to_local(), group
    (first, *others) = split
    if others or not x.placements[first].is_shard(axis):
        raise ValueError(
            f"{name} must be sharded along axis {axis} on one dimension of its mesh and replicated "
            f"on the others, got placements {x.placements}"
        )
    its = x.device_mesh.get_group(first)
    if group is not None and group is not its:
        raise ValueError(f"group must be the one that {name} is sharded on, or be left out")
    return x.to_local(), its


def is_dtensor(x: Any) -> bool:
    """Whose module is not loaded for the question."""
    module = sys.modules.get("torch.distributed.tensor")
    return isinstance(x, Tensor) and module is not None and isinstance(x, module.DTensor)


def is_sharded(x: Any) -> bool:
    return is_dtensor(x) and not all(one.is_replicate() for one in x.placements)
