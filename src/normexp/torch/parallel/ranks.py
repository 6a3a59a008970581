"""The processes that share a vocabulary: what they send each other, what they agree on first."""

import hashlib
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor

DIFFERENCE = 0.02  # of sums of features: more than rounding, less than other random numbers make
Group = Any  # a process group of `torch.distributed`, or None for all processes


class Told(NamedTuple):
    """What a rank tells the others before they compute together."""

    classes: int  # that it has of the vocabulary
    rows: int  # that it has of the features
    has_mask: bool
    alike: dict[str, Any]  # by name, what has to be the same on every rank
    features: tuple[float, float] = (0.0, 0.0)  # a sum of them that has to be, and its size


class Ranks:
    """The processes of a group, of which this is one."""

    def __init__(self, group: Group = None) -> None:
        if not dist.is_available() or not dist.is_initialized():
            raise RuntimeError(
                "torch.distributed has no process group yet: call init_process_group first"
            )
        self.group = dist.group.WORLD if group is None else group
        self.rank = dist.get_rank(self.group)
        self.count = dist.get_world_size(self.group)
        if self.rank < 0:
            raise ValueError("group must have this process among its members, but has not")

    def gathered(self, x: Tensor) -> Tensor:
        """What each rank has, of the same shape on all, rank by rank."""
        found = x.new_empty((self.count, *x.shape))
        if x.numel():
            dist.all_gather(list(found), x.contiguous(), group=self.group)
        return found

    def summed(self, x: Tensor) -> Tensor:
        """The sum over ranks, in place: the same bits on all of them."""
        if x.numel():
            dist.all_reduce(x, group=self.group)
        return x

    def summed_numbers(self, array: Any) -> Any:
        """The sum of arrays of NumPy."""
        return self.summed(torch.from_numpy(array).to(self.device)).cpu().numpy()

    def rows_gathered(self, x: Tensor, counts: list[int]) -> Tensor:
        """The rows of all ranks, one rank's behind the other's; `counts` says how many each has."""
        padded = x.new_zeros((max(counts), *x.shape[1:]))
        padded[: len(x)] = x
        every = self.gathered(padded)
        return torch.cat([its[:count] for its, count in zip(every, counts, strict=True)])

    def rows_scattered(self, x: Tensor, counts: list[int]) -> Tensor:
        """The sum over ranks, of which each is given its rows: `rows_gathered`, differentiated."""
        padded = x.new_zeros((self.count, max(counts), *x.shape[1:]))
        for its, part in zip(padded, x.split(counts), strict=True):
            its[: len(part)] = part
        own = x.new_empty(padded.shape[1:])
        if own.numel():
            dist.reduce_scatter(own, list(padded), group=self.group)
        return own[: counts[self.rank]]

    def agreed(self, told: Callable[[], tuple[Any, Told]], alike: tuple[str, ...]) -> Any:
        """What is `told` here, with what each rank told: its classes, its rows, whether a mask.

        A rank whose arguments are refused still comes along, so that the others need not wait for
        it: they raise an error as well. So do all if what must be `alike` differs.
        """
        given, error, numbers = None, None, [0] * (6 + len(alike))
        try:
            given, own = told()
        except Exception as refused:
            error = refused
        else:
            seals = [sealed(own.alike[name]) for name in alike]
            features = np.array(own.features).view(np.int64).tolist()
            numbers = [1, own.classes, own.rows, int(own.has_mask), *features, *seals]
        every = self.gathered(torch.tensor(numbers, device=self.device)).cpu().numpy()
        if error is not None:
            raise error
        if refusing := np.flatnonzero(every[:, 0] == 0).tolist():
            raise RuntimeError(
                f"the arguments were refused on rank {_listed(refusing)} of the group, "
                "whose error says why"
            )
        for name, seals in zip(alike, every[:, 6:].T, strict=True):
            _refuse(seals != seals[0], name)
        total, size = np.ascontiguousarray(every[:, 4:6].T).view(np.float64)
        _refuse(np.abs(total - total[0]) > DIFFERENCE * size[0], "the sum of features")
        return given, every[:, 1:4]

    @property
    def device(self) -> torch.device:
        """Where the group's collectives find numbers."""
        backend = dist.get_backend(self.group)
        return torch.device("cuda" if backend == "nccl" else "cpu")


def sealed(value: Any) -> int:
    """A number that stands for a value: arrays by their numbers, all else as it is printed."""
    if isinstance(value, np.ndarray):
        seal = hashlib.blake2b(f"{value.dtype}{value.shape}".encode(), digest_size=8)
        seal.update(np.ascontiguousarray(value).view(np.uint8).data)
    elif isinstance(value, tuple):
        seal = hashlib.blake2b(repr([sealed(one) for one in value]).encode(), digest_size=8)
    else:
        seal = hashlib.blake2b(repr(value).encode(), digest_size=8)
    return int.from_bytes(seal.digest(), "little", signed=True)


def _refuse(differs: Any, name: str) -> None:
    if differs.any():
        raise ValueError(
            f"{name} must be the same on every rank, but on rank "
            f"{_listed(np.flatnonzero(differs).tolist())} of the group differs from that on rank 0"
        )


def _listed(ranks: list[int]) -> str:
    return ", ".join(map(str, ranks))
