"""`out` of every layout, the input itself or next to it; and arrays that are large or empty."""

import numpy as np
import pytest

import normexp as nex

FUNCTIONS = [nex.softmax, nex.log_softmax]
CLASSES = [1, 2, 3, 10, 33, 70]


def ordinary(shape, dtype, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


@pytest.mark.parametrize("axis", [-1, 1, 0, (0, 2), None], ids=str)
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_out_of_any_layout(precision, assert_same_bits, writable_layout, function, axis):
    for classes in CLASSES:
        shape = [2, 35]
        shape.insert(axis if axis in (0, 1) else 2, classes)
        x = ordinary(shape, precision.dtype)
        out = writable_layout(np.full_like(x, 99.0))
        assert function(x, axis, out=out) is out
        assert_same_bits(out, function(x, axis))


@pytest.mark.parametrize("axis", [-1, 1, 0, (0, 2), None], ids=str)
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_out_may_be_the_input(precision, assert_same_bits, writable_layout, function, axis):
    for classes in CLASSES:
        shape = [2, 35]
        shape.insert(axis if axis in (0, 1) else 2, classes)
        x = writable_layout(ordinary(shape, precision.dtype))
        expected = function(x.copy(), axis)
        assert function(x, axis, out=x) is x
        assert_same_bits(x, expected)


OVERLAPS = {
    "ahead": (lambda m: m[:-1], lambda m: m[1:]),
    "behind": (lambda m: m[1:], lambda m: m[:-1]),
    "a class ahead": (lambda m: m[:, :-1], lambda m: m[:, 1:]),
    "a class behind": (lambda m: m[:, 1:], lambda m: m[:, :-1]),
    "rows reversed": (lambda m: m, lambda m: m[::-1]),
    "classes reversed": (lambda m: m, lambda m: m[:, ::-1]),
    "transposed": (lambda m: m, lambda m: m.T),
    "interleaved": (lambda m: m[::2], lambda m: m[1::2]),
}


@pytest.mark.parametrize("overlap", OVERLAPS.values(), ids=OVERLAPS)
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
@pytest.mark.parametrize("axis", [0, 1])
def test_out_may_overlap_the_input(precision, assert_same_bits, overlap, function, axis):
    reads, writes = overlap
    for size in (4, 34, 70):
        memory = ordinary((size, size), precision.dtype)
        expected = function(reads(memory).copy(), axis)
        function(reads(memory), axis, out=writes(memory))
        assert_same_bits(writes(memory), expected)


@pytest.mark.parametrize("axis", [0, 1])
def test_logsumexp_may_write_into_its_input(precision, assert_same_bits, axis):
    for size in (4, 70):
        memory = ordinary((size, size), precision.dtype)
        expected = nex.logsumexp(memory, axis)
        nex.logsumexp(memory, axis, out=memory[1])
        assert_same_bits(memory[1], expected)


def test_no_rows_give_no_results(precision):
    for classes in (1, 10, 33):
        x, labels = np.empty((0, classes), precision.dtype), np.empty(0, int)
        assert nex.softmax(x).shape == nex.log_softmax(x, out=x).shape == (0, classes)
        assert nex.softmax(np.empty((2, classes, 0), precision.dtype), 1).shape == (2, classes, 0)
        assert nex.logsumexp(x).shape == (0,)
        assert nex.softmax(x, where=np.empty((0, classes), bool)).shape == (0, classes)
        for loss in (nex.CrossEntropy(), nex.CrossEntropy(label_smoothing=0.1)):
            value, grad = loss.value_and_grad(x, labels)
            assert value == 0
            assert grad.shape == (0, classes)


def test_a_row_of_one_class_is_certain(precision):
    x = ordinary((70, 1), precision.dtype)
    assert (nex.softmax(x) == 1).all()
    assert (nex.log_softmax(x) == 0).all()
    np.testing.assert_array_equal(nex.logsumexp(x), x[:, 0])
    value, grad = nex.CrossEntropy().value_and_grad(x, np.zeros(70, int))
    assert value == 0
    assert (grad == 0).all()


def test_a_row_of_300_000_classes(precision):
    x = np.full((2, 300_000), 1.5)
    x[:, 7] = 1.5 + np.log(100_000)
    x[0] -= 3000.0
    x = x.astype(precision.dtype)
    exact = x.astype(np.longdouble)
    exact -= exact.max(axis=1, keepdims=True)
    e = np.exp(exact)
    total = e.sum(axis=1, keepdims=True)
    precision.assert_close(nex.softmax(x), np.float64(e / total))
    precision.assert_close(nex.log_softmax(x), np.float64(exact - np.log(total)))
    precision.assert_close(nex.log_softmax(x.T, 0).T, np.float64(exact - np.log(total)))
    top = x.max(axis=1).astype(np.float64)
    precision.assert_close(nex.logsumexp(x), np.float64(top + np.log(total[:, 0])))


@pytest.fixture(params=["exact", "fast"])
def accuracy(request):
    with nex.accuracy(request.param):
        yield


@pytest.mark.usefixtures("accuracy")
def test_more_rows_than_31_bits_count_elements_of():
    row = ordinary(1000, np.float32)
    rows = np.broadcast_to(row, (2**31 // 1000 + 1, 1000))
    assert rows.size > 2**31
    assert (nex.logsumexp(rows) == nex.logsumexp(row)).all()


@pytest.mark.usefixtures("accuracy")
def test_more_elements_than_31_bits_count_with_classes_in_the_middle():
    pixels = ordinary(2**16, np.float32)
    images = np.broadcast_to(pixels, (33, 1000, 2**16))
    assert images.size > 2**31
    np.testing.assert_allclose(
        nex.logsumexp(images, 1), np.broadcast_to(pixels + np.log(1000), (33, 2**16)), 4e-7, 4e-7
    )


@pytest.fixture
def far_memory(tmp_path):
    """6 GiB of addresses, in a file with holes: only what is touched takes room."""
    return np.asarray(np.memmap(tmp_path / "far", np.float32, "w+", shape=6 << 28))


@pytest.mark.usefixtures("accuracy")
@pytest.mark.parametrize("shape", [(3, 40), (2, 3, 40)], ids=["rows", "middle"])
@pytest.mark.parametrize("far", [0, -1], ids=["first axis far", "last axis far"])
def test_offsets_beyond_31_bits(far_memory, assert_same_bits, shape, far):
    """Entries of one axis are 1 GiB apart and more."""
    x = ordinary(shape, np.float32)
    if far == -1:
        x = x.T if x.ndim == 2 else x[..., :3]
    step = far_memory.size // x.shape[far]
    apart = far_memory.reshape(x.shape[far], step).T
    near = apart[: x.size // x.shape[far]].reshape(*np.delete(x.shape, far), x.shape[far])
    reads = np.moveaxis(near, -1, far)
    reads[...] = x
    for function in FUNCTIONS:
        for axis in (0, 1):
            assert_same_bits(function(reads, axis), function(x, axis))
    nex.softmax(reads, 1, out=reads)
    assert_same_bits(reads, nex.softmax(x, 1))
