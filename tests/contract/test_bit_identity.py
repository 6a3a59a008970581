"""A row has the same bits alone, in any batch, place and layout, and on any number of threads."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import normexp as nex
from normexp.kernels.cpu import calls, threads

ROWS = 70  # two tiles of rows side by side and a rest, for float32 lanes
CLASSES = [1, 2, 3, 4, 7, 16, 32, 33, 70, 300]


def labels_of(x, axis):
    """Labels that follow from the row, so that they move with it."""
    second = np.take(x.astype(np.float64), -1, axis)
    return np.where(second > 0, 0, x.shape[axis] - 1)


def loss_and_gradient(x, axis, **options):
    loss = nex.CrossEntropy(axis=axis, reduction="none", **options)
    return tuple(loss.value_and_grad(x, labels_of(x, axis)))


WORKS = {
    "softmax": lambda x, axis: (nex.softmax(x, axis),),
    "sharp softmax": lambda x, axis: (nex.softmax(x, axis, temperature=0.3),),
    "log_softmax": lambda x, axis: (nex.log_softmax(x, axis),),
    "logsumexp": lambda x, axis: (nex.logsumexp(x, axis),),
    "cross-entropy": loss_and_gradient,
    "smoothed cross-entropy": lambda x, axis: loss_and_gradient(x, axis, label_smoothing=0.1),
}


@pytest.fixture(params=WORKS)
def work(request):
    return WORKS[request.param]


def rows(classes, dtype, seed=0):
    """Rows with their largest logit where it is expected, and rows far away from there."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(ROWS, classes)) * rng.choice([0.1, 1, 30], (ROWS, 1))
    x += rng.choice([0, 0, -60, 400, -3000], (ROWS, 1))
    x[rng.random(x.shape) < 0.05] = -np.inf
    x[::9, 0] += 20
    x[5] = 1.5
    x[17, 0] = np.nan
    x[18, -1] = np.inf
    x[19] = -np.inf
    return x.astype(dtype)


@pytest.fixture
def assert_same_rows(assert_same_bits):
    """Hold what comes of an array to what came of its rows, of which `which` are in it."""

    def check(got, expected, axis, which=slice(None)):
        for value, true in zip(got, expected, strict=True):
            if true.ndim == 2:
                value = np.moveaxis(value, axis, -1).reshape(-1, true.shape[1])
            assert_same_bits(np.reshape(value, true[which].shape), true[which])

    return check


@pytest.mark.parametrize("classes", CLASSES)
def test_the_batch_and_the_place_in_it_change_no_bit(precision, work, classes, assert_same_rows):
    x = rows(classes, precision.dtype)
    whole = work(x, 1)
    for r in range(0, ROWS, 3):
        assert_same_rows(work(x[r], 0), whole, 0, r)
        assert_same_rows(work(x[r : r + 2], 1), whole, 1, slice(r, r + 2))
    for which in (
        slice(3, None),
        slice(None, None, -1),
        np.random.default_rng(1).permutation(ROWS),
    ):
        assert_same_rows(work(x[which], 1), whole, 1, which)


def test_the_axis_and_the_layout_change_no_bit(precision, work, layout, assert_same_rows):
    for classes in CLASSES:
        x = rows(classes, precision.dtype)
        whole = work(x, 1)
        assert_same_rows(work(layout(x), 1), whole, 1)
        assert_same_rows(work(layout(x.T), 0), whole, 0)
        for outer in (2, 5, 35):
            images = np.moveaxis(x.reshape(outer, -1, classes), -1, 1)
            assert_same_rows(work(layout(images), 1), whole, 1)


@pytest.mark.parametrize("classes", [3, 33, 300])
def test_a_mask_that_hides_nothing_changes_no_bit(precision, classes, assert_same_bits):
    x = rows(classes, precision.dtype)
    for function in (nex.softmax, nex.log_softmax, nex.logsumexp):
        whole = function(x)
        for where in (True, np.ones((ROWS, classes), bool, order="F")):
            assert_same_bits(function(x, where=where), whole)
        middle = function(x.reshape(2, -1, classes).transpose(0, 2, 1), 1, where=True)
        middle = np.moveaxis(middle, 1, -1) if middle.ndim == 3 else middle
        assert_same_bits(middle.reshape(whole.shape), whole)


@pytest.fixture
def _shares_little_work(monkeypatch):
    before = nex.get_num_threads()
    monkeypatch.setattr(threads, "GRAIN", 64)
    monkeypatch.setattr(threads, "WORTH_SHARING", 128)
    monkeypatch.setattr(calls, "WORTH_SHARING", 128)
    yield
    nex.set_num_threads(before)


@pytest.mark.usefixtures("_shares_little_work")
@pytest.mark.parametrize("classes", [2, 7, 33, 300])
def test_the_number_of_threads_changes_no_bit(
    precision, work, classes, assert_same_rows, monkeypatch
):
    shared = []
    share = threads._share
    monkeypatch.setattr(threads, "_share", lambda *args: (shared.append(args), share(*args)))
    x = rows(classes, precision.dtype)
    nex.set_num_threads(1)
    whole = work(x, 1)
    assert not shared
    for count in (2, 3):
        nex.set_num_threads(count)
        assert_same_rows(work(x, 1), whole, 1)
        assert_same_rows(work(np.asfortranarray(x), 1), whole, 1)
        images = np.moveaxis(x.reshape(2, -1, classes), -1, 1)
        assert_same_rows(work(np.ascontiguousarray(images), 1), whole, 1)
    assert len(shared) >= 4


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    classes=st.integers(1, 80),
    first=st.integers(0, ROWS - 1),
    count=st.integers(1, ROWS),
    step=st.integers(1, 3),
    seed=st.integers(0, 9),
    in_the_middle=st.booleans(),
    name=st.sampled_from(list(WORKS)),
)
def test_what_is_cut_out_of_an_array_keeps_its_bits(
    precision, assert_same_rows, classes, first, count, step, seed, in_the_middle, name
):
    work = WORKS[name]
    x = rows(classes, precision.dtype, seed)
    which = slice(first, min(first + count, ROWS), step)
    expected = work(x, 1)
    got = work(x.T.copy()[:, which], 0) if in_the_middle else work(x[which], 1)
    assert_same_rows(got, expected, 0 if in_the_middle else 1, which)
