"""Compile what a call would launch for a GPU that need not be there: run by `test_compiling.py`.

Triton's interpreter takes some programs that its compiler refuses.
"""

import sys
from functools import partial

import torch
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from triton.runtime.jit import JITFunction

from normexp.kernels import Logits, Target, gpu

HOPPER = GPUTarget("cuda", 90, 32)
NAMES = {
    torch.bfloat16: "bf16",
    torch.float16: "fp16",
    torch.float32: "fp32",
    torch.float64: "fp64",
    torch.int64: "i64",
}


def compiled(kernel, *arguments, num_warps, enable_fp_fusion, **constants):
    """A kernel as a launch with these arguments needs it."""
    signature, known = {}, {}
    for place, name in enumerate(kernel.arg_names):
        value = constants.get(name) if place >= len(arguments) else arguments[place]
        if isinstance(value, torch.Tensor):
            signature[name] = "*" + NAMES[value.dtype]
        elif isinstance(value, float):
            signature[name] = "fp32"
        elif isinstance(value, int) and value != 1 and place < len(arguments):
            signature[name] = "i32"
        else:
            signature[name] = "constexpr"
            known[place,] = getattr(value, "value", value)
    source = ASTSource(kernel, signature, known)
    options = {"num_warps": num_warps, "enable_fp_fusion": enable_fp_fusion}
    return triton.compile(source, target=HOPPER, options=options)


def call(function, kind, classes):
    x = torch.zeros(600, classes, dtype=getattr(torch, kind))
    if function == "softmax_backward":
        gpu.softmax_backward(x, x)
    elif function == "cross_entropy":
        y, row = torch.zeros(600, dtype=torch.int64), torch.zeros(600, dtype=torch.float64)
        gpu.cross_entropy(Logits(x), Target(y, row))
        weights = torch.ones(classes, dtype=torch.float64)
        gpu.cross_entropy(Logits(x), Target(y, row, row, row, weights))
    elif function == "cross_entropy_to_bfloat16":
        y, row = torch.zeros(600, dtype=torch.int64), torch.zeros(600, dtype=torch.float64)
        gpu.cross_entropy(Logits(x), Target(y, row, row), grad=x.bfloat16())
    elif function == "cross_entropy_scaled":
        y, row = torch.zeros(600, dtype=torch.int64), torch.zeros(600, dtype=torch.float64)
        gpu.cross_entropy(Logits(x, softcap=30.0), Target(y, row, row))
    elif function == "softmax_scaled":
        gpu.softmax(Logits(x, temperature=0.7, softcap=30.0))
    elif function == "scale":
        gpu.scale(
            x, torch.ones((), dtype=max(x.dtype, torch.float32, key=lambda one: one.itemsize))
        )
    else:
        getattr(gpu, function)(Logits(x))


if __name__ == "__main__":
    launched = []

    def launch(kernel, *arguments, **options):
        compiled(kernel, *arguments, **options)
        launched.append(kernel.__name__)

    JITFunction.__getitem__ = lambda kernel, grid: partial(launch, kernel)
    for function, kind, classes in (case.split(":") for case in sys.argv[1:]):
        call(function, kind, int(classes))
    print(*launched)
