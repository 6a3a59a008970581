"""L1 and elastic net: scikit-learn's optima, exact zeros, the conditions of a minimum, the gap."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.datasets import load_digits, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

import normexp as nex
from normexp.linear import LinearClassifier, MulticlassSVM, SoftmaxRegression, working_set
from normexp.linear.centring import Centred
from normexp.linear.conjugate_gradients import conjugate_gradients
from normexp.linear.duality_gap import DualityGap
from normexp.linear.objective import Objective
from normexp.linear.sampling import Watched
from normexp.linear.shifts import sees_no_shift, with_least_penalty
from tests.linear.overlapping import Robust, data

LOSSES = [
    nex.CrossEntropy(),
    nex.CrossEntropy(label_smoothing=0.1, temperature=2.0),
    nex.SquaredError(),
    Robust(),
]
every_loss = pytest.mark.parametrize("loss", LOSSES, ids=repr)


@pytest.fixture(params=["written down", "multiplied by"])
def hessian(request, monkeypatch):
    """Each way to the Hessian, whatever the size of the problem."""
    if request.param == "multiplied by":
        monkeypatch.setattr(working_set, "MOST_PARAMS", 0)


def objective_at(weight, bias, X, y, model, sample_weight=None, loss=None):
    mean = (loss or nex.CrossEntropy()).linear(X, weight, y, bias, sample_weight)
    alpha, share = model.alpha, model.l1_ratio
    squares, sizes = (weight**2).sum(), np.abs(weight).sum()
    return mean + alpha * (share * sizes + (1 - share) / 2 * squares)


def by_saga(model, X, y, sample_weight=None):
    """scikit-learn's objective, which is ours: that of its weights in ours."""
    total = len(y) if sample_weight is None else sample_weight.sum()
    peer = LogisticRegression(
        C=1 / (model.alpha * total),
        l1_ratio=model.l1_ratio,
        solver="saga",
        fit_intercept=model.fit_intercept,
        tol=1e-9,
        max_iter=50_000,
        random_state=0,
    ).fit(X, y, sample_weight)
    return objective_at(peer.coef_, peer.intercept_, X, y, model, sample_weight), peer


@pytest.mark.parametrize("l1_ratio", [1.0, 0.3])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("kind", [np.asarray, csr_array])
def test_the_optimum_is_that_of_saga(l1_ratio, fit_intercept, kind):
    X, y = load_iris(return_X_y=True)
    X = kind(StandardScaler().fit_transform(X))
    model = SoftmaxRegression(alpha=0.01, l1_ratio=l1_ratio, fit_intercept=fit_intercept)
    theirs, peer = by_saga(model.fit(X, y), X, y)
    assert model.objective_ == pytest.approx(theirs, rel=1e-6)
    assert model.objective_ <= theirs * (1 + 1e-9)
    assert_allclose(model.coef_, peer.coef_, atol=2e-3)
    assert_array_equal(model.coef_ == 0, peer.coef_ == 0)


def test_the_optimum_is_that_of_saga_with_weights_and_zeros_of_features():
    X, y = data(rows=90, size=12)
    X[np.abs(X) < 0.8] = 0
    weight = np.random.default_rng(1).integers(0, 4, len(y)).astype(float)
    model = SoftmaxRegression(alpha=0.02, l1_ratio=0.7)
    for features in (X, csr_array(X)):
        model.fit(features, y, sample_weight=weight)
        theirs, _ = by_saga(model, X, y, weight)
        assert model.objective_ == pytest.approx(theirs, rel=1e-6)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.4])
def test_two_classes_have_the_optimum_of_saga_whose_one_row_is_their_difference(l1_ratio):
    X, y = data(classes=2)
    alpha = 0.02
    model = SoftmaxRegression(alpha=alpha, l1_ratio=l1_ratio, tol=1e-10).fit(X, y)
    share = 2 * l1_ratio / (1 + l1_ratio)  # ours of theirs is l = r / (2 − r)
    peer = LogisticRegression(
        C=(2 - share) / (alpha * len(y)), l1_ratio=share, solver="saga", tol=1e-9, max_iter=50_000
    ).fit(X, y)
    assert_allclose(np.diff(model.coef_, axis=0), peer.coef_, atol=1e-5)
    assert_allclose(model.predict_proba(X), peer.predict_proba(X), atol=1e-5)


def conditions(model, X, y, loss):
    """How far the slopes are from what a minimum asks of them, in parts of alpha."""
    _, _, grad, slope = loss.linear_value_and_grad(X, model.coef_, y, model.intercept_)
    lasso = model.alpha * model.l1_ratio
    grad = grad + (model.alpha - lasso) * model.coef_
    at_zero = np.maximum(np.abs(grad) - lasso, 0)
    elsewhere = np.abs(grad + lasso * np.sign(model.coef_))
    weights = np.where(model.coef_ == 0, at_zero, elsewhere).max()
    return max(weights, np.abs(slope).max() if model.fit_intercept else 0.0) / model.alpha


@every_loss
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_the_conditions_of_the_minimum_hold(loss, l1_ratio, fit_intercept, hessian):
    X, y = data()
    model = LinearClassifier(
        loss, alpha=0.05, l1_ratio=l1_ratio, fit_intercept=fit_intercept, tol=1e-10
    ).fit(X + 1, y)
    assert conditions(model, X + 1, y, loss) <= 1e-4
    assert model.gap_ <= 1e-10
    assert 0 < np.count_nonzero(model.coef_) < model.coef_.size
    assert model.objective_ == pytest.approx(
        objective_at(model.coef_, model.intercept_, X + 1, y, model, loss=loss), rel=1e-12
    )


def gain_of_a_step(model, X, y):
    """What a proximal gradient step is certain to gain: it needs no tolerance for slopes.

    With L no less than the largest curvature it is ``L/2 · ‖step‖²``, at most what is left to gain.
    A Hessian of cross-entropy by the logits is at most ½.
    """
    _, _, grad, slope = nex.CrossEntropy().linear_value_and_grad(
        X, model.coef_, y, model.intercept_
    )
    lasso = model.alpha * model.l1_ratio
    ridge = model.alpha - lasso
    ones = np.full((len(X), 1), float(model.fit_intercept))
    whole = np.hstack([X, ones])
    largest = np.linalg.norm(whole, 2) ** 2 / (2 * len(X)) + ridge
    there = model.coef_ - (grad + ridge * model.coef_) / largest
    there = np.sign(there) * np.maximum(np.abs(there) - lasso / largest, 0)
    squares = np.square(there - model.coef_).sum()
    if model.fit_intercept:
        squares += np.square(slope / largest).sum()
    return largest / 2 * squares


@settings(max_examples=30, deadline=None)
@given(
    rows=st.integers(4, 40),
    size=st.integers(1, 12),
    classes=st.integers(2, 5),
    seed=st.integers(0, 10**6),
    alpha=st.floats(1e-5, 1.0),
    l1_ratio=st.sampled_from([1e-3, 0.5, 0.99, 1.0]),
    fit_intercept=st.booleans(),
    copies=st.booleans(),
)
def test_any_data_come_to_their_minimum(
    rows, size, classes, seed, alpha, l1_ratio, fit_intercept, copies
):
    X, y = data(max(rows, classes), size, classes, seed)
    y[:classes] = np.arange(classes)
    if copies:
        X = np.hstack([X, X[:, :1], np.ones((len(X), 1))])
    model = SoftmaxRegression(
        alpha=alpha, l1_ratio=l1_ratio, fit_intercept=fit_intercept, tol=1e-8
    ).fit(X, y)
    assert model.gap_ <= 1e-8
    assert gain_of_a_step(model, X, y) <= model.gap_ * model.objective_ + 1e-14


@every_loss
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize("scale", [0.0, 0.1, 1.0])
def test_the_gap_bounds_the_distance_to_the_minimum(loss, l1_ratio, scale):
    X, y = data()
    weight = np.full(len(y), 1 / len(y))
    summed = replace(loss, reduction="sum")
    objective = Objective(summed, X + 1, y, weight, 3, 0.05, True, l1_ratio)
    centred = Centred(objective, Watched(objective.bound, np.arange(len(y))))
    best = LinearClassifier(loss, alpha=0.05, l1_ratio=l1_ratio, tol=1e-12).fit(X + 1, y)
    rng = np.random.default_rng(3)
    near = objective.join(best.coef_, best.intercept_)
    for params in (scale * rng.normal(size=27), near * (1 + 0.1 * scale * rng.normal(size=27))):
        point = centred.at(centred.centred(params))
        above = (point.value - best.objective_) / point.value
        gap = DualityGap(centred)(point)
        assert above <= gap * (1 + 1e-9) + 1e-14
        if scale == 0 and params is near:
            assert gap <= 1e-8


def test_an_alpha_that_leaves_nothing_but_intercepts():
    X, y = data()
    model = SoftmaxRegression(alpha=1.0, l1_ratio=1.0).fit(X, y)
    assert not model.coef_.any()
    assert_allclose(model.predict_proba(X[:1])[0], np.bincount(y) / len(y), rtol=1e-5)
    assert model.gap_ <= 1e-6
    nothing = SoftmaxRegression(alpha=1.0, l1_ratio=1.0, fit_intercept=False).fit(X, y)
    assert not nothing.coef_.any()
    assert nothing.n_iter_ == 0


@pytest.mark.parametrize("load", [load_wine, load_digits], ids=["wine", "digits"])
@pytest.mark.parametrize("alpha", [1e-2, 1e-5])
def test_few_iterations(load, alpha):
    X, y = load(return_X_y=True)
    X, y = (X[::6, :32], y[::6]) if load is load_digits else (X, y)
    model = SoftmaxRegression(alpha=alpha, l1_ratio=1.0).fit(StandardScaler().fit_transform(X), y)
    assert model.n_iter_ <= 30
    assert model.gap_ <= 1e-6


def test_ways_to_the_hessian_agree(hessian):
    X, y = data(rows=200, size=300, classes=4)
    model = SoftmaxRegression(alpha=0.01, l1_ratio=0.9).fit(X, y)
    assert model.gap_ <= 1e-6
    same = SoftmaxRegression(alpha=0.01, l1_ratio=0.9).fit(csr_array(X), y)
    assert model.objective_ == pytest.approx(same.objective_, rel=2e-6)


def test_many_classes():
    rng = np.random.default_rng(0)
    y = np.arange(400) % 40
    X = rng.normal(size=(40, 20))[y] + 0.1 * rng.normal(size=(400, 20))
    model = SoftmaxRegression(alpha=1e-3, l1_ratio=1.0).fit(X, y)
    assert model.gap_ <= 1e-6
    assert model.score(X, y) > 0.95


def test_a_loss_that_is_not_convex_comes_to_a_stationary_point(hessian):
    X, y = data()
    model = LinearClassifier(nex.Focal(), alpha=0.01, l1_ratio=1.0).fit(X, y)
    assert model.gap_ <= 1e-6
    assert conditions(model, X, y, nex.Focal()) <= 1e-2


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_soft_labels_are_repeated_samples(l1_ratio, hessian):
    X, y = data()
    shares = np.random.default_rng(0).dirichlet(np.ones(3), len(y))
    model = SoftmaxRegression(alpha=0.02, l1_ratio=l1_ratio, tol=1e-10)
    soft = model.fit(X, shares).objective_
    weights = shares.T.ravel()
    model.fit(np.vstack([X] * 3), np.repeat(np.arange(3), len(y)), sample_weight=weights)
    assert soft == pytest.approx(model.objective_, rel=1e-9)


def test_a_start_at_the_minimum_stays_there():
    X, y = data()
    model = SoftmaxRegression(alpha=0.01, l1_ratio=0.5, warm_start=True).fit(X, y)
    assert model.fit(X, y).n_iter_ == 0


def test_float32_and_callbacks_and_words():
    X, y = data()
    states = []
    model = SoftmaxRegression(alpha=0.01, l1_ratio=1.0, callbacks=[states.append])
    model.fit(X.astype(np.float32), y)
    assert model.coef_.dtype == np.float32
    assert len(states) == model.n_iter_
    assert (np.diff([state.objective for state in states]) <= 0).all()
    assert model.solver_ == "proximal Newton's method: the penalty has an L1 norm"
    assert model.result_.startswith("converged in ")
    with pytest.warns(ConvergenceWarning, match="Raise max_iter"):
        model.set_params(max_iter=1).fit(X, y)


def test_a_tolerance_beyond_rounding_ends():
    X, y = data()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = SoftmaxRegression(alpha=0.01, l1_ratio=1.0, tol=1e-300).fit(X, y)
    assert model.gap_ <= 1e-12


def test_no_l1_norm_is_the_ridge_penalty_alone():
    X, y = data()
    plain = SoftmaxRegression(alpha=0.01).fit(X, y)
    assert_array_equal(SoftmaxRegression(alpha=0.01, l1_ratio=0.0).fit(X, y).coef_, plain.coef_)
    free = SoftmaxRegression(alpha=0.0, l1_ratio=1.0).fit(X, y)
    assert "Newton's method" in free.solver_
    near = SoftmaxRegression(alpha=0.01, l1_ratio=1e-9).fit(X, y)
    assert near.objective_ == pytest.approx(plain.objective_, rel=1e-6)


@pytest.mark.parametrize(
    ("model", "error", "words"),
    [
        (SoftmaxRegression(l1_ratio=1.5), ValueError, "l1_ratio must be between 0"),
        (SoftmaxRegression(l1_ratio="l1"), TypeError, "l1_ratio must be a number"),
        (MulticlassSVM(l1_ratio=0.5), ValueError, "l1_ratio must be 0 for a hinge"),
        (MulticlassSVM(l1_ratio=0.5, squared=True), ValueError, "l1_ratio must be 0 for a hinge"),
        (SoftmaxRegression(l1_ratio=0.5, solver="lbfgs"), ValueError, "knows no L1 norm"),
    ],
)
def test_bad_parameters_are_named(model, error, words):
    with pytest.raises(error, match=words):
        model.fit(*data())


def test_shifts():
    assert sees_no_shift(nex.CrossEntropy(temperature=3.0), 4)
    assert sees_no_shift(nex.MulticlassHinge(squared=True), 4)
    assert not sees_no_shift(nex.SquaredError(), 4)
    assert not sees_no_shift(nex.CrossEntropy(softcap=5.0), 4)
    weight = np.random.default_rng(0).normal(size=(4, 6)) + 1
    for ridge in (0.0, 0.1, 10.0):
        found = with_least_penalty(weight, 0.3, ridge)
        shifts = (found - weight)[0]
        assert_allclose(found - weight, np.broadcast_to(shifts, weight.shape), atol=1e-15)

        def penalty(weight, ridge=ridge):
            return 0.3 * np.abs(weight).sum(axis=0) + ridge / 2 * (weight**2).sum(axis=0)

        for other in (-1e-3, 1e-3):
            assert (penalty(found) <= penalty(found + other) + 1e-15).all()


def test_what_adds_to_all_logits_alike_stays_out_of_the_weights():
    X, y = data(classes=4)
    model = SoftmaxRegression(alpha=0.01, l1_ratio=0.5).fit(X + 3, y)
    assert_allclose((model.intercept_ + model.coef_ @ (X + 3).mean(axis=0)).sum(), 0, atol=1e-12)
    lasso = SoftmaxRegression(alpha=0.01, l1_ratio=1.0).fit(X, y)
    assert np.abs(np.sign(lasso.coef_).sum(axis=0)).max() <= 2  # with a median of 0


def test_conjugate_gradients_solve_and_know_what_curves_downwards():
    rng = np.random.default_rng(0)
    root = rng.normal(size=(6, 6))
    matrix, right = root @ root.T, rng.normal(size=6)
    found = conjugate_gradients(lambda v: matrix @ v, right, matrix.diagonal(), 1e-12, 50)
    assert_allclose(matrix @ found, right, atol=1e-8)
    downwards = conjugate_gradients(lambda v: -v, right, np.ones(6), 1e-12, 50)
    assert downwards @ right > 0
