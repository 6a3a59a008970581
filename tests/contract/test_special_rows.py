"""Rows with infinities and NaN, on every path that a row can take through the kernels."""

import numpy as np
import pytest

import normexp as nex

INF, NAN, LN2 = np.inf, np.nan, np.log(2.0)
ROWS, PLACES = 70, [0, 33, 69]

# row, softmax, log_softmax, logsumexp
SPECIAL = {
    "an element at -inf": ([-INF, 0, 0], [0, 0.5, 0.5], [-INF, -LN2, -LN2], LN2),
    "one element left": ([-INF, 2, -INF], [0, 1, 0], [-INF, 0, -INF], 2.0),
    "only -inf": ([-INF] * 3, [NAN] * 3, [NAN] * 3, -INF),
    "an element at +inf": ([INF, 0, 0], [NAN] * 3, [NAN] * 3, INF),
    "+inf and -inf": ([INF, -INF, INF], [NAN] * 3, [NAN] * 3, INF),
    "NaN": ([0, NAN, 0], [NAN] * 3, [NAN] * 3, NAN),
    "NaN and +inf": ([INF, NAN, 0], [NAN] * 3, [NAN] * 3, NAN),
    "NaN and -inf": ([-INF, NAN, -INF], [NAN] * 3, [NAN] * 3, NAN),
    "the largest number": ([-INF, None, None], [0, 0.5, 0.5], [-INF, -LN2, -LN2], None),
}
# The number of classes, and the axis that they are on.
PATHS = {
    "few classes": (3, 1),
    "many classes": (40, 1),
    "few classes first": (3, 0),
    "many classes first": (40, 0),
}


@pytest.fixture(params=PATHS)
def path(request):
    return PATHS[request.param]


@pytest.fixture(params=[False, True], ids=["whole", "masked"])
def masked(request):
    return request.param


def largest(dtype):
    return float(np.nextafter(np.array(INF, dtype), np.array(0, dtype)))


def filled(row, classes, dtype, value):
    """The row in a type, the classes that it lacks filled with a value; None is the largest."""
    row = [largest(dtype) if x is None else x for x in row]
    return np.array([*row, *[value] * (classes - len(row))], dtype)


def assert_equal(got, expected):
    """In type and values, NaN included, which NumPy does not see in a bfloat16."""
    assert got.dtype == expected.dtype
    np.testing.assert_array_equal(got.astype(np.float64), expected.astype(np.float64))


def ordinary(classes, dtype):
    return np.random.default_rng(0).normal(size=(ROWS, classes)).astype(dtype)


def options(classes, axis, masked):
    """A mask that leaves the first three classes."""
    if not masked:
        return {}
    where = np.arange(classes) < 3
    return {"where": where if axis == 1 else where[:, np.newaxis]}


def along(axis, function, x, **options):
    """Call a function of rows with the classes on an axis."""
    result = function(x if axis == 1 else x.T.copy(), axis, **options)
    return result if axis == 1 or result.ndim == 1 else result.T


@pytest.mark.parametrize("case", SPECIAL.values(), ids=SPECIAL)
def test_functions(precision, path, masked, case, assert_same_bits):
    row, *expected = case
    classes, axis = path
    mask = options(classes, axis, masked)
    usual = ordinary(classes, precision.dtype)
    x = usual.copy()
    x[PLACES] = filled(row, classes, precision.dtype, NAN if masked else -INF)
    nothing = np.isnan(expected[0]).any() and not masked
    for function, value in zip(
        (nex.softmax, nex.log_softmax, nex.logsumexp), expected, strict=True
    ):
        got = along(axis, function, x, **mask)
        if np.ndim(value):
            missing = 0 if function is nex.softmax else -INF
            value = filled(value, classes, precision.dtype, NAN if nothing else missing)
            if masked and np.isnan(value).any():
                got, value = got[:, :3], value[:3]
        else:
            value = filled([value], 1, precision.dtype, 0)[0]
        for place in PLACES:
            assert_equal(got[place], value)
        others = np.delete(np.arange(ROWS), PLACES)
        undisturbed = along(axis, function, usual, **mask)[others]
        assert_same_bits(
            got[others], undisturbed[:, : got.shape[1]] if got.ndim > 1 else undisturbed
        )


@pytest.mark.parametrize("exponent", [15, 24, 31, 32, 33, 34, 35, 48, 64, 100])
def test_logits_that_leave_every_other_far_behind(precision, path, exponent):
    classes, axis = path
    x = np.full((ROWS, classes), -INF)
    x[:, 0] = min(2.0**exponent, largest(precision.dtype))
    x[::2, 0] *= -1
    x[1::2, 1] = 0
    x = x.astype(precision.dtype)
    certain = np.eye(classes)[np.zeros(ROWS, int)].astype(precision.dtype)
    assert_equal(along(axis, nex.softmax, x), certain)
    assert_equal(along(axis, nex.log_softmax, x), np.where(certain == 1, certain - 1, x - x[:, :1]))
    assert_equal(along(axis, nex.logsumexp, x), x[:, 0])


@pytest.mark.parametrize("hidden", [0.0, INF, -INF, NAN])
def test_a_row_masked_whole_has_no_probability(precision, path, hidden, assert_same_bits):
    classes, axis = path
    x = ordinary(classes, precision.dtype)
    where = np.ones((ROWS, classes), bool)
    usual = [along(axis, f, x) for f in (nex.softmax, nex.log_softmax, nex.logsumexp)]
    x[PLACES], where[PLACES] = hidden, False
    where = where if axis == 1 else where.T
    others = np.delete(np.arange(ROWS), PLACES)
    for function, nothing, result in zip(
        (nex.softmax, nex.log_softmax, nex.logsumexp), (0, -INF, -INF), usual, strict=True
    ):
        got = along(axis, function, x, where=where)
        assert (got[PLACES] == nothing).all()
        assert_same_bits(got[others], result[others])


# row, class id, loss, gradient
SPECIAL_LOSSES = {
    "another class at -inf": ([-INF, 0, 0], 1, LN2, [0, -0.5, 0.5]),
    "the target at -inf": ([-INF, 0, 0], 0, INF, [-1, 0.5, 0.5]),
    "the target alone": ([-INF, 2, -INF], 1, 0, [0, 0, 0]),
    "only -inf": ([-INF] * 3, 0, NAN, [NAN] * 3),
    "+inf": ([INF, 0, 0], 1, NAN, [NAN] * 3),
    "+inf at the target": ([INF, 0, 0], 0, NAN, [NAN] * 3),
    "NaN": ([0, NAN, 0], 0, NAN, [NAN] * 3),
    "NaN and +inf": ([INF, NAN, 0], 0, NAN, [NAN] * 3),
    "NaN, ignored": ([0, NAN, 0], -100, 0, [0] * 3),
    "+inf, ignored": ([INF, 0, 0], -100, 0, [0] * 3),
    "only -inf, ignored": ([-INF] * 3, -100, 0, [0] * 3),
}


@pytest.mark.parametrize("as_probabilities", [False, True], ids=["class ids", "probabilities"])
@pytest.mark.parametrize("case", SPECIAL_LOSSES.values(), ids=SPECIAL_LOSSES)
def test_cross_entropy(precision, path, case, as_probabilities, assert_same_bits):
    row, label, value, gradient = case
    classes, axis = path
    usual = ordinary(classes, precision.dtype)
    labels = np.arange(ROWS) % 3
    x, target = usual.copy(), labels.copy()
    x[PLACES] = filled(row, classes, precision.dtype, -INF)
    target[PLACES] = label
    loss = nex.CrossEntropy(axis=axis, reduction="none")
    weight = np.where(target < 0, 0.0, 1.0)

    def compute(x, target):
        if as_probabilities:  # ignored by their weight
            target = np.eye(classes)[np.maximum(target, 0)]
            target = target if axis == 1 else target.T
        value, grad = loss.value_and_grad(x if axis == 1 else x.T.copy(), target, weight)
        return value, grad if axis == 1 else grad.T

    got, grad = compute(x, target)
    spoiled = NAN if np.isnan(gradient).any() else 0
    for place in PLACES:
        assert_equal(got[place], np.array(value, got.dtype))
        expected = filled(gradient, classes, precision.dtype, spoiled)
        assert_equal(grad[place], expected)
    others = np.delete(np.arange(ROWS), PLACES)
    undisturbed, undisturbed_grad = compute(usual, np.where(weight > 0, labels, -100))
    assert_same_bits(got[others], undisturbed[others])
    assert_same_bits(grad[others], undisturbed_grad[others])


@pytest.mark.parametrize(("empty", "value"), [("zero", 0), ("nan", NAN)])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_a_row_masked_whole_is_no_loss(precision, path, empty, value, smoothing):
    classes, axis = path
    x = ordinary(classes, precision.dtype)
    where = np.ones((ROWS, classes), bool)
    x[PLACES], where[PLACES] = NAN, False
    if axis == 0:
        x, where = x.T.copy(), where.T
    loss = nex.CrossEntropy(axis=axis, reduction="none", empty=empty, label_smoothing=smoothing)
    got, grad = loss.value_and_grad(x, np.zeros(ROWS, int), where=where)
    np.testing.assert_array_equal(got[PLACES], np.full(len(PLACES), value, got.dtype))
    assert np.isfinite(np.delete(got, PLACES)).all()
    grad = grad if axis == 1 else grad.T
    assert (grad[PLACES] == 0).all()
    assert np.isfinite(grad.astype(np.float32)).all()
