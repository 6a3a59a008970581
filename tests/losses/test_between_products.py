"""Losses computed between the products of a linear map are those of all its logits."""

import numpy as np
import pytest

import normexp as nex
from normexp.kernels import Linear, Logits, Target, cpu
from normexp.kernels.cpu import of_linear, threads

LOSSES = [
    (nex.CrossEntropy(), np.float32),
    (nex.CrossEntropy(temperature=2.0, reduction="sum"), np.float32),
    (nex.CrossEntropy(), np.float64),
    (nex.MulticlassHinge(), np.float64),
    (nex.MulticlassHinge(variant="crammer-singer", squared=True), np.float64),
    (nex.SquaredError(), np.float32),
]
every_type = pytest.mark.parametrize("dtype", [np.float32, np.float64])
SHAPES = [(1, 1, 1), (5, 3, 2), (33, 70, 4), (300, 33, 7), (700, 1030, 10), (100, 16, 24)]


@pytest.fixture(autouse=True)
def blocks_of_few_rows(monkeypatch):
    monkeypatch.setattr(of_linear, "LEAST_NUMBERS", 1000)


@pytest.fixture
def asked(monkeypatch):
    """How often a block of rows was computed between the products."""
    computed = []
    run = nex.losses.Bound.compute_between

    def counted(*arguments):
        computed.append(1)
        run(*arguments)

    monkeypatch.setattr(nex.losses.Bound, "compute_between", counted)
    return computed


def problem(shape, dtype, seed=0):
    rows, inputs, classes = shape
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, inputs)).astype(dtype)
    w = (rng.normal(size=(classes, inputs)) / np.sqrt(inputs)).astype(dtype)
    b = rng.normal(size=classes).astype(dtype)
    return x, w, rng.integers(0, classes, rows), b


def gradient(loss, x, w, y, b=None, weight=None):
    return loss.linear_value_and_grad(x, w, y, b, weight, features_grad=False)


@pytest.mark.parametrize(("loss", "dtype"), LOSSES, ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_they_are_those_of_the_full_logits(loss, dtype, shape, asked):
    """Each within the error of sums of as many products."""
    x, w, y, b = problem(shape, dtype)
    weight = np.random.default_rng(1).random(len(x))
    got = gradient(loss, x, w, y, b, weight)
    assert asked
    wide = [array.astype(np.float64) for array in (x, w, b)]
    logits = wide[0] @ wide[1].T + wide[2]
    value, grad = loss.value_and_grad(logits, y, weight)
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(got.value, value, rtol=16 * eps)
    for found, true, size in (
        (got.weight, grad.T @ wide[0], abs(grad).T @ abs(wide[0])),
        (got.bias, grad.sum(axis=0), abs(grad).sum(axis=0)),
    ):
        slack = eps * (abs(wide[0]) @ abs(wide[1]).T + abs(wide[2])).max()
        assert (abs(found - true) <= 8 * (eps + slack) * size + 8 * slack * abs(grad).max()).all()


@every_type
def test_threads_change_no_bit(dtype, monkeypatch):
    x, w, y, b = problem((3000, 50, 10), dtype)
    expected = gradient(nex.CrossEntropy(), x, w, y, b)
    monkeypatch.setattr(threads, "WORTH_SHARING", 1000)
    monkeypatch.setattr(threads, "GRAIN", 500)
    monkeypatch.setattr(threads, "get_num_threads", lambda: 3)
    got = gradient(nex.CrossEntropy(), x, w, y, b)
    assert got.value == expected.value
    assert got.weight.tobytes() == expected.weight.tobytes()
    assert got.bias.tobytes() == expected.bias.tobytes()


@every_type
def test_where_the_features_stand_changes_no_bit(dtype):
    x, w, y, b = problem((400, 45, 6), dtype)
    expected = gradient(nex.CrossEntropy(), x, w, y, b)
    apart = np.full((801, 50), np.nan, dtype)[1::2, 3:48]
    apart[...] = x
    got = gradient(nex.CrossEntropy(), apart, w, y, b)
    assert got.value == expected.value
    assert got.weight.tobytes() == expected.weight.tobytes()


@pytest.mark.parametrize("spoilt", [np.nan, np.inf, -np.inf, 1e30, 3e38])
def test_odd_rows_come_out_as_they_do_with_the_gradient_of_the_features(spoilt, asked):
    x, w, y, b = problem((500, 20, 5), np.float32)
    x[[7, 300], 3] = spoilt
    with np.errstate(all="ignore"):
        got = gradient(nex.CrossEntropy(), x, w, y, b)
        assert asked
        expected = nex.CrossEntropy().linear_value_and_grad(x, w, y, b)
    np.testing.assert_allclose(got.value, expected.value, rtol=1e-6)
    np.testing.assert_allclose(got.weight, expected.weight, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(got.bias, expected.bias, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    "loss",
    [
        nex.CrossEntropy(label_smoothing=0.1),
        nex.CrossEntropy(z_loss=0.1),
        nex.CrossEntropy(softcap=3.0),
        nex.CrossEntropy(temperature=1e-30),
        nex.Focal(),
    ],
    ids=repr,
)
def test_what_has_no_such_kernel_is_computed_by_parts(loss, asked):
    x, w, y, b = problem((100, 20, 5), np.float64)
    got = gradient(loss, x, w, y, b)
    assert not asked
    expected = loss.linear_value_and_grad(x, w, y, b)
    np.testing.assert_array_equal(got.weight, expected.weight)


def test_ignored_rows_may_hold_anything(asked):
    x, w, y, b = problem((300, 20, 5), np.float32)
    weight = np.ones(300)
    weight[5] = 0.0
    expected = gradient(nex.CrossEntropy(), x, w, y, b, weight)
    x[5] = np.nan
    got = gradient(nex.CrossEntropy(), x, w, y, b, weight)
    np.testing.assert_array_equal(got.weight, expected.weight)


def test_a_kernel_refuses_what_it_cannot_do():
    values = np.zeros((2, 2))
    of = Linear(values, values, np.zeros(2), np.zeros((2, 2)), np.zeros(2), 2)
    target = Target(np.zeros(2, np.int64), np.ones(2))
    masses = target._replace(classes=np.ones((2, 2)))
    for logits, its in (
        (Logits(values, np.ones((2, 2), np.bool_), of=of), target),
        (Logits(values, of=of), masses),
        (Logits(values, of=of), target._replace(norm=np.ones(2))),
    ):
        with pytest.raises(ValueError, match="between the products of a linear map"):
            cpu.cross_entropy(logits, its)
    with pytest.raises(ValueError, match="focal cannot be computed between the products"):
        cpu.focal(Logits(values, of=of), target, 2.0)
