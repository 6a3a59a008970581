"""Every kernel of every back end means what the reference says, for every option and layout."""

import itertools

import numpy as np
import pytest

from normexp.kernels import (
    NO_MASK,
    NOTHING,
    Logits,
    Target,
    cpu,
    kernels_for,
    no_gradient,
    reference,
)

CLASSES, ROWS = 5, 12
OF_SOFTMAX = ["cross_entropy", "brier"]
SHAPES = {"rows": (ROWS, CLASSES), "inner": (3, CLASSES, 4)}
ROW_FUNCTIONS = ["softmax", "log_softmax"]
LABEL_LOSSES = [
    ("cross_entropy", ()),
    ("smoothed cross_entropy", ()),
    ("squared_error", ()),
    ("brier", ()),
    ("weston_watkins", (1.0, False)),
    ("weston_watkins", (0.5, True)),
    ("crammer_singer", (1.0, False)),
    ("crammer_singer", (0.5, True)),
]
MASS_LOSSES = ["cross_entropy", "squared_error", "brier"]


def nasty_logits(shape, dtype, masked, seed=0):
    """Ordinary rows, and a row each with −inf, +inf, NaN, only −inf, equal logits, one ahead."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(ROWS, CLASSES)) * 3
    rows[1, 2] = -np.inf
    rows[2, 0] = np.inf
    rows[3, 1] = np.nan
    rows[4] = -np.inf
    rows[5] = 7.0
    rows[6, 3] = 60.0
    where = rng.random((ROWS, CLASSES)) < 0.7
    where[7] = False
    where[8:, 0] = True
    if len(shape) == 3:
        outer, classes, inner = shape
        rows = np.moveaxis(rows.reshape(outer, inner, classes), -1, 1)
        where = np.moveaxis(where.reshape(outer, inner, classes), -1, 1)
    return rows.astype(dtype), (where if masked else NO_MASK)


def label_target(smoothed, weighted, seed=1):
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, CLASSES, ROWS)
    classes[9] = -1
    weight = rng.random(ROWS) + 0.1
    weight[10] = 0.0
    zero = np.where(weight == 0, 0.0, 1.0)
    return Target(
        classes,
        weight,
        smoothing=rng.random(ROWS) * 0.1 * zero if smoothed else NOTHING,
        norm=rng.random(ROWS) * 0.01 * zero if smoothed else NOTHING,
        class_weight=rng.random(CLASSES) * [1, 1, 0, 1, 1] if weighted else NOTHING,
    )


def mass_target(shape, smoothed, weighted):
    labels = label_target(smoothed, weighted)
    mass = np.random.default_rng(2).random((ROWS, CLASSES))
    mass[0, 0] = 0.0
    if len(shape) == 3:
        outer, classes, inner = shape
        mass = np.moveaxis(mass.reshape(outer, inner, classes), -1, 1)
    return labels._replace(classes=mass)


def tolerance(dtype):
    """What textbook arithmetic in float64, and rounding to the type, leave between the two."""
    return {"rtol": max(1e-11, float(np.finfo(dtype).eps)), "atol": 1e-13}


def loss_tolerance(dtype):
    """Losses come in float64, computed to 2^-34 where the logits are narrower."""
    return {"rtol": 1e-11 if dtype == "float64" else 2.0**-32, "atol": 1e-13}


def run(back_end, name, logits, target, extra, with_grad=True):
    loss = np.full(ROWS, 99.0)
    grad = np.full_like(logits.values, 99.0) if with_grad else no_gradient(logits.values)
    getattr(back_end, name)(logits, target, *extra, loss, grad)
    return loss, grad


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("masked", [False, True], ids=["whole", "masked"])
class TestBackEnd:
    @pytest.mark.parametrize("name", ROW_FUNCTIONS)
    @pytest.mark.parametrize("temperature", [1.0, 0.3])
    def test_row_functions(self, back_end, dtype, shape, masked, name, temperature):
        values, where = nasty_logits(shape, dtype, masked)
        logits = Logits(values, where, temperature)
        got, expected = np.full_like(values, 99), np.full(values.shape, 99.0)
        getattr(back_end, name)(logits, got)
        getattr(reference, name)(logits, expected)
        np.testing.assert_allclose(got, expected, **tolerance(dtype))

    def test_logsumexp(self, back_end, dtype, shape, masked):
        values, where = nasty_logits(shape, dtype, masked)
        got, expected = np.empty(ROWS, dtype), np.empty(ROWS)
        back_end.logsumexp(Logits(values, where), got)
        reference.logsumexp(Logits(values, where), expected)
        np.testing.assert_allclose(got, expected, **tolerance(dtype))

    @pytest.mark.parametrize(("name", "extra"), LABEL_LOSSES)
    @pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
    def test_losses_of_labels(self, back_end, dtype, shape, masked, name, extra, weighted):
        values, where = nasty_logits(shape, dtype, masked)
        *smoothed, name = name.split()
        logits = Logits(values, where, 0.7 if name in OF_SOFTMAX else 1.0)
        target = label_target(smoothed, weighted)
        loss, grad = run(back_end, name, logits, target, extra)
        true_loss, true_grad = run(reference, name, logits, target, extra)
        np.testing.assert_allclose(loss, true_loss, **loss_tolerance(dtype))
        np.testing.assert_allclose(grad, true_grad, **tolerance(dtype))
        assert np.array_equal(run(back_end, name, logits, target, extra, False)[0], loss, True)

    @pytest.mark.parametrize("name", MASS_LOSSES)
    @pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
    def test_losses_of_mass(self, back_end, dtype, shape, masked, name, weighted):
        values, where = nasty_logits(shape, dtype, masked)
        logits = Logits(values, where)
        target = mass_target(shape, name == "cross_entropy", weighted)
        loss, grad = run(back_end, name, logits, target, ())
        true_loss, true_grad = run(reference, name, logits, target, ())
        np.testing.assert_allclose(loss, true_loss, **loss_tolerance(dtype))
        np.testing.assert_allclose(grad, true_grad, **tolerance(dtype))

    @pytest.mark.parametrize("of", ["labels", "mass"])
    @pytest.mark.parametrize("smoothed", [False, True], ids=["", "smoothed"])
    def test_log_loss(self, back_end, dtype, shape, masked, of, smoothed):
        values, where = nasty_logits(shape, dtype, masked)
        p = np.abs(np.tanh(np.where(np.isfinite(values), values, 0.0))).astype(dtype)
        p.reshape(-1)[::7] = 0.0
        target = (
            label_target(smoothed, True) if of == "labels" else mass_target(shape, smoothed, True)
        )
        target = target._replace(norm=NOTHING)
        logits = Logits(p, where)
        loss, grad = run(back_end, "log_loss", logits, target, ())
        true_loss, true_grad = run(reference, "log_loss", logits, target, ())
        np.testing.assert_allclose(loss, true_loss, **loss_tolerance(dtype))
        np.testing.assert_allclose(grad, true_grad, **tolerance(dtype))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
class TestElements:
    @pytest.mark.parametrize("name", ["sigmoid", "log_sigmoid"])
    def test_functions(self, back_end, dtype, name):
        x = np.array([-np.inf, -80, -3, -1e-9, 0, 1e-9, 2, 40, np.inf, np.nan], dtype)
        got, expected = np.empty_like(x), np.empty(x.size)
        getattr(back_end, name)(x, got)
        getattr(reference, name)(x, expected)
        np.testing.assert_allclose(got, expected, **tolerance(dtype))

    @pytest.mark.parametrize("name", ["binary_cross_entropy", "binary_log_loss"])
    def test_losses(self, back_end, dtype, name):
        x = np.array([-np.inf, -30, -2, 0, 0.5, 9, np.inf, np.nan])
        if name == "binary_log_loss":
            x = np.array([0, 1e-30, 0.2, 0.5, 0.9, 1.0, np.nan])
        x, yes = np.array(list(itertools.product(x, [0.0, 0.3, 1.0]))).T
        x = x.astype(dtype)
        weight = np.arange(x.size) % 4 / 2.0
        results = []
        for module in (back_end, reference):
            loss, grad = np.empty(x.size), np.empty_like(x)
            getattr(module, name)(x, yes, 2.0, weight, loss, grad)
            results.append((loss, grad))
        (loss, grad), (true_loss, true_grad) = results
        np.testing.assert_allclose(loss, true_loss, **loss_tolerance(dtype))
        np.testing.assert_allclose(grad, true_grad, **tolerance(dtype))


@pytest.mark.parametrize("name", ["cross_entropy", "brier"])
def test_what_a_mask_takes_out_counts_for_nothing_under_a_cap(back_end, name):
    """Whatever it holds, in every back end."""
    z = np.array([[np.nan, 1.0, 2.0], [3.0, -np.inf, 1.0], [np.inf, 0.5, 0.0]])
    where = np.array([[False, True, True], [True, False, True], [False, True, True]])
    target = Target(np.array([1, 0, 2]), np.ones(3))
    rows = np.arange(3)[:, None]
    left = np.array([[1, 2], [0, 2], [1, 2]])
    labels = target._replace(classes=np.array([0, 0, 1]))
    masked, alone = Logits(z, where, 2.0, 3.0), Logits(z[rows, left], softcap=3.0, temperature=2.0)
    loss, grad = getattr(back_end, name)(masked, target)
    expected = getattr(back_end, name)(alone, labels)
    product = getattr(back_end, f"{name}_hessian_product")
    found = product(masked, target, np.ones_like(z))
    np.testing.assert_allclose(loss, expected[0], rtol=1e-12)
    for got, true in (
        (grad, expected[1]),
        (found, product(alone, labels, np.ones((3, 2)))),
        (back_end.softmax(masked), back_end.softmax(alone)),
    ):
        np.testing.assert_allclose(got[rows, left], true, rtol=1e-12, atol=1e-14)
        assert not got[~where].any()


def test_a_hidden_class_that_has_mass_pulls_as_one_at_minus_infinity(back_end):
    """The loss is inf; the gradient there is −t / temperature, whatever is hidden."""
    where = np.array([[False, True, True]])
    for hidden in (0.5, 50.0, np.nan):
        z = np.array([[hidden, 1.0, 2.0]])
        for classes in (np.array([0]), np.array([[1.0, 0.0, 0.0]])):
            target = Target(classes, np.ones(1))
            loss, grad = back_end.cross_entropy(Logits(z, where, 2.0, 3.0), target)
            assert loss == np.inf
            p = back_end.softmax(Logits(z, where, 2.0, 3.0))[0, 1:]
            slopes = 1 / np.cosh(z[0, 1:] / 3) ** 2 / 2
            np.testing.assert_allclose(grad[0], [-0.5, *(p * slopes)], rtol=1e-12)


def test_a_back_end_asked_for_by_name_is_never_replaced():
    assert kernels_for(np.ones(2), "reference") is reference
    assert kernels_for(np.ones(2)) is cpu
    with pytest.raises(ValueError, match=r"backend must be .*'tensors' or 'reference', got 'tpu'"):
        kernels_for(np.ones(2), "tpu")
    with pytest.raises(TypeError, match=r"'gpu' takes tensors of PyTorch, got numpy\.ndarray"):
        kernels_for(np.ones(2), "gpu")
    with pytest.raises(TypeError, match=r"no back end takes builtins\.list"):
        kernels_for([1.0])
