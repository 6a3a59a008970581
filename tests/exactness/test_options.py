"""The options of cross-entropy, the hinges, the Brier score and the sigmoid against true values.

Where a result crosses zero on its own account (smoothing pulls against the likelihood, a rival
against another), no float64 arithmetic has relative exactness; there the error is measured in units
of the terms' size. For float32, computed in float64, that makes no difference.
"""

import mpmath
import numpy as np
import pytest

import normexp as nex
from benchmarks.families import FAMILIES, family_row
from benchmarks.oracle import PRECISION, oracle_row, ulps

BOUND = {"float32": 0.51, "float64": 4.0}
CLASSES = [2, 10, 300]
FINITE = [name for name in FAMILIES if name != "some -inf"]

pytestmark = [
    pytest.mark.parametrize("dtype", BOUND),
    pytest.mark.parametrize("classes", CLASSES),
    pytest.mark.parametrize("family", FINITE),
]


@pytest.fixture(autouse=True)
def precision():
    with mpmath.workprec(2 * PRECISION):
        yield


def targets(z):
    return {int(z.argmax()), int(z.argmin()), z.size // 2}


@pytest.mark.parametrize("temperature", [0.3, 7.0])
def test_temperature(family, classes, dtype, temperature):
    z = family_row(family, classes, dtype, 1)
    truth = oracle_row(z, temperature)
    p = nex.softmax(z, temperature=temperature)
    log_p = nex.log_softmax(z, temperature=temperature)
    assert ulps(p, [truth.probability(k) for k in range(classes)]).max() <= BOUND[dtype]
    assert ulps(log_p, [-truth.surprise(k) for k in range(classes)]).max() <= BOUND[dtype]
    for y in targets(z):
        value, grad = nex.CrossEntropy(temperature=temperature).value_and_grad(z, y)
        true = [truth.probability(k) / mpmath.mpf(temperature) for k in range(classes)]
        true[y] = -truth.others(y) / mpmath.mpf(temperature)
        assert ulps(value, truth.surprise(y)).max() <= BOUND[dtype]
        assert ulps(grad, true).max() <= BOUND[dtype]


def test_label_smoothing(family, classes, dtype):
    epsilon = 0.1
    z = family_row(family, classes, dtype, 2)
    truth = oracle_row(z)
    spread = mpmath.mpf(epsilon) / classes
    for y in targets(z):
        value, grad = nex.CrossEntropy(label_smoothing=epsilon).value_and_grad(z, y)
        mass = [spread + (1 - mpmath.mpf(epsilon) if k == y else 0) for k in range(classes)]
        true = mpmath.fsum(mass[k] * truth.surprise(k) for k in range(classes))
        assert ulps(value, true).max() <= BOUND[dtype]
        for k in range(classes):
            terms = (1 - mass[k]) * truth.probability(k), -mass[k] * truth.others(k)
            error = abs(mpmath.mpf(float(grad[k])) - sum(terms))
            of_result = float(ulps(grad[k], sum(terms))[0])
            of_terms = float(error / max(map(abs, terms)) / np.finfo(dtype).eps)
            assert of_result <= 0.51 if dtype == "float32" else of_terms <= 4.0


@pytest.mark.parametrize("margin", [1.0, 0.1])
@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("variant", ["weston-watkins", "crammer-singer"])
def test_hinge(family, classes, dtype, variant, squared, margin):
    z = family_row(family, classes, dtype, 3)
    exact = [mpmath.mpf(float(z_k)) for z_k in z]
    power = 2 if squared else 1
    for y in targets(z):
        rivals = [mpmath.mpf(margin) + exact[k] - exact[y] for k in range(classes) if k != y]
        violations = [max(v, mpmath.mpf(0)) ** power for v in rivals]
        true = mpmath.fsum(violations) if variant == "weston-watkins" else max(violations)
        loss = nex.MulticlassHinge(variant=variant, squared=squared, margin=margin)
        assert ulps(loss(z, y), true).max() <= BOUND[dtype]


def test_brier(family, classes, dtype):
    z = family_row(family, classes, dtype, 4)
    truth = oracle_row(z)
    p = [truth.probability(k) for k in range(classes)]
    for y in targets(z):
        value, grad = nex.SquaredError(on="probabilities").value_and_grad(z, y)
        g = [p[k] if k != y else -truth.others(y) for k in range(classes)]
        assert ulps(value, mpmath.fsum(g_k**2 for g_k in g)).max() <= BOUND[dtype]
        step = max(classes // 30, 1)  # another one of these for each family: each has all terms
        for k in {*range(FINITE.index(family) % step, classes, step), *targets(z)}:
            terms = [p[j] * (g[k] - g[j]) for j in range(classes) if j != k]
            true = 2 * p[k] * mpmath.fsum(terms)
            size = 2 * p[k] * mpmath.fsum(map(abs, terms))
            of_result = float(ulps(grad[k], true)[0])
            smallest = mpmath.mpf(float(np.finfo(dtype).tiny))
            error = abs(mpmath.mpf(float(grad[k])) - true)
            of_terms = float(error / max(size, smallest) / np.finfo(dtype).eps)
            assert of_result <= 0.51 if dtype == "float32" else of_terms <= 4.0


def test_sigmoid_and_binary_cross_entropy(family, classes, dtype):
    z = family_row(family, classes, dtype, 5)
    exact = [mpmath.mpf(float(z_k)) for z_k in z]
    on = [1 / (1 + mpmath.exp(-z_k)) for z_k in exact]
    off = [1 / (1 + mpmath.exp(z_k)) for z_k in exact]
    softplus = [mpmath.log1p(mpmath.exp(-abs(z_k))) for z_k in exact]
    log_on = [-(max(-z_k, 0) + s) for z_k, s in zip(exact, softplus, strict=True)]
    assert ulps(nex.sigmoid(z), on).max() <= BOUND[dtype]
    assert ulps(nex.log_sigmoid(z), log_on).max() <= BOUND[dtype]
    loss = nex.BinaryCrossEntropy(reduction="none")
    value, grad = loss.value_and_grad(z, np.ones(classes))
    assert ulps(value, [-v for v in log_on]).max() <= BOUND[dtype]
    assert ulps(grad, [-v for v in off]).max() <= BOUND[dtype]


def test_squared_hinge_gradient(family, classes, dtype):
    """The target is pulled by all of its rivals together."""
    z = family_row(family, classes, dtype, 6)
    exact = [mpmath.mpf(float(z_k)) for z_k in z]
    for y in targets(z):
        rivals = [1 + exact[k] - exact[y] if k != y else mpmath.mpf(0) for k in range(classes)]
        true = [2 * max(v, mpmath.mpf(0)) for v in rivals]
        true[y] = -mpmath.fsum(true)
        grad = nex.MulticlassHinge(squared=True).value_and_grad(z, y).grad
        assert ulps(grad, true).max() <= BOUND[dtype]
