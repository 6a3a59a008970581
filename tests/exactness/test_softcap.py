"""The soft cap against true values: capped logits, its slope, and losses through it."""

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import normexp as nex
from benchmarks.families import family_row
from benchmarks.oracle import PRECISION, oracle_row, ulps
from normexp.kernels import Logits
from normexp.kernels.cpu import wide

caps = st.sampled_from([1.0, 2.0, 30.0, 50.0, 0.1, 1e-3, 7.3, 1e6, 1e-300, 1e300])
logits = st.floats(-800, 800) | st.floats() | st.floats(-1e-3, 1e-3)


@pytest.fixture(autouse=True)
def precision():
    with mpmath.workprec(2 * PRECISION):
        yield


def computed(kernel, z, cap, *arguments):
    out = np.empty((1, len(z)))
    wide.over_cap(kernel, Logits(np.array([z])), cap, *arguments, out)
    return out[0]


def share(z_k, cap):
    return mpmath.mpf(z_k) / mpmath.mpf(cap)


@given(z=st.lists(logits.filter(np.isfinite), min_size=1, max_size=40), cap=caps)
def test_capped_logits(z, cap):
    true = [mpmath.mpf(cap) * mpmath.tanh(share(z_k, cap)) for z_k in z]
    assert ulps(computed(wide.softcap.cap_rows, z, cap), true).max() <= 1.0


@given(z=st.lists(st.floats(-25_000, 25_000) | st.floats(-5, 5), min_size=1, max_size=40), cap=caps)
def test_the_slope_keeps_its_digits_down_to_the_smallest_number(z, cap):
    true = [1 / mpmath.cosh(min(abs(share(z_k, cap)), mpmath.mpf(2000))) ** 2 for z_k in z]
    ones = np.ones((1, len(z)))
    assert ulps(computed(wide.softcap.slope_rows, z, cap, ones), true).max() <= 3.0


def test_infinite_logits_stay():
    z = [np.inf, -np.inf, np.nan, 0.0, -0.0]
    np.testing.assert_array_equal(computed(wide.softcap.cap_rows, z, 2.0), z)
    slopes = computed(wide.softcap.slope_rows, z, 2.0, np.ones((1, 5)))
    np.testing.assert_array_equal(slopes, [1, 1, 0, 1, 1])


@pytest.mark.parametrize("cap", [2.0, 30.0])
@pytest.mark.parametrize("classes", [2, 10, 300])
@pytest.mark.parametrize("family", ["N(0,1)", "N(0,1)·100", "20 ahead"])
def test_a_loss_and_its_gradient_in_float32(family, classes, cap):
    z = family_row(family, classes, "float32", 3)
    truth = oracle_row(z, softcap=cap)
    for y in {int(z.argmax()), 0}:
        value, grad = nex.CrossEntropy(softcap=cap).value_and_grad(z, y)
        assert ulps(value, truth.surprise(y)).max() <= 0.51
        slopes = [1 / mpmath.cosh(share(float(z_k), cap)) ** 2 for z_k in z]
        true = [truth.probability(k) * slopes[k] for k in range(classes)]
        true[y] = -truth.others(y) * slopes[y]
        assert ulps(grad, true).max() <= 0.51


def test_rows_in_tiles_are_the_rows():
    """As many rows as tiles are made of several times, on every axis."""
    x = np.random.default_rng(0).normal(size=(300, 1100)).astype(np.float32) * 5
    loss = nex.CrossEntropy(softcap=3.0, reduction="none")
    labels = np.arange(300)
    value, grad = loss.value_and_grad(x, labels)
    for r in (0, 29, 30, 299):
        alone, its = loss.value_and_grad(x[r], labels[r])
        assert alone == value[r]
        np.testing.assert_array_equal(its, grad[r])
    middle = nex.CrossEntropy(softcap=3.0, reduction="none", axis=1)
    images = np.ascontiguousarray(np.moveaxis(x.reshape(3, 100, 1100), -1, 1))
    got, slopes = middle.value_and_grad(images, labels.reshape(3, 100))
    np.testing.assert_array_equal(got.reshape(-1), value)
    np.testing.assert_array_equal(np.moveaxis(slopes, 1, -1).reshape(x.shape), grad)
