"""Where tensors of PyTorch go: to the room that knows them, and is not loaded without one."""

import sys
from types import ModuleType


class _NoTensor:
    """The type of nothing: a class, for a compiler may trace the call that loads the room."""


# What the room says of itself when it is loaded: a look at two names is quicker than two imports.
_type: type = _NoTensor  # that of tensors
_room: ModuleType | None = None


def tensors_of(first: object, *others: object) -> ModuleType | None:
    """`normexp.torch`, if one of the arguments is a tensor of PyTorch.

    PyTorch itself is loaded if there is a tensor: nobody else has to wait for it.
    """
    if isinstance(first, _type):
        return _room
    torch = sys.modules.get("torch")
    if torch is None:
        return None
    for array in (first, *others):
        if isinstance(array, torch.Tensor):
            from . import torch as room

            return room
    return None


def go_to(room: ModuleType, tensor: type) -> None:
    """Have tensors of this type go to a room."""
    global _room, _type
    _room, _type = room, tensor
