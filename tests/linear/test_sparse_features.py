"""Sparse features give what the same features give as an array, and are never filled up."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

import normexp as nex
from normexp.linear import LinearClassifier, MulticlassSVM
from normexp.losses import LOSSES


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    features = sparse.random_array((90, 40), density=0.1, rng=rng, format="csr")
    return features, rng.integers(0, 3, 90)


@pytest.fixture
def no_filling(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("sparse features were filled up with zeros")

    monkeypatch.setattr("normexp.linear.ascent.FEW", 0)  # but where they are this few
    for kind in (sparse.csr_array, sparse.csr_matrix):
        monkeypatch.setattr(kind, "toarray", refuse)
        monkeypatch.setattr(kind, "todense", refuse)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("kind", [sparse.csr_array, sparse.csr_matrix, sparse.coo_array])
def test_a_classifier_learns_the_same(name, kind, data, no_filling, monkeypatch):
    features, labels = data
    trained = LinearClassifier(name, alpha=0.1, tol=1e-12).fit(kind(features), labels)
    logits = trained.decision_function(kind(features))
    predicted = trained.predict(kind(features))
    monkeypatch.undo()
    dense = LinearClassifier(name, alpha=0.1, tol=1e-12).fit(features.toarray(), labels)
    assert_allclose(trained.coef_, dense.coef_, rtol=0, atol=1e-5)
    assert_allclose(trained.objective_, dense.objective_, rtol=1e-11)
    assert_allclose(logits, features.toarray() @ trained.coef_.T + trained.intercept_, atol=1e-14)
    assert_array_equal(predicted, trained.predict(features.toarray()))


@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("variant", ["weston-watkins", "crammer-singer"])
def test_a_hinge_of_few_numbers_learns_as_if_they_were_dense(variant, squared, data):
    features, labels = data
    hinge = MulticlassSVM(variant, squared=squared, alpha=0.1)
    found, expected = (hinge.fit(X, labels).coef_ for X in (features, features.toarray()))
    assert_array_equal(found, expected)


def test_probabilities_are_the_same(data):
    features, labels = data
    trained = LinearClassifier().fit(features, labels)
    expected = trained.predict_proba(features.toarray())
    assert_allclose(trained.predict_proba(features), expected, rtol=1e-13)
    assert_allclose(trained.predict_log_proba(features), np.log(expected), rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_weights_have_the_type_of_the_features(data, dtype):
    features, labels = data
    trained = LinearClassifier().fit(features.astype(dtype), labels)
    assert trained.coef_.dtype == dtype


@pytest.mark.parametrize("loss", [nex.CrossEntropy(), nex.MulticlassHinge(), nex.SquaredError()])
@pytest.mark.parametrize("rows", [90, 3])
def test_the_linear_loss_and_its_gradients_are_the_same(loss, rows, data):
    features, labels = data
    features, labels = features[:rows], np.where(np.arange(rows) % 7, labels[:rows], -100)
    features.data[: features.indptr[1]] = np.nan  # the first row is ignored
    rng = np.random.default_rng(1)
    weight, bias = rng.normal(size=(3, 40)), rng.normal(size=3)
    found = loss.linear_value_and_grad(features, weight, labels, bias)
    expected = loss.linear_value_and_grad(features.toarray(), weight, labels, bias)
    for one, other in zip(found, expected, strict=True):
        assert_allclose(one, other, rtol=1e-12, atol=1e-16)
    assert loss.linear(features, weight, labels, bias) == found.value
    assert np.isnan(features.data).any() == (features.indptr[1] > 0)


def test_whole_numbers_are_taken_and_others_refused(data):
    features, labels = data
    whole = sparse.csr_array((features.toarray() > 0).astype(np.int8))
    weight = np.ones((3, 40))
    expected = nex.CrossEntropy().linear(whole.toarray(), weight, labels)
    assert nex.CrossEntropy().linear(whole, weight, labels) == expected
    with pytest.raises(TypeError, match=r"features must hold float32, float64, .* complex128"):
        nex.CrossEntropy().linear(features.astype(complex), weight, labels)
    with pytest.raises(ValueError, match=r"features and weight must have the shapes .* \(90, 40\)"):
        nex.CrossEntropy().linear(features, weight[:, 1:], labels)
    with pytest.raises(ValueError, match="features must have two axes where they are sparse"):
        nex.CrossEntropy().linear(sparse.coo_array(np.ones(40)), weight, labels[:1])
