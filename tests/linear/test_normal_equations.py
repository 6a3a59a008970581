"""Squared error on logits: its linear equations have the minimum of L-BFGS."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import csr_array
from sklearn.linear_model import Ridge

from normexp.linear import LinearClassifier, normal_equations

NAME = "normal equations: the loss is quadratic"


def data(rows=120, size=8, classes=3):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(rows, size))
    return X, (X @ rng.normal(size=(size, classes))).argmax(axis=1)


@pytest.mark.parametrize("alpha", [1e-9, 0.01, 1.0])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("kind", [np.asarray, csr_array])
def test_the_minimum_is_that_of_lbfgs(alpha, fit_intercept, kind):
    X, y = data()
    X = X + 3
    weight = np.random.default_rng(1).integers(0, 3, len(y)).astype(float)
    options = {"alpha": alpha, "fit_intercept": fit_intercept, "tol": 1e-11}
    model = LinearClassifier("squared-error", **options).fit(kind(X), y, weight)
    other = LinearClassifier("squared-error", solver="lbfgs", **options).fit(X, y, weight)
    assert model.solver_ == NAME
    assert model.n_iter_ <= 2
    assert model.objective_ == pytest.approx(other.objective_, rel=1e-10)
    assert_allclose(model.coef_, other.coef_, atol=1e-4)


def test_the_weights_are_those_of_ridge_regression_on_one_and_zero():
    X, y = data()
    model = LinearClassifier("squared-error", alpha=0.1, tol=1e-13).fit(X + 100, y)
    peer = Ridge(alpha=0.1 * len(y) / 2).fit(X + 100, np.eye(3)[y])
    assert_allclose(model.coef_, peer.coef_, rtol=1e-8)
    assert_allclose(model.intercept_, peer.intercept_, rtol=1e-8)


@pytest.mark.parametrize("alpha", [0.0, 1e-13])
def test_copies_of_features_and_no_penalty(alpha):
    X, y = data()
    model = LinearClassifier("squared-error", alpha=alpha, tol=1e-9)
    model.fit(np.hstack([X, X, np.ones((len(X), 1))]), y)
    assert model.solver_ == NAME
    plain = LinearClassifier("squared-error", alpha=0.0, tol=1e-12).fit(X, y)
    assert model.objective_ == pytest.approx(plain.objective_, rel=1e-9)
    assert_allclose(model.coef_[:, :8], plain.coef_ / 2, rtol=1e-6)


def test_more_features_than_rows():
    X, y = data(rows=20, size=90)
    model = LinearClassifier("squared-error", alpha=1e-3).fit(X, y)
    assert model.gap_ <= 1e-6
    assert model.solver_ == NAME


def test_too_many_features(monkeypatch):
    monkeypatch.setattr(normal_equations, "MOST_FEATURES", 7)
    monkeypatch.setattr(normal_equations, "MOST_SPARSE", 7)
    X, y = data()
    for kind in (np.asarray, csr_array):
        model = LinearClassifier("squared-error").fit(kind(X), y)
        assert model.solver_ != NAME
        assert model.gap_ <= 1e-6
