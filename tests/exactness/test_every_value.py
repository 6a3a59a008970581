"""Every value of the half types, and at night of float32, beside its true value in float64."""

import ml_dtypes
import numpy as np
import pytest

import normexp as nex
from benchmarks.exhaustive import WORKS, finite_values, worst, zeros
from benchmarks.shapes import NORMEXP, most_ulps

HALVES = {"float16": np.dtype("float16"), "bfloat16": np.dtype(ml_dtypes.bfloat16)}
LOSS_OF_HALVES = 4.0  # ULP of float32, in which it comes back and is computed

BESIDE = {
    "0": zeros,
    "1": np.ones_like,
    "itself": np.copy,
    "its opposite": np.negative,
    "what is next to it": lambda x: np.roll(x, 1),
    "half of it": lambda x: (x * x.dtype.type(0.5)).astype(x.dtype),
}


def limit(work, dtype):
    is_half_loss = work in ("loss", "binary loss") and dtype in HALVES
    return LOSS_OF_HALVES if is_half_loss else most_ulps(NORMEXP, dtype)


CASES = [
    (work, beside)
    for work in WORKS
    for beside in BESIDE
    if beside == "0" or not WORKS[work].beside_zero
]


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize(("work", "beside"), CASES)
def test_every_half(work, beside, dtype):
    found = worst(work, finite_values(dtype), BESIDE[beside])
    assert found.ulp <= limit(work, dtype), found


@pytest.mark.nightly
@pytest.mark.parametrize("work", WORKS)
def test_every_float32(work):
    found = worst(work, finite_values("float32"), zeros)
    print(f"float32 {work}: {found.ulp:.4f} ULP, of {found.row}")
    assert found.ulp <= limit(work, "float32"), found


@pytest.mark.parametrize("dtype", HALVES)
def test_every_half_is_there(dtype):
    info = ml_dtypes.finfo(dtype)
    exponents = 2**info.nexp - 1  # the last one is that of inf and NaN
    assert sum(map(len, finite_values(dtype))) == 2 * exponents * 2**info.nmant
    assert (
        len({x.tobytes() for some in finite_values(dtype) for x in some})
        == 65536 - 2 * 2**info.nmant
    )


@pytest.mark.parametrize("dtype", HALVES)
def test_what_is_not_finite(dtype):
    """Every NaN, and both infinities."""
    x = np.arange(1 << 16, dtype=np.uint16).view(HALVES[dtype])
    with np.errstate(invalid="ignore"):
        nan = x[np.isnan(x)]
        ends = x[np.isinf(x)].astype(np.float64)
    rows = np.stack([nan, np.zeros_like(nan)], axis=1)
    with np.errstate(invalid="ignore"):
        for got in (nex.sigmoid(nan), nex.log_sigmoid(nan), nex.softmax(rows), nex.logsumexp(rows)):
            assert np.isnan(got.astype(np.float64)).all()
    assert ends.tolist() == [np.inf, -np.inf]
    inf = ends.astype(HALVES[dtype])
    rows = np.stack([inf, np.zeros_like(inf)], axis=1)
    expected = {
        nex.sigmoid: [1, 0],
        nex.log_sigmoid: [0, -np.inf],
    }
    for function, true in expected.items():
        np.testing.assert_array_equal(function(inf).astype(np.float64), true)
    of_rows = {
        nex.softmax: [[np.nan, np.nan], [0, 1]],
        nex.log_softmax: [[np.nan, np.nan], [-np.inf, 0]],
        nex.logsumexp: [np.inf, 0],
    }
    for function, true in of_rows.items():
        np.testing.assert_array_equal(function(rows).astype(np.float64), true)


@pytest.mark.parametrize("dtype", HALVES)
def test_the_axis_changes_no_bit_of_any(dtype):
    x = np.concatenate(list(finite_values(dtype)))
    rows = np.stack([x, zeros(x)], axis=1)
    columns = np.ascontiguousarray(rows.T)
    for function in (nex.softmax, nex.log_softmax):
        turned = function(columns, axis=0).T
        np.testing.assert_array_equal(function(rows).view(np.uint16), turned.copy().view(np.uint16))
    np.testing.assert_array_equal(
        nex.logsumexp(rows).view(np.uint16), nex.logsumexp(columns, axis=0).view(np.uint16)
    )
