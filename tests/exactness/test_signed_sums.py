"""logsumexp with factors against the true values, above all where the terms cancel."""

from math import comb

import ml_dtypes
import mpmath
import numpy as np
import pytest

import normexp as nex
from benchmarks.oracle import ulps
from normexp.kernels.cpu import decimals

BOUND = 0.51
ROWS = 12
TYPES = {
    "float16": np.float16,
    "bfloat16": ml_dtypes.bfloat16,
    "float32": np.float32,
    "float64": np.float64,
}


def truth(x, b):
    """The logarithm and the sign of a sum: in so many bits that 150 are left, or else in 4000."""
    for bits in (300, 1200, 4000):
        with mpmath.workprec(bits):
            terms = [
                mpmath.mpf(float(q)) * mpmath.exp(mpmath.mpf(float(p)))
                for p, q in zip(x.tolist(), b.tolist(), strict=True)
            ]
            total = mpmath.fsum(terms)
            if abs(total) > mpmath.ldexp(max(map(abs, terms)), 150 - bits):
                return mpmath.log(abs(total)), float(mpmath.sign(total))
    with mpmath.workprec(4000):
        return mpmath.log(abs(total)) if total else mpmath.ninf, float(mpmath.sign(total))


def neighbours(x):
    return np.nextafter(x, x.dtype.type(np.inf))


def normal(rng, dtype, classes):
    shape = ROWS, classes
    return 3 * rng.normal(size=shape), rng.normal(size=shape)


def of_every_size(rng, dtype, classes):
    """Factors so far apart that the largest logit need not matter."""
    shape = ROWS, classes
    low, high = np.log10(float(np.finfo(np.float32).tiny)), 38
    if dtype == np.float64:
        low, high = -300, 300
    return 100 * rng.normal(size=shape), rng.normal(size=shape) * 10.0 ** rng.uniform(
        low, high, shape
    )


def neighbouring(rng, dtype, classes):
    """Each term beside its neighbour, subtracted: all digits but one cancel."""
    x = rng.normal(size=(ROWS, classes)).astype(dtype)
    return np.concatenate([x, neighbours(x)], 1), np.repeat([[1.0, -1.0]], classes, 1)


def differences(rng, dtype, classes):
    """(exp(h) − 1)^n at the least step h: n times all digits cancel, more than any type has."""
    n = min(classes, 12) if dtype == np.float64 else 2
    x = np.ones((ROWS, n + 1), dtype)
    for k in range(n):
        x[:, k + 1] = neighbours(x[:, k])
    return x, np.array([[(-1.0) ** k * comb(n, k) for k in range(n + 1)]])


def next_to_one(rng, dtype, classes):
    """The sum is next to 1, so that its logarithm is next to 0."""
    x = np.concatenate([np.zeros((ROWS, 1)), rng.normal(size=(ROWS, 1)) * 1e-5], 1).astype(dtype)
    return np.concatenate([x, neighbours(x[:, 1:])], 1), np.array([[1.0, 1.0, -1.0]])


def undone(rng, dtype, classes):
    """exp(x) times what is nearest to exp(−x)."""
    x = -np.abs(rng.normal(size=(ROWS, 1))).astype(dtype)
    return x, np.exp(-x.astype(np.float64))


FAMILIES = [normal, of_every_size, neighbouring, differences, next_to_one, undone]


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("classes", [2, 5, 33, 200])
@pytest.mark.parametrize("family", FAMILIES)
def test_value_and_sign(family, classes, name):
    dtype = TYPES[name]
    x, b = family(np.random.default_rng(classes), dtype, classes)
    x = x.astype(dtype)
    b = np.broadcast_to(b, x.shape)
    if dtype != np.float64:
        b = b.astype(np.float32).astype(dtype if dtype == ml_dtypes.bfloat16 else np.float32)
    expected = np.float32 if dtype == np.float16 else dtype  # the factors are float32
    value, sign = nex.logsumexp(x, b=b, return_sign=True)
    assert value.dtype == sign.dtype == expected
    trues = [truth(*row) for row in zip(x, b, strict=True)]
    assert sign.tolist() == [true_sign for _, true_sign in trues]
    worst = ulps(value, [log for log, _ in trues])
    assert worst.max() <= BOUND, f"{worst.max():.3f} ULP for {x[worst.argmax()].tolist()}"


def test_a_half_type_is_rounded_once():
    x, b = np.random.default_rng(0).normal(size=(2, 200, 5)).astype(np.float16)
    value, _ = nex.logsumexp(x, b=b, return_sign=True)
    assert value.dtype == np.float16
    assert ulps(value, [truth(*row)[0] for row in zip(x, b, strict=True)]).max() <= BOUND


@pytest.mark.parametrize("classes", [3, 70])
def test_a_sum_that_is_zero(classes):
    """Found by adding up the factors of equal logits: no digits tell it."""
    rng = np.random.default_rng(0)
    x = np.tile(rng.normal(size=classes), 3)
    b = rng.integers(1, 1000, classes) * 2.0**-30
    b = np.concatenate([b, 2 * b, -3 * b])
    order = rng.permutation(x.size)
    assert nex.logsumexp(x[order], b=b[order], return_sign=True) == (-np.inf, 0)
    b[0] += 2.0**-30
    value, sign = nex.logsumexp(x[order], b=b[order], return_sign=True)
    assert sign == 1
    assert ulps(value, truth(x, b)[0]) <= BOUND
    b[1] = np.nextafter(b[1], 0)
    value, sign = nex.logsumexp(x[order], b=b[order], return_sign=True)
    assert (value, sign) == (pytest.approx(float(truth(x, b)[0]), rel=1e-15), 1)


@pytest.mark.parametrize("zero", [0.0, -0.0])
@pytest.mark.parametrize("b", [[1, 0, 0], [0.25, 0.75, 0], [-1, 0, 0], [3, -1, -1]])
def test_a_logarithm_that_is_zero(zero, b):
    value, sign = nex.logsumexp([zero, 0.0, 0.0], b=b, return_sign=True)
    assert value == 0
    assert sign == np.sign(sum(b))


def test_the_smallest_numbers_there_are():
    tiny = 5e-324
    value, sign = nex.logsumexp([0.0, tiny], b=[-1, 1], return_sign=True)
    assert ulps(value, mpmath.log(mpmath.mpf(tiny))) <= BOUND
    assert sign == 1
    value, sign = nex.logsumexp([0.0, 0.0], b=[tiny, tiny], return_sign=True)
    assert ulps(value, mpmath.log(2 * mpmath.mpf(tiny))) <= BOUND


@pytest.mark.parametrize("x", [1e5, 1e10, 2.0**53, 1e16, 1e17, 1e18, 1e20, 1e308])
@pytest.mark.parametrize("classes", [3, 40])
def test_logits_and_factors_of_any_size(x, classes):
    x = np.array([-x, x, np.nextafter(x, 0), x, 1.0] + [0.0] * (classes - 5))[:classes]
    b = np.array([1e308, -5e-324, 1e308, 3e-320, 1.0] + [1e300] * (classes - 5))[:classes]
    with mpmath.workprec(3000):
        top = mpmath.mpf(x[1])
        pairs = zip(x.tolist(), b.tolist(), strict=True)
        total = mpmath.fsum(q * mpmath.exp(mpmath.mpf(p) - top) for p, q in pairs)
        true = top + mpmath.log(abs(total))
    value, sign = nex.logsumexp(x, b=b, return_sign=True)
    assert sign == mpmath.sign(total)
    assert ulps(value, true) <= BOUND


def test_terms_that_cancel_beyond_all_digits_are_an_error(monkeypatch):
    monkeypatch.setattr(decimals, "MOST_DIGITS", 100)
    x, b = differences(None, np.float64, 12)
    with pytest.raises(ArithmeticError, match="cancel in their first 100 digits"):
        nex.logsumexp(x[0], b=b[0])
