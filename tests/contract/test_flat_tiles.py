"""float32 rows taken flat: the seams of tiles, and rows that are left to another kernel."""

import numpy as np
import pytest

import normexp as nex
from normexp.kernels.cpu import calls, threads
from normexp.kernels.cpu.sizes import LOGARITHMS, LOSSES, PROBABILITIES

FUNCTIONS = {
    nex.softmax: PROBABILITIES,
    nex.log_softmax: LOGARITHMS,
    nex.logsumexp: LOGARITHMS,
}
LOSS = nex.CrossEntropy(reduction="none")
ROWS = [1, 2, 15, 16, 17, 33]  # tiles have 16 rows, or fewer
CLASSES = [1, 2, 3, 10, 15, 16, 17, 31, 33, 48, 128, 129, 200]
# A tile may hold a row or two of so many; and some are no longer taken flat.
CLASSES += [LOGARITHMS.stop - 1, LOGARITHMS.stop, LOSSES.stop - 1, LOSSES.stop]
HIGHEST, LOWEST = 580.0, -580.0  # the logsumexp of a row that is taken flat


def rows(count, classes):
    return np.random.default_rng([count, classes]).normal(size=(count, classes)).astype(np.float32)


def labels_of(x):
    return np.arange(len(x)) % x.shape[1]


def with_odd_rows(x, first, step):
    """Every so many rows out of the ordinary: too high, too low, infinite, not a number."""
    x = x.copy()
    for i, r in enumerate(range(first, len(x), step)):
        x[r, -1] = [700.0, np.inf, np.nan][i % 3]
        if i % 4 == 3:
            x[r] = -650.0
    return x


def one_by_one(function, x):
    return np.concatenate([function(x[r : r + 1]) for r in range(len(x))])


@pytest.mark.parametrize("classes", CLASSES)
def test_a_row_is_the_same_in_every_tile(classes, assert_same_bits):
    for count in ROWS:
        for x in (rows(count, classes), with_odd_rows(rows(count, classes), 0, 2)):
            for function in FUNCTIONS:
                expected = one_by_one(function, x)
                assert_same_bits(function(x), expected)
                assert_same_bits(function(x.T.copy(), 0), expected.T)
            y = labels_of(x)
            expected = [LOSS.value_and_grad(x[[r]], y[[r]]) for r in range(count)]
            for given in (x, np.asfortranarray(x)):
                value, grad = LOSS.value_and_grad(given, y)
                assert_same_bits(value, np.concatenate([one.value for one in expected]))
                assert_same_bits(grad, np.concatenate([one.grad for one in expected]))
                assert_same_bits(LOSS(given, y), value)


@pytest.mark.parametrize("first", [0, 1, 15, 16])
@pytest.mark.parametrize("classes", [16, 17, 40, 300])
def test_odd_rows_keep_their_logits_until_their_turn(classes, first, assert_same_bits):
    x = with_odd_rows(rows(40, classes), first, 5)
    for function in (nex.softmax, nex.log_softmax):
        expected = one_by_one(function, x)
        for axis in (0, 1):
            same = x.copy() if axis else x.T.copy()
            function(same, axis, out=same)
            assert_same_bits(same if axis else same.T, expected)


def test_the_same_by_several_threads(monkeypatch, assert_same_bits):
    for module in (calls, threads):
        monkeypatch.setattr(module, "WORTH_SHARING", 128)
    monkeypatch.setattr(threads, "GRAIN", 64)
    before = nex.get_num_threads()
    x = with_odd_rows(rows(300, 33), 3, 17)
    nex.set_num_threads(1)
    expected = [function(x) for function in FUNCTIONS], LOSS.value_and_grad(x, labels_of(x))
    try:
        nex.set_num_threads(3)
        for function, true in zip(FUNCTIONS, expected[0], strict=True):
            assert_same_bits(function(x), true)
        for got, true in zip(LOSS.value_and_grad(x, labels_of(x)), expected[1], strict=True):
            assert_same_bits(got, true)
    finally:
        nex.set_num_threads(before)


@pytest.mark.parametrize("classes", [3, 10, 16, 33, 300])
def test_small_calls_give_the_bits_of_large_ones(classes, assert_same_bits):
    """However the numbers come; call after call, as a wheel does again what it did before."""
    many = rows(2000, classes)
    whole = {function: function(many) for function in FUNCTIONS}
    labels = labels_of(many)
    losses = LOSS.value_and_grad(many, labels)
    mean = nex.CrossEntropy()
    for first in (0, 3, 40, 700):
        few = slice(first, first + 20)
        x, y = many[few], labels[few]
        odd = with_odd_rows(x, first % 7, 3)
        apart = np.empty((20, 2 * classes), np.float32)
        apart[:, ::2] = x
        every = np.ones(x.shape, bool)
        for function, expected in whole.items():
            its = expected[few]
            assert_same_bits(function(x), its)
            assert_same_bits(function(apart[:, ::2]), its)
            assert_same_bits(function(np.asfortranarray(x)), its)
            assert_same_bits(function(x, where=every), its)
            assert_same_bits(function(x, out=np.empty_like(its)), its)
            assert_same_bits(function(odd), one_by_one(function, odd))
            assert_same_bits(function(odd), function(odd, (1,)))
            assert_same_bits(function(x), its)
        for given, where in ((x, None), (apart[:, ::2], None), (x, every)):
            value, grad = LOSS.value_and_grad(given, y, where=where)
            assert_same_bits(value, losses.value[few])
            assert_same_bits(grad, losses.grad[few])
        bound = mean.bind(y, classes=classes)
        for given in (x, odd, x):
            assert_same_bits(mean(given, y), bound(given))
            pairs = zip(mean.value_and_grad(given, y), bound.value_and_grad(given), strict=True)
            for got, expected in pairs:
                assert_same_bits(got, expected)


def ulps(got, true):
    spacing = np.spacing(np.maximum(np.abs(true).astype(np.float32), np.float32(1.2e-38)))
    return float(np.max(np.abs(got.astype(np.longdouble) - true) / spacing))


@pytest.mark.parametrize("temperature", [1.0, 0.01, 1e17])
@pytest.mark.parametrize("top", [HIGHEST - 8, HIGHEST + 8, LOWEST - 8, LOWEST + 8, 0.0])
def test_no_digit_is_lost_where_the_range_ends(top, temperature):
    """Nor where one class leads, by little or by all that float32 can tell."""
    for classes in (16, 40):
        x = (top + np.random.default_rng(0).normal(size=(20, classes))) * temperature
        x[::2, 3] += np.linspace(0, 130, 10) * temperature
        x = x.astype(np.float32)
        z = x.astype(np.longdouble) / np.longdouble(temperature)
        leader = z.argmax(1)
        gaps = z.max(1, keepdims=True) - z
        e = np.exp(-gaps)
        others = np.where(np.arange(classes) == leader[:, np.newaxis], 0, e).sum(1, keepdims=True)
        log_p = -(gaps + np.log1p(others))
        p = e / (1 + others)
        assert ulps(nex.softmax(x, temperature=temperature), p) < 0.51
        assert ulps(nex.log_softmax(x, temperature=temperature), log_p) < 0.51
        loss = nex.CrossEntropy(reduction="none", temperature=temperature)
        for y in (leader, labels_of(x)):
            value, grad = loss.value_and_grad(x, y)
            at_y = np.arange(classes) == y[:, np.newaxis]
            rest = np.where(at_y, 0, e).sum(1)
            assert ulps(value, -log_p[at_y]) < 0.51
            true = np.where(at_y, -(rest / (1 + others[:, 0]))[:, np.newaxis], p)
            scaled = true / np.longdouble(temperature)
            large = np.abs(scaled) > 1.2e-38
            assert ulps(grad[large], scaled[large]) < 0.51
