"""Where tensors of PyTorch go: to the room that knows them, and is not loaded without one."""

import sys
from types import ModuleType


def tensors_of(*given: object) -> ModuleType | None:
    """`normexp.torch`, if one of the arguments is a tensor of PyTorch.

    PyTorch itself is loaded if there is a tensor: nobody else has to wait for it.
    """
    torch = sys.modules.get("torch")
    if torch is None:
        return None
    for array in given:
        if isinstance(array, torch.Tensor):
            from . import torch as room

            return room
    return None
