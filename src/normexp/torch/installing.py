"""Drop-ins in the place of PyTorch's functions, in a running program, and back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from threading import Lock
from typing import Any

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor
from torch._subclasses.functional_tensor import FunctionalTensor
from torch.nn import functional as theirs
from torch.overrides import handle_torch_function, has_torch_function

from . import functional, functional_losses
from .as_pytorch import ArgumentError
from .views import FLOATING

DROP_INS = (
    functional.softmax,
    functional.log_softmax,
    functional.softmin,
    functional.sigmoid,
    functional.logsigmoid,
    functional_losses.cross_entropy,
    functional_losses.nll_loss,
    functional_losses.binary_cross_entropy_with_logits,
    functional_losses.multi_margin_loss,
    functional_losses.linear_cross_entropy,
)
KINDS = (Tensor, torch.nn.Parameter, FakeTensor, FunctionalTensor)
LOCK = Lock()
REPLACED: dict[str, Callable[..., Any]] = {}  # what stood there before, while ours stands there
ASKED = {"always": False, "blocks": 0}  # by `install`, and by so many blocks of `installed`


def install() -> None:
    """Put the drop-ins in the place of the functions of `torch.nn.functional`.

    Replaced are ``softmax``, ``log_softmax``, ``softmin``, ``sigmoid``, ``logsigmoid``,
    ``cross_entropy``, ``nll_loss``, ``binary_cross_entropy_with_logits``, ``multi_margin_loss``
    and, where PyTorch has it, ``linear_cross_entropy``. Modules of `torch.nn` that call them
    (``CrossEntropyLoss``, ``Softmax``, attention) then compute with ours, those that are there
    already too, in every thread. ``torch.softmax`` and methods of tensors stay PyTorch's, as does
    a function that was imported by its name before.

    What a drop-in does not take (complex or sparse tensors, types of tensors of your own, arguments
    that it refuses) goes to PyTorch's function, which computes it or raises its own error. So does
    a module that `torch.jit.script` compiles. A second call changes nothing.

    Examples
    --------
    >>> import torch
    >>> import normexp.torch
    >>> loss = torch.nn.CrossEntropyLoss()
    >>> normexp.torch.install()
    >>> loss(torch.tensor([[40.0, 0.0]]), torch.tensor([0]))
    tensor(4.2484e-18)
    >>> normexp.torch.uninstall()
    >>> loss(torch.tensor([[40.0, 0.0]]), torch.tensor([0]))
    tensor(0.)
    """
    with LOCK:
        ASKED["always"] = True
        _arrange()


def uninstall() -> None:
    """Put PyTorch's functions back, unless a block of `installed` is still at work.

    A function that somebody else has put there since is left. Without `install` it does nothing.
    """
    with LOCK:
        ASKED["always"] = False
        _arrange()


@contextmanager
def installed() -> Iterator[None]:
    """``with installed():`` the drop-ins stand in the place of PyTorch's functions: `install`.

    Blocks may stand in each other, and in several threads: the last one that ends puts the
    functions back, also after an error.

    Examples
    --------
    >>> import torch
    >>> from normexp.torch import installed
    >>> with installed():
    ...     torch.nn.CrossEntropyLoss()(torch.tensor([[40.0, 0.0]]), torch.tensor([0]))
    tensor(4.2484e-18)
    """
    with LOCK:
        ASKED["blocks"] += 1
        _arrange()
    try:
        yield
    finally:
        with LOCK:
            ASKED["blocks"] -= 1
            _arrange()


def _arrange() -> None:
    """Have stand there what is asked for."""
    is_wanted = ASKED["always"] or ASKED["blocks"] > 0
    if is_wanted == bool(REPLACED):
        return
    for ours in DROP_INS:
        name = ours.__name__
        there = getattr(theirs, name, None)
        if there is None:
            continue  # an older PyTorch
        if is_wanted:
            REPLACED[name] = there
            setattr(theirs, name, _in_place_of(there, ours))
        elif getattr(there, "drop_in", None) is ours:
            setattr(theirs, name, REPLACED[name])
    if not is_wanted:
        REPLACED.clear()


def _in_place_of(before: Callable[..., Any], ours: Callable[..., Any]) -> Callable[..., Any]:
    """Ours for what it takes, and else what stood there before."""

    @wraps(before)
    def function(*args: Any, **kwargs: Any) -> Any:
        others = [one for one in (*args, *kwargs.values()) if not _is_taken(one)]
        if not others:
            try:
                return ours(*args, **kwargs)
            except ArgumentError:
                pass
        elif has_torch_function(others):  # which knows the function by what stood there before
            return handle_torch_function(before, others, *args, **kwargs)
        return before(*args, **kwargs)

    function.drop_in = ours  # type: ignore[attr-defined]
    function.__prepare_scriptable__ = lambda: before  # type: ignore[attr-defined]
    return function


def _is_taken(given: Any) -> bool:
    """Whether it is no tensor, or the like of one, that only PyTorch's functions know."""
    if not isinstance(given, Tensor):
        return not hasattr(given, "__torch_function__")
    if type(given) not in KINDS or given.layout is not torch.strided or given.is_nested:
        return False
    return given.dtype in FLOATING or not (given.is_floating_point() or given.is_complex())
