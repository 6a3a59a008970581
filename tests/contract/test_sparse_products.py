"""The products of a linear map with sparse rows: what the reference gives, and nothing beside."""

import numpy as np
import pytest
from scipy import sparse

from normexp.kernels import PADDING, SparseRows, cpu, reference
from normexp.kernels.cpu import threads

SHAPES = [(1, 1, 1), (7, 5, 3), (30, 40, 8), (40, 30, 20), (51, 103, 33), (20, 60, 100)]
TYPES = [
    (np.float32, np.float32, np.int32),
    (np.float32, np.float64, np.int32),
    (np.float64, np.float64, np.int64),
]


def operands(shape, types, density=0.2):
    rows, inputs, outputs = shape
    rng = np.random.default_rng(0)
    array = sparse.random_array((rows, inputs), density=density, rng=rng, format="csr")
    numbers = np.append(array.data - 0.5, [np.nan] * 3)  # what no row has
    indices = np.append(array.indices, [1 << 30] * 3)
    x = SparseRows(
        numbers.astype(types[0]), indices.astype(types[2]), array.indptr.astype(np.int64)
    )
    weight = np.zeros((inputs, -(-outputs // PADDING) * PADDING), types[1])
    weight[:, :outputs] = rng.normal(size=(inputs, outputs))
    return weight, x, rng.normal(size=(rows, outputs)).astype(types[1])


def results(weight, x, grad, kernels=cpu):
    out, total = np.full(grad.shape, np.nan, weight.dtype), np.ones(weight.shape)
    assert kernels.sparse_linear(weight, x, out) is out
    assert kernels.add_sparse_outer(grad, x, total) is total
    return out, total[:, : grad.shape[1]]


@pytest.mark.parametrize("types", TYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_they_are_the_references(shape, types):
    weight, x, grad = operands(shape, types)
    sizes = results(abs(weight), x._replace(values=abs(x.values)), abs(grad), reference)
    for got, true, size in zip(
        results(weight, x, grad), results(weight, x, grad, reference), sizes, strict=True
    ):
        assert (abs(got - true) <= 8 * np.finfo(types[1]).eps * size).all()


@pytest.mark.parametrize("types", TYPES)
def test_rows_begin_where_they_are_said_to(types, assert_same_bits):
    weight, x, grad = operands((40, 30, 20), types)
    whole, _ = results(weight, x, grad)
    some, _ = results(weight, x._replace(starts=x.starts[10:31]), grad[10:30])
    assert_same_bits(some, np.ascontiguousarray(whole[10:30]))
    parts = np.zeros(weight.shape)
    for rows in (slice(0, 17), slice(17, 40)):
        starts = x.starts[rows.start : rows.stop + 1]
        cpu.add_sparse_outer(grad[rows], x._replace(starts=starts), parts)
    total = cpu.add_sparse_outer(grad, x, np.zeros(weight.shape))
    assert_same_bits(parts, total)


@pytest.mark.parametrize("types", TYPES)
def test_rows_without_numbers(types):
    weight, x, grad = operands((6, 30, 20), types, density=0.0)
    out, total = results(weight, x, grad)
    assert (out == 0).all()
    assert (total == 1).all()


def test_numbers_in_one_place_add_up():
    starts = np.array([0, 3])
    x = SparseRows(np.array([1.0, 2.0, 4.0]), np.array([1, 0, 1], np.int32), starts)
    weight = np.arange(16.0).reshape(2, 8)
    grad = np.ones((1, 8))
    out, total = results(weight, x, grad)
    np.testing.assert_array_equal(out, [2 * weight[0] + 5 * weight[1]])
    np.testing.assert_array_equal(total, [[3.0] * 8, [6.0] * 8])


@pytest.mark.parametrize("types", TYPES)
def test_threads_change_no_bit(types, monkeypatch, assert_same_bits):
    weight, x, grad = operands((300, 60, 33), types)
    expected = results(weight, x, grad)
    monkeypatch.setattr(threads, "WORTH_SHARING", 1000)
    monkeypatch.setattr(threads, "GRAIN", 500)
    monkeypatch.setattr(threads, "get_num_threads", lambda: 3)
    for got, true in zip(results(weight, x, grad), expected, strict=True):
        assert_same_bits(np.ascontiguousarray(got), np.ascontiguousarray(true))
