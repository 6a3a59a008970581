"""Rows that are written while the next is summed up: streamed or not, and whatever stands beside.

What a row gives is held to what it gives in a call of its own, which is held to the reference.
"""

import signal
import threading

import numpy as np
import pytest

import normexp as nex
from normexp.kernels import Logits, Target, cpu, no_gradient, reference
from normexp.kernels.cpu import calls, threads

INF, NAN = np.inf, np.nan
FUNCTIONS = [nex.softmax, nex.log_softmax]
CLASSES = [33, 64, 100, 193, 2049]  # whole vectors and cache lines, and not
ROWS = 70  # twice as many as the most lanes, and some
PRECISIONS = {
    "float16": ("float16", "exact"),
    "bfloat16": ("bfloat16", "exact"),
    "float32": ("float32", "exact"),
    "float32 fast": ("float32", "fast"),
    "float64": ("float64", "exact"),
}


@pytest.fixture(params=PRECISIONS)
def dtype(request):
    """A storage type, with the accuracy that is asked for in it."""
    name, accuracy = PRECISIONS[request.param]
    if name == "bfloat16":
        pytest.importorskip("ml_dtypes")
    with nex.accuracy(accuracy):
        yield np.dtype(name)


@pytest.fixture(params=[0, 1 << 62], ids=["streamed", "not streamed"])
def _streaming(request, monkeypatch):
    """Every result is larger than the caches, or none."""
    monkeypatch.setattr(calls, "STREAMED_BYTES", request.param)
    monkeypatch.setattr(calls, "STREAMED_ROW_BYTES", request.param)


@pytest.fixture
def _shares_little_work(monkeypatch):
    before = nex.get_num_threads()
    monkeypatch.setattr(threads, "GRAIN", 64)
    monkeypatch.setattr(threads, "WORTH_SHARING", 128)
    monkeypatch.setattr(calls, "WORTH_SHARING", 128)
    yield
    nex.set_num_threads(before)


def hurt(x, kind, k):
    """One kind of row that is not usual, made of a usual one."""
    if kind == "far":
        x += 400.0
    elif kind == "far below":
        x -= 400.0
    elif kind == "exact beside the maximum only":
        x += 1e4
    elif kind == "NaN":
        x[k] = NAN
    elif kind == "inf":
        x[k] = INF
    elif kind == "nothing":
        x[:] = -INF
    elif kind == "almost nothing":
        x[np.arange(x.size) != k] = -INF
    elif kind == "cancels":
        x -= np.logaddexp.reduce(x)
    elif kind == "equal":
        x[:] = 0.0
    elif kind == "leads":
        x[k] = 60.0
    elif kind == "leads from below, the others out of reach":
        x -= 120.0
        x[k] = -9.9


KINDS = [
    "far",
    "far below",
    "exact beside the maximum only",
    "NaN",
    "inf",
    "nothing",
    "almost nothing",
    "cancels",
    "equal",
    "leads",
    "leads from below, the others out of reach",
]


def mixed_rows(classes, dtype, seed=0):
    """Every second row usual, the others of every kind."""
    rng = np.random.default_rng([classes, seed])
    x = rng.normal(size=(ROWS, classes)) * 3
    for r in range(1, ROWS, 2):
        hurt(x[r], KINDS[r // 2 % len(KINDS)], rng.integers(classes))
    return x.astype(dtype)


def bits(array):
    """The bits, those of every NaN the same."""
    is_nan = np.isnan(array.astype(np.float64))
    found = np.ascontiguousarray(array).view(f"u{array.itemsize}").reshape(array.shape).copy()
    found[is_nan] = 1
    return found


def assert_same_bits(got, expected):
    assert got.dtype == expected.dtype
    np.testing.assert_array_equal(bits(got), bits(expected))


def alone(function, x):
    """The results of a call for each row."""
    return np.concatenate([function(x[r : r + 1]) for r in range(len(x))])


def placed(values, offset):
    """A copy so many elements past the begin of a cache line, and the memory around it."""
    memory = np.full(values.size + 256, 99.0).astype(values.dtype)
    first = -memory.ctypes.data % 64 // memory.itemsize + offset
    copy = memory[first : first + values.size].reshape(values.shape)
    copy[...] = values
    return copy, (memory[:first], memory[first + values.size :])


def assert_untouched(around):
    for part in around:
        assert (part.astype(np.float64) == 99.0).all()


@pytest.mark.parametrize("function", [*FUNCTIONS, nex.logsumexp], ids=lambda f: f.__name__)
def test_a_row_alone_means_what_the_reference_says(dtype, function):
    wide = dtype == np.float64
    eps = 1e-12 if wide else 4 * 2.0 ** -{"float16": 11, "bfloat16": 8, "float32": 24}[dtype.name]
    for classes in CLASSES:
        x = mixed_rows(classes, dtype)
        expected = np.empty(x.shape if function in FUNCTIONS else ROWS)
        getattr(reference, function.__name__)(Logits(x.astype(np.float64)), expected)
        got = alone(function, x).astype(np.float64)
        np.testing.assert_allclose(got, expected, rtol=eps, atol=eps)


@pytest.mark.usefixtures("_streaming")
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_every_alignment_of_the_result(dtype, function):
    for classes in CLASSES:
        x = mixed_rows(classes, dtype)
        expected = alone(function, x)
        for offset in range(64) if classes in (33, 100) else (0, 1, 15, 37):
            out, around = placed(x, offset)
            function(x, out=out)
            assert_same_bits(out, expected)
            out[...] = x
            function(out, out=out)
            assert_same_bits(out, expected)
            assert_untouched(around)


@pytest.mark.usefixtures("_streaming")
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_rows_apart_backwards_or_all_the_same(dtype, function):
    for classes in CLASSES:
        x = mixed_rows(classes, dtype)
        expected = alone(function, x)
        assert_same_bits(function(x[::-1]), expected[::-1])
        assert_same_bits(function(np.broadcast_to(x[2], x.shape)), np.tile(expected[2], (ROWS, 1)))
        wide = np.full((ROWS, classes + 7), 99.0).astype(dtype)
        within = wide[::-1, 3:-4]
        within[...] = x
        function(within, out=within)
        assert_same_bits(within, expected)
        assert_untouched((wide[:, :3], wide[:, -4:]))


def test_logsumexp_of_rows_whose_ends_are_written_together(dtype):
    for classes in CLASSES:
        x = mixed_rows(classes, dtype)
        expected = alone(nex.logsumexp, x)
        for turn in range(0, 40, 3):
            assert_same_bits(nex.logsumexp(np.roll(x, turn, 0)), np.roll(expected, turn))


@pytest.mark.usefixtures("_streaming")
def test_an_unaligned_result(dtype):
    x = mixed_rows(100, dtype)
    memory = np.zeros(x.nbytes + 1, np.uint8)
    out = memory[1:].view(dtype).reshape(x.shape)
    assert not out.flags.aligned
    for function in FUNCTIONS:
        function(x, out=out)
        assert_same_bits(out.copy(), alone(function, x))


WEIGHTS = {
    "even": lambda rng: rng.random(ROWS) + 0.1,
    "tiny": lambda rng: np.resize([1.0, 1e-300, 1e-46, 0.0, 1e-30], ROWS),
}
IGNORED = {
    "none": [],
    "all": slice(None),
    "first and last": [0, -1],
    "every third": slice(None, None, 3),
    "many in a row": slice(3, 50),
}


def gradient(x, target, temperature=1.0):
    loss, grad = np.full(len(x), NAN), np.full_like(x, 99.0)
    cpu.cross_entropy(Logits(x, temperature=temperature), target, loss, grad)
    return loss, grad


@pytest.mark.usefixtures("_streaming")
@pytest.mark.parametrize("ignored", IGNORED.values(), ids=IGNORED)
@pytest.mark.parametrize("weights", WEIGHTS.values(), ids=WEIGHTS)
def test_losses_with_ignored_rows_between(dtype, weights, ignored):
    for classes in (33, 100, 2049):
        rng = np.random.default_rng(classes)
        x = mixed_rows(classes, dtype)
        labels = rng.integers(0, classes, ROWS)
        labels[ignored] = -1
        norm, of_class = rng.random(ROWS) * 0.1, rng.random(classes)
        of_class[::5] = 0.0
        plain = Target(labels, weights(rng))
        for target in (plain, plain._replace(norm=norm), plain._replace(class_weight=of_class)):
            each = [gradient(x[r : r + 1], target.rows(slice(r, r + 1)), 0.7) for r in range(ROWS)]
            losses, grads = (np.concatenate(parts) for parts in zip(*each, strict=True))
            logits = Logits(x, temperature=0.7)
            loss, out = np.full(ROWS, NAN), placed(x, 5)
            cpu.cross_entropy(logits, target, loss, out[0])
            assert_same_bits(loss, losses)
            assert_same_bits(out[0], grads)
            assert_untouched(out[1])
            loss[:] = NAN
            cpu.cross_entropy(logits, target, loss, no_gradient(x))
            assert_same_bits(loss, losses)
            expected, slopes = np.empty(ROWS), np.empty(x.shape)
            exact = Logits(x.astype(np.float64), temperature=0.7)
            reference.cross_entropy(exact, target, expected, slopes)
            eps = {"float64": 1e-11, "float32": 1e-6}.get(dtype.name, 2e-2)
            if calls.arithmetic(dtype) is np.float32:  # which has no room for the least weights
                is_inf = np.isinf(expected) & (target.weight < 2.0**-149)
                losses[is_inf] = expected[is_inf]
            np.testing.assert_allclose(losses, expected, rtol=eps, atol=eps)
            np.testing.assert_allclose(grads.astype(np.float64), slopes, rtol=eps, atol=eps)


@pytest.mark.usefixtures("_streaming", "_shares_little_work")
def test_several_ranges_of_rows(dtype):
    nex.set_num_threads(3)
    for classes in (33, 2049):
        x = mixed_rows(classes, dtype)
        for function in (*FUNCTIONS, nex.logsumexp):
            assert_same_bits(function(x), alone(function, x))
        for function in FUNCTIONS:
            out = x.copy()
            function(out, out=out)
            assert_same_bits(out, alone(function, x))


def test_rows_far_below_do_not_tell_what_came_before_them():
    """Classes out of reach are nothing together, by a guess of the maximum and without."""
    with nex.accuracy("fast"):
        for top in (-12.0, -9.9, -7.1, -6.9, 0.0, 34.9, 35.1, 44.0):
            row = np.full(2049, top - 112.0, np.float32)
            row[3] = top
            for before in (0.0, 400.0):
                x = np.stack([np.full(2049, before, np.float32), row])
                assert_same_bits(nex.log_softmax(x)[1:], nex.log_softmax(row[np.newaxis]))
            true = 2048 * np.exp(-112.0)
            assert -nex.log_softmax(row)[3] == pytest.approx(true, abs=4 * 2.0**-149)


def test_a_gradient_of_nothing_is_the_same_zero_in_every_layout(dtype):
    """Whatever the sign of logsumexp, which takes part where there is a penalty on it."""
    x = np.full((ROWS, 100), -5000.0).astype(dtype)
    x[:, 3] = -10.0
    target = Target(np.full(ROWS, 3), np.ones(ROWS))
    zero = np.zeros_like(x)
    for logits in (Logits(x), Logits(x, np.full(x.shape, True)), Logits(np.asfortranarray(x))):
        grad = np.full_like(logits.values, 99.0)
        cpu.cross_entropy(logits, target, np.empty(ROWS), grad)
        assert_same_bits(grad, zero)


@pytest.mark.usefixtures("_streaming")
@pytest.mark.parametrize("temperature", [1e-30, 1e30])
@np.errstate(over="ignore")
def test_half_types_at_temperatures_that_only_float64_holds(temperature):
    """The logits are float64 then, the results are not."""
    x = mixed_rows(100, np.float16)[::2]
    exact = Logits(x.astype(np.float64), temperature=temperature)
    labels = Target(np.zeros(len(x), int), np.ones(len(x)))
    smoothed = labels._replace(smoothing=np.full(len(x), 0.01))
    for function in (cpu.softmax, cpu.log_softmax):
        (out, around), expected = placed(x, 0), np.empty(x.shape)
        function(Logits(x, temperature=temperature), out)
        function(exact, expected)
        assert_same_bits(out, expected.astype(np.float16))
        assert_untouched(around)
    for function, target in [
        (cpu.cross_entropy, labels),
        (cpu.cross_entropy, smoothed),
        (cpu.brier, labels),
    ]:
        (grad, around), slopes = placed(x, 0), np.empty(x.shape)
        loss, expected = np.empty(len(x)), np.empty(len(x))
        function(Logits(x, temperature=temperature), target, loss, grad)
        function(exact, target, expected, slopes)
        np.testing.assert_array_equal(loss, expected)
        assert_same_bits(grad, slopes.astype(np.float16))
        assert_untouched(around)


@pytest.mark.parametrize("label", ["int8", "uint8", ">i2", ">u4", ">i8", "uint64", "longlong"])
def test_class_ids_of_any_integer_type(label):
    """300 classes are more than a byte counts: −100 is 156 in one."""
    x = np.random.default_rng(0).normal(size=(ROWS, 300))
    labels = np.arange(ROWS)
    if np.dtype(label).kind == "i":
        labels[::3] = -100
    given = np.repeat(labels, 2).astype(label)[::2]
    for loss in (nex.CrossEntropy(), nex.CrossEntropy(ignore_index=7)):
        if loss.ignore_index == 7:
            given = np.abs(given)
        expected = loss.value_and_grad(x, given.astype(np.int64))
        got = loss.value_and_grad(x, given)
        assert got.value == expected.value
        assert_same_bits(got.grad, expected.grad)


@pytest.mark.parametrize(
    ("label", "wrong"),
    [("int8", -5), ("int16", -5), (">i4", 1 << 24), (">i8", -5), ("uint64", 2**63 + 2)],
)
def test_class_ids_out_of_range(label, wrong):
    x = np.zeros((4, 300))
    with pytest.raises(ValueError, match=f"got {wrong} at position 0"):
        nex.CrossEntropy()(x, np.array([wrong] * 4, label))


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="a timer of POSIX")
@pytest.mark.usefixtures("_shares_little_work")
def test_calls_within_calls_keep_their_scratch_apart():
    """Threads, and a handler of signals, with rows of other lengths and types."""
    works = []
    for dtype in (np.float16, np.float32, np.float64):
        for classes in (3, 33, 2049, 40_000):  # the last has more than is kept
            x = np.random.default_rng(classes).normal(size=(10, classes)).astype(dtype)
            works += [(f, x, f(x)) for f in (*FUNCTIONS, nex.logsumexp)]
    wrong, handled = [], []

    def work(start, step, times):
        for turn in range(times):
            function, x, expected = works[(start + step * turn) % len(works)]
            if not np.array_equal(function(x), expected):
                wrong.append((function.__name__, x.shape))

    def handle(*_):
        handled.append(len(handled))
        work(7 * len(handled), 1, 1)

    nex.set_num_threads(2)
    before = signal.signal(signal.SIGALRM, handle)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        others = [threading.Thread(target=work, args=(n, 2 * n + 5, 400)) for n in range(2)]
        for other in others:
            other.start()
        while len(handled) < 50 or any(other.is_alive() for other in others):
            work(0, 5, 36)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    for other in others:
        other.join()
    assert not wrong
