"""Bad input of the functions: the error names the argument, what was expected and what came."""

import numpy as np
import pytest

import normexp as nex

X = np.array([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])
ROW_FUNCTIONS = [nex.softmax, nex.log_softmax, nex.logsumexp]
EVERY_FUNCTION = [*ROW_FUNCTIONS, nex.sigmoid, nex.log_sigmoid]

BAD_ARRAYS = {
    "complex": (
        X + 1j,
        TypeError,
        r"x must hold float16, .* got an array of complex128 .*\(2, 3\)",
    ),
    "strings": (["a", "b"], TypeError, r"x must hold float16, .* got an array of <U1"),
    "objects": (np.array([1.0, None]), TypeError, r"x must hold .* got an array of object"),
    "nothing": (None, TypeError, r"x must hold .* got an array of object"),
    "dates": (np.array(["2026-01-01"], "M8[D]"), TypeError, r"x must hold .* datetime64\[D\]"),
    "masked": (np.ma.masked_greater(X, 2), TypeError, r"x is a masked array.*where=~logits\.mask"),
    "ragged": ([[1.0, 2.0], [3.0]], ValueError, r"x must be an array, got sequences of different"),
}


@pytest.mark.parametrize("function", EVERY_FUNCTION)
@pytest.mark.parametrize(("x", "error", "message"), BAD_ARRAYS.values(), ids=BAD_ARRAYS)
def test_x_must_be_an_array_of_real_numbers(function, x, error, message):
    with pytest.raises(error, match=message):
        function(x)


@pytest.mark.parametrize("function", ROW_FUNCTIONS)
@pytest.mark.parametrize(
    ("axis", "error", "message"),
    [
        (2, ValueError, "axis 2 is out of range for an array of 2 dimensions"),
        (-3, ValueError, "axis -3 is out of range for an array of 2 dimensions"),
        ((0, 5), ValueError, r"axis \(0, 5\) is out of range"),
        ((1, -1), ValueError, r"axis \(1, -1\) names an axis twice"),
        (1.0, TypeError, r"axis must be an integer, got float 1\.0"),
        ("last", TypeError, "axis must be an integer, got str 'last'"),
        ([0, 1], TypeError, r"axis must be an integer, got list \[0, 1\]"),
    ],
)
def test_axis_must_name_axes_of_the_array(function, axis, error, message):
    with pytest.raises(error, match=message):
        function(X, axis)


@pytest.mark.parametrize("function", ROW_FUNCTIONS)
def test_a_number_has_no_last_axis(function):
    with pytest.raises(ValueError, match="axis -1 is out of range for an array of 0 dimensions"):
        function(3.0)


@pytest.mark.parametrize("function", [nex.softmax, nex.log_softmax])
@pytest.mark.parametrize(
    ("temperature", "error"),
    [
        (0.0, ValueError),
        (-1.0, ValueError),
        (np.inf, ValueError),
        (np.nan, ValueError),
        ("warm", TypeError),
        (None, TypeError),
        (True, TypeError),
        (1j, TypeError),
        ([1.0], TypeError),
    ],
)
def test_temperature_must_be_a_positive_number(function, temperature, error):
    with pytest.raises(
        error, match=r"temperature must be (a number|between 1e-100 and 1e\+100), got "
    ):
        function(X, temperature=temperature)


@pytest.mark.parametrize("function", ROW_FUNCTIONS)
@pytest.mark.parametrize(
    ("where", "error", "message"),
    [
        (
            [1, 0, 1],
            TypeError,
            r"where must hold booleans, got an array of int64 with shape \(3,\)",
        ),
        (["yes"], TypeError, "where must hold booleans, got an array of <U3"),
        ([True, False], ValueError, r"where must have the shape \(2, 3\) or .*, got \(2,\)"),
        (np.full((1, 2, 3), True), ValueError, r"where must have the shape .*, got \(1, 2, 3\)"),
        (np.ma.array([True] * 3, mask=[1, 0, 0]), TypeError, "where is a masked array"),
    ],
)
def test_where_must_be_a_mask_of_the_array(function, where, error, message):
    with pytest.raises(error, match=message):
        function(X, where=where)


@pytest.mark.parametrize("function", [nex.softmax, nex.log_softmax, nex.sigmoid, nex.log_sigmoid])
@pytest.mark.parametrize(
    ("out", "error", "message"),
    [
        ([0.0], TypeError, r"out must be a NumPy array, got list \[0\.0\]"),
        (np.empty((2, 3), "float32"), ValueError, "out must be float64 .* an array of float32"),
        (np.empty((2, 3), ">f8"), ValueError, "out must be float64 .* an array of >f8"),
        (np.empty((3, 2)), ValueError, r"out must be float64 with shape \(2, 3\), got .*\(3, 2\)"),
        (np.empty(6), ValueError, r"out must be float64 with shape \(2, 3\), got .*\(6,\)"),
        (np.broadcast_to(0.0, (2, 3)), ValueError, "out is read-only"),
    ],
)
def test_out_must_fit_the_result(function, out, error, message):
    with pytest.raises(error, match=message):
        function(X, out=out)


def test_out_of_logsumexp_must_fit_with_its_axes():
    with pytest.raises(ValueError, match=r"out must be float64 with shape \(2, 1\), got .*\(2,\)"):
        nex.logsumexp(X, keepdims=True, out=np.empty(2))
    with pytest.raises(TypeError, match="keepdims must be True or False, got int 1"):
        nex.logsumexp(X, keepdims=1)


@pytest.mark.parametrize(
    "options",
    [{"axis": 7}, {"temperature": 0.0}, {"where": [1, 0, 1]}, {"where": [True, False]}],
    ids=str,
)
def test_nothing_is_written_before_every_argument_is_checked(options):
    out = np.full((2, 3), 99.0)
    with pytest.raises((TypeError, ValueError)):
        nex.softmax(X, out=out, **options)
    assert (out == 99).all()
