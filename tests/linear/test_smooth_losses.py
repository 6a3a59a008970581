"""Smooth losses come to their minimum on any features, and say how they did."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize
from scipy.sparse import csr_array
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning

import normexp as nex
from normexp.linear import LinearClassifier, SoftmaxRegression, first_matrix, newton
from normexp.linear.objective import Objective
from tests.linear.overlapping import Robust, data

LOSSES = [
    nex.CrossEntropy(),
    nex.CrossEntropy(label_smoothing=0.1, temperature=2.0),
    nex.SquaredError(),
    nex.Focal(),
    Robust(),
]
every_loss = pytest.mark.parametrize("loss", LOSSES, ids=repr)


@pytest.fixture(params=["exact", "all directions", "few directions"])
def first(request, monkeypatch):
    """Each kind of first matrix, whatever the size of the problem."""
    if request.param != "exact":
        monkeypatch.setattr(newton, "MOST_PARAMS", 0)
    if request.param == "few directions":
        monkeypatch.setattr(first_matrix, "MOST_FEATURES", 0)
        monkeypatch.setattr(first_matrix, "MOST_FEATURES_EXACT", 0)
        monkeypatch.setattr(first_matrix, "DIRECTIONS", 3)
    return request.param


def lowest(loss, X, y, alpha, fit_intercept=True):
    """The minimum by SciPy's L-BFGS, without any help."""
    classes = y.max() + 1
    weight = np.full(len(y), 1 / len(y))
    objective = Objective(
        replace(loss, reduction="sum"), X, y, weight, classes, alpha, fit_intercept
    )
    start = np.zeros(classes * (X.shape[1] + fit_intercept))
    options = {"maxiter": 20_000, "maxfun": 40_000, "ftol": 0, "gtol": 1e-9}
    return minimize(objective, start, jac=True, method="L-BFGS-B", options=options).fun


@every_loss
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_the_minimum_is_that_of_another_solver(loss, fit_intercept, first):
    X, y = data()
    model = LinearClassifier(loss, alpha=0.01, tol=1e-9, fit_intercept=fit_intercept).fit(X + 1, y)
    expected = lowest(loss, X + 1, y, 0.01, fit_intercept)
    assert model.objective_ == pytest.approx(expected, rel=1e-8)


@every_loss
@pytest.mark.parametrize("offset", [1.0, -1e3, 1e6])
def test_features_far_from_zero_have_the_minimum_of_those_near_it(loss, offset, first):
    X, y = data()
    near = LinearClassifier(loss, alpha=0.01, tol=1e-9).fit(X, y)
    far = LinearClassifier(loss, alpha=0.01, tol=1e-9 if abs(offset) < 1e6 else 1e-6)
    far.fit(X + offset, y)
    assert far.objective_ == pytest.approx(near.objective_, rel=1e-6)
    assert_allclose(far.coef_, near.coef_, rtol=0, atol=1e-2)
    assert far.n_iter_ <= 2 * near.n_iter_ + 5


@every_loss
def test_scales_copies_and_constants_of_features(loss, first):
    X, y = data()
    odd = np.column_stack([X * np.logspace(-3, 3, 8), X[:, :2], np.full(len(y), 7.0)])
    model = LinearClassifier(loss, alpha=1e-3, fit_intercept=False).fit(odd, y)
    assert model.gap_ <= 1e-6  # without an intercept there is no assumption in it
    with_intercept = LinearClassifier(loss, alpha=1e-3).fit(odd, y)
    assert with_intercept.objective_ <= model.objective_ * (1 + 1e-6)
    assert_allclose(with_intercept.coef_[:, 10], 0, atol=1e-4)  # b does it for nothing


@pytest.mark.parametrize("alpha", [1e-6, 1e-9, 1e-12])
def test_classes_apart_and_a_small_alpha(alpha, first):
    X, y = data(rows=60, size=2)
    centres = 10 * np.array([[0, 0], [1, 0], [0, 1]])
    X = 0.3 * X + centres[y]
    model = SoftmaxRegression(alpha=alpha).fit(X, y)
    assert model.gap_ <= 1e-6
    assert model.score(X, y) == 1
    tighter = SoftmaxRegression(alpha=alpha, tol=1e-9).fit(X, y)
    assert model.objective_ == pytest.approx(tighter.objective_, rel=2e-6)


@every_loss
@pytest.mark.parametrize(
    ("rows", "size", "classes"),
    [(20, 200, 3), (2, 5, 2), (50, 1, 2), (50, 1, 4), (80, 400, 30), (600, 3, 250)],
)
def test_shapes(loss, rows, size, classes):
    X, _ = data(rows, size, classes)
    y = np.arange(rows) % classes
    model = LinearClassifier(loss, alpha=0.01, tol=1e-8).fit(X, y)
    assert model.coef_.shape == (classes, size)
    assert model.gap_ <= 1e-8


@every_loss
def test_more_features_than_are_worth_knowing(loss):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 40)) @ rng.normal(size=(40, 1700)) + 3
    y = np.arange(300) % 4
    model = LinearClassifier(loss, alpha=1.0, solver="lbfgs").fit(X, y)
    assert model.gap_ <= 1e-6
    assert model.solver_ == "L-BFGS on 128 directions of 1700 features"


@every_loss
def test_more_rows_than_are_worth_a_look(loss, monkeypatch):
    monkeypatch.setattr(first_matrix, "ROWS", 50)
    monkeypatch.setattr(newton, "MOST_PARAMS", 0)
    X, y = data(rows=1000)
    model = LinearClassifier(loss, alpha=0.01, tol=1e-9).fit(X, y)
    monkeypatch.undo()
    same = LinearClassifier(loss, alpha=0.01, tol=1e-9).fit(X, y)
    assert model.objective_ == pytest.approx(same.objective_, rel=1e-8)


@every_loss
def test_weights_of_samples(loss, first):
    X, y = data()
    weight = np.random.default_rng(1).integers(0, 4, len(y)).astype(float)
    weight[:20] = 1e9
    model = LinearClassifier(loss, alpha=0.01, tol=1e-8).fit(X, y, sample_weight=weight)
    left = weight > 0
    fewer = LinearClassifier(loss, alpha=0.01, tol=1e-8)
    fewer.fit(X[left], y[left], sample_weight=weight[left])
    assert model.objective_ == pytest.approx(fewer.objective_, rel=2e-8)


@every_loss
def test_features_of_float32(loss, first):
    X, y = data()
    narrow = LinearClassifier(loss, alpha=0.01).fit(X.astype(np.float32), y)
    wide = LinearClassifier(loss, alpha=0.01).fit(X.astype(np.float32).astype(float), y)
    assert narrow.coef_.dtype == np.float32
    assert narrow.objective_ == wide.objective_


@every_loss
def test_sparse_features_stay_so(loss, monkeypatch):
    X, y = data(size=60)
    X[np.abs(X) < 1] = 0
    sparse = csr_array(X)
    monkeypatch.setattr(csr_array, "toarray", None)
    found = LinearClassifier(loss, alpha=0.01, tol=1e-9).fit(sparse, y)
    assert found.objective_ == pytest.approx(lowest(loss, X, y, 0.01), rel=1e-8)


def test_squares_take_one_step():
    X, y = data(rows=5000, size=30)
    model = LinearClassifier("squared-error", alpha=0.01).fit(X + 10, y)
    assert model.n_iter_ == 1


@every_loss
def test_without_a_penalty(loss, first):
    X, y = data()
    model = LinearClassifier(loss, alpha=0.0, tol=1e-12).fit(X, y)
    assert model.gap_ <= 1e-12


def test_few_iterations_where_features_are_correlated():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 60)) @ (np.logspace(0, -3, 60)[:, None] * rng.normal(size=(60, 60)))
    X += 5
    y = (X @ rng.normal(size=(60, 5)) + rng.gumbel(size=(2000, 5))).argmax(axis=1)
    assert SoftmaxRegression(alpha=1e-3).fit(X, y).n_iter_ <= 80  # it was thousands


@pytest.mark.parametrize(
    ("loss", "solver", "words"),
    [
        ("softmax", "auto", "Newton's method: there are few parameters"),
        ("softmax", "lbfgs", "L-BFGS on 8 features"),
        ("focal", "auto", "L-BFGS on 8 features"),
        ("squared-error", "auto", "normal equations: the loss is quadratic"),
        ("squared-error", "lbfgs", "L-BFGS on 8 features"),
        (Robust(), "auto", "L-BFGS on 8 features"),
        ("svm-squared", "lbfgs", "L-BFGS on 8 features"),
    ],
)
def test_the_solver_and_why(loss, solver, words):
    model = LinearClassifier(loss, alpha=0.01, solver=solver).fit(*data())
    assert model.solver_ == words
    same = LinearClassifier(loss, alpha=0.01).fit(*data())
    assert model.objective_ == pytest.approx(same.objective_, rel=2e-6)


def test_the_solver_of_hinges():
    X, y = data()
    expected = LinearClassifier("svm", alpha=0.01).fit(X, y)
    found = LinearClassifier("svm", alpha=0.01, solver="dual").fit(X, y)
    assert found.solver_ == expected.solver_
    assert_allclose(found.coef_, expected.coef_)


@pytest.mark.parametrize(
    ("loss", "solver", "words"),
    [
        ("softmax", "sgd", "solver must be one of 'auto', 'lbfgs'"),
        ("softmax", "dual", r"solver 'dual' cannot minimise CrossEntropy\(\)"),
        ("svm", "lbfgs", r"solver 'lbfgs' cannot minimise MulticlassHinge\(\)"),
    ],
)
def test_solvers_that_there_are_not(loss, solver, words):
    with pytest.raises(ValueError, match=words):
        LinearClassifier(loss, solver=solver).fit(*data())


def test_the_result_says_how_it_ended_and_what_to_do():
    X, y = data()
    found = SoftmaxRegression(alpha=0.01).fit(X, y).result_
    assert found.startswith("converged in ")
    assert found.endswith("times the objective may be left to gain; tol is 1e-06")
    stopped = SoftmaxRegression(callbacks=[lambda state: True]).fit(X, y)
    assert stopped.result_.startswith("stopped by a callback at iteration 1, where ")
    with pytest.warns(
        ConvergenceWarning, match=r"training stopped at iteration 2, .* Raise max_iter"
    ):
        model = SoftmaxRegression(max_iter=2).fit(X, y)
    assert model.result_.startswith("stopped at iteration 2, where ")
    assert "Raise max_iter (now 2)" in model.result_


def test_a_start_at_the_minimum_stays_there():
    X, y = data()
    model = SoftmaxRegression(alpha=0.01, warm_start=True).fit(X, y)
    coef = model.coef_
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(X, y)
    assert model.n_iter_ == 0
    assert model.result_.startswith("converged in 0 iterations")
    assert_allclose(model.coef_, coef, rtol=1e-15)


@pytest.mark.parametrize("columns", [2, 30, 64], ids=["Newton", "few features", "all features"])
def test_what_adds_to_all_logits_alike_stays_out_of_the_weights(columns):
    """Softmax does not see it, so that nothing but the start says what it is."""
    X, y = load_digits(return_X_y=True)
    X = np.roll(X[:400], -20, axis=1)[:, :columns] + 3.0
    model = SoftmaxRegression(alpha=0.01).fit(X, y[:400] % 4)
    assert_allclose(model.intercept_.sum(), 0, atol=1e-8)
    assert_allclose(model.coef_.sum(axis=0), 0, atol=1e-8)
