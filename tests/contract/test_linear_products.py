"""The products of a linear map: what the reference gives, wherever the numbers stand."""

import numpy as np
import pytest

from normexp.kernels import cpu, reference
from normexp.kernels.cpu import threads

SHAPES = [
    (1, 1, 1),
    (2, 3, 2),
    (7, 5, 3),
    (3, 24, 4),
    (4, 25, 5),
    (130, 47, 9),
    (51, 1030, 10),
    (301, 16, 13),
    (20, 3000, 2),
    (97, 784, 64),
    (600, 49, 1),
    (29, 40, 7),
    (300, 100, 8),
    (40, 70, 11),
]
TYPES = [np.float32, np.float64]


def operands(shape, dtype, seed=0):
    rows, inputs, outputs = shape
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, inputs)).astype(dtype)
    weight = rng.normal(size=(outputs, inputs)).astype(dtype)
    grad = rng.normal(size=(rows, outputs)).astype(dtype)
    return x, weight, grad


def bias_of(weight):
    return np.linspace(-1, 1, len(weight), dtype=weight.dtype)


def results(x, weight, grad, kernels=cpu, bias=None):
    bias = bias_of(weight) if bias is None else bias
    out = np.full((len(x), len(weight)), np.nan, x.dtype)
    total = np.ones(weight.shape)
    assert kernels.linear(x, weight, bias, out) is out
    assert kernels.add_outer(grad, x, total) is total
    return out, total


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_they_are_the_references(shape, dtype):
    """Each within the error of a sum of as many products, added up one after the other."""
    x, weight, grad = operands(shape, dtype)
    sizes = results(abs(x), abs(weight), abs(grad), reference, abs(bias_of(weight)))
    for got, true, size in zip(
        results(x, weight, grad), results(x, weight, grad, reference), sizes, strict=True
    ):
        assert (abs(got - true) <= 8 * np.finfo(dtype).eps * size).all()


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_is_read_or_written_beside_them(shape, dtype, assert_same_bits):
    x, weight, grad = operands(shape, dtype)
    expected = results(x, weight, grad)

    def apart(array):
        """The same numbers with NaN between and after all rows."""
        wide = np.full((2 * len(array) + 1, array.shape[1] + 3), np.nan, array.dtype)
        inside = wide[1::2, 1 : 1 + array.shape[1]]
        inside[...] = array
        return inside

    for got, true in zip(results(*map(apart, (x, weight, grad))), expected, strict=True):
        assert_same_bits(got, true)
    outside = np.full((len(x) + 2, len(weight) + 2), 7.0, dtype)
    cpu.linear(x, weight, bias_of(weight), outside[1:-1, 1:-1])
    assert_same_bits(np.ascontiguousarray(outside[1:-1, 1:-1]), expected[0])
    outside[1:-1, 1:-1] = 7.0
    assert (outside == 7.0).all()
    outside = np.ones((len(weight) + 2, x.shape[1] + 2))
    cpu.add_outer(grad, x, outside[1:-1, 1:-1])
    assert_same_bits(np.ascontiguousarray(outside[1:-1, 1:-1]), expected[1])
    outside[1:-1, 1:-1] = 1.0
    assert (outside == 1.0).all()


@pytest.mark.parametrize("dtype", TYPES)
def test_a_row_has_the_same_bits_in_any_batch(dtype, assert_same_bits):
    x, weight, _ = operands((50, 100, 10), dtype)
    bias = bias_of(weight)
    whole = cpu.linear(x, weight, bias, np.empty((50, 10), dtype))
    for rows in (slice(7, 8), slice(3, 30), slice(None, None, -1)):
        some = np.ascontiguousarray(x[rows])
        got = cpu.linear(some, weight, bias, np.empty((len(some), 10), dtype))
        assert_same_bits(got, np.ascontiguousarray(whole[rows]))
    few = cpu.linear(x, weight[:3], bias[:3], np.empty((50, 3), dtype))
    assert_same_bits(few, np.ascontiguousarray(whole[:, :3]))


@pytest.mark.parametrize("dtype", TYPES)
def test_threads_change_no_bit(dtype, monkeypatch, assert_same_bits):
    x, weight, grad = operands((3000, 300, 10), dtype)
    expected = results(x, weight, grad)
    monkeypatch.setattr(threads, "WORTH_SHARING", 1000)
    monkeypatch.setattr(threads, "GRAIN", 500)
    monkeypatch.setattr(threads, "get_num_threads", lambda: 3)
    for got, true in zip(results(x, weight, grad), expected, strict=True):
        assert_same_bits(got, true)


@pytest.mark.parametrize("dtype", TYPES)
def test_columns_that_lie_apart_are_taken_too(dtype):
    x, weight, grad = operands((40, 30, 5), dtype)
    expected = results(x, weight, grad)
    for got, true in zip(results(np.asfortranarray(x), weight, grad), expected, strict=True):
        np.testing.assert_allclose(got, true, rtol=1e-4, atol=1e-4)


def test_nan_and_infinity_stay_in_their_rows():
    x, weight, grad = operands((30, 40, 5), np.float32)
    clean = cpu.linear(x, weight, bias_of(weight), np.empty((30, 5), np.float32))
    x[4, 39], x[11, 0] = np.nan, np.inf
    out, total = results(x, weight, grad)
    others = np.delete(np.arange(30), [4, 11])
    assert out[others].tobytes() == clean[others].tobytes()
    assert np.isnan(out[4]).all()
    assert np.isinf(out[11]).all()
    assert np.isnan(total[:, 39]).all()
    assert np.isinf(total[:, 0]).all()
    assert np.isfinite(total[:, 1:39]).all()
