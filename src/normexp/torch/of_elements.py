"""sigmoid and log_sigmoid of tensors, element by element, with their derivatives."""

from typing import Any

from torch import Tensor

from .. import functions
from ..kernels import kernels_for
from . import few, views
from .operator import Operator, operator
from .views import array_of, result_type, tensor_of


def of_elements(name: str, x: Tensor) -> Tensor:
    of_few = few.OF_ELEMENTS[name](x, -1, 1.0)
    if of_few is not None:
        return of_few
    if not views.on_host(x):
        return getattr(kernels_for(x), name)(x.to(result_type(x)).reshape(-1)).reshape(x.shape)
    return tensor_of(getattr(functions, name)(array_of(x)))


class _OfElements(Operator):
    """What a function gives for each number by itself."""

    @staticmethod
    def like(x: Tensor) -> Tensor:
        return x.new_empty(x.shape, dtype=result_type(x))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.save_for_backward(*inputs, output)
        ctx.save_for_forward(*inputs, output)


class Sigmoid(_OfElements):
    """σ(z) = 1 / (1 + exp(−z)), with σ′(z) = σ(z) · σ(−z): 1 − σ(z) would have no digits left."""

    @staticmethod
    def kernel(x: Tensor) -> Tensor:
        return of_elements("sigmoid", x)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        x, s = ctx.saved_tensors
        return grad * (s * SIGMOID(-x))

    @staticmethod
    def jvp(ctx: Any, tangent: Tensor) -> Tensor:
        return Sigmoid.backward(ctx, tangent)

    @staticmethod
    def vmap(info: Any, in_dims: Any, x: Tensor) -> Any:
        return SIGMOID(x), in_dims[0]


SIGMOID = operator("sigmoid(Tensor x) -> Tensor", Sigmoid)


class LogSigmoid(_OfElements):
    """log σ(z), whose derivative is σ(−z)."""

    @staticmethod
    def kernel(x: Tensor) -> Tensor:
        return of_elements("log_sigmoid", x)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        x, _ = ctx.saved_tensors
        return grad * SIGMOID(-x)

    @staticmethod
    def jvp(ctx: Any, tangent: Tensor) -> Tensor:
        return LogSigmoid.backward(ctx, tangent)

    @staticmethod
    def vmap(info: Any, in_dims: Any, x: Tensor) -> Any:
        return LOG_SIGMOID(x), in_dims[0]


LOG_SIGMOID = operator("log_sigmoid(Tensor x) -> Tensor", LogSigmoid)
