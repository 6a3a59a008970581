"""softmax, its logarithm and normaliser, cross-entropy and its gradient against the true values."""

from functools import cache

import mpmath
import numpy as np
import pytest

import normexp as nex
from benchmarks.families import FAMILIES, family_row
from benchmarks.oracle import PRECISION, oracle_row, ulps

BOUND = {"float32": 0.51, "float64": 4.0}
ROWS = {2: 24, 10: 8, 1000: 2, 10_000: 1, 100_000: 1}
LONG = 100_000  # whose true values alone take seconds

pytestmark = [
    pytest.mark.parametrize("dtype", BOUND),
    pytest.mark.parametrize(
        "classes", [pytest.param(n, marks=[pytest.mark.nightly] * (n == LONG)) for n in ROWS]
    ),
    pytest.mark.parametrize("family", FAMILIES),
]


@cache
def rows_and_truth(family, classes, dtype):
    """The rows of a case, each with its oracle and a sample of classes to look at."""
    cases = []
    for seed in range(ROWS[classes]):
        z = family_row(family, classes, dtype, seed)
        looked_at = np.random.default_rng(seed).permutation(classes)[:50]
        looked_at = np.unique([*looked_at, z.argmax(), z.argmin()])
        cases.append((z, oracle_row(z), looked_at))
    return cases


def assert_exact(got, true, dtype):
    worst = ulps(got, true).max()
    assert worst <= BOUND[dtype], f"{worst:.3f} ULP"


def test_softmax(family, classes, dtype):
    for z, truth, ks in rows_and_truth(family, classes, dtype):
        with mpmath.workprec(PRECISION):
            true = [truth.probability(k) for k in ks]
        assert_exact(nex.softmax(z)[ks], true, dtype)


def test_log_softmax(family, classes, dtype):
    for z, truth, ks in rows_and_truth(family, classes, dtype):
        with mpmath.workprec(PRECISION):
            true = [-truth.surprise(k) for k in ks]
        assert_exact(nex.log_softmax(z)[ks], true, dtype)


def test_logsumexp(family, classes, dtype):
    """Where the sum cancels down to 2^-50 of its terms and less, twice the precision is used up:
    then at least 100 bits below the terms are right."""
    for z, truth, _ in rows_and_truth(family, classes, dtype):
        got, true = nex.logsumexp(z), truth.logsumexp()
        if abs(got) > 2.0**-50 * abs(z.max()):
            assert_exact(got, true, dtype)
        else:
            assert abs(mpmath.mpf(float(got)) - true) <= 2.0**-100 * abs(z.max())


def test_cross_entropy_and_its_gradient(family, classes, dtype):
    """At the leading class, where others lose every digit, and at another."""
    for z, truth, ks in rows_and_truth(family, classes, dtype):
        for y in {int(z.argmax()), int(ks[0])}:
            value, grad = nex.CrossEntropy().value_and_grad(z, y)
            with mpmath.workprec(PRECISION):
                true = [truth.probability(k) if k != y else -truth.others(y) for k in ks]
                assert_exact(value, truth.surprise(y), dtype)
                assert_exact(grad[ks], true, dtype)
                assert_exact(grad[y], -truth.others(y), dtype)


def test_loss_and_gradient_are_never_zero_where_the_type_can_hold_them(family, classes, dtype):
    smallest = np.finfo(dtype).smallest_subnormal
    for z, truth, _ in rows_and_truth(family, classes, dtype):
        y = int(z.argmax())
        value, grad = nex.CrossEntropy().value_and_grad(z, y)
        with mpmath.workprec(PRECISION):
            holds = truth.others(y) > smallest
        assert (value > 0) == holds
        assert (grad[y] < 0) == holds
