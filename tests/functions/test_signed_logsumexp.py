"""logsumexp with factors: SciPy's meaning, in every layout, and what it refuses."""

import ml_dtypes
import numpy as np
import pytest
from numpy import inf, nan
from scipy import special

import normexp as nex
from normexp._arrays import loss_type
from normexp.kernels import kernels_for

rng = np.random.default_rng(0)


@pytest.mark.parametrize("classes", [1, 3, 32, 33, 1000])
def test_it_is_scipys(classes):
    x, b = 10 * rng.normal(size=(50, classes)), rng.normal(size=(50, classes))
    b[rng.random(b.shape) < 0.2] = 0
    value, sign = nex.logsumexp(x, b=b, return_sign=True)
    their_value, their_sign = special.logsumexp(x, axis=-1, b=b, return_sign=True)
    np.testing.assert_allclose(value, their_value, rtol=1e-9)
    np.testing.assert_array_equal(sign, their_sign)
    np.testing.assert_array_equal(nex.logsumexp(x, b=b), np.where(sign < 0, nan, value))


@pytest.mark.parametrize("shape", [(40, 5), (40, 50), (4, 5, 6), (4, 50, 6)])
@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float32, np.float64])
def test_it_is_the_reference(shape, dtype):
    x = rng.normal(size=shape).astype(dtype)
    b = rng.normal(size=shape)
    rows = x.size // shape[1]
    found, expected = (np.empty((2, rows), loss_type(x.dtype)) for _ in range(2))
    kernels_for(x).signed_logsumexp(x, b, *found)
    kernels_for(x, "reference").signed_logsumexp(x, b, *expected)
    tolerance = max(1e-9, 4 * np.finfo(found.dtype).eps)
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


SPECIAL = [
    ([inf, 1], [1, 1], inf, 1),
    ([inf, 1], [-1, 1], inf, -1),
    ([inf, inf], [1, -1], nan, nan),
    ([inf, inf], [-2, -1], inf, -1),
    ([inf, nan], [0, 0], -inf, 0),
    ([inf, nan, 2], [0, 0, 1], 2, 1),
    ([-inf, -inf], [1, -1], -inf, 0),
    ([-inf, 1], [-1, 1], 1, 1),
    ([nan, 1], [1, 1], nan, nan),
    ([nan, inf], [1, 1], nan, nan),
    ([1, 1], [nan, 1], nan, nan),
    ([1000, -1000], [1, nan], nan, nan),
    ([1, 1], [inf, 1], inf, 1),
    ([1, 1], [-inf, 1], inf, -1),
    ([1, 1], [inf, -inf], nan, nan),
    ([-inf, 1], [inf, 1], nan, nan),
    ([1, 1], [1, -1], -inf, 0),
    ([], [], -inf, 0),
]


@pytest.mark.parametrize(("x", "b", "value", "sign"), SPECIAL)
@pytest.mark.parametrize("classes", [0, 40])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_infinite_terms_and_none(x, b, value, sign, classes, dtype):
    """As in SciPy's definition log(Σ b exp(x)), in which a factor of 0 leaves its term out."""
    left_out = [0.0] * classes
    x, b = np.array(x + left_out, dtype), np.array(b + left_out, dtype)
    np.testing.assert_array_equal(nex.logsumexp(x, b=b, return_sign=True), (value, sign))
    beside = np.stack([x, np.zeros_like(x), x])
    found, signs = nex.logsumexp(beside, b=np.stack([b, np.ones_like(b), b]), return_sign=True)
    np.testing.assert_array_equal(found[[0, 2]], value)
    np.testing.assert_array_equal(signs[[0, 2]], sign)
    assert signs[1] == (len(x) > 0)


def test_the_sign_without_factors():
    x = np.array([[1.0, 2], [-inf, -inf], [nan, 0], [inf, 0]])
    value, sign = nex.logsumexp(x, return_sign=True)
    np.testing.assert_array_equal(value, nex.logsumexp(x))
    np.testing.assert_array_equal(sign, [1, 0, nan, 1])


@pytest.mark.parametrize("axis", [0, 1, 2, -1, (0, 2), (2, 1), None])
@pytest.mark.parametrize("keepdims", [False, True])
def test_axes_and_broadcasting(axis, keepdims):
    x, b = rng.normal(size=(4, 40, 6)), rng.normal(size=(40, 1))
    value, sign = nex.logsumexp(x, axis, b=b, keepdims=keepdims, return_sign=True)
    their_value, their_sign = special.logsumexp(
        x, axis=axis, b=b, keepdims=keepdims, return_sign=True
    )
    assert value.shape == sign.shape == their_value.shape
    np.testing.assert_allclose(value, their_value, rtol=1e-9)
    np.testing.assert_array_equal(sign, their_sign)


def test_logits_are_broadcast_to_the_factors_too():
    x, b = rng.normal(size=(4, 1, 2, 1)), rng.normal(size=(3, 1, 5))
    value, sign = nex.logsumexp(x, b=b, return_sign=True)
    assert value.shape == (4, 3, 2)
    np.testing.assert_array_equal(sign, special.logsumexp(x, axis=-1, b=b, return_sign=True)[1])


@pytest.mark.parametrize("classes", [5, 50])
def test_a_mask_is_a_factor_of_zero(classes):
    x, b = rng.normal(size=(2, 30, classes))
    where = rng.random(x.shape) < 0.5
    where[3] = False
    x[~where] = nan
    value, sign = nex.logsumexp(x, b=b, where=where, return_sign=True)
    expected = nex.logsumexp(np.where(where, x, 0), b=np.where(where, b, 0), return_sign=True)
    np.testing.assert_array_equal((value, sign), expected)
    assert (value[3], sign[3]) == (-inf, 0)


@pytest.mark.parametrize("classes", [3, 20, 33, 300])
def test_the_same_bits_in_every_layout_and_batch(classes):
    x, b = rng.normal(size=(2, 50, classes))
    expected = nex.logsumexp(x, b=b, return_sign=True)[0]
    for layout in (np.asfortranarray, lambda a: np.repeat(a, 2, axis=1)[:, ::2]):
        np.testing.assert_array_equal(
            nex.logsumexp(layout(x), b=layout(b), return_sign=True)[0], expected
        )
    by_columns = nex.logsumexp(x.T.copy(), 0, b=b.T.copy(), return_sign=True)[0]
    np.testing.assert_array_equal(by_columns, expected)
    for row in (0, 17, 49):
        assert nex.logsumexp(x[row], b=b[row], return_sign=True)[0] == expected[row]


@pytest.mark.parametrize(
    ("x", "b", "expected"),
    [
        (np.float32, np.float64, np.float64),
        (np.float64, np.float32, np.float64),
        (np.float32, bool, np.float32),
        (np.float16, np.float16, np.float16),
        (np.float16, np.float32, np.float32),
        (ml_dtypes.bfloat16, ml_dtypes.bfloat16, ml_dtypes.bfloat16),
        (ml_dtypes.bfloat16, np.float64, np.float64),
        (np.int32, np.int64, np.float64),
        (np.float32, np.int32, np.float64),
        (np.float32, np.int8, np.float32),
    ],
)
def test_the_type_is_what_numpy_makes_of_both(x, b, expected):
    value, sign = nex.logsumexp(np.ones(3, x), b=np.array([1, 0, 1]).astype(b), return_sign=True)
    assert value.dtype == sign.dtype == expected
    assert nex.logsumexp(np.ones(3, x), b=2).dtype == (expected if x == np.int32 else x)


def test_out_takes_the_value():
    out = np.empty(2)
    value, sign = nex.logsumexp(np.ones((2, 3)), b=[1.0, -2, 0], return_sign=True, out=out)
    assert value is out
    np.testing.assert_array_equal(out, [1, 1])
    np.testing.assert_array_equal(sign, [-1, -1])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"b": [1j, 1]}, TypeError, "b must hold float16.*got an array of complex128"),
        ({"b": ["a", "b"]}, TypeError, "b must hold"),
        ({"b": [1, 2, 3]}, ValueError, r"b must have the shape of x, \(2,\), .* got \(3,\)"),
        ({"b": np.ma.array([1, 2], mask=[0, 1])}, TypeError, "b is a masked array"),
        ({"return_sign": 1}, TypeError, "return_sign must be True or False"),
    ],
)
def test_bad_input(options, error, message):
    out = np.array(7.0)
    with pytest.raises(error, match=message):
        nex.logsumexp([1.0, 2.0], out=out, **options)
    assert out == 7


def test_arguments_are_left_alone():
    x, b = np.array([5.0, 4.0]), np.array([3.0, 2.0])
    nex.logsumexp(x, b=b, where=[True, False])
    np.testing.assert_array_equal(x, [5, 4])
    np.testing.assert_array_equal(b, [3, 2])
