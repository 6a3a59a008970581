"""Bad input of the losses: the error names the argument, what was expected and what came."""

import ml_dtypes
import numpy as np
import pytest

import normexp as nex

Z = np.array([[2.0, 1.0, 0.1], [0.0, 3.0, -1.0], [1.0, 1.0, 1.0], [-2.0, 0.5, 4.0]])
Y = np.array([0, 1, 2, 0])
SOFT = np.full((4, 3), 1 / 3)
YES = np.full((4, 3), 0.5)

ROW_LOSSES = [
    nex.CrossEntropy(),
    nex.MulticlassHinge(),
    nex.SquaredError(),
    nex.SquaredError(on="probabilities"),
]
row_losses = pytest.mark.parametrize("loss", ROW_LOSSES, ids=repr)
every_loss = pytest.mark.parametrize(
    ("loss", "target"),
    [*((loss, Y) for loss in ROW_LOSSES), (nex.BinaryCrossEntropy(), YES)],
    ids=lambda value: repr(value) if isinstance(value, nex.losses.Loss) else "",
)


def with_one(array, position, value):
    changed = array.copy()
    changed[position] = value
    return changed


def assert_refused(loss, error, message, *arguments, **options):
    for call in (loss, loss.value_and_grad):
        with pytest.raises(error, match=message):
            call(*arguments, **options)


@every_loss
@pytest.mark.parametrize(
    ("logits", "error", "message"),
    [
        (Z + 1j, TypeError, r"logits must hold float16, .* an array of complex128 .*\(4, 3\)"),
        (Z.astype(object), TypeError, "logits must hold float16, .* an array of object"),
        (Z.astype(str), TypeError, "logits must hold float16, .* an array of <U"),
        (None, TypeError, "logits must hold float16, .* an array of object"),
        (np.ma.masked_greater(Z, 2), TypeError, r"logits is a masked array.*where=~logits\.mask"),
        ([[1.0], [2.0, 3.0]], ValueError, "logits must be an array, got sequences of different"),
    ],
)
def test_logits_must_be_real_numbers(loss, target, logits, error, message):
    assert_refused(loss, error, message, logits, target)


@row_losses
@pytest.mark.parametrize(
    ("target", "error", "message"),
    [
        (Y.astype(float), TypeError, r"integer class ids of shape \(4,\).* an array of float64"),
        (Y > 0, TypeError, r"integer class ids of shape \(4,\).* an array of bool .*\(4,\)"),
        (Y.astype(complex), TypeError, "integer class ids .* got an array of complex128"),
        (Y.astype(object), TypeError, "integer class ids .* got an array of object"),
        (["0", "1", "2", "0"], TypeError, "integer class ids .* got an array of <U1"),
        (SOFT + 0j, TypeError, "integer class ids .* got an array of complex128"),
        (Y[:3], ValueError, r"integer class ids of shape \(4,\).* with shape \(3,\)"),
        (Y[:, np.newaxis], ValueError, r"integer class ids of shape \(4,\).* with shape \(4, 1\)"),
        (SOFT[:, :2], ValueError, r"integer class ids of shape \(4,\).* with shape \(4, 2\)"),
        (0, ValueError, r"integer class ids of shape \(4,\).* with shape \(\)"),
        (np.ma.array(Y, mask=[1, 0, 0, 0]), TypeError, "target is a masked array"),
        ([[0], [1, 2]], ValueError, "target must be an array, got sequences of different lengths"),
    ],
)
def test_the_target_must_be_class_ids_of_the_right_shape(loss, target, error, message):
    assert_refused(loss, error, message, Z, target)


@row_losses
def test_a_target_that_fits_classes_on_another_axis_says_on_which(loss):
    logits, target = np.zeros((2, 21, 8, 8), np.float32), np.zeros((2, 8, 8), int)
    assert_refused(loss, ValueError, "with axis=1 for the classes it would fit", logits, target)


@row_losses
@pytest.mark.parametrize(
    ("y", "came"),
    [
        ([0, 1, 3, 0], "got 3 at position 2"),
        ([0, -1, 3, 0], "got -1 at position 1"),
        (np.array([0, 1, 2, 255], "uint8"), "got 255 at position 3"),
        (np.array([0, 1, 2, 2**64 - 1], "uint64"), "got 18446744073709551615 at position 3"),
        ([-99, -100, 0, 0], "got -99 at position 0"),
    ],
)
def test_class_ids_out_of_range_are_shown_with_their_position(loss, y, came):
    message = rf"target must hold class ids from 0 to 2 \(ignore_index is -100\), {came}"
    assert_refused(loss, ValueError, message, Z, y)


def test_the_position_counts_the_samples_of_an_image_in_order():
    loss = nex.CrossEntropy(axis=1)
    y = with_one(np.zeros((2, 4, 5), int), (1, 0, 2), 9)
    assert_refused(loss, ValueError, "got 9 at position 22", np.zeros((2, 3, 4, 5)), y)


@pytest.mark.parametrize("loss", ROW_LOSSES, ids=repr)
@pytest.mark.parametrize(("value", "came"), [(-0.1, r"-0\.1"), (np.nan, "nan"), (np.inf, "inf")])
def test_probabilities_must_be_finite_and_not_negative(loss, value, came):
    target = with_one(SOFT, (1, 2), value)
    if loss.takes_probabilities:
        message = f"target must hold probabilities .*, got {came} at position 5"
        assert_refused(loss, ValueError, message, Z, target)
    else:
        assert_refused(loss, TypeError, "target must hold integer class ids", Z, target)


@every_loss
@pytest.mark.parametrize(
    ("weight", "error", "message"),
    [
        (-1.0, ValueError, r"sample_weight must hold finite .*, got -1\.0 at position 0"),
        (np.nan, ValueError, "sample_weight must hold finite .*, got nan at position 0"),
        ([1, np.inf, 1], ValueError, "sample_weight must hold finite .*, got inf at position 1"),
        (1j, TypeError, "sample_weight must hold real numbers, got an array of complex128"),
        (["heavy"], TypeError, "sample_weight must hold real numbers, got an array of <U5"),
        ([None], TypeError, "sample_weight must hold real numbers, got an array of object"),
        (np.ones(7), ValueError, r"sample_weight must have the shape \(4.*, got \(7,\)"),
        (np.ma.array([1.0], mask=[1]), TypeError, "sample_weight is a masked array"),
    ],
)
def test_sample_weights_must_be_weights_of_the_samples(loss, target, weight, error, message):
    assert_refused(loss, error, message, Z, target, sample_weight=weight)


@every_loss
@pytest.mark.parametrize(
    ("where", "error", "message"),
    [
        (
            [1, 0, 1],
            TypeError,
            r"where must hold booleans, got an array of int64 with shape \(3,\)",
        ),
        ([True, False], ValueError, r"where must have the shape \(4, 3\) or .*, got \(2,\)"),
        (np.full((2, 4, 3), True), ValueError, r"where must have the shape .*, got \(2, 4, 3\)"),
    ],
)
def test_where_must_be_a_mask_of_the_logits(loss, target, where, error, message):
    assert_refused(loss, error, message, Z, target, where=where)


@row_losses
def test_there_is_no_loss_without_classes(loss):
    message = r"logits have no classes on axis -1: their shape is \(4, 0\)"
    assert_refused(loss, ValueError, message, np.empty((4, 0)), Y)


@row_losses
def test_logits_must_have_the_axis_of_the_classes(loss):
    assert_refused(loss, ValueError, "axis -1 is out of range .* 0 dimensions", 1.0, 0)
    along = type(loss)(axis=2)
    assert_refused(along, ValueError, "axis 2 is out of range .* 2 dimensions", Z, Y)


@pytest.mark.parametrize("make", [nex.CrossEntropy, nex.MulticlassHinge, nex.SquaredError])
def test_there_must_be_a_weight_for_each_class(make):
    loss = make(class_weight=[1.0, 2.0])
    message = "class_weight must hold a number for each of 3 classes, got 2"
    assert_refused(loss, ValueError, message, Z, Y)


@pytest.mark.parametrize("value", [-0.25, 1.5, np.inf])
def test_logits_must_be_probabilities_if_they_are_no_logits(value):
    p = with_one(SOFT, (2, 1), value)
    message = f"logits must hold probabilities, as from_logits is False, got {value} at position 7"
    assert_refused(nex.CrossEntropy(from_logits=False), ValueError, message, p, Y)
    assert_refused(nex.BinaryCrossEntropy(from_logits=False), ValueError, message, p, YES)


@pytest.mark.parametrize(
    ("target", "error", "message"),
    [
        (YES[0], ValueError, r"target must have the shape of the logits, \(4, 3\), got \(3,\)"),
        (Y, ValueError, r"target must have the shape of the logits, \(4, 3\), got \(4,\)"),
        (YES + 1, ValueError, r"numbers between 0 and 1, got 1\.5 at position 0"),
        (
            with_one(YES, (1, 0), -1),
            ValueError,
            r"numbers between 0 and 1, got -1\.0 at position 3",
        ),
        (with_one(YES, (0, 1), np.nan), ValueError, "between 0 and 1, got nan at position 1"),
        (YES + 0j, TypeError, "target must hold float16, .* got an array of complex128"),
        (np.full((4, 3), "yes"), TypeError, "target must hold float16, .* got an array of <U3"),
    ],
)
def test_answers_must_be_probabilities_for_each_question(target, error, message):
    assert_refused(nex.BinaryCrossEntropy(), error, message, Z, target)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float32, np.float64])
def test_nan_is_no_probability_out_of_range_and_no_target(dtype):
    """ml_dtypes warns where it compares NaN: a warning is an error in these tests."""
    p = with_one(np.full((2, 2), 0.5), (0, 0), np.nan).astype(dtype)
    losses = nex.CrossEntropy(from_logits=False, reduction="none")(p, [0, 1])
    np.testing.assert_allclose(losses, [np.nan, np.log(2)], rtol=1e-6)
    losses = nex.BinaryCrossEntropy(from_logits=False, reduction="none")(p[0], [1, 0])
    np.testing.assert_allclose(losses, [np.nan, np.log(2)], rtol=1e-6)
    message = "target must hold numbers between 0 and 1"
    assert_refused(nex.BinaryCrossEntropy(), ValueError, message, np.zeros(2), p[0])
