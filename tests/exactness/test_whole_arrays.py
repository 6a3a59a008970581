"""Whole arrays of the narrower types against float64: rows of every length, on every path.

Where logsumexp cancels, float64 knows no better; those rows are judged by mpmath, one by one.
"""

import ml_dtypes  # noqa: F401  (NumPy knows bfloat16 by it)
import numpy as np
import pytest

import normexp as nex
from benchmarks.families import FAMILIES, family_row
from benchmarks.truth import row_values, ulps

# Storage, accuracy, the bound of what has the type of the logits, and that of losses in float32.
PRECISIONS = {
    "float16": ("float16", "exact", 0.51, 4.0),
    "bfloat16": ("bfloat16", "exact", 0.51, 4.0),
    "float32": ("float32", "exact", 0.51, 0.51),
    "float32 fast": ("float32", "fast", 4.0, 4.0),
}
ROWS = {2: 400, 3: 400, 5: 200, 10: 100, 16: 70, 32: 70, 33: 70, 100: 40, 1000: 8, 100_000: 1}
# float16 has no 1e8.
CASES = [
    (name, family)
    for name in PRECISIONS
    for family in FAMILIES
    if not (name == "float16" and family.endswith("1e8"))
]
KNOWN_TO = 2.0**-16  # of the largest logit: what float64 knows of a logsumexp that cancels


def assert_within(bound, got, true):
    defined = np.isfinite(true)
    np.testing.assert_array_equal(np.isfinite(got.astype(np.float64)), defined)
    worst = ulps(got[defined], true[defined], got.dtype).max(initial=0.0)
    assert worst <= bound, f"{worst:.3f} ULP"


@pytest.fixture(params=CASES, ids=" ".join)
def case(request):
    name, family = request.param
    dtype, accuracy, *bounds = PRECISIONS[name]
    with nex.accuracy(accuracy):
        yield dtype, family, *bounds


@pytest.fixture
def bound(case):
    return case[2]


@pytest.fixture
def bound_of_losses(case):
    return case[3]


@pytest.fixture(params=["rows", "side by side"])
def axis(request):
    return 1 if request.param == "rows" else 0


@pytest.fixture
def cases(case, axis):
    """Logits with their classes on an axis, the same as rows of float64, and targets."""
    dtype, family, *_ = case
    found = []
    for classes, count in ROWS.items():
        x = np.stack([family_row(family, classes, dtype, seed) for seed in range(count)])
        target = np.where(np.arange(count) % 2, x.argmax(axis=1), np.arange(count) % classes)
        found.append((x if axis == 1 else x.T.copy(), x.astype(np.float64), target))
    return found


def test_softmax(cases, bound, axis):
    for x, rows, target in cases:
        true = row_values("softmax", rows, target[:, np.newaxis])
        assert_within(bound, nex.softmax(x, axis), true if axis == 1 else true.T)


def test_log_softmax(cases, bound, axis):
    for x, rows, target in cases:
        true = row_values("log_softmax", rows, target[:, np.newaxis])
        assert_within(bound, nex.log_softmax(x, axis), true if axis == 1 else true.T)


def test_logsumexp(cases, bound, axis):
    for x, rows, target in cases:
        true = row_values("logsumexp", rows, target[:, np.newaxis])[:, 0]
        known = np.abs(true) > KNOWN_TO * np.abs(rows.max(axis=1))
        assert_within(bound, nex.logsumexp(x, axis)[known], true[known])


def test_cross_entropy_and_its_gradient(cases, bound, bound_of_losses, axis):
    loss = nex.CrossEntropy(axis=axis, reduction="none")
    for x, rows, target in cases:
        value, grad = loss.value_and_grad(x, target)
        assert_within(bound_of_losses, value, row_values("loss", rows, target[:, np.newaxis])[:, 0])
        true = row_values("gradient", rows, target[:, np.newaxis])
        assert_within(bound, grad, true if axis == 1 else true.T)
