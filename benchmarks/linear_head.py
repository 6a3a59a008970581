"""The loss of a head with many classes, forward and backward, beside its three bare products."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import threadpoolctl

import normexp as nex

SHAPES = ((2048, 256, 8000), (512, 512, 32000))  # samples, inputs, classes


def main(threads: int, rounds: int) -> None:
    """Minima of interleaved rounds, in float32, and their ratios to the products."""
    import torch

    torch.set_num_threads(threads)
    nex.set_num_threads(threads)
    with threadpoolctl.threadpool_limits(threads):
        for shape in SHAPES:
            best = measured(works(torch, *shape), rounds)
            print("x".join(map(str, shape)))
            for name, seconds in best.items():
                ratio = seconds / best["three products"]
                print(f"  {name:<34} {1e3 * seconds:8.0f} ms  {ratio:5.2f}")


def works(torch: Any, samples: int, inputs: int, classes: int) -> dict[str, Callable[[], object]]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(samples, inputs)).astype(np.float32)
    w = (rng.normal(size=(classes, inputs)) / np.sqrt(inputs)).astype(np.float32)
    y = rng.integers(0, classes, samples)
    z, of_x, of_w = np.empty((samples, classes), np.float32), np.empty_like(x), np.empty_like(w)
    of_map = [torch.from_numpy(one).requires_grad_() for one in (x, w)]
    target, loss, functional = torch.from_numpy(y), nex.CrossEntropy(), torch.nn.functional

    def products() -> None:
        np.matmul(x, w.T, out=z)
        np.matmul(z, w, out=of_x)
        np.matmul(z.T, x, out=of_w)

    def of_tensors(function: Callable[..., Any]) -> Callable[[], object]:
        return lambda: torch.autograd.grad(function(*of_map, target), of_map)

    found: dict[str, Callable[[], object]] = {
        "three products": products,
        "normexp, arrays": lambda: loss.linear_value_and_grad(x, w, y),
        "normexp, tensors": of_tensors(loss.linear),
        "torch, cross_entropy(linear)": of_tensors(
            lambda x, w, y: functional.cross_entropy(functional.linear(x, w), y)
        ),
    }
    if hasattr(functional, "linear_cross_entropy"):
        found["torch, linear_cross_entropy"] = of_tensors(functional.linear_cross_entropy)
    return found


def measured(works: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    best = dict.fromkeys(works, float("inf"))
    for _ in range(rounds):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            best[name] = min(best[name], time.perf_counter() - start)
    return best
