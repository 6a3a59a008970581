"""Logits near the largest number of their type: what has room in it is right, and the rest is inf.

Steps on the way (a gap between two logits, a logit divided by the temperature, a square) may have
no room where the result has, because the temperature or a weight brings it back.
"""

import ml_dtypes
import mpmath
import numpy as np
import pytest

import normexp as nex
from benchmarks.oracle import PRECISION, oracle_row
from benchmarks.truth import precision

# Storage, accuracy, the bound of what has the type of the logits, and that of losses.
PRECISIONS = {
    "float16": ("float16", "exact", 0.51, 4.0),
    "bfloat16": ("bfloat16", "exact", 0.51, 4.0),
    "float32": ("float32", "exact", 0.51, 0.51),
    "float32 fast": ("float32", "fast", 4.0, 4.0),
    "float64": ("float64", "exact", 4.0, 4.0),
}
TEMPERATURES = [1e-3, 0.5, 1.0, 2.0, 10.0]
WEIGHTS = [1.0, 2.0**-9, 1e-3]
# Of the largest number.
ROWS = [
    [1, -1, 0],
    [1, 0.5, -1],
    [-1, -1, -0.5],
    [1, 1, 0.25],
    [-0.6, 0.6, 0],
    [0.1, -0.2, 0],
    [0, 1e-3, -1e-3],
    [-1, -1, -1],
]
SQUARED = [[1e-30, 0, 2e-30], [3e-20, -1e-20, 0]]  # whose squares may have no room


@pytest.fixture(params=PRECISIONS)
def kind(request):
    dtype, accuracy, *bounds = PRECISIONS[request.param]
    with nex.accuracy(accuracy), mpmath.workprec(2 * PRECISION):
        yield np.dtype(dtype), *bounds


@pytest.fixture(params=[3, 40], ids=["few classes", "many classes"])
def classes(request):
    return request.param


@pytest.fixture(params=TEMPERATURES)
def temperature(request):
    return request.param


@pytest.fixture(params=WEIGHTS)
def weight(request):
    return request.param


def largest(dtype):
    return float(ml_dtypes.finfo(dtype).max)


def logits(dtype, classes, rows=ROWS):
    """The rows, each with its last class repeated."""
    x = np.array(rows) * largest(dtype)
    return np.concatenate([x, np.repeat(x[:, -1:], classes - 3, axis=1)], axis=1).astype(dtype)


def exact(row):
    return [mpmath.mpf(float(x)) for x in row]


def assert_within(bound, got, true):
    """Each within so many ULP of the truth; infinite where that has no room, and only there."""
    got = np.atleast_1d(got)
    least, digits = precision(got.dtype)
    for value, of in zip(got.astype(np.float64).tolist(), true, strict=True):
        exponent = mpmath.frexp(of)[1] - 1 if of else least
        spacing = mpmath.ldexp(1, max(int(exponent), least) - digits)
        if abs(of) > largest(got.dtype) + spacing / 2:
            assert value == float(mpmath.sign(of)) * np.inf, f"{value} for {mpmath.nstr(of, 9)}"
        elif abs(of) < largest(got.dtype) * (1 - 2.0 ** (2 - digits)):  # may round to inf
            error = abs(value - of) / spacing if np.isfinite(value) else np.inf
            assert error <= bound, f"{value} for {mpmath.nstr(of, 9)}"


def targets(classes):
    return sorted({0, 1, 2, classes - 1})


def test_functions(kind, classes, temperature):
    dtype, bound, _ = kind
    x = logits(dtype, classes)
    p = nex.softmax(x, temperature=temperature)
    log_p = nex.log_softmax(x, temperature=temperature)
    sums = nex.logsumexp(x)
    for r, row in enumerate(x):
        truth = oracle_row(row, temperature)
        assert_within(bound, p[r], [truth.probability(k) for k in range(classes)])
        assert_within(bound, log_p[r], [-truth.surprise(k) for k in range(classes)])
        assert_within(bound, sums[r], [oracle_row(row).logsumexp()])


def test_functions_of_elements(kind):
    dtype, bound, bound_of_losses = kind
    x = logits(dtype, 3).reshape(-1)
    z = exact(x)
    assert_within(bound, nex.sigmoid(x), [1 / (1 + mpmath.exp(-z_k)) for z_k in z])
    softplus = [max(z_k, 0) + mpmath.log1p(mpmath.exp(-abs(z_k))) for z_k in z]
    assert_within(bound, nex.log_sigmoid(x), [z_k - s for z_k, s in zip(z, softplus, strict=True)])
    loss = nex.BinaryCrossEntropy(reduction="none", pos_weight=4.0)
    for weight in WEIGHTS:
        value, grad = loss.value_and_grad(x, np.zeros(x.size), weight)
        true = [weight * s for s in softplus]
        assert_within(bound_of_losses, value, true)
        assert_within(bound, grad, [weight / (1 + mpmath.exp(-z_k)) for z_k in z])
        value, grad = loss.value_and_grad(x, np.ones(x.size), weight)
        true = [4 * weight * (s - z_k) for s, z_k in zip(softplus, z, strict=True)]
        assert_within(bound_of_losses, value, true)
        assert_within(bound, grad, [-4 * weight / (1 + mpmath.exp(z_k)) for z_k in z])


def test_cross_entropy(kind, classes, temperature, weight):
    dtype, bound, bound_of_losses = kind
    x = logits(dtype, classes)
    loss = nex.CrossEntropy(temperature=temperature, reduction="none")
    for y in targets(classes):
        value, grad = loss.value_and_grad(x, np.full(len(x), y), weight)
        for r, row in enumerate(x):
            truth = oracle_row(row, temperature)
            assert_within(bound_of_losses, value[r], [weight * truth.surprise(y)])
            true = [truth.probability(k) if k != y else -truth.others(y) for k in range(classes)]
            scale = mpmath.mpf(weight) / temperature
            assert_within(bound, grad[r], [scale * g for g in true])


def test_a_mean_of_losses_has_room_where_a_loss_has_none(kind, classes):
    dtype, _, bound_of_losses = kind
    x = logits(dtype, classes)
    batch = np.concatenate([np.zeros((56, classes), dtype), x])
    y = np.ones(len(batch), int)
    true = mpmath.fsum(oracle_row(row).surprise(1) for row in x) + 56 * mpmath.log(classes)
    value, grad = nex.CrossEntropy().value_and_grad(batch, y)
    assert_within(bound_of_losses, value, [true / 64])
    assert np.isfinite(grad.astype(np.float64)).all()


@pytest.mark.parametrize("soft", [False, True], ids=["smoothed", "soft"])
def test_cross_entropy_of_masses(kind, classes, temperature, weight, soft):
    dtype, bound, bound_of_losses = kind
    x = logits(dtype, classes)
    epsilon = 0.0 if soft else 2.0**-4
    mass = np.zeros(classes)
    mass[:2] = (0.25, 0.75) if soft else (0.0, 1.0)
    loss = nex.CrossEntropy(temperature=temperature, reduction="none", label_smoothing=epsilon)
    target = np.broadcast_to(mass, x.shape) if soft else np.ones(len(x), int)
    value, grad = loss.value_and_grad(x, target, weight)
    t = [(1 - epsilon) * m + mpmath.mpf(epsilon) / classes for m in exact(mass)]
    for r, row in enumerate(x):
        truth = oracle_row(row, temperature)
        true = weight * mpmath.fsum(t[k] * truth.surprise(k) for k in range(classes) if t[k])
        assert_within(bound_of_losses, value[r], [true])
        scale = mpmath.mpf(weight) / temperature
        true = [
            scale * ((1 - t[k]) * truth.probability(k) - t[k] * truth.others(k))
            for k in range(classes)
        ]
        least = float(scale) * max(float(ml_dtypes.finfo(dtype).eps), 1e-15)
        clear = [k for k in range(classes) if abs(true[k]) > least]  # not crossing 0
        assert_within(bound, grad[r][clear], [true[k] for k in clear])
        assert (np.abs(grad[r].astype(float)) <= 2 * float(scale)).all()


def test_z_loss(kind, classes, temperature, weight):
    dtype, _, bound_of_losses = kind
    x = logits(dtype, classes)
    loss = nex.CrossEntropy(temperature=temperature, z_loss=2.0**-6, reduction="none")
    value, grad = loss.value_and_grad(x, np.zeros(len(x), int), weight)
    for r, row in enumerate(x):
        truth = oracle_row(row, temperature)
        log_z = truth.top + mpmath.log1p(truth.rest)
        assert_within(bound_of_losses, value[r], [weight * (truth.surprise(0) + log_z**2 / 2**6)])
        pull = log_z / 2**5
        scale = mpmath.mpf(weight) / temperature
        true = [scale * (1 + pull) * truth.probability(k) for k in range(1, classes)]
        true.insert(0, scale * (pull * truth.probability(0) - truth.others(0)))
        # A factor of p that has no room itself may leave a row no numbers, but never wrong ones.
        if abs(scale * pull) > largest(dtype) and not np.isfinite(grad[r].astype(float)).all():
            continue
        assert_within(4.0, grad[r], true)


@pytest.mark.parametrize("margin", [1.0, 0.0])
@pytest.mark.parametrize("squared", [False, True], ids=["plain", "squared"])
@pytest.mark.parametrize("variant", ["weston-watkins", "crammer-singer"])
def test_hinges(kind, classes, variant, squared, margin, weight):
    mpmath.mp.prec = 2200  # 1 beside the largest number
    dtype, bound, bound_of_losses = kind
    x = logits(dtype, classes, ROWS + SQUARED)
    loss = nex.MulticlassHinge(variant=variant, squared=squared, margin=margin, reduction="none")
    power = 2 if squared else 1
    for y in targets(classes):
        value, grad = loss.value_and_grad(x, np.full(len(x), y), weight)
        for r, row in enumerate(x):
            z = exact(row)
            v = [max(margin + z_k - z[y], 0) if k != y else 0 for k, z_k in enumerate(z)]
            if variant == "crammer-singer":
                rivals = [z_k if k != y else -mpmath.inf for k, z_k in enumerate(z)]
                first = rivals.index(max(rivals))
                v = [v_k if k == first else 0 for k, v_k in enumerate(v)]
            assert_within(bound_of_losses, value[r], [weight * mpmath.fsum(a**power for a in v)])
            slopes = [weight * (2 * a if squared else 1) if a > 0 else 0 for a in v]
            slopes[y] = -mpmath.fsum(slopes)
            assert_within(bound, grad[r], slopes)


@pytest.mark.parametrize("soft", [False, True], ids=["class ids", "probabilities"])
def test_squared_error(kind, classes, weight, soft):
    mpmath.mp.prec = 2200
    dtype, bound, bound_of_losses = kind
    x = logits(dtype, classes, ROWS + SQUARED)
    t = np.eye(classes)[1]
    target = np.broadcast_to(t, x.shape) if soft else np.ones(len(x), int)
    value, grad = nex.SquaredError(reduction="none").value_and_grad(x, target, weight)
    of_p = nex.SquaredError(on="probabilities", reduction="none")
    score, slope = of_p.value_and_grad(x, target, weight)
    for r, row in enumerate(x):
        d = [z_k - t_k for z_k, t_k in zip(exact(row), t.tolist(), strict=True)]
        assert_within(bound_of_losses, value[r], [weight * mpmath.fsum(d_k**2 for d_k in d)])
        assert_within(bound, grad[r], [2 * weight * d_k for d_k in d])
        truth = oracle_row(row)
        d = [truth.probability(k) if k != 1 else -truth.others(1) for k in range(classes)]
        assert_within(bound_of_losses, score[r], [weight * mpmath.fsum(d_k**2 for d_k in d)])
        assert np.isfinite(slope[r].astype(float)).all()


@pytest.mark.parametrize("softcap", [1e-3, 30.0])
def test_a_cap_holds_any_logit(kind, classes, softcap):
    dtype, _, bound_of_losses = kind
    x = logits(dtype, classes)
    loss = nex.CrossEntropy(softcap=softcap, reduction="none")
    value, grad = loss.value_and_grad(x, np.zeros(len(x), int))
    for r, row in enumerate(x):
        assert_within(bound_of_losses, value[r], [oracle_row(row, softcap=softcap).surprise(0)])
        assert np.isfinite(grad[r].astype(float)).all()
