"""The Hessian product of a bound loss is the slope of its gradient, and exact."""

from dataclasses import replace

import mpmath
import numpy as np
import pytest

import normexp as nex
from benchmarks.oracle import PRECISION, oracle_row, ulps
from normexp.losses import RowLoss

CLASS_WEIGHT = (0.5, 1.0, 2.0, 0.0)
LOSSES = [
    nex.CrossEntropy(),
    nex.CrossEntropy(temperature=0.7, class_weight=CLASS_WEIGHT),
    nex.CrossEntropy(label_smoothing=0.1, z_loss=0.1, temperature=0.7, softcap=4.0),
    nex.CrossEntropy(from_logits=False, class_weight=CLASS_WEIGHT),
    nex.Focal(gamma=0.0),
    nex.Focal(gamma=0.5, temperature=0.7),
    nex.Focal(gamma=2.0, class_weight=CLASS_WEIGHT, normalizer="batch"),
    nex.MulticlassHinge(),
    nex.MulticlassHinge(squared=True),
    nex.MulticlassHinge(variant="crammer-singer", squared=True),
    nex.SquaredError(),
    nex.SquaredError(on="probabilities", reduction="sum"),
    nex.BinaryCrossEntropy(pos_weight=2.0, label_smoothing=0.1),
    nex.BinaryCrossEntropy(from_logits=False),
]
every_loss = pytest.mark.parametrize("loss", LOSSES, ids=repr)
IGNORED, MASKED = 4, (2, 3)


def problem(loss, seed=0):
    """The loss bound to weights, a masked class and an ignored row, logits and two vectors."""
    rng = np.random.default_rng(seed)
    z, weight, where = rng.normal(size=(6, 4)), rng.random(6) + 0.1, np.full((6, 4), True)
    where[MASKED] = False
    if loss.reads == "probabilities":
        z = 0.1 + 0.8 * nex.softmax(z)
    target = rng.integers(0, 3, 6)
    target[IGNORED] = -100
    if loss.is_elementwise:
        target = rng.random((6, 4))
        weight = np.repeat(weight[:, np.newaxis], 4, axis=1)
        weight[IGNORED] = 0.0
    bound = loss.bind(target, classes=4, sample_weight=weight, where=where)
    return bound, z, *rng.normal(size=(2, 6, 4))


def slope_of_gradient(bound, z, v, step=2.0**-13):
    """By differences whose errors of the second and fourth order cancel."""

    def moved_by(steps):
        return bound.value_and_grad(z + steps * step * v).grad

    ones, twos, threes = (moved_by(steps) - moved_by(-steps) for steps in (1, 2, 3))
    return (45 * ones - 9 * twos + threes) / (60 * step)


@every_loss
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_it_is_the_slope_of_the_gradient(loss, reduction):
    bound, z, v, _ = problem(replace(loss, reduction=reduction))
    got = bound.hessian_product(z, v)
    np.testing.assert_allclose(got, slope_of_gradient(bound, z, v), rtol=1e-9, atol=1e-9)
    assert got[MASKED] == 0
    assert (got[IGNORED] == 0).all()


@every_loss
def test_it_is_linear_and_symmetric(loss):
    bound, z, u, v = problem(loss, 1)
    of_u, of_v = bound.hessian_product(z, u), bound.hessian_product(z, v)
    np.testing.assert_allclose((u * of_v).sum(), (v * of_u).sum(), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(
        bound.hessian_product(z, 3 * u - v), 3 * of_u - of_v, rtol=1e-12, atol=1e-13
    )


@every_loss
def test_what_stands_where_nothing_counts_does_not_matter(loss):
    bound, z, v, _ = problem(loss)
    got = bound.hessian_product(z, v)
    for array in (z, v):
        array[IGNORED], array[MASKED] = np.nan, np.nan
    np.testing.assert_array_equal(bound.hessian_product(z, v), got)


@every_loss
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_types_and_axes(loss, dtype):
    z, v = np.random.default_rng(2).normal(size=(2, 2, 5, 4)).astype(dtype)
    if loss.reads == "probabilities":
        z = nex.softmax(z)
    target = np.random.default_rng(3).integers(0, 3, (2, 5))
    if loss.is_elementwise:
        target = np.random.default_rng(3).random((2, 5, 4)).astype(dtype)
    got = loss.bind(target, classes=4).hessian_product(z, v)
    assert (got.dtype, got.shape) == (dtype, z.shape)
    wide = loss.bind(target, classes=4).hessian_product(z.astype(float), v.astype(float))
    np.testing.assert_allclose(got, wide, rtol=float(np.finfo(dtype).eps), atol=1e-7)
    if not loss.is_elementwise:
        turned = replace(loss, axis=1).bind(target, classes=4)
        z, v = (np.ascontiguousarray(np.moveaxis(array, -1, 1)) for array in (z, v))
        np.testing.assert_array_equal(np.moveaxis(turned.hessian_product(z, v), 1, -1), got)


def exact_product(z, y, v, gamma, temperature):
    """F″ · g · (g·v) + F′ · p ∘ (v − p·v), and the size of the terms of each number."""
    row = oracle_row(z, temperature)
    classes = range(len(z))
    p, q, surprise = [row.probability(k) for k in classes], row.others(y), row.surprise(y)
    v = [mpmath.mpf(float(v_k)) / mpmath.mpf(temperature) ** 2 for v_k in v]
    g = [p[k] if k != y else -q for k in classes]
    first = q**gamma * (1 + gamma * p[y] * surprise / q)
    second = gamma * p[y] * q ** (gamma - 1) * (2 - surprise + (gamma - 1) * p[y] * surprise / q)
    along = mpmath.fsum(p[j] * (v[j] - v[y]) for j in classes)
    sizes = mpmath.fsum(p[j] * abs(v[j] - v[y]) for j in classes)
    true, terms = [], []
    for k in classes:
        apart = [p[j] * (v[k] - v[j]) for j in classes]
        true.append(second * g[k] * along + first * p[k] * mpmath.fsum(apart))
        of_apart = mpmath.fsum(abs(term) for term in apart)
        terms.append(abs(second * g[k]) * sizes + first * p[k] * of_apart)
    return true, terms


@pytest.mark.parametrize("temperature", [1.0, 0.3])
@pytest.mark.parametrize("lead", [1.0, 20.0, 40.0, 100.0])
@pytest.mark.parametrize("gamma", [None, 0.5, 1.0, 2.0])
def test_confident_rows_are_exact(gamma, lead, temperature):
    z, v = np.random.default_rng(4).normal(size=(2, 5))
    z[1] += lead
    loss = nex.CrossEntropy() if gamma is None else nex.Focal(gamma=gamma)
    loss = replace(loss, temperature=temperature)
    for y in (1, 3):
        bound = loss.bind(y, classes=5)
        with mpmath.workprec(2 * PRECISION):
            true, terms = exact_product(z, y, v, mpmath.mpf(gamma or 0), temperature)
            for value, exact, size in zip(bound.hessian_product(z, v), true, terms, strict=True):
                error = abs(mpmath.mpf(float(value)) - exact)
                assert error <= size * 2.0**-49 + mpmath.mpf(2) ** -1073  # the smallest numbers
        narrow = bound.hessian_product(np.float32(z), np.float32(v))
        with mpmath.workprec(2 * PRECISION):
            true, _ = exact_product(np.float32(z), y, np.float32(v), gamma or 0, temperature)
            assert ulps(narrow, true).max() <= 0.51


@pytest.mark.parametrize("z", [-700.0, -40.0, 0.5, 40.0, 700.0])
def test_confident_elements_are_exact(z):
    got = nex.BinaryCrossEntropy().bind(1.0).hessian_product(z, 3.0)
    with mpmath.workprec(2 * PRECISION):
        e = mpmath.exp(-abs(mpmath.mpf(z)))
        assert ulps(got, 3 * e / (1 + e) ** 2).max() <= 4


@pytest.mark.parametrize("loss", [nex.CrossEntropy(), nex.Focal(), nex.Focal(gamma=0.5)], ids=repr)
def test_spoiled_rows_are_nan_as_their_gradients_are(loss):
    z = np.array([[0, np.nan, 1], [np.inf, 0, 0], [0, -np.inf, 0], [-np.inf] * 3, [1, 2, 3]])
    v = np.random.default_rng(5).normal(size=z.shape)
    bound = replace(loss, reduction="none").bind([0, 1, 1, 1, 2], classes=3)
    gradient, got = bound.value_and_grad(z).grad, bound.hessian_product(z, v)
    np.testing.assert_array_equal(np.isnan(got), np.isnan(gradient))


def test_a_target_of_probabilities():
    loss = nex.CrossEntropy(class_weight=CLASS_WEIGHT, label_smoothing=0.2)
    rng = np.random.default_rng(6)
    z, v = rng.normal(size=(2, 5, 4))
    bound = loss.bind(rng.dirichlet(np.ones(4), 5))
    got = bound.hessian_product(z, v)
    np.testing.assert_allclose(got, slope_of_gradient(bound, z, v), rtol=1e-9, atol=1e-9)


def test_bad_input():
    bound = nex.Focal().bind([0], classes=2)
    with pytest.raises(ValueError, match="vector must have the shape of the logits"):
        bound.hessian_product([[1.0, 2.0]], [1.0, 2.0])
    with pytest.raises(ValueError, match="that the target is for"):
        bound.hessian_product([1.0, 2.0], [[1.0, 2.0]])
    with pytest.raises(TypeError, match="vector must hold"):
        bound.hessian_product([[1.0, 2.0]], [[1j, 2j]])
    for loss in (nex.CrossEntropy(from_logits=False), nex.BinaryCrossEntropy(from_logits=False)):
        target = [[0.0, 1.0]]
        with pytest.raises(ValueError, match="logits must hold probabilities"):
            loss.bind(target).hessian_product([[1.5, 0.5]], [[1.0, 1.0]])


def test_a_loss_of_ones_own_has_none():
    class Own(RowLoss):
        pass

    with pytest.raises(TypeError, match="Own has no Hessian product"):
        Own().bind([0], classes=2).hessian_product([[1.0, 2.0]], [[1.0, 2.0]])
