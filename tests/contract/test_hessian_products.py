"""Hessian products are what the reference says, the derivative of the gradients, and symmetric."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from normexp.kernels import NO_MASK, NOTHING, Logits, Target, reference

ROWS, INF, NAN = 12, np.inf, np.nan
by_examples = settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])

# The loss, what stands between target and vector, and whether it reads softmax of the logits.
LOSSES = {
    "cross-entropy": ("cross_entropy", (), True),
    "Brier": ("brier", (), True),
    "focal": ("focal", (2.0,), True),
    "focal below 1": ("focal", (0.5,), True),
    "squared error": ("squared_error", (), False),
    "Weston-Watkins": ("weston_watkins", (1.0, False), False),
    "squared Weston-Watkins": ("weston_watkins", (1.0, True), False),
    "Crammer-Singer": ("crammer_singer", (0.5, False), False),
    "squared Crammer-Singer": ("crammer_singer", (0.5, True), False),
    "log loss": ("log_loss", (), False),
}
WITH_MASSES = ["cross-entropy", "Brier", "squared error", "log loss"]
BINARY = ["binary_cross_entropy", "binary_log_loss"]


@pytest.fixture(params=LOSSES)
def kind(request):
    return request.param


def moved(x, in_the_middle):
    if not in_the_middle:
        return x
    return np.ascontiguousarray(np.moveaxis(x.reshape(3, ROWS // 3, -1), -1, 1))


def problem(kind, rng, classes, dtype, options):
    """Ordinary logits, or probabilities, and a target of the loss."""
    masked, in_the_middle, masses = options
    name, _, of_softmax = LOSSES[kind]
    z = rng.normal(size=(ROWS, classes)) * 2
    if kind == "log loss":
        z = rng.uniform(0.4, 1.0, (ROWS, classes))
    where = rng.random((ROWS, classes)) < 0.7
    where[:, :2] = True
    temperature = rng.choice([1.0, 0.7]) if of_softmax else 1.0
    softcap = rng.choice([None, 3.0]) if of_softmax else None
    ids = np.zeros(ROWS, int) if masked else rng.integers(0, classes, ROWS)
    ids[9] = -1
    weight = rng.random(ROWS) + 0.1
    weight[10] = 0.0
    target = Target(ids, weight, class_weight=rng.random(classes) + 0.1)
    if name in ("cross_entropy", "log_loss"):
        target = target._replace(smoothing=0.1 * weight)
    if name == "cross_entropy":
        target = target._replace(norm=0.2 * weight)
    if masses and kind in WITH_MASSES:
        mass = np.where(where, rng.dirichlet(np.ones(classes), ROWS) + 1e-9, 0.0)
        target = target._replace(classes=moved(mass, in_the_middle))
    mask = moved(where, in_the_middle) if masked else NO_MASK
    values = moved(z, in_the_middle).astype(dtype)
    return Logits(values, mask, float(temperature), softcap), target


def gradient(back_end, kind, logits, target, extra):
    return getattr(back_end, LOSSES[kind][0])(logits, target, *extra)[1]


def product(back_end, kind, logits, target, vector):
    name, extra, _ = LOSSES[kind]
    return getattr(back_end, f"{name}_hessian_product")(logits, target, *extra, vector)


options = st.tuples(st.booleans(), st.booleans(), st.booleans())


def live(logits, vector):
    return np.where(logits.where, vector, 0.0) if logits.where.size else vector


@by_examples
@given(classes=st.integers(2, 40), options=options, seed=st.integers(0, 999))
def test_they_are_the_derivative_of_the_gradient(back_end, kind, classes, options, seed):
    rng = np.random.default_rng(seed)
    logits, target = problem(kind, rng, classes, "float64", options)
    vector = live(logits, rng.normal(size=logits.values.shape))
    extra, step = LOSSES[kind][1], 2.0**-10

    def moved_by(steps):
        values = logits.values + steps * step * vector
        return gradient(back_end, kind, logits._replace(values=values), target, extra)

    slope = 8 * (moved_by(1) - moved_by(-1)) - (moved_by(2) - moved_by(-2))
    expected = slope / (12 * step)
    got = product(back_end, kind, logits, target, vector)
    # Where a margin begins or ends to be violated on the way there is no derivative.
    is_smooth = np.full(got.shape, True)
    if LOSSES[kind][0] in ("weston_watkins", "crammer_singer"):
        same = np.sign(moved_by(-3)) == np.sign(moved_by(3))
        is_smooth &= same.all(axis=1, keepdims=True)
    scale = np.abs(expected[is_smooth]).max(initial=1.0)
    np.testing.assert_allclose(got[is_smooth], expected[is_smooth], rtol=1e-7, atol=1e-7 * scale)


@by_examples
@given(
    classes=st.integers(2, 40),
    dtype=st.sampled_from(["float32", "float64"]),
    options=options,
    seed=st.integers(0, 999),
)
def test_they_are_symmetric(back_end, kind, classes, dtype, options, seed):
    rng = np.random.default_rng(seed)
    logits, target = problem(kind, rng, classes, dtype, options)
    u, v = (live(logits, rng.normal(size=logits.values.shape)).astype(dtype) for _ in range(2))
    of_u, of_v = (product(back_end, kind, logits, target, w).astype(float) for w in (u, v))
    terms = u * of_v, v * of_u
    scale = sum(np.abs(term).sum(axis=1) for term in terms)
    assert (
        np.abs(terms[0].sum(1) - terms[1].sum(1)) <= 4 * np.finfo(dtype).eps * scale + 1e-13
    ).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("classes", [2, 5, 40])
@pytest.mark.parametrize("choice", range(8))
def test_they_are_those_of_the_reference_also_in_special_rows(
    back_end, kind, dtype, classes, choice
):
    rng = np.random.default_rng(choice)
    options = [bool(choice & bit) for bit in (1, 2, 4)]
    logits, target = problem(kind, rng, classes, dtype, options)
    values = logits.values
    if kind != "log loss":
        rows = values if values.ndim == 2 else np.moveaxis(values, 1, -1)
        places = [np.unravel_index(r, rows.shape[:-1]) for r in range(5)]
        rows[places[0]] = 1.5
        rows[(*places[1], 0)] = -INF
        rows[(*places[2], 1)] = INF
        rows[(*places[3], 0)] = NAN
        rows[places[4]] = -INF
    vector = rng.normal(size=values.shape).astype(dtype)
    if logits.where.size:
        vector[~logits.where] = NAN  # of classes that do not exist
    got = product(back_end, kind, logits, target, vector)
    expected = product(reference, kind, logits, target, vector)
    assert got.dtype == dtype
    assert got.shape == values.shape
    rtol = max(1e-11, float(np.finfo(dtype).eps))
    np.testing.assert_allclose(got, expected, rtol=rtol, atol=1e-12)
    out = np.full_like(values, 99.0)
    name, extra, _ = LOSSES[kind]
    call = getattr(back_end, f"{name}_hessian_product")
    assert call(logits, target, *extra, vector, out) is out
    np.testing.assert_array_equal(out, got)


def elements(name, dtype, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=50) * 3 if name == "binary_cross_entropy" else rng.uniform(0.1, 0.9, 50)
    weight = rng.random(50) * (np.arange(50) % 7 > 0)
    return x.astype(dtype), rng.choice([0.0, 0.3, 1.0], 50), 2.0, weight


@pytest.mark.parametrize("name", BINARY)
def test_those_of_elements_are_the_derivative_of_the_gradient(back_end, name):
    x, *of_target = elements(name, "float64")
    vector, step = np.random.default_rng(1).normal(size=x.size), 2.0**-12

    def moved_by(steps):
        return getattr(back_end, name)(x + steps * step * vector, *of_target)[1]

    slope = 8 * (moved_by(1) - moved_by(-1)) - (moved_by(2) - moved_by(-2))
    got = getattr(back_end, f"{name}_hessian_product")(x, *of_target, vector)
    np.testing.assert_allclose(got, slope / (12 * step), rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", BINARY)
def test_those_of_elements_are_those_of_the_reference(back_end, name, dtype):
    x, yes, positive, weight = elements(name, dtype)
    x[1], x[8] = NAN, INF if name == "binary_cross_entropy" else 1.0
    weight[[1, 8]] = 1.0
    x[7], weight[7] = NAN, 0.0
    yes[8] = 1.0
    vector = np.random.default_rng(2).normal(size=x.size).astype(dtype)
    args = x, yes, positive, weight, vector
    got = getattr(back_end, f"{name}_hessian_product")(*args)
    expected = getattr(reference, f"{name}_hessian_product")(*args)
    assert got.dtype == dtype
    np.testing.assert_allclose(got, expected, rtol=max(1e-11, float(np.finfo(dtype).eps)))


def test_the_plain_hinges_have_none(back_end):
    z = np.random.default_rng(3).normal(size=(4, 5))
    target = Target(np.arange(4), np.ones(4), NOTHING)
    for name in ("weston_watkins", "crammer_singer"):
        call = getattr(back_end, f"{name}_hessian_product")
        assert (call(Logits(z), target, 1.0, False, z) == 0).all()
