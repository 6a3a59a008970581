"""What the scratch holds from before changes no bit of any result."""

import numpy as np
import pytest

import normexp as nex
from normexp.kernels import NO_MASK, Logits, Target, cpu
from normexp.kernels.cpu import calls

INF, NAN = np.inf, np.nan
ROWS = 70  # two tiles of rows side by side and a rest, for float32 lanes
CLASSES = {"few classes": 3, "many classes": 40}
LABELS = "class ids"


def special_rows(x):
    """Rows of every kind, each beside ordinary ones and in a tile with others."""
    x[1::8] = NAN
    x[2::16] = -INF
    x[3, 0], x[19, 1], x[36, -1] = NAN, NAN, NAN
    x[4, 0], x[21, -1] = INF, INF
    x[5, 1:] = -INF
    x[6, :-1] = -INF
    x[7] = 5.0
    x[8, 1] = 60.0
    x[11] += 700.0
    x[13] -= 700.0
    x[-1] = NAN
    return x


class Batch:
    """Rows of one type with all that can stand beside them, and any of the rows alone."""

    def __init__(self, dtype, classes, masked):
        rng = np.random.default_rng(classes)
        self.x = special_rows(rng.normal(size=(ROWS, classes)) * 2).astype(dtype)
        self.labels = rng.integers(0, classes, ROWS)
        self.labels[[1, 12, 30, -1]] = -100
        self.soft = rng.dirichlet(np.ones(classes), ROWS)
        self.soft[::5] = np.eye(classes)[np.maximum(self.labels[::5], 0)]
        self.weight = rng.random(ROWS) + 0.5
        self.weight[[9, 14, 17]] = 0.0
        self.where = None
        if masked:
            self.where = rng.random((ROWS, classes)) < 0.7
            self.where[[0, 10, 25]] = False
            self.where[15:17] = True

    def probabilities(self):
        """The same with numbers that can be probabilities, or NaN."""
        return np.abs(np.tanh(self.x.astype(np.float64))).astype(self.x.dtype)

    def of_row(self, r):
        one = Batch.__new__(Batch)
        for name, value in vars(self).items():
            setattr(one, name, None if value is None else value[r : r + 1])
        return one

    def turned(self, array, shape):
        """The classes on the axis in the middle, of an array that has any."""
        if array is None or array.ndim == 1:
            return array if array is None else array.reshape(shape)
        return np.ascontiguousarray(np.moveaxis(array.reshape(*shape, -1), -1, 1))


def function(name, **options):
    def run(batch, axis, shape):
        x, where = batch.x, batch.where
        if shape:
            x, where = batch.turned(x, shape), batch.turned(where, shape)
        return [getattr(nex, name)(x, (axis,), where=where, **options)]  # never a small call

    return run


def loss_of(loss, target=LABELS, **options):
    def run(batch, axis, shape):
        x = batch.x if options.get("from_logits", True) else batch.probabilities()
        t = batch.labels
        if target != LABELS:
            t = batch.soft.astype(target)
        weight, where = batch.weight, batch.where
        if shape:
            x, t, weight, where = (batch.turned(array, shape) for array in (x, t, weight, where))
        own = dict(options)
        if own.pop("weighted", False):
            own["class_weight"] = np.linspace(0.0, 2.0, batch.x.shape[1])
        computed = loss(axis=axis, reduction="none", **own)
        value, grad = computed.value_and_grad(x, t, weight, where)
        return [value, grad, computed(x, t, weight, where)]

    return run


HINGE, SQUARED = nex.MulticlassHinge, nex.SquaredError
WORKS = {
    "softmax": function("softmax"),
    "log_softmax": function("log_softmax", temperature=0.5),
    "logsumexp": function("logsumexp"),
    "cross-entropy": loss_of(nex.CrossEntropy),
    "weighted cross-entropy": loss_of(nex.CrossEntropy, weighted=True, z_loss=0.1),
    "smoothed cross-entropy": loss_of(nex.CrossEntropy, label_smoothing=0.1),
    "soft cross-entropy": loss_of(nex.CrossEntropy, np.float64, weighted=True, z_loss=0.1),
    "soft cross-entropy, float32": loss_of(nex.CrossEntropy, np.float32),
    "log loss": loss_of(nex.CrossEntropy, from_logits=False, label_smoothing=0.1),
    "soft log loss": loss_of(nex.CrossEntropy, np.float64, from_logits=False),
    "Weston-Watkins": loss_of(HINGE, weighted=True),
    "squared Weston-Watkins": loss_of(HINGE, squared=True),
    "Crammer-Singer": loss_of(HINGE, variant="crammer-singer", weighted=True),
    "squared Crammer-Singer": loss_of(HINGE, variant="crammer-singer", squared=True),
    "squared error": loss_of(SQUARED, weighted=True),
    "soft squared error": loss_of(SQUARED, np.float64),
    "Brier": loss_of(SQUARED, on="probabilities"),
    "weighted Brier": loss_of(SQUARED, on="probabilities", weighted=True),
    "soft Brier": loss_of(SQUARED, np.float64, on="probabilities"),
}
# As numbers and as places: NaN, no place at all, a place far outside, the largest, one inside.
POISONS = [NAN, -1.0, 1e9, 3e38, 1.0, -INF]


@pytest.fixture
def poison(monkeypatch):
    """Fill the scratch of every call with a number, and count the calls."""
    scratch = calls.scratch

    def use(value):
        filled = []

        def poisoned(width, compute):
            rooms = scratch(width, compute)
            rooms.fill(value)
            filled.append(rooms)
            return rooms

        monkeypatch.setattr(calls, "scratch", poisoned)
        return filled

    return use


def rows_of(result, shape, count):
    """What came of a batch, row by row."""
    if shape and result.ndim > len(shape):
        result = np.moveaxis(result, 1, -1)
    return result.reshape(count, -1)


@pytest.mark.parametrize("masked", [False, True], ids=["whole", "masked"])
@pytest.mark.parametrize("classes", CLASSES.values(), ids=CLASSES)
@pytest.mark.parametrize("work", WORKS.values(), ids=WORKS)
def test_what_the_scratch_holds_changes_no_bit(
    precision, work, classes, masked, poison, assert_same_bits
):
    batch = Batch(precision.dtype, classes, masked)
    poison(0.0)
    alone = [work(batch.of_row(r), -1, None) for r in range(ROWS)]
    expected = [
        np.concatenate([rows_of(row[i], None, 1) for row in alone]) for i in range(len(alone[0]))
    ]
    for value in POISONS:
        filled = poison(value)
        for axis, shape in ((-1, None), (1, (1, ROWS)), (1, (5, ROWS // 5))):
            got = work(batch, axis, shape)
            for result, true in zip(got, expected, strict=True):
                assert_same_bits(rows_of(result, shape, ROWS), true)
        assert len(filled) >= 3


@pytest.mark.parametrize("poisoned", POISONS)
def test_a_row_of_nan_leaves_the_brier_gradient_of_others(poisoned, poison):
    """Its leading class, which there is none of, was looked up in what the scratch held."""
    poison(poisoned)
    x = np.zeros((4, 3))
    x[1] = NAN
    loss = nex.SquaredError(on="probabilities", reduction="none")
    grad = loss.value_and_grad(x, [2, -100, 0, 0]).grad
    np.testing.assert_allclose(grad[0], [2 / 9, 2 / 9, -4 / 9], rtol=1e-15)
    assert (grad[1] == 0).all()
    np.testing.assert_allclose(grad[2:], [[-4 / 9, 2 / 9, 2 / 9]] * 2, rtol=1e-15)


def every_part_and_product(batch):
    """What the kernels of parts and of second derivatives make of a batch, by name."""
    x, where = batch.x.astype(np.float64), NO_MASK if batch.where is None else batch.where
    logits, vector = Logits(x, where), np.nan_to_num(np.roll(x, 1), posinf=1, neginf=1)
    labels = Target(np.where(batch.labels < 0, -1, batch.labels), batch.weight)
    weighted = labels._replace(class_weight=np.linspace(0.5, 2.0, x.shape[1]))
    smoothed = weighted._replace(smoothing=0.1 * batch.weight, norm=0.1 * batch.weight)
    summary, mass = cpu.summarise(logits), cpu.target_mass(logits, smoothed)
    results = {
        "summary": np.array(summary[:2]),
        "mass": np.array(mass),
        "probabilities": cpu.probabilities(logits, summary),
        "log-probabilities": cpu.log_probabilities(logits, summary),
        "cross-entropy": cpu.cross_entropy_of_part(logits, smoothed, summary, mass),
    }
    for name, target, extra in [
        ("cross_entropy", smoothed, ()),
        ("brier", weighted, ()),
        ("squared_error", weighted, ()),
        ("weston_watkins", weighted, (1.0, True)),
        ("crammer_singer", weighted, (1.0, True)),
    ]:
        product = getattr(cpu, f"{name}_hessian_product")
        results[name] = product(logits, target, *extra, vector)
    return results


@pytest.mark.parametrize("masked", [False, True], ids=["whole", "masked"])
@pytest.mark.parametrize("classes", CLASSES.values(), ids=CLASSES)
def test_what_the_scratch_holds_changes_no_bit_of_parts_and_products(
    classes, masked, poison, assert_same_bits
):
    batch = Batch(np.float64, classes, masked)
    poison(0.0)
    expected = every_part_and_product(batch)
    for value in POISONS:
        filled = poison(value)
        for name, result in every_part_and_product(batch).items():
            for got, true in zip(result, expected[name], strict=True):
                assert_same_bits(got, true)
        assert len(filled) >= 10
