"""What the kernels need from LLVM that Numba does not offer: fused multiply-add, a maximum that
vectorises, bits; exact sums and products; and the flags that kernels are compiled with."""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from .cache import KernelCache

# A kernel is called from Python, a part from a kernel. Neither may use fastmath: the exponential
# relies on the order of its operations, and −inf and NaN mean what IEEE 754 says. A part is
# inlined: called, it would take arrays apart into dozens of arguments, once for each row.
STRICT: Any = {"nogil": True, "error_model": "numpy"}
part = njit(**STRICT, forceinline=True)


def kernel(function) -> Any:
    """A function that Python calls: its compiled forms are kept on disk."""
    dispatcher: Any = njit(**STRICT)(function)
    dispatcher._cache = KernelCache(function)
    return dispatcher


# Sums and maxima over a block, the places where the order may be left to the vectoriser. Never
# called from a part with an exponential in it: the flags must not reach the range reduction.
any_order = njit(**STRICT, fastmath={"reassoc", "nsz"})
any_order_no_nan = njit(**STRICT, fastmath={"reassoc", "nsz", "nnan"})


def _llvm_call(name, argument_count):
    """An intrinsic that maps float64 arguments to the LLVM function `name` on doubles."""

    def codegen(context, builder, signature, arguments):
        double = ir.DoubleType()
        function_type = ir.FunctionType(double, [double] * argument_count)
        function = builder.module.declare_intrinsic(name, [double], function_type)
        return builder.call(function, arguments)

    return types.float64(*[types.float64] * argument_count), codegen


@intrinsic
def fma(typing_context, x, y, z):
    """x·y + z with one rounding."""
    return _llvm_call("llvm.fma", 3)


@intrinsic
def larger(typing_context, x, y):
    """The larger of two numbers. Unlike `x if x > y else y` it vectorises in a reduction."""
    return _llvm_call("llvm.maxnum", 2)


@part
def bits(x):
    """The 64 bits of a float64, as an integer."""
    return np.float64(x).view(np.int64)


@part
def from_bits(i):
    """The float64 that has these 64 bits."""
    return np.int64(i).view(np.float64)


@part
def two_sum(x, y):
    """x + y as (rounded sum, what the rounding lost), exactly. Knuth, TAOCP vol. 2, 4.2.2."""
    total = x + y
    y_part = total - x
    return total, (x - (total - y_part)) + (y - y_part)


@part
def two_product(x, y):
    """x·y as (rounded product, what the rounding lost), exactly."""
    product = x * y
    return product, fma(x, y, -product)
