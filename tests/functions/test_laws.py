"""The laws that hold for every row of logits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import normexp as nex

EPS = np.finfo("float64").eps
# Two results as far from the true value as they may be: 0.51 ULP (float32), 4 ULP (float64).
APART = {"float32": 1, "float64": 8}

dtypes = st.sampled_from(list(APART))
shapes = array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9)
logits = arrays("float64", shapes, elements=st.floats(-60, 60))
# Quarters, so that shifting and scaling them has no rounding error.
quarters = arrays("float64", shapes, elements=st.integers(-200, 200).map(lambda n: n / 4))
laws = settings(max_examples=60, deadline=None)


def assert_close_bits(got, expected):
    np.testing.assert_array_max_ulp(got, expected, APART[str(expected.dtype)])


@laws
@given(quarters, st.integers(-(2**14), 2**14), dtypes)
def test_a_shift_of_all_logits_changes_nothing(x, shift, dtype):
    x = x.astype(dtype)
    shifted = (x + shift).astype(dtype)
    assert_close_bits(nex.softmax(shifted), nex.softmax(x))
    assert_close_bits(nex.log_softmax(shifted), nex.log_softmax(x))


@laws
@given(quarters, st.integers(-(2**40), 2**40))
def test_logsumexp_moves_with_its_logits(x, shift):
    np.testing.assert_allclose(
        nex.logsumexp(x + shift), nex.logsumexp(x) + shift, rtol=4 * EPS, atol=1e-13
    )


@laws
@given(logits)
def test_probabilities_sum_to_one(x):
    p = nex.softmax(x)
    assert (p >= 0).all()
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=8 * EPS)


@laws
@given(quarters, dtypes)
def test_a_larger_logit_has_a_larger_probability_and_equal_ones_the_same(x, dtype):
    x = x.astype(dtype)
    for function in (nex.softmax, nex.log_softmax):
        result = function(x)
        for row, value in zip(x, result, strict=True):
            order = np.argsort(row, kind="stable")
            gained = np.diff(value[order])
            assert (gained >= 0).all()
            assert (gained[np.diff(row[order]) == 0] == 0).all()


@laws
@given(logits, st.randoms(use_true_random=False), dtypes)
def test_the_order_of_the_classes_does_not_matter(x, random, dtype):
    x = x.astype(dtype)
    order = random.sample(range(x.shape[1]), x.shape[1])
    assert_close_bits(nex.softmax(x[:, order]), nex.softmax(x)[:, order])
    assert_close_bits(nex.log_softmax(x[:, order]), nex.log_softmax(x)[:, order])
    assert_close_bits(nex.logsumexp(x[:, order]), nex.logsumexp(x))


@laws
@given(logits)
def test_log_softmax_is_the_logarithm_of_softmax(x):
    np.testing.assert_allclose(np.exp(nex.log_softmax(x)), nex.softmax(x), rtol=1e-13)
    assert (nex.log_softmax(x) <= 0).all()


@laws
@given(logits)
def test_logsumexp_is_what_softmax_divides_by(x):
    log_p = x - nex.logsumexp(x, keepdims=True)
    np.testing.assert_allclose(nex.log_softmax(x), log_p, atol=1e-13)


@laws
@given(logits)
def test_logsumexp_lies_between_the_maximum_and_that_of_equal_logits(x):
    top, total = x.max(axis=1), nex.logsumexp(x)
    assert (total >= top).all()
    assert (total <= top + np.log(x.shape[1]) + 8 * EPS * (1 + np.abs(top))).all()


@laws
@given(logits, st.data())
def test_logsumexp_of_parts_is_that_of_the_whole(x, data):
    cut = data.draw(st.integers(0, x.shape[1]))
    parts = [nex.logsumexp(x[:, :cut]), nex.logsumexp(x[:, cut:])]
    np.testing.assert_allclose(nex.logsumexp(parts, 0), nex.logsumexp(x), atol=1e-13)


@laws
@given(logits, dtypes)
def test_sigmoid_is_softmax_against_zero(x, dtype):
    x = x.astype(dtype)
    pair = np.stack([x, np.zeros_like(x)], axis=-1)
    assert_close_bits(nex.sigmoid(x), nex.softmax(pair)[..., 0])
    assert_close_bits(nex.log_sigmoid(x), nex.log_softmax(pair)[..., 0])


@laws
@given(logits)
def test_sigmoids_of_opposite_logits_sum_to_one(x):
    np.testing.assert_allclose(nex.sigmoid(x) + nex.sigmoid(-x), 1, rtol=4 * EPS)


@laws
@given(logits, st.integers(-6, 6), dtypes)
def test_temperature_divides_the_logits(x, power, dtype):
    x, temperature = x.astype(dtype), 2.0**power
    for function in (nex.softmax, nex.log_softmax):
        got = function(x, temperature=temperature)
        np.testing.assert_array_equal(got, function((x / temperature).astype(dtype)), strict=True)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("classes", [1, 7, 1500])
def test_neither_the_batch_nor_the_axis_changes_a_bit(dtype, classes):
    x = (np.random.default_rng(classes).normal(size=(6, classes)) * 10).astype(dtype)
    for function in (nex.softmax, nex.log_softmax, nex.logsumexp):
        whole = function(x)
        alone = np.stack([function(row) for row in x])
        np.testing.assert_array_equal(alone, whole, strict=True)
        np.testing.assert_array_equal(function(x[2:4]), whole[2:4], strict=True)
        first = function(x.T.copy(), 0)
        np.testing.assert_array_equal(first.T, whole, strict=True)
        images = np.moveaxis(x.reshape(2, 3, classes), -1, 1).copy()
        middle = function(images, 1)
        if middle.ndim == 3:
            middle = np.moveaxis(middle, 1, -1)
        np.testing.assert_array_equal(middle.reshape(whole.shape), whole, strict=True)
