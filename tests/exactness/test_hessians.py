"""Hessian products of softmax's losses against true values, also where one class leads by far.

A product may cross zero on its own account: float64 is measured in units of the size of its terms.
"""

import mpmath
import numpy as np
import pytest

from benchmarks.families import FAMILIES, family_row
from benchmarks.oracle import PRECISION, oracle_row, ulps
from normexp.kernels import Logits, Target, cpu

FINITE = [name for name in FAMILIES if name != "some -inf"]

pytestmark = [
    pytest.mark.parametrize("dtype", ["float32", "float64"]),
    pytest.mark.parametrize("classes", [2, 10, 100]),
    pytest.mark.parametrize("family", FINITE),
]


@pytest.fixture(autouse=True)
def precision():
    with mpmath.workprec(2 * PRECISION):
        yield


def exact(values):
    return [mpmath.mpf(float(value)) for value in values]


def jacobian_product(truth, v):
    """p_k · (v_k − p·v), and the size of its terms."""
    p = [truth.probability(k) for k in range(len(v))]
    products = [
        p_k * mpmath.fsum(p_j * (v_k - v_j) for p_j, v_j in zip(p, v, strict=True))
        for p_k, v_k in zip(p, v, strict=True)
    ]
    sizes = [
        p_k * mpmath.fsum(p_j * abs(v_k - v_j) for p_j, v_j in zip(p, v, strict=True))
        for p_k, v_k in zip(p, v, strict=True)
    ]
    return products, sizes


def assert_exact(got, true, sizes, slope):
    """0.51 ULP in float32; in float64 4 units of the last place of the terms, where a probability
    that is a subnormal number has been rounded before it is multiplied by up to `slope`.
    """
    if got.dtype == np.float32:
        assert ulps(got, true).max() <= 0.51
        return
    for value, exact_value, size in zip(got, true, sizes, strict=True):
        error = abs(mpmath.mpf(float(value)) - exact_value)
        assert error <= 4 * np.finfo(np.float64).eps * size + (1 + slope) * mpmath.mpf(2) ** -1074


@pytest.mark.parametrize("temperature", [1.0, 0.3])
def test_cross_entropy(family, classes, dtype, temperature):
    z = family_row(family, classes, dtype, 1)
    v = np.random.default_rng(classes).normal(size=classes).astype(dtype)
    truth = oracle_row(z, temperature)
    target = Target(np.array([classes // 2]), np.array([0.75]))
    logits = Logits(z[np.newaxis], temperature=temperature)
    (got,) = cpu.cross_entropy_hessian_product(logits, target, v[np.newaxis])
    factor = mpmath.mpf(0.75) / mpmath.mpf(temperature) ** 2
    products, sizes = jacobian_product(truth, exact(v))
    slope = factor * (max(exact(v)) - min(exact(v)))
    assert_exact(got, [factor * x for x in products], [factor * x for x in sizes], slope)


def test_brier(family, classes, dtype):
    z = family_row(family, classes, dtype, 2)
    v = exact(np.random.default_rng(classes).normal(size=classes).astype(dtype))
    truth = oracle_row(z)
    y = int(z.argmax())
    (got,) = cpu.brier_hessian_product(
        Logits(z[np.newaxis]),
        Target(np.array([y]), np.ones(1)),
        np.array([[float(x) for x in v]], dtype),
    )
    p = [truth.probability(k) for k in range(classes)]
    g = [p[k] if k != y else -truth.others(y) for k in range(classes)]
    q, q_sizes = jacobian_product(truth, v)
    of_q, sizes = jacobian_product(truth, q)
    of_g, g_sizes = jacobian_product(truth, g)
    both = mpmath.fsum(q_k * g_k for q_k, g_k in zip(q, g, strict=True))
    size_of_both = mpmath.fsum(
        size * g_j / p_j for size, g_j, p_j in zip(q_sizes, g_sizes, p, strict=True)
    )
    size_of_mean = mpmath.fsum(p_j * size for p_j, size in zip(p, q_sizes, strict=True))
    true, terms = [], []
    for k in range(classes):
        true.append(2 * (of_q[k] + q[k] * of_g[k] / p[k] - p[k] * both))
        of_both, of_means = p[k] * size_of_both, p[k] * size_of_mean
        terms.append(
            2 * (sizes[k] + of_means + q_sizes[k] * g_sizes[k] / p[k] + of_both + p[k] * q_sizes[k])
        )
    if dtype == "float32":
        # Three sums of either sign: what is left of them may be small beside the terms.
        for value, exact_value, size in zip(got, true, terms, strict=True):
            spacing = mpmath.mpf(float(np.spacing(np.float32(abs(value)))))
            error = abs(mpmath.mpf(float(value)) - exact_value)
            assert error <= 0.51 * spacing + 2.0**-48 * size
    else:
        assert_exact(got, true, [2 * size for size in terms], 8 * (max(v) - min(v)))
