"""The first matrix of L-BFGS: what it is the inverse of, and that it is positive definite."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import csr_array

import normexp as nex
from normexp.linear import first_matrix
from normexp.linear.centring import Centred
from normexp.linear.covariance import spectrum_of
from normexp.linear.curvature import curvature_of
from normexp.linear.first_matrix import FirstMatrix
from normexp.linear.kronecker import KroneckerInverse
from normexp.linear.newton import NewtonMatrix
from normexp.linear.objective import Objective
from normexp.linear.pairs import MOST, Pairs
from normexp.losses import RowLoss

CLASSES, ROWS, SIZE = 4, 60, 5


class Own(RowLoss):
    """Σ_j log cosh(z_j − [j = y]), which tells no second derivative."""

    is_smooth = is_convex = True

    def of_rows(self, logits, target):
        d = logits - np.eye(logits.shape[1])[target]
        return np.log(np.cosh(d)).sum(axis=1), np.tanh(d)


LOSSES = [
    nex.CrossEntropy(),
    nex.CrossEntropy(temperature=0.5, label_smoothing=0.1),
    nex.CrossEntropy(softcap=3.0, z_loss=0.01),
    nex.SquaredError(),
    nex.MulticlassHinge(squared=True),
    Own(),
]
CONVEX = [loss for loss in LOSSES if loss.is_convex]
EXACT = [loss for loss in CONVEX if loss.kernel is not None]


def problem(loss=LOSSES[0], fit_intercept=True, alpha=0.1, rows=ROWS, size=SIZE):
    rng = np.random.default_rng(3)
    weight = rng.random(rows)
    return Objective(
        replace(loss, reduction="sum"),
        3 + rng.normal(size=(rows, size)) * np.arange(1, size + 1),
        rng.integers(0, CLASSES, rows),
        weight / weight.sum(),
        CLASSES,
        alpha,
        fit_intercept,
    )


def covariance_of(objective, mean):
    x = objective.features - mean
    return (x.T * objective.sample_weight) @ x


def matrix_of(inverse, size=SIZE):
    """All of an inverse Hessian, column by column, for W row by row and then c."""
    units = np.eye(CLASSES * (size + 1))
    columns = [
        inverse.times(unit[: CLASSES * size].reshape(CLASSES, size), unit[CLASSES * size :])
        for unit in units
    ]
    return np.array([np.append(weight.ravel(), bias) for weight, bias in columns]).T


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_curvature_is_that_of_differences_of_the_gradient(loss):
    objective = problem(loss)
    bound, weight = objective.bound, objective.sample_weight
    logits = np.random.default_rng(0).normal(size=(ROWS, CLASSES))
    steps = 1e-5 * np.eye(CLASSES)
    slopes = [
        bound.value_and_grad(logits + e).grad - bound.value_and_grad(logits - e).grad for e in steps
    ]
    expected = np.stack(slopes, axis=2) / 2e-5
    curvature = curvature_of(objective.loss)
    hessians = curvature.of_rows(bound, logits, weight)
    assert_allclose(hessians, expected, rtol=1e-4, atol=1e-6)
    if curvature.mean is not None:
        assert_allclose(curvature.mean(logits, weight), hessians.sum(axis=0), atol=1e-14)


@pytest.mark.parametrize("loss", CONVEX, ids=repr)
def test_the_kronecker_inverse_is_that_of_the_kronecker_product(loss):
    objective = problem(loss)
    rng = np.random.default_rng(0)
    mean = objective.features.T @ objective.sample_weight
    logits = rng.normal(size=(ROWS, CLASSES))
    weight = objective.sample_weight
    c = curvature_of(objective.loss).of_rows(objective.bound, logits, weight).sum(axis=0)
    c += 0.01 * np.eye(CLASSES)  # away from the direction in which softmax has none
    covariance = covariance_of(objective, mean)
    spectrum = spectrum_of(objective.features, np.arange(ROWS), weight, mean, SIZE)
    found = matrix_of(KroneckerInverse(spectrum, c, 0.1))
    size = CLASSES * SIZE
    of_weight = np.linalg.inv(np.kron(c, covariance) + 0.1 * np.eye(size))
    assert_allclose(found[:size, :size], of_weight, rtol=0, atol=1e-12)
    assert_allclose(found[size:, size:], np.linalg.inv(c), rtol=1e-10)
    assert not found[:size, size:].any()
    assert not found[size:, :size].any()


@pytest.mark.parametrize("rank", [2, 6, 40])
@pytest.mark.parametrize("curvature", ["softmax", "negative", "nearly none"])
@pytest.mark.parametrize("alpha", [0.0, 1e-12, 1.0])
def test_the_kronecker_inverse_is_symmetric_and_positive_definite(rank, curvature, alpha):
    objective = problem(rows=30, size=40)
    objective.features[:, 3] = 7  # constant
    objective.features[:, 4] = objective.features[:, 5]
    objective.features[:, 6] *= 1e6
    mean = objective.features.T @ objective.sample_weight
    spectrum = spectrum_of(
        objective.features, np.arange(30), objective.sample_weight, mean, min(rank, 40)
    )
    p = np.array([0.9, 0.1 - 1e-9, 1e-9, 0.0])
    c = {
        "softmax": np.diag(p) - np.outer(p, p),
        "negative": np.diag([1.0, -2.0, 0.1, 0.0]),
        "nearly none": 1e-200 * (np.eye(CLASSES) - 1 / CLASSES),
    }[curvature]
    inverse = KroneckerInverse(spectrum, c, alpha)
    found = matrix_of(inverse, 40)
    largest = np.abs(found).max()
    assert np.isfinite(found).all()
    assert_allclose(found, found.T, rtol=0, atol=1e-9 * largest)
    rng = np.random.default_rng(0)
    for _ in range(20):
        weight, at_mean = rng.normal(size=(CLASSES, 40)), rng.normal(size=CLASSES)
        form = inverse.form(weight, at_mean)
        product = inverse.times(weight, at_mean)
        assert form > 0
        assert form == pytest.approx(np.vdot(weight, product[0]) + at_mean @ product[1], rel=1e-6)


def test_a_spectrum_of_few_directions_has_the_largest():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 60)) * np.logspace(0, -4, 60) + 2
    weight = np.full(500, 1 / 500)
    mean = weight @ x
    expected = np.linalg.eigvalsh((x - mean).T @ (x - mean) / 500)
    for features in (x, csr_array(x)):
        found = spectrum_of(features, np.arange(500), weight, mean, 20)
        assert_allclose(found.values[10:], expected[-10:], rtol=1e-4)
        assert found.tail == found.values[0]
        assert_allclose(found.vectors.T @ found.vectors, np.eye(20), atol=1e-12)


def test_features_far_from_zero_have_the_spectrum_of_those_near_it():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(5000, 6))
    weight = np.full(5000, 1 / 5000)
    near = spectrum_of(x, np.arange(5000), weight, weight @ x, 6)
    far = spectrum_of(x + 1e8, np.arange(5000), weight, weight @ (x + 1e8), 6)
    assert_allclose(far.values, near.values, rtol=1e-6)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("loss", EXACT, ids=repr)
def test_the_exact_inverse_is_that_of_differences_of_the_gradient(loss, fit_intercept):
    objective = problem(loss, fit_intercept)
    first = NewtonMatrix(objective)
    centred = Centred(objective, first.watched)
    params = 0.1 * np.random.default_rng(1).normal(size=CLASSES * (SIZE + fit_intercept))
    steps = 1e-6 * np.eye(len(params))
    slopes = [centred.at(params + e).grad - centred.at(params - e).grad for e in steps]
    centred.at(params)
    inverse = first.at(centred.mean, 0)
    units = np.eye(len(params))
    columns = [objective.join(*inverse.times(*objective.split(unit))) for unit in units]
    hessian = np.array(slopes) / 2e-6
    values, vectors = np.linalg.eigh((hessian + hessian.T) / 2)
    curved = vectors[:, values > 1e-6]  # a constant added to the logits is not, for most losses
    grad = curved @ np.random.default_rng(2).normal(size=curved.shape[1])
    assert_allclose(hessian @ np.array(columns).T @ grad, grad, rtol=1e-3, atol=1e-5)


def test_an_exact_inverse_is_positive_definite_where_features_repeat():
    objective = problem(alpha=0.0)
    objective.features[:, 1], objective.features[:, 2] = objective.features[:, 0], 5.0
    objective.features[:, 3] *= 1e6
    first = NewtonMatrix(objective)
    centred = Centred(objective, first.watched)
    centred.at(np.zeros(CLASSES * (SIZE + 1)))
    inverse = first.at(centred.mean, 0)
    rng = np.random.default_rng(1)
    for _ in range(20):
        assert inverse.form(rng.normal(size=(CLASSES, SIZE)), rng.normal(size=CLASSES)) > 0


def test_the_exact_inverse_is_of_all_rows_however_many(monkeypatch):
    monkeypatch.setattr(first_matrix, "ROWS", 10)
    objective = problem()
    assert len(NewtonMatrix(objective).watched.index) == ROWS
    assert len(FirstMatrix(objective).watched.index) == 4 * SIZE


@pytest.mark.parametrize("count", [1, 3, MOST + 7])
def test_pairs_correct_the_first_matrix_as_the_two_loops_do(count):
    objective = problem(alpha=0.1)
    size = CLASSES * (SIZE + 1)
    rng = np.random.default_rng(0)
    root = rng.normal(size=(size, size))
    hessian = root @ root.T + np.eye(size)
    spectrum = spectrum_of(
        objective.features, np.arange(ROWS), objective.sample_weight, np.zeros(SIZE), SIZE
    )
    inverse = KroneckerInverse(spectrum, np.eye(CLASSES), 0.1)
    pairs = Pairs(objective, size)
    steps = rng.normal(size=(count, size))
    for step in steps:
        pairs.add(step, hessian @ step)
    grad = rng.normal(size=size)
    kept = [(step, hessian @ step) for step in steps[-MOST:]]
    expected, shares = grad.copy(), []
    for step, change in reversed(kept):
        shares.append(step @ expected / (step @ change))
        expected -= shares[-1] * change
    first = matrix_of(inverse)
    step, change = kept[-1]
    expected = (step @ change) / (change @ first @ change) * (first @ expected)
    for (step, change), share in zip(kept, reversed(shares), strict=True):
        expected += (share - change @ expected / (step @ change)) * step
    found = pairs.times(grad, inverse)
    assert_allclose(found, expected, rtol=1e-7, atol=1e-9 * np.abs(expected).max())
    assert_allclose(pairs.times(change, inverse), step, rtol=1e-7, atol=1e-9)


def test_a_pair_without_curvature_is_left_out():
    pairs = Pairs(problem(), 24)
    pairs.add(np.ones(24), -np.ones(24))
    pairs.add(np.ones(24), np.full(24, np.nan))
    assert len(pairs) == 0


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_centred_coordinates_have_the_value_and_the_gradient_of_centred_features(fit_intercept):
    objective = problem(fit_intercept=fit_intercept)
    centred = Centred(objective, FirstMatrix(objective).watched)
    params = np.random.default_rng(1).normal(size=CLASSES * (SIZE + fit_intercept))
    mean = objective.features.T @ objective.sample_weight if fit_intercept else np.zeros(SIZE)
    written_down = replace(objective, features=objective.features - mean)
    value, grad = written_down(params)
    point = centred.at(params)
    assert point.value == pytest.approx(value, rel=1e-13)
    assert_allclose(point.grad, grad, rtol=1e-10, atol=1e-13)
    assert_allclose(centred.centred(centred.plain(params)), params, atol=1e-12)
