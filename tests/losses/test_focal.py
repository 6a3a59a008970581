"""The focal loss against its true values, at its limits, and its Hessian by finite differences."""

import ml_dtypes
import mpmath
import numpy as np
import pytest

import normexp as nex
from benchmarks.families import FAMILIES, family_row
from benchmarks.oracle import PRECISION, oracle_row, ulps
from normexp.kernels import Logits, Target, reference
from normexp.linear import LinearClassifier

GAMMAS = [0.0, 0.5, 1.0, 2.0, 5.0]
FINITE = [name for name in FAMILIES if name != "some -inf"]


def limit(dtype, gamma):
    """What is rounded once; in float64 a power is as many times less exact as its exponent says
    than 1 − p is, which is within 1.2 ULP.
    """
    return 4.0 + 1.2 * gamma if dtype == "float64" else 0.51


def true_focal(z, y, gamma, temperature=1.0):
    """Value and gradient."""
    row = oracle_row(z, temperature)
    p, q, surprise = row.probability(y), row.others(y), row.surprise(y)
    gamma = mpmath.mpf(gamma)
    slope = q**gamma * (1 + gamma * p * surprise / q) / mpmath.mpf(temperature)
    grad = [slope * row.probability(k) for k in range(len(z))]
    grad[y] = -slope * q
    return q**gamma * surprise, grad


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("family", FINITE)
@pytest.mark.parametrize("classes", [2, 10, 100])
def test_true_values(family, classes, dtype):
    z = family_row(family, classes, dtype, 1)
    with mpmath.workprec(2 * PRECISION):
        for gamma in GAMMAS:
            for y in {int(z.argmax()), int(z.argmin()), classes // 2}:
                value, grad = nex.Focal(gamma=gamma).value_and_grad(z, y)
                true_value, true_grad = true_focal(z, y, gamma)
                assert ulps(value, true_value).max() <= limit(dtype, gamma)
                assert ulps(grad, true_grad).max() <= limit(dtype, gamma)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize("accuracy", ["exact", "fast"])
def test_narrow_types_and_fast_accuracy_are_as_exact(dtype, accuracy):
    z = (np.random.default_rng(0).normal(size=40) * 3).astype(np.dtype(dtype))
    with nex.accuracy(accuracy), mpmath.workprec(2 * PRECISION):
        for y in (int(z.argmax()), int(z.argmin())):
            value, grad = nex.Focal(temperature=0.5).value_and_grad(z, y)
            true_value, true_grad = true_focal(z, y, 2.0, 0.5)
            assert ulps(value, true_value).max() <= 0.51
            assert ulps(grad, true_grad).max() <= 0.51


@pytest.mark.parametrize("margin", [20.0, 37.0, 100.0, 300.0])
def test_confident_rows_keep_their_loss(margin):
    value, grad = nex.Focal(gamma=1.0).value_and_grad([margin, 0.0], 0)
    assert value == pytest.approx(np.exp(-2 * margin), rel=1e-8)
    np.testing.assert_allclose(grad, [-2 * value, 2 * value], rtol=1e-8)


def test_without_gamma_it_is_cross_entropy():
    rng = np.random.default_rng(1)
    z, y, weight = rng.normal(size=(9, 4)) * 5, rng.integers(0, 4, 9), rng.random(9)
    options = {"class_weight": (0.5, 1.0, 2.0, 0.0), "temperature": 0.7}
    focal = nex.Focal(gamma=0.0, **options).value_and_grad(z, y, weight)
    plain = nex.CrossEntropy(**options).value_and_grad(z, y, weight)
    assert focal.value == plain.value
    np.testing.assert_array_equal(focal.grad, plain.grad)


@pytest.mark.parametrize("gamma", GAMMAS)
def test_special_rows(gamma):
    z = [[0, -np.inf], [np.nan, 0], [0, np.nan], [np.inf, 0], [np.nan, 0], [-np.inf, -np.inf]]
    value, grad = nex.Focal(gamma=gamma, reduction="none").value_and_grad(z, [1, 1, 0, 0, -100, 0])
    np.testing.assert_array_equal(value, [np.inf, np.nan, np.nan, np.nan, 0, np.nan])
    np.testing.assert_array_equal(grad[0], [1, -1])
    assert np.isnan(grad[[1, 2, 3, 5]]).all()
    np.testing.assert_array_equal(grad[4], 0)
    alone = nex.Focal(gamma=gamma).value_and_grad([[3.0]], [0])
    assert alone.value == alone.grad[0, 0] == 0
    masked = nex.Focal(gamma=gamma).value_and_grad([1.0, 2.0, 9.0], 0, where=[True, True, False])
    assert masked.value == nex.Focal(gamma=gamma)([1.0, 2.0], 0)
    assert masked.grad[2] == 0


@pytest.mark.parametrize("shape", [(50, 3), (7, 40), (2, 5, 6)])
def test_layouts_give_the_same_bits(shape):
    z = np.random.default_rng(2).normal(size=shape).astype(np.float32)
    y = np.random.default_rng(3).integers(0, shape[-1], shape[:-1])
    loss = nex.Focal(reduction="none")
    value, grad = loss.value_and_grad(z, y)
    turned = nex.Focal(reduction="none", axis=0).value_and_grad(np.moveaxis(z, -1, 0), y)
    np.testing.assert_array_equal(turned.value, value)
    np.testing.assert_array_equal(np.moveaxis(turned.grad, 0, -1), grad)
    np.testing.assert_array_equal(loss(z, y), value)
    np.testing.assert_array_equal(loss(z[1:2], y[1:2]), value[1:2])


@pytest.mark.parametrize("gamma", GAMMAS)
def test_reference_and_its_hessian_product(gamma):
    rng = np.random.default_rng(4)
    z, v, y, weight = (
        rng.normal(size=(6, 4)),
        rng.normal(size=(6, 4)),
        rng.integers(0, 4, 6),
        rng.random(6),
    )
    target = Target(y, weight, class_weight=np.array([1.0, 2.0, 0.5, 3.0]))

    def at(points):
        return reference.focal(Logits(points, temperature=0.8), target, gamma)

    loss, grad = at(z)
    mine = nex.Focal(
        gamma=gamma, temperature=0.8, class_weight=(1.0, 2.0, 0.5, 3.0), reduction="none"
    ).value_and_grad(z, y, weight)
    np.testing.assert_allclose(mine.value, loss, rtol=1e-13)
    np.testing.assert_allclose(mine.grad, grad, rtol=1e-12, atol=1e-15)
    product = reference.focal_hessian_product(Logits(z, temperature=0.8), target, gamma, v)
    differences = (at(z + 1e-6 * v)[1] - at(z - 1e-6 * v)[1]) / 2e-6
    np.testing.assert_allclose(product, differences, rtol=1e-6, atol=1e-8)


def test_it_trains_a_classifier():
    from sklearn.datasets import load_iris

    x, y = load_iris(return_X_y=True)
    classifier = LinearClassifier("focal", alpha=0.01).fit(x, y)
    assert classifier.score(x, y) > 0.95
    assert not classifier.loss_.is_convex
    np.testing.assert_allclose(classifier.predict_proba(x).sum(axis=1), 1)


def test_options():
    assert repr(nex.Focal(gamma=3.0)) == "Focal(gamma=3.0)"
    with pytest.raises(ValueError, match="gamma must be a finite number of at least 0"):
        nex.Focal(gamma=-1.0)
    with pytest.raises(TypeError, match="integer class ids"):
        nex.Focal()([[1.0, 2.0]], [[0.5, 0.5]])
    half = np.zeros((2, 2), ml_dtypes.bfloat16)
    assert nex.Focal().value_and_grad(half, [0, 1]).grad.dtype == half.dtype
