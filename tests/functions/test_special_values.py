"""What the functions give for special values, types, shapes and memory layouts of every kind."""

import numpy as np
import pytest
import scipy.special

import normexp as nex

INF, NAN, LN2 = np.inf, np.nan, np.log(2.0)
FLOATS = ["float16", "float32", "float64"]
INTEGERS = ["bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]

# row, softmax, log_softmax, logsumexp
SPECIAL_ROWS = {
    "an element at -inf": ([-INF, 0, 0], [0, 0.5, 0.5], [-INF, -LN2, -LN2], LN2),
    "one element left": ([-INF, 2, -INF], [0, 1, 0], [-INF, 0, -INF], 2.0),
    "only -inf": ([-INF] * 3, [NAN] * 3, [NAN] * 3, -INF),
    "an element at +inf": ([INF, 0, 0], [NAN] * 3, [NAN] * 3, INF),
    "+inf and -inf": ([INF, -INF, INF], [NAN] * 3, [NAN] * 3, INF),
    "NaN": ([0, NAN, 0], [NAN] * 3, [NAN] * 3, NAN),
    "NaN and +inf": ([INF, NAN, 0], [NAN] * 3, [NAN] * 3, NAN),
    "NaN and -inf": ([-INF, NAN, -INF], [NAN] * 3, [NAN] * 3, NAN),
}


def ordinary(shape, dtype="float64", seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def assert_same(got, expected):
    """Equal in shape, type and every value, NaN included."""
    np.testing.assert_array_equal(got, expected, strict=True)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("case", SPECIAL_ROWS.values(), ids=SPECIAL_ROWS)
def test_special_rows_have_their_value_and_touch_no_other_row(case, dtype):
    row, p, log_p, total = case
    x = ordinary((3, 3), dtype)
    alone = nex.softmax(x), nex.log_softmax(x), nex.logsumexp(x)
    x[1] = row
    got = nex.softmax(x), nex.log_softmax(x), nex.logsumexp(x)
    for result, expected, undisturbed in zip(got, (p, log_p, total), alone, strict=True):
        assert_same(result[1], np.array(expected, dtype)[()])
        assert_same(result[[0, 2]], undisturbed[[0, 2]])


@pytest.mark.parametrize("hidden", [0.0, 1e300, INF, -INF, NAN])
def test_what_the_mask_hides_does_not_exist(hidden):
    x, where = [[1.0, hidden, 3.0]], [True, False, True]
    p = scipy.special.softmax([1.0, 3.0])
    np.testing.assert_allclose(nex.softmax(x, where=where), [[p[0], 0, p[1]]], rtol=1e-15)
    log_p = nex.log_softmax(x, where=where)
    np.testing.assert_allclose(log_p, [[np.log(p[0]), -INF, np.log(p[1])]], rtol=1e-14)
    np.testing.assert_allclose(nex.logsumexp(x, where=where), [np.logaddexp(1, 3)], rtol=1e-15)


@pytest.mark.parametrize("hidden", [0.0, INF, -INF, NAN])
def test_a_row_masked_whole_has_no_probability(hidden):
    x = ordinary((3, 4))
    x[1] = hidden
    where = np.array([[True], [False], [True]])
    for function, nothing in ((nex.softmax, 0.0), (nex.log_softmax, -INF), (nex.logsumexp, -INF)):
        got = function(x, where=where)
        assert (got[1] == nothing).all()
        assert_same(got[[0, 2]], function(x[[0, 2]]))


def test_a_row_of_which_the_mask_leaves_only_minus_infinity_is_undefined():
    x, where = [[-INF, 1.0]], [True, False]
    assert np.isnan(nex.softmax(x, where=where)).all()
    assert np.isnan(nex.log_softmax(x, where=where)).all()
    assert nex.logsumexp(x, where=where) == -INF


@pytest.mark.parametrize(
    "where", [True, False, [True, False, True, True], [[True], [False], [True]]], ids=str
)
def test_the_mask_broadcasts(where):
    x = ordinary((3, 4))
    whole = np.array(np.broadcast_to(where, x.shape))
    for function in (nex.softmax, nex.log_softmax, nex.logsumexp):
        assert_same(function(x, where=where), function(x, where=whole))


def test_the_mask_follows_the_axis():
    x, where = ordinary((3, 4)), ordinary((3, 4), seed=1) > -0.5
    assert_same(nex.softmax(x, 0, where=where), nex.softmax(x.T, where=where.T).T)
    both = nex.softmax(x, (0, 1), where=where)
    np.testing.assert_allclose(both[where], scipy.special.softmax(x[where]), rtol=1e-14)
    assert (both[~where] == 0).all()


@pytest.mark.parametrize("dtype", FLOATS)
def test_sigmoids_of_special_values(dtype):
    x = np.array([-INF, 0, INF, NAN], dtype)
    assert_same(nex.sigmoid(x), np.array([0, 0.5, 1, NAN], dtype))
    assert_same(nex.log_sigmoid(x), np.array([-INF, -LN2, 0, NAN], dtype))


def test_sigmoids_far_from_zero_neither_overflow_nor_vanish_early():
    assert nex.sigmoid(-745.0) == np.float64(5e-324)
    assert nex.sigmoid(np.float32(-103)) == np.float32(1e-45)
    assert nex.sigmoid(800.0) == 1
    assert nex.sigmoid(-800.0) == 0
    assert nex.log_sigmoid(-1e300) == -1e300
    np.testing.assert_allclose(nex.log_sigmoid(700.0), -np.exp(-700.0), rtol=1e-15)


@pytest.mark.parametrize(
    ("ours", "peer"),
    [
        (nex.softmax, scipy.special.softmax),
        (nex.log_softmax, scipy.special.log_softmax),
        (nex.logsumexp, scipy.special.logsumexp),
    ],
)
@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3, (0, 2), (2, 0), (-1, 0), (1,), (0, 1, 2), None])
def test_axes_mean_what_they_mean_in_numpy(ours, peer, axis):
    x = ordinary((3, 4, 5))
    np.testing.assert_allclose(ours(x, axis), peer(x, axis=axis), rtol=1e-13, atol=1e-15)


def test_sigmoids_agree_with_scipy():
    x = ordinary((4, 5)) * 4
    np.testing.assert_allclose(nex.sigmoid(x), scipy.special.expit(x), rtol=1e-14)
    np.testing.assert_allclose(nex.log_sigmoid(x), scipy.special.log_expit(x), rtol=1e-14)


@pytest.mark.parametrize("axis", [0, -2, (0, 2), None, ()])
def test_keepdims_keeps_the_axes_with_length_one(axis):
    x = ordinary((3, 4, 5))
    kept = nex.logsumexp(x, axis, keepdims=True)
    assert kept.shape == np.sum(x, axis=axis, keepdims=True).shape
    assert_same(kept.reshape(np.shape(nex.logsumexp(x, axis))), nex.logsumexp(x, axis))


def test_with_no_axis_at_all_every_element_is_a_row():
    x = ordinary((2, 3))
    assert_same(nex.softmax(x, ()), np.ones((2, 3)))
    assert_same(nex.logsumexp(x, ()), x)


@pytest.mark.parametrize("dtype", FLOATS)
def test_results_have_the_type_and_shape_of_the_input(dtype):
    x = ordinary((3, 4), dtype)
    for function in (nex.softmax, nex.log_softmax, nex.sigmoid, nex.log_sigmoid):
        assert function(x).dtype == dtype
        assert function(x).shape == (3, 4)
    assert nex.logsumexp(x).dtype == dtype
    assert nex.logsumexp(x).shape == (3,)


def test_half_precision_is_the_exact_result_rounded():
    x = ordinary((5, 7), "float16")
    for function in (nex.softmax, nex.log_softmax, nex.logsumexp, nex.sigmoid, nex.log_sigmoid):
        exact = function(x.astype("float64"))
        np.testing.assert_array_equal(function(x), exact.astype("float16"))


def test_a_long_row_of_half_precision_does_not_overflow():
    x = np.zeros(70000, "float16")
    assert nex.logsumexp(x) == np.float16(np.log(70000))
    assert (nex.softmax(x) == np.float16(1 / 70000)).all()


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integers_and_booleans_count_as_float64(dtype):
    x = np.array([[0, 1, 1], [1, 1, 0]], dtype)
    for function in (nex.softmax, nex.log_softmax, nex.logsumexp, nex.sigmoid, nex.log_sigmoid):
        assert_same(function(x), function(x.astype("float64")))


def test_unsigned_integers_do_not_wrap_around():
    assert_same(nex.softmax(np.array([200, 255, 0], "uint8")), nex.softmax([200.0, 255.0, 0.0]))


def test_lists_tuples_and_numbers_are_arrays_too():
    assert_same(nex.softmax([1, 2]), nex.softmax(np.array([1.0, 2.0])))
    assert_same(nex.softmax(((1.0, 2.0),)), nex.softmax(np.array([[1.0, 2.0]])))
    assert_same(nex.softmax(3.0, None), np.array(1.0))
    for number in (
        nex.sigmoid(0.0),
        nex.log_sigmoid(0.0),
        nex.logsumexp([1.0]),
        nex.logsumexp(1.0, None),
    ):
        assert type(number) is np.float64


def test_zero_rows_give_zero_rows():
    for function in (nex.softmax, nex.log_softmax):
        assert_same(function(np.empty((0, 3))), np.empty((0, 3)))
        assert_same(function(np.empty((2, 3, 0)), 1), np.empty((2, 3, 0)))
        assert_same(function(np.empty((0, 3)), where=[True, False, True]), np.empty((0, 3)))
    assert_same(nex.logsumexp(np.empty((0, 3))), np.empty(0))
    assert_same(nex.sigmoid(np.empty((0, 3))), np.empty((0, 3)))
    assert_same(nex.log_sigmoid(np.empty((0, 3))), np.empty((0, 3)))


def test_an_empty_sum_is_minus_infinity():
    assert nex.logsumexp([]) == -INF
    assert nex.logsumexp(np.empty((2, 0)), None) == -INF
    assert_same(nex.logsumexp(np.empty((2, 0))), np.full(2, -INF))
    assert_same(nex.logsumexp(np.empty((0, 3)), 0, keepdims=True), np.full((1, 3), -INF))


@pytest.mark.parametrize(("shape", "axis"), [((0,), -1), ((2, 0), 1), ((0, 3), 0), ((0, 3), None)])
def test_there_is_no_softmax_without_classes(shape, axis):
    for function in (nex.softmax, nex.log_softmax):
        with pytest.raises(ValueError, match=r"x has no classes on axis .*its shape is"):
            function(np.empty(shape), axis)


def backwards(x):
    return x[::-1, ::-1].copy()[::-1, ::-1]


def every_other(x):
    wide = np.full((2 * x.shape[0], 3 * x.shape[1]), NAN, x.dtype)
    wide[::2, ::3] = x
    return wide[::2, ::3]


def unaligned(x):
    raw = np.frombuffer(bytearray(b"." + x.tobytes()), "uint8")
    return raw[1:].view(x.dtype).reshape(x.shape)


def read_only(x):
    x = x.copy()
    x.flags.writeable = False
    return x


def byte_swapped(x):
    return x.astype(x.dtype.newbyteorder())


LAYOUTS = [np.asfortranarray, backwards, every_other, unaligned, read_only, byte_swapped]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_memory_layout_changes_no_bit(layout):
    x = ordinary((4, 5))
    laid_out = layout(x)
    assert_same(nex.softmax(laid_out), nex.softmax(x))
    assert_same(nex.softmax(laid_out, 0), nex.softmax(x, 0))
    assert_same(nex.logsumexp(laid_out, None), nex.logsumexp(x, None))
    assert_same(nex.sigmoid(laid_out), nex.sigmoid(x))
    np.testing.assert_array_equal(laid_out, x)


@pytest.mark.parametrize("dtype", [">f2", ">f4", ">f8"])
def test_results_are_in_native_byte_order(dtype):
    x = ordinary((2, 3), dtype)
    assert_same(nex.softmax(x), nex.softmax(x.astype(x.dtype.newbyteorder("="))))
    assert nex.softmax(x).dtype.isnative


def test_zero_strides_are_read_as_often_as_they_say():
    x = np.broadcast_to(ordinary(5), (3, 5))
    assert_same(nex.softmax(x), nex.softmax(x.copy()))
    np.testing.assert_allclose(nex.softmax(x, 0), np.full((3, 5), 1 / 3), rtol=1e-15)


@pytest.mark.parametrize("axis", [-1, 0, 1, (0, 2), None])
@pytest.mark.parametrize("order", ["C", "F"])
def test_out_receives_the_result_and_is_returned(axis, order):
    x = ordinary((3, 4, 5))
    out = np.full(x.shape, 99.0, order=order)
    assert nex.softmax(x, axis, out=out) is out
    assert_same(out, nex.softmax(x, axis))


def test_out_may_have_gaps():
    x, wide = ordinary((3, 4)), np.full((3, 8), 99.0)
    out = wide[:, ::2]
    assert nex.softmax(x, out=out) is out
    assert_same(out, nex.softmax(x))
    assert (wide[:, 1::2] == 99).all()


@pytest.mark.parametrize("axis", [-1, 0, (1, 0), None])
def test_out_may_be_the_input(axis):
    x = ordinary((4, 4))
    expected = nex.log_softmax(x, axis)
    nex.log_softmax(x, axis, out=x)
    assert_same(x, expected)


@pytest.mark.parametrize(
    ("reads", "writes"),
    [
        (lambda buffer: buffer[:3], lambda buffer: buffer[1:]),
        (lambda buffer: buffer[1:], lambda buffer: buffer[:3]),
        (lambda buffer: buffer, lambda buffer: buffer[::-1]),
        (lambda buffer: buffer, lambda buffer: buffer[:, ::-1]),
        (lambda buffer: buffer, lambda buffer: buffer.T),
    ],
    ids=["ahead", "behind", "rows reversed", "classes reversed", "transposed"],
)
def test_out_may_overlap_the_input(reads, writes):
    buffer = ordinary((4, 4))
    expected = nex.softmax(reads(buffer))
    nex.softmax(reads(buffer), out=writes(buffer))
    assert_same(writes(buffer), expected)


def test_elementwise_functions_write_into_overlapping_memory_too():
    buffer = ordinary(6)
    expected = nex.sigmoid(buffer[:-1])
    assert_same(nex.sigmoid(buffer[:-1], out=buffer[1:]), expected)
    expected = nex.log_sigmoid(buffer)
    assert nex.log_sigmoid(buffer, out=buffer) is buffer
    assert_same(buffer, expected)


def test_out_of_a_number_is_an_array_without_dimensions():
    out = np.empty(())
    assert nex.logsumexp([1.0, 2.0], out=out) is out
    assert out == nex.logsumexp([1.0, 2.0])
    assert nex.sigmoid(2.0, out=out) is out
    assert out == nex.sigmoid(2.0)


def test_logsumexp_writes_into_out_with_and_without_its_axes():
    x = ordinary((3, 4))
    for keepdims, shape in ((False, (3,)), (True, (3, 1))):
        out = np.empty(shape)
        assert nex.logsumexp(x, keepdims=keepdims, out=out) is out
        assert_same(out, nex.logsumexp(x, keepdims=keepdims))


def test_half_precision_and_integers_write_into_out():
    x = ordinary((2, 3), "float16")
    assert_same(nex.softmax(x, out=np.empty((2, 3), "float16")), nex.softmax(x))
    assert_same(nex.softmax([[1, 2]], out=np.empty((1, 2))), nex.softmax([[1, 2]]))


def test_the_input_is_left_as_it_was():
    x = ordinary((3, 4))
    before = x.copy()
    for function in (nex.softmax, nex.log_softmax, nex.logsumexp):
        function(x, where=x > 0)
    nex.sigmoid(x)
    nex.log_sigmoid(x)
    assert_same(x, before)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_number_in_gives_a_number_out(dtype):
    x = dtype(1.5)
    loss = nex.BinaryCrossEntropy(reduction="none")
    found = [
        nex.softmax(x, axis=None),
        nex.log_softmax(x, axis=None),
        nex.logsumexp(x, axis=None),
        nex.logsumexp([x, x]),
        *nex.logsumexp(x, axis=None, b=2.0, return_sign=True),
        nex.sigmoid(x),
        nex.log_sigmoid(x),
        loss.value_and_grad(x, 1.0).grad,
    ]
    assert {type(value) for value in found} == {dtype}
    wide = np.result_type(dtype, np.float32).type
    row = np.array([1.0, 2.0, 3.0], dtype)
    values = [loss(x, 1.0), loss.value_and_grad(x, 1.0).value, nex.cross_entropy(row, 1)]
    for each in (nex.CrossEntropy, nex.MulticlassHinge, nex.SquaredError):
        values += [each(reduction=name)(row, 1) for name in ("mean", "sum", "none")]
    assert {type(value) for value in values} == {wide}
