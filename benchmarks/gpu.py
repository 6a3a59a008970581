"""The GPU kernels beside PyTorch, its compiler, Liger-Kernel, QuACK and CCE: `make bench-gpu`.

Speed is the bytes that an operation cannot avoid (each input read once, each result written once)
by the median time, and its share of what a copy reaches on the same device in the same run. Every
input is ten times the second cache. Kernels of peers are called as their own documentation does;
who is not installed, or fails, is named. A first round in many processes compiles everything.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

CLASSES = (256, 1024, 4096, 16384, 65536, 131072, 262144)
TYPES = ("bfloat16", "float32")
OPERATIONS = {"softmax": 2, "softmax backward": 3, "cross-entropy + gradient": 2, "logsumexp": 1}
CONTENDERS = ("normexp", "torch", "torch.compile", "Liger", "QuACK")
LINEAR = (  # rows, features, classes, softcap
    (2048, 4096, 128256, None),
    (8192, 4096, 128256, None),
    (8192, 2304, 256000, None),
    (8192, 2304, 256000, 30.0),
)
BYTES = 512 << 20
ROUND = {"warmup": 10, "rep": 60, "return_mode": "median"}  # milliseconds

Call = Callable[[], Any]


def normexp(operation: str, x: Any, v: Any, y: Any) -> Call:
    import torch

    from normexp.kernels import Logits, Target, gpu

    out = torch.empty_like(x)
    weight = torch.full(y.shape, 1 / len(y), device=x.device, dtype=torch.float64)
    target = Target(y, weight)

    def cross_entropy() -> Any:
        loss, grad = gpu.cross_entropy(Logits(x), target, grad=out)
        loss.sum()
        return grad

    return {
        "softmax": lambda: gpu.softmax(Logits(x), out),
        "softmax backward": lambda: gpu.softmax_backward(v, x, out),
        "cross-entropy + gradient": cross_entropy,
        "logsumexp": lambda: gpu.logsumexp(Logits(x)),
    }[operation]


def functions_of_torch() -> dict[str, Callable[..., Any]]:
    import torch
    from torch.nn import functional

    return {
        "softmax": lambda x, v, y: torch.softmax(x, 1),
        "softmax backward": lambda x, v, y: torch.ops.aten._softmax_backward_data(x, v, 1, x.dtype),
        "cross-entropy + gradient": lambda x, v, y: functional.cross_entropy(x, y),
        "logsumexp": lambda x, v, y: torch.logsumexp(x, 1),
    }


def with_gradient(operation: str, call: Callable[..., Any], x: Any, v: Any, y: Any) -> Call:
    import torch

    if operation != "cross-entropy + gradient":
        return lambda: call(x, v, y)
    leaf = x.detach().requires_grad_()
    return lambda: torch.autograd.grad(call(leaf, v, y), leaf)[0]


def eager(operation: str, x: Any, v: Any, y: Any) -> Call:
    return with_gradient(operation, functions_of_torch()[operation], x, v, y)


def compiled(operation: str, x: Any, v: Any, y: Any) -> Call:
    import torch

    torch._dynamo.reset()
    call = torch.compile(functions_of_torch()[operation], dynamic=False)
    return with_gradient(operation, call, x, v, y)


def liger(operation: str, x: Any, v: Any, y: Any) -> Call:
    from liger_kernel.ops.cross_entropy import LigerCrossEntropyFunction
    from liger_kernel.ops.softmax import _softmax_backward, _softmax_forward

    if operation == "softmax":
        return lambda: _softmax_forward(x)[0]
    if operation == "softmax backward":
        told = _softmax_forward(v)[1:]
        return lambda: _softmax_backward(x, v, *told)
    if operation == "cross-entropy + gradient":
        leaf = x.clone().requires_grad_()  # the gradient takes the place of the logits

        def cross_entropy() -> Any:
            LigerCrossEntropyFunction.apply(leaf, y, None)
            return leaf.detach()

        return cross_entropy
    raise NotImplementedError("has no logsumexp")


def quack(operation: str, x: Any, v: Any, y: Any) -> Call:
    from quack.cross_entropy import cross_entropy_fwd
    from quack.softmax import softmax_bwd, softmax_fwd

    def cross_entropy() -> Any:
        return cross_entropy_fwd(x, y, return_dx=True)[-1]

    calls = {
        "softmax": lambda: softmax_fwd(x),
        "softmax backward": lambda: softmax_bwd(x, v),
        "cross-entropy + gradient": cross_entropy,
    }
    if operation not in calls:
        raise NotImplementedError("has no logsumexp")
    return calls[operation]


BUILD = dict(zip(CONTENDERS, (normexp, eager, compiled, liger, quack), strict=True))


def truth(operation: str, x: Any, v: Any, y: Any) -> Any:
    """The results of a few rows, in float64."""
    import torch

    x, v = x.double(), v.double()
    if operation == "softmax":
        return torch.softmax(x, 1)
    if operation == "softmax backward":
        return v * (x - (x * v).sum(1, keepdim=True))
    if operation == "logsumexp":
        return torch.logsumexp(x, 1)
    one = torch.zeros_like(x).scatter_(1, y[:, None], 1.0)
    return torch.softmax(x, 1) - one


def ulps(got: Any, expected: Any, dtype: Any, scale: Any = None) -> float:
    """The largest error, in units of the type at the true value (or at `scale`)."""
    import torch

    info = torch.finfo(dtype)
    size = (expected if scale is None else scale).abs().clamp(min=info.tiny)
    unit = torch.exp2(torch.floor(torch.log2(size))) * info.eps
    return float(((got.double() - expected).abs() / unit).max())


def cells() -> Iterator[tuple[str, int, str]]:
    for dtype in TYPES:
        for classes in CLASSES:
            for operation in OPERATIONS:
                yield operation, classes, dtype


def inputs(classes: int, dtype: str) -> tuple[Any, Any, Any]:
    """Logits, a softmax and labels, random."""
    import torch

    torch.manual_seed(classes)
    kind = getattr(torch, dtype)
    rows = BYTES // kind.itemsize // classes
    x = torch.randn(rows, classes, device="cuda", dtype=kind) * 3
    v = torch.softmax(torch.randn(rows, classes, device="cuda", dtype=kind), 1)
    return x, v, torch.randint(0, classes, (rows,), device="cuda")


def measure(operation: str, name: str, x: Any, v: Any, y: Any) -> dict[str, float]:
    import torch
    from triton.testing import do_bench

    few = slice(0, 4)
    expected = truth(operation, x[few], v[few], y[few])
    call = BUILD[name](operation, x, v, y)
    got = call()[few].clone()
    scale = None
    if operation == "cross-entropy + gradient":  # of a mean
        expected = expected / len(y)
        if name == "QuACK":
            expected = expected * len(y)
    if operation == "softmax backward":  # a difference: in units of its terms
        p, g = v[few].double(), x[few].double()
        scale = p * (g.abs() + (p * g).sum(1, keepdim=True).abs())
    kind = x.dtype if got.dtype == x.dtype else torch.float32
    milliseconds = do_bench(call, **ROUND)
    return {"ms": milliseconds, "ulp": ulps(got, expected, kind, scale)}


def copy_speed() -> float:
    """Bytes a second, read and written."""
    import torch
    from triton.testing import do_bench

    source = torch.empty(2 * BYTES, dtype=torch.uint8, device="cuda").random_()
    to = torch.empty_like(source)
    return float(2 * source.numel() / do_bench(lambda: to.copy_(source), **ROUND) * 1e3)


def linear(rows: int, features: int, classes: int, softcap: float | None) -> dict[str, Any]:
    """The loss of an affine map in bfloat16: its three bare products beside whole losses, in ms.

    And the bytes of a step beyond inputs and the gradient of the weight.
    """
    import torch
    from torch.nn import functional

    import normexp as nex

    kind: dict[str, Any] = {"device": "cuda", "dtype": torch.bfloat16}
    x = torch.randn(rows, features, **kind)
    w = torch.randn(classes, features, **kind) * 0.02
    y = torch.randint(0, classes, (rows,), device="cuda")
    found: dict[str, Any] = {"rows": rows, "features": features, "classes": classes}
    found["softcap"] = softcap
    found |= bare_products(x, w)
    leaves = x.requires_grad_(), w.requires_grad_()

    def step(loss: Callable[..., Any], accuracy: str = "exact") -> Call:
        def call() -> Any:
            with nex.accuracy(accuracy):
                return torch.autograd.grad(loss(x, w, y), leaves)

        return call

    def whole(x: Any, w: Any, y: Any) -> Any:
        z = functional.linear(x, w)
        z = z if softcap is None else softcap * torch.tanh(z / softcap)
        return functional.cross_entropy(z, y)

    ours = nex.CrossEntropy(softcap=softcap).linear

    def of_peer(peer: Callable[..., Any]) -> Callable[[], Call]:
        return lambda: step(peer(softcap))

    contenders: dict[str, Callable[[], Call]] = {
        "normexp": lambda: step(ours),
        "normexp, fast": lambda: step(ours, "fast"),
        "torch": lambda: step(whole),
        "torch.compile": lambda: step(torch.compile(whole, dynamic=False)),
    }
    contenders |= {name: of_peer(peer) for name, peer in LINEAR_PEERS.items()}
    for name, build in contenders.items():
        found |= timed_step(name, build, leaves[1])
    return found


def timed_step(name: str, build: Callable[[], Call], weight: Any) -> dict[str, Any]:
    """Milliseconds and bytes of a step, or why there are none."""
    import torch
    from triton.testing import do_bench

    try:
        call = build()
        return {name: do_bench(call, **ROUND), f"{name}, bytes": extra_bytes(call, weight)}
    except Exception as error:
        torch.cuda.empty_cache()
        return {name: None, f"{name}, why not": f"{type(error).__name__}: {error}"[:200]}


def liger_linear(softcap: float | None) -> Callable[..., Any]:
    from liger_kernel.ops.fused_linear_cross_entropy import LigerFusedLinearCrossEntropyFunction

    def call(x: Any, w: Any, y: Any) -> Any:
        plain = None, None, -100, 0.0, 0.0, "mean"  # as it has them by default
        value = LigerFusedLinearCrossEntropyFunction.apply(x, w, y, *plain, softcap)
        return value[0] if isinstance(value, tuple) else value

    return call


def cce_linear(softcap: float | None) -> Callable[..., Any]:
    from cut_cross_entropy import linear_cross_entropy

    return lambda x, w, y: linear_cross_entropy(x, w, y, softcap=softcap)


def quack_linear(softcap: float | None) -> Callable[..., Any]:
    from quack.linear_cross_entropy import chunked_linear_cross_entropy

    if softcap is not None:
        raise NotImplementedError("has no softcap")
    return lambda x, w, y: chunked_linear_cross_entropy(x, w, y, tuned=False)  # which takes minutes


LINEAR_PEERS = {"Liger": liger_linear, "CCE": cce_linear, "QuACK, not tuned": quack_linear}


def bare_products(x: Any, w: Any) -> dict[str, float]:
    import torch
    from triton.testing import do_bench

    g = torch.mm(x, w.T)
    return {
        "x wT": do_bench(lambda: torch.mm(x, w.T), **ROUND),
        "g w": do_bench(lambda: torch.mm(g, w), **ROUND),
        "gT x": do_bench(lambda: torch.mm(g.T, x), **ROUND),
    }


def extra_bytes(call: Call, weight: Any) -> int:
    """What a step takes at its peak beyond its inputs and the gradient of the weight."""
    import torch

    torch.cuda.synchronize()
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    call()
    return int(torch.cuda.max_memory_allocated() - before - weight.numel() * weight.itemsize)


def compile_all(share: int, shares: int) -> None:
    """Run some of the cells once, for what they compile to be on disk."""
    for number, (operation, classes, dtype) in enumerate(cells()):
        if number % shares == share:
            x, v, y = inputs(classes, dtype)
            for name in CONTENDERS:
                with contextlib.suppress(Exception):  # told when it is measured
                    BUILD[name](operation, x, v, y)()


def run(path: Path | None) -> None:
    import torch
    import triton

    start = time.time()
    shares = min(12, os.cpu_count() or 1)
    command = [sys.executable, "-m", "benchmarks.gpu", "--compile"]
    helpers = [subprocess.Popen([*command, str(share), str(shares)]) for share in range(shares)]
    for helper in helpers:
        helper.wait()
    print(f"compiled in {time.time() - start:.0f} s", flush=True)
    speed = copy_speed()
    result: dict[str, Any] = {
        "device": torch.cuda.get_device_name(),
        "date": time.strftime("%Y-%m-%d"),
        "torch": torch.__version__,
        "triton": triton.__version__,
        "copy, bytes a second": speed,
        "cells": [],
        "left out": {},
        "linear": [],
    }
    print(f"{result['device']}, copy {speed / 1e9:.0f} GB/s; GB/s, share of that, units of error")
    print(f"{'':42}" + "".join(f"{name:>22}" for name in CONTENDERS))
    for operation, classes, dtype in cells():
        x, v, y = inputs(classes, dtype)
        line = f"{operation:26}{dtype:10}{classes:6}"
        for name in CONTENDERS:
            try:
                found = measure(operation, name, x, v, y)
            except Exception as error:
                result["left out"][f"{name}, {operation}, {dtype}, {classes}"] = (
                    f"{type(error).__name__}: {str(error)[:200]}"
                )
                line += f"{'–':>22}"
                continue
            rate = OPERATIONS[operation] * x.numel() * x.itemsize / found["ms"] * 1e3
            result["cells"].append(
                {"operation": operation, "classes": classes, "dtype": dtype, "who": name}
                | {"ms": found["ms"], "bytes a second": rate, "share": rate / speed}
                | {"ulp": found["ulp"]}
            )
            line += f"{rate / 1e9:8.0f} {rate / speed:5.2f} {found['ulp']:7.3g}"
        print(line, flush=True)
        save(result, path)
    for shape in LINEAR:
        result["linear"].append(linear(*shape))
        print(result["linear"][-1], flush=True)
    result["seconds"] = round(time.time() - start)
    save(result, path)
    for what, why in result["left out"].items():
        print(f"left out: {what}: {why}")
    print(f"{result['seconds']} s")


def save(result: dict[str, Any], path: Path | None) -> None:
    if path is not None:
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        fresh.replace(path)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--json", type=Path, help="where to write the figures")
    parser.add_argument("--compile", type=int, nargs=2, metavar=("SHARE", "SHARES"))
    options = parser.parse_args()
    if options.compile:
        compile_all(*options.compile)
    else:
        run(options.json)
