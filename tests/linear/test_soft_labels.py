"""Soft labels: a row counts as it would if it stood there once for each class."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import normexp as nex
from normexp.linear import LinearClassifier, MulticlassSVM, SoftmaxRegression
from normexp.losses import RowLoss

X, LABELS = load_iris(return_X_y=True)
RNG = np.random.default_rng(0)
Y = RNG.dirichlet(np.ones(3), len(X)) * RNG.uniform(0, 3, (len(X), 1))
Y[7] = 0.0
WEIGHT = RNG.uniform(0, 2, len(X))
NAMES = ["a", "b", "c", "d"]

LOSSES = [
    nex.CrossEntropy(),
    nex.CrossEntropy(label_smoothing=0.1, temperature=2.0, z_loss=0.01),
    nex.SquaredError(),
    nex.SquaredError(on="probabilities"),
]


def repeated(features):
    """The same rows with class labels."""
    return np.repeat(features, 3, axis=0), np.tile([0, 1, 2], len(Y)), (WEIGHT[:, None] * Y).ravel()


@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 1.0, 1: 2.0, 2: 0.5}])
@pytest.mark.parametrize("loss", LOSSES)
def test_they_are_as_repeated_rows_with_weights(loss, class_weight):
    classifier = LinearClassifier(loss, alpha=0.01, tol=1e-12, class_weight=class_weight)
    soft = classifier.fit(X, Y, WEIGHT)
    coef, intercept, objective = soft.coef_, soft.intercept_, soft.objective_
    rows, labels, weight = repeated(X)
    hard = classifier.fit(rows, labels, weight)
    np.testing.assert_allclose(coef, hard.coef_, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(intercept, hard.intercept_, rtol=1e-9, atol=1e-10)
    if isinstance(loss, nex.CrossEntropy):  # others differ by a constant
        assert objective == pytest.approx(hard.objective_, rel=1e-12)


def test_rows_of_a_one_and_zeros_are_class_labels():
    soft, hard = (SoftmaxRegression(tol=1e-10).fit(X, y) for y in (np.eye(3)[LABELS], LABELS))
    np.testing.assert_allclose(soft.coef_, hard.coef_, rtol=1e-7)
    assert soft.classes_.tolist() == [0, 1, 2]
    assert soft.score(X, np.eye(3)[LABELS]) == hard.score(X, LABELS)


def test_sparse_features():
    dense = SoftmaxRegression(alpha=0.01, tol=1e-12).fit(X, Y, WEIGHT)
    sparse = SoftmaxRegression(alpha=0.01, tol=1e-12).fit(csr_array(X), Y, WEIGHT)
    np.testing.assert_allclose(sparse.coef_, dense.coef_, rtol=1e-7)


def test_the_columns_have_the_classes_that_they_are_given():
    model = SoftmaxRegression(tol=1e-10).fit(X, np.eye(3)[LABELS], classes=["a", "b", "c"])
    assert model.classes_.tolist() == ["a", "b", "c"]
    assert model.score(X, np.array(["a", "b", "c"])[LABELS]) > 0.95
    assert model.score(X, np.eye(3)[LABELS]) > 0.95


def test_the_score_is_the_share_of_the_mass_that_is_predicted():
    model = SoftmaxRegression().fit(X, Y)
    found = model.score(X, Y, WEIGHT)
    rows, labels, weight = repeated(X)
    assert found == pytest.approx(model.score(rows, labels, weight), rel=1e-12)
    assert model.score(X, LABELS) == np.mean(model.predict(X) == LABELS)
    with pytest.raises(ValueError, match="soft labels of 3 classes, got an array of float64"):
        model.score(X, Y[:, :2])
    with pytest.raises(ValueError, match="y holds no mass above 0"):
        model.score(X, 0 * Y)


def test_selection_and_pipelines_take_them():
    search = GridSearchCV(SoftmaxRegression(), {"alpha": [1.0, 1e-3]}, cv=3)
    soft = np.eye(3)[LABELS] * 0.9 + 0.1 / 3
    order = np.random.default_rng(1).permutation(len(X))
    assert search.fit(X[order], soft[order]).best_params_ == {"alpha": 1e-3}
    pipeline = make_pipeline(StandardScaler(), SoftmaxRegression())
    assert cross_val_score(pipeline, X[order], soft[order], cv=3).min() > 0.8


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_frames_of_labels(frame):
    labels = frame(dict(zip("uvw", Y.T, strict=True)))
    model = SoftmaxRegression().fit(X, labels)
    np.testing.assert_array_equal(model.coef_, SoftmaxRegression().fit(X, Y).coef_)


def test_a_loss_of_ones_own_that_takes_them():
    class Own(RowLoss):
        takes_probabilities = True

        def of_rows(self, logits, target):
            target = target if target.ndim == 2 else np.eye(3)[target]
            return ((logits - target) ** 2).sum(axis=1), 2 * (logits - target)

    own, ours = (LinearClassifier(loss, tol=1e-10).fit(X, Y) for loss in (Own(), "squared-error"))
    np.testing.assert_allclose(own.coef_, ours.coef_, rtol=1e-5)


@pytest.mark.parametrize(
    ("classifier", "labels", "given", "error", "words"),
    [
        (SoftmaxRegression(), [[0, 1], [1, 0]], {}, ValueError, "int64 with shape"),
        (SoftmaxRegression(), [[True, False], [False, True]], {}, ValueError, "array of bool"),
        (SoftmaxRegression(), [["a", "b"], ["b", "a"]], {}, ValueError, "y must hold class labels"),
        (SoftmaxRegression(), [[0.5, 0.5], [-0.5, 1]], {}, ValueError, "got -0.5 at position 2"),
        (SoftmaxRegression(), [[0.5, np.nan], [0, 1]], {}, ValueError, "y contains NaN"),
        (SoftmaxRegression(), [[0.5, 0.5]], {}, ValueError, "inconsistent numbers of samples"),
        (SoftmaxRegression(), [[1.0, 0], [1, 0]], {}, ValueError, "class 1 has no sample"),
        (SoftmaxRegression(), [[1e308, 1e308]] * 2, {}, ValueError, "overflows"),
        (SoftmaxRegression(), [[0.5, 0.5]] * 2, {"classes": ["a"]}, ValueError, "the 2 columns"),
        (SoftmaxRegression(), [[0.5, 0.5]] * 2, {"classes": "aa"}, ValueError, "classes must name"),
        (SoftmaxRegression(), [[0.5, 0.5]] * 2, {"classes": ["a", "a"]}, ValueError, "each once"),
        (SoftmaxRegression(), [[0.5, 0.5]] * 2, {"classes": ["b", "a"]}, ValueError, "be sorted"),
        (SoftmaxRegression(), [0, 1], {"classes": ["a", "b"]}, ValueError, r"the shape \(2,\)"),
        (MulticlassSVM(), [[0.5, 0.5]] * 2, {}, TypeError, "MulticlassHinge.. takes no soft"),
        (LinearClassifier("focal"), [[0.5, 0.5]] * 2, {}, TypeError, "Focal.. takes no soft"),
    ],
)
def test_what_is_no_soft_label_is_named(classifier, labels, given, error, words):
    with pytest.raises(error, match=words):
        classifier.fit([[1.0], [2.0]], labels, **given)
    assert not hasattr(classifier, "coef_")


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_frames_of_features_have_names(frame):
    features = frame(dict(zip(NAMES, X.T, strict=True)))
    model = SoftmaxRegression().fit(features, LABELS)
    assert model.feature_names_in_.tolist() == NAMES
    np.testing.assert_allclose(model.coef_, SoftmaxRegression().fit(X, LABELS).coef_, rtol=1e-9)
    np.testing.assert_array_equal(model.predict(features)[:3], [0, 0, 0])
    with pytest.raises(ValueError, match="must be in the same order"):
        model.predict(features[["b", "a", "c", "d"]])
    with pytest.raises(ValueError, match="unseen at fit time"):
        model.predict(frame(dict.fromkeys("abcx", X[:, 0])))
