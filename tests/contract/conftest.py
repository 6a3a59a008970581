"""What the contract is tried with: storage types with their accuracy, and layouts of memory."""

import os
import warnings
from dataclasses import dataclass
from functools import wraps
from importlib import import_module

import ml_dtypes
import numpy as np
import pytest

import normexp as nex
from normexp._arrays import address_of
from normexp.kernels import cpu, reference


class OnTensors:
    """A back end of tensors, as one that takes NumPy's arrays: on their memory."""

    def __init__(self, name):
        self.name = name

    def __getattr__(self, function):
        pytest.importorskip("torch")
        of_tensors = getattr(import_module(f"normexp.kernels.{self.name}"), function)

        @wraps(of_tensors)
        def of_arrays(*given, **named):
            arrays = (one for one in (*given, *named.values()) if isinstance(one, np.ndarray))
            named = {name: as_tensors(one) for name, one in named.items()}
            with warnings.catch_warnings():  # Triton's interpreter computes by NumPy
                warnings.simplefilter("ignore", RuntimeWarning)
                results = of_tensors(*map(as_tensors, given), **named)
            return as_arrays(results, {address_of(array): array for array in arrays})

        return of_arrays


def as_tensors(given):
    from normexp.torch.views import tensor_of

    if isinstance(given, tuple):
        return type(given)(*map(as_tensors, given))
    return tensor_of(given) if isinstance(given, np.ndarray) else given


def as_arrays(results, outputs):
    """What comes back: the array itself that a result was put into."""
    from normexp.torch.views import array_of

    if isinstance(results, tuple):
        arrays = (as_arrays(one, outputs) for one in results)
        return type(results)(*arrays) if hasattr(results, "_fields") else tuple(arrays)
    if isinstance(results, float):
        return results
    array = array_of(results)
    return outputs.get(address_of(array), array) if array.size else array


BACK_ENDS = {  # each a module, or what stands for one and takes NumPy's arrays
    "cpu": cpu,
    "reference": reference,
    "tensors": OnTensors("tensors"),
    "gpu": OnTensors("gpu"),  # in Triton's interpreter, which takes minutes
}
NIGHTLY = pytest.param("gpu", marks=pytest.mark.nightly)


@pytest.fixture(params=["cpu", "reference", "tensors", NIGHTLY])
def back_end(request):
    if request.param == "gpu" and not os.environ.get("TRITON_INTERPRET"):
        pytest.skip("Triton compiles for a GPU here, and tests/gpu runs what it compiles")
    return BACK_ENDS[request.param]


@dataclass(frozen=True)
class Precision:
    """A storage type and the accuracy that is asked for in it."""

    dtype: np.dtype
    accuracy: str

    @property
    def rtol(self):
        """0.51 ULP, in fast float32 and in float64 4 ULP, as a relative error."""
        ulp = float(ml_dtypes.finfo(self.dtype).eps)
        return 4 * ulp if self.accuracy == "fast" or self.dtype == np.float64 else 0.51 * ulp

    @property
    def atol(self):
        """The same below the normal numbers; and what is left of float64 by the reference."""
        return max(float(ml_dtypes.finfo(self.dtype).smallest_subnormal), 1e-13)

    def assert_close(self, got, expected):
        assert got.dtype == self.dtype
        got = got.astype(np.float64)
        np.testing.assert_allclose(got, expected, rtol=self.rtol, atol=self.atol)


PRECISIONS = {
    "float16": ("float16", "exact"),
    "bfloat16": ("bfloat16", "exact"),
    "float32": ("float32", "exact"),
    "float32 fast": ("float32", "fast"),
    "float64": ("float64", "exact"),
}


@pytest.fixture(params=PRECISIONS)
def precision(request):
    dtype, accuracy = PRECISIONS[request.param]
    with nex.accuracy(accuracy):
        yield Precision(np.dtype(dtype), accuracy)


def fortran(x):
    return np.array(x, order="F")


def gaps(x):
    """Every second entry of the last axis, every third of the others."""
    steps = *[slice(None, None, 3)] * (x.ndim - 1), slice(None, None, 2)
    wide = np.ones([n * step.step for n, step in zip(x.shape, steps, strict=True)], x.dtype)
    wide[steps] = x
    return wide[steps]


def backwards(x):
    turned = (slice(None, None, -1),) * x.ndim
    return x[turned].copy()[turned]


def inside_out(x):
    """The axes in memory in another order, none of them as in C or Fortran."""
    order = np.roll(range(x.ndim), 1)
    return np.transpose(np.transpose(x, order)[..., ::-1].copy()[..., ::-1], np.argsort(order))


def read_only(x):
    x = x.copy()
    x.flags.writeable = False
    return x


def unaligned(x):
    memory = np.frombuffer(bytearray(x.nbytes + 1), np.uint8)
    shifted = memory[1:].view(x.dtype).reshape(x.shape)
    shifted[...] = x
    return shifted


def byte_swapped(x):
    return x.astype(x.dtype.newbyteorder())


LAYOUTS = [np.array, fortran, gaps, backwards, inside_out, read_only, unaligned, byte_swapped]


@pytest.fixture(params=LAYOUTS, ids=lambda layout: layout.__name__)
def layout(request):
    return request.param


@pytest.fixture(params=[fortran, gaps, backwards, inside_out, unaligned], ids=lambda f: f.__name__)
def writable_layout(request):
    return request.param


def bits(array):
    """The bits of every number, all NaN being one."""
    array = np.asarray(array)
    nan = np.array(np.nan, array.dtype)
    return np.where(array == array, array, nan).view(f"u{array.itemsize}")


@pytest.fixture
def assert_same_bits():
    def check(got, expected):
        assert np.asarray(got).dtype == np.asarray(expected).dtype
        np.testing.assert_array_equal(bits(got), bits(expected), strict=True)

    return check
