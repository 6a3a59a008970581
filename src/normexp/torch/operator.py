"""An operator of PyTorch: a kernel, its derivatives, and what compilers and transforms ask for."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch._C._functorch import is_functorch_wrapped_tensor
from torch._functorch.utils import enable_single_level_autograd_function
from torch.autograd import forward_ad

from . import views
from .views import is_plain

NAMESPACE = "normexp"
LIBRARY = torch.library.Library(NAMESPACE, "DEF")
# Modes and a tracer, which want to see what is done to a tensor.
WATCHERS = (
    torch._C._len_torch_dispatch_stack,
    torch._C._len_torch_function_stack,
    torch._C._is_tracing,
)


class Operator(torch.autograd.Function):
    """An operator with its derivatives: static methods, from which `operator` makes a function.

    A subclass has `kernel`, which takes plain tensors, `like`, which gives empty results for
    tensors without numbers, and of `autograd.Function` `setup_context`, `backward`, `jvp`, `vmap`.
    """

    @staticmethod
    def kernel(*given: Any) -> Any:
        """The results, of plain tensors and new."""
        raise NotImplementedError

    @staticmethod
    def told(*given: Any) -> tuple[Any, ...]:
        """The arguments as an operator of PyTorch may have them."""
        return given

    @staticmethod
    def like(*given: Any) -> Any:
        """Tensors of the shapes and types of the results."""
        raise NotImplementedError


def operator(schema: str, cls: type[Operator]) -> Callable[..., Any]:
    """The function of an operator.

    Plain tensors go to the kernel with nothing between, or through autograd where a derivative is
    asked for. `torch.func` finds the rules of an `autograd.Function`. What traces (the compiler,
    fake tensors, modes of dispatch) sees one operator of PyTorch, whose autograd is the same.
    """
    name = schema.partition("(")[0]
    LIBRARY.define(schema)
    op = getattr(getattr(torch.ops, NAMESPACE), name).default

    def forward(*given: Any) -> Any:
        tensors = [one for one in given if isinstance(one, Tensor)]
        if is_eager(tensors) and not any(map(is_functorch_wrapped_tensor, tensors)):
            return cls.kernel(*given)
        with torch._C._AutoDispatchBelowAutograd():
            return op(*cls.told(*given))

    def differentiable(*given: Any) -> Any:
        with enable_single_level_autograd_function():
            return apply(*given)

    cls.forward = staticmethod(forward)
    apply, apply_kernel = applied(cls, forward), applied(cls, cls.kernel)
    LIBRARY.impl(name, cls.kernel, "CompositeExplicitAutograd")  # on any device
    torch.library.register_fake(f"{NAMESPACE}::{name}", cls.like, lib=LIBRARY)
    LIBRARY.impl(name, differentiable, "Autograd")

    def call(*given: Any) -> Any:
        if torch.compiler.is_compiling():
            return op(*cls.told(*given))
        if torch._C._are_functorch_transforms_active():
            return cls.apply(*given)
        tensors = [one for one in given if isinstance(one, Tensor)]
        if not is_eager(tensors):
            return op(*cls.told(*given))
        if is_differentiated(tensors):
            return apply_kernel(*given)
        return cls.kernel(*given)

    return call


def applied(cls: type[Operator], forward: Callable[..., Any]) -> Callable[..., Any]:
    """An operator by autograd alone, not for `torch.func`."""

    def with_context(ctx: Any, *given: Any) -> Any:
        output = forward(*given)
        cls.setup_context(ctx, given, output)
        return output

    own = {"forward": staticmethod(with_context), "setup_context": SET_WITHIN}
    return apply_of(type(cls.__name__, (cls,), own))


# Of a class whose `forward` has the context: to set it apart takes 9 µs more.
SET_WITHIN = staticmethod(torch.autograd.function._SingleLevelFunction.setup_context)


def apply_of(cls: type[torch.autograd.Function]) -> Callable[..., Any]:
    """That of the base: the one of the class binds arguments to a signature, 12 µs."""
    apply: Callable[..., Any] = super(torch.autograd.Function, cls).apply
    return apply


def is_numbers(x: Tensor) -> bool:
    """Whether it is numbers that arrays of NumPy can be of, and nobody follows: the short way."""
    return not is_followed(x) and is_eager([x]) and views.on_host(x)


def has_only_grad(x: Tensor, *others: Any) -> bool:
    """Whether it is autograd that follows a tensor, backwards, and nobody else."""
    if not x.requires_grad or not torch.is_grad_enabled() or forward_ad._current_level >= 0:
        return False
    if torch.compiler.is_compiling() or torch._C._are_functorch_transforms_active():
        return False
    return is_eager([x, *(one for one in others if isinstance(one, Tensor))])


def is_followed(x: Tensor) -> bool:
    """Whether somebody follows what becomes of a tensor: autograd, a transform or a compiler."""
    if torch.compiler.is_compiling() or torch._C._are_functorch_transforms_active():
        return True
    return is_differentiated([x])


def is_eager(tensors: list[Tensor]) -> bool:
    """Whether they are plain, and no mode or tracer wants to see what is done to them."""
    for is_there in WATCHERS:
        if is_there():
            return False
    return all(map(is_plain, tensors))


def is_differentiated(tensors: list[Tensor]) -> bool:
    if forward_ad._current_level >= 0:
        return True
    return torch.is_grad_enabled() and any(one.requires_grad for one in tensors)


def batch_first(info: Any, in_dims: Any, first: Tensor, *others: Tensor | None) -> Any:
    """The arguments of one operator that stand for a batch of them, by `torch.vmap`.

    The batch becomes the first axis of the first argument; the others broadcast to that.
    """
    of_first, *dims = in_dims
    first = (
        first.expand(info.batch_size, *first.shape)
        if of_first is None
        else first.movedim(of_first, 0)
    )
    aligned = []
    for other, dim in zip(others, dims, strict=True):
        if other is not None and dim is not None:
            other = other.movedim(dim, 0)
            missing = first.ndim - other.ndim
            other = other.reshape(other.shape[0], *[1] * missing, *other.shape[1:])
        aligned.append(other)
    return first, *aligned


def one_by_one(function: Any, info: Any, in_dims: Any, *given: Any) -> Any:
    """The results for each of a batch: each has a target, and a mean, of its own."""
    results = []
    for index in range(info.batch_size):
        told = (
            one if dim is None or not isinstance(one, Tensor) else one.select(dim, index)
            for one, dim in zip(given, in_dims, strict=True)
        )
        results.append(function(*told))
    if isinstance(results[0], Tensor):
        return torch.stack(results)
    return tuple(map(torch.stack, zip(*results, strict=True)))
