"""What others use, each as its users would call it at its best."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

from .problem import Array, Calls, Contender, Problem, nothing, reader
from .shapes import SCIPY, TORCH


def torch(work: str, p: Problem) -> Contender | None:
    """PyTorch: into memory that exists and without autograd, but for the gradient, which is its."""
    import torch
    from torch.nn.functional import cross_entropy

    wants_grad = work == "gradient"

    def value_and_grad() -> Any:
        x.grad = None
        value = cross_entropy(x, target)
        value.backward()
        return value, x.grad

    def read(result: Any) -> Array:
        found = (result[1] if wants_grad else result).detach().cpu()
        if found.dtype == torch.bfloat16:
            found = found.to(torch.float32)  # exact, and NumPy has the type
        return np.asarray(found.numpy())

    @contextmanager
    def setting() -> Iterator[None]:
        before = torch.get_num_threads()
        torch.set_num_threads(p.threads)
        with torch.inference_mode(not wants_grad):
            yield
        torch.set_num_threads(before)

    with torch.inference_mode(not wants_grad):
        arrays = p.logits, p.target, p.out, p.row_out
        x, target, out, row_out = (tensor(array, p.device) for array in arrays)
    x.requires_grad_(wants_grad)
    calls: Calls = {
        "softmax": lambda: torch.softmax(x, p.axis, out=out),
        "log_softmax": lambda: torch.log_softmax(x, p.axis, out=out),
        "logsumexp": lambda: torch.logsumexp(x, p.axis, out=row_out),
        "loss": lambda: cross_entropy(x, target),
        "gradient": value_and_grad,
    }
    return Contender(TORCH, calls[work], read, setting, finish(p.device))


def tensor(array: Array, device: str) -> Any:
    """An array as a tensor; on the CPU it is the same memory."""
    import torch

    if array.dtype.name == "bfloat16":  # a type that NumPy cannot hand over
        return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16).to(device)
    return torch.from_numpy(array).to(device)


def finish(device: str) -> Callable[[], object]:
    """What waits for the work on a device."""
    import torch

    return torch.cuda.synchronize if device == "cuda" else nothing


def scipy(work: str, p: Problem) -> Contender | None:
    """SciPy's functions, and the losses that one writes with them."""
    from scipy import special

    def value_and_grad() -> Any:
        log_p = special.log_softmax(p.logits, p.axis)
        return -p.at_target(log_p).mean(), mean_gradient(p, np.exp(log_p))

    calls: Calls = {
        "softmax": lambda: special.softmax(p.logits, p.axis),
        "log_softmax": lambda: special.log_softmax(p.logits, p.axis),
        "logsumexp": lambda: special.logsumexp(p.logits, p.axis),
        "loss": lambda: -p.at_target(special.log_softmax(p.logits, p.axis)).mean(),
        "gradient": value_and_grad,
    }
    return Contender(SCIPY, calls[work], reader(work)) if p.device == "cpu" else None


def five_lines(work: str, p: Problem) -> Contender | None:
    """What everybody writes with NumPy."""

    def exponentials() -> tuple[Array, Array, Array]:
        top = p.logits.max(p.axis, keepdims=True)
        e = np.exp(p.logits - top)
        return top, e, e.sum(p.axis, keepdims=True)

    def softmax() -> Array:
        _, e, total = exponentials()
        return np.asarray(e / total)

    def logsumexp() -> Array:
        top, _, total = exponentials()
        return (top + np.log(total)).squeeze(p.axis)

    def value_and_grad() -> Any:
        probabilities = softmax()
        value = -np.log(p.at_target(probabilities)).mean()
        return value, mean_gradient(p, probabilities)

    calls: Calls = {
        "softmax": softmax,
        "log_softmax": lambda: np.log(softmax()),
        "logsumexp": logsumexp,
        "loss": lambda: -np.log(p.at_target(softmax())).mean(),
        "gradient": value_and_grad,
    }
    return Contender("NumPy", calls[work], reader(work)) if p.device == "cpu" else None


def mean_gradient(p: Problem, probabilities: Array) -> Array:
    """(p − 1 at the target) / rows, in the memory of the probabilities."""
    at = np.expand_dims(p.target, p.axis)
    np.put_along_axis(probabilities, at, p.at_target(probabilities) - 1, p.axis)
    probabilities /= p.target.size
    return probabilities


def jax(work: str, p: Problem) -> Contender | None:
    """JAX, compiled. It has no `out`, and its one thread is one for good."""
    if p.device != "cpu" or p.threads != 1:
        return None
    jax = one_threaded_jax()

    def loss(z: Any, y: Any) -> Any:
        log_p = jax.nn.log_softmax(z, p.axis)
        at = jax.numpy.expand_dims(y, p.axis)
        return -jax.numpy.take_along_axis(log_p, at, p.axis).mean()

    functions: dict[str, Callable[[Any, Any], Any]] = {
        "softmax": lambda z, y: jax.nn.softmax(z, p.axis),
        "log_softmax": lambda z, y: jax.nn.log_softmax(z, p.axis),
        "logsumexp": lambda z, y: jax.nn.logsumexp(z, p.axis),
        "loss": loss,
        "gradient": jax.value_and_grad(loss),
    }
    function = jax.jit(functions[work])
    x, target = jax.numpy.asarray(p.logits), jax.numpy.asarray(p.target)
    return Contender("JAX", lambda: jax.block_until_ready(function(x, target)), reader(work))


@cache
def one_threaded_jax() -> Any:
    """JAX reads NPROC once, when it makes its threads."""
    before = os.environ.get("NPROC")
    os.environ["NPROC"] = "1"
    try:
        import jax

        jax.config.update("jax_platforms", "cpu")
        jax.config.update("jax_enable_x64", True)
        jax.config.update("jax_cpu_enable_async_dispatch", False)  # no thread to wake: faster
        jax.devices()
    finally:
        del os.environ["NPROC"]
        if before is not None:
            os.environ["NPROC"] = before
    return jax


def scikit_learn(work: str, p: Problem) -> Contender | None:
    """The loss inside LogisticRegression; its sample weights make the sum a mean."""
    from sklearn._loss import HalfMultinomialLoss

    rows_of_classes = p.logits.ndim == 2 and p.axis == -1
    has_type = p.logits.dtype in (np.float32, np.float64)
    if work not in ("loss", "gradient") or not (rows_of_classes and has_type and p.device == "cpu"):
        return None
    model = HalfMultinomialLoss(n_classes=p.classes)
    weight = np.full(len(p.target), 1 / len(p.target), p.logits.dtype)
    args = p.target.astype(p.logits.dtype), p.logits, weight, p.row_out
    calls: Calls = {
        "loss": lambda: model.loss(*args, n_threads=p.threads).sum(),
        "gradient": lambda: model.loss_gradient(*args, p.out, n_threads=p.threads),
    }
    return Contender("scikit-learn", calls[work], reader(work))
