"""A path of alphas, and the alpha that cross-validation chooses from it."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn import config_context
from sklearn.datasets import load_iris, load_wine
from sklearn.linear_model import LogisticRegressionCV
from sklearn.metrics import get_scorer
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold
from sklearn.preprocessing import StandardScaler

from normexp.linear import (
    Checkpoint,
    LinearClassifier,
    LinearClassifierCV,
    MulticlassSVM,
    SoftmaxRegression,
    SoftmaxRegressionCV,
    fit_path,
)


def standardised(load):
    X, y = load(return_X_y=True)
    return StandardScaler().fit_transform(X), y


@pytest.fixture(scope="module")
def wine():
    return standardised(load_wine)


@pytest.mark.parametrize("kind", [np.asarray, csr_array])
@pytest.mark.parametrize(
    "classifier",
    [
        SoftmaxRegression(),
        SoftmaxRegression(l1_ratio=0.5),
        SoftmaxRegression(fit_intercept=False, solver="lbfgs"),
        LinearClassifier("squared-error"),
        LinearClassifier("focal", class_weight="balanced"),
        MulticlassSVM(),
    ],
    ids=repr,
)
def test_each_of_a_path_is_what_it_is_alone(classifier, kind, wine):
    X, y = wine
    weight = np.random.default_rng(0).integers(1, 3, len(y)).astype(float)
    path = fit_path(classifier, kind(X), y, alphas=[0.01, 0.1, 1.0], sample_weight=weight)
    assert [model.alpha for model in path] == [1.0, 0.1, 0.01]
    for model in path:
        options = {**classifier.get_params(), "alpha": model.alpha}
        alone = type(classifier)(**options).fit(kind(X), y, sample_weight=weight)
        assert model.objective_ == pytest.approx(alone.objective_, rel=2e-6)
        assert model.gap_ <= 1e-6
        assert_array_equal(model.predict(X), alone.predict(X))
        assert model.n_features_in_ == 13
    assert not hasattr(classifier, "coef_")


def test_an_l1_path_begins_where_the_first_weight_leaves_zero(wine):
    X, y = wine
    for fit_intercept in (True, False):
        model = SoftmaxRegression(l1_ratio=0.7, fit_intercept=fit_intercept)
        path = fit_path(model, X, y, alphas=5)
        assert not path[0].coef_.any()
        assert path[-1].alpha == pytest.approx(path[0].alpha * 1e-3)
        below = SoftmaxRegression(
            l1_ratio=0.7, fit_intercept=fit_intercept, alpha=0.99 * path[0].alpha, tol=1e-9
        )
        assert below.fit(X, y).coef_.any()


@pytest.mark.parametrize("kind", [np.asarray, csr_array])
def test_a_path_without_an_l1_norm_begins_with_the_variance(kind, wine):
    X, y = wine
    path = fit_path(SoftmaxRegression(), kind(X + 5), y, alphas=3)
    assert path[0].alpha == pytest.approx(13)
    assert path[-1].alpha == pytest.approx(13e-6)
    uncentred = fit_path(SoftmaxRegression(fit_intercept=False), kind(X + 5), y, alphas=1)
    assert uncentred[0].alpha == pytest.approx(13 * 26)
    assert fit_path(SoftmaxRegression(), kind(np.ones((9, 2))), np.arange(9) % 3)[0].alpha == 1


def test_what_is_learnt_of_the_features_is_learnt_once(wine, monkeypatch):
    from normexp.linear import first_matrix

    calls = []
    spectrum = first_matrix.spectrum_of
    monkeypatch.setattr(
        first_matrix, "spectrum_of", lambda *given: calls.append(1) or spectrum(*given)
    )
    fit_path(SoftmaxRegression(solver="lbfgs"), *wine, alphas=4)
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("alphas", "error", "words"),
    [
        (0, ValueError, "alphas must be at least one, got 0"),
        ([], ValueError, "alphas must hold at least one number"),
        (2.5, TypeError, "alphas must be an integer"),
        ([0.1, -1.0], ValueError, "alphas must be between 0"),
        (["a"], TypeError, "alphas must be a number"),
        ("many", TypeError, "alphas must be a number of them or a sequence"),
        ([[1.0]], TypeError, "alphas must be a number of them or a sequence"),
    ],
)
def test_alphas_that_cannot_be(alphas, error, words, wine):
    with pytest.raises(error, match=words):
        fit_path(SoftmaxRegression(), *wine, alphas=alphas)
    with pytest.raises(error, match=words):
        SoftmaxRegressionCV(alphas=alphas).fit(*wine)


def test_a_checkpoint_is_for_one_fit(wine, tmp_path):
    model = SoftmaxRegression(callbacks=[Checkpoint(tmp_path / "half")])
    with pytest.raises(ValueError, match="callbacks must hold no Checkpoint"):
        fit_path(model, *wine)


def test_an_alpha_of_zero_is_for_who_needs_no_penalty(wine):
    assert fit_path(SoftmaxRegression(max_iter=10_000), *wine, alphas=[0.0])[0].alpha == 0
    with pytest.raises(ValueError, match="alpha must be above 0 for a hinge"):
        fit_path(MulticlassSVM(), *wine, alphas=[1.0, 0.0])


def test_cross_validation_is_that_of_scikit_learn():
    X, y = standardised(load_iris)
    alphas = np.array([1.0, 0.1, 0.01, 0.001])
    cv = StratifiedKFold(4, shuffle=True, random_state=0)
    model = SoftmaxRegressionCV(alphas=alphas, cv=cv, scoring="neg_log_loss", tol=1e-10).fit(X, y)
    # Each part trains on 112 or 113 samples, by which their C would have to be divided.
    for fold, (train, test) in enumerate(cv.split(X, y)):
        peer = LogisticRegressionCV(
            Cs=1 / (alphas * len(train)),
            cv=[(train, test)],
            scoring="neg_log_loss",
            l1_ratios=(0.0,),
            use_legacy_attributes=False,
            tol=1e-9,
            max_iter=10_000,
        ).fit(X, y)
        assert_allclose(model.scores_[fold, 0], np.ravel(peer.scores_), rtol=1e-5)
    assert model.alpha_ == alphas[model.scores_.mean(axis=0)[0].argmax()]


def test_the_attributes_are_those_of_the_classifier_that_is_chosen(wine):
    X, y = wine
    model = SoftmaxRegressionCV(alphas=4, l1_ratios=[0.0, 0.5, 1.0], cv=3).fit(X, y)
    assert model.scores_.shape == (3, 3, 4)
    assert model.alphas_.shape == (4,)
    assert (np.diff(model.alphas_) < 0).all()
    alone = SoftmaxRegression(alpha=model.alpha_, l1_ratio=model.l1_ratio_).fit(X, y)
    assert_array_equal(model.coef_, alone.coef_)
    assert_array_equal(model.predict_proba(X), alone.predict_proba(X))
    assert_array_equal(model.decision_function(X), alone.decision_function(X))
    assert model.score(X, y) == alone.score(X, y)
    assert model.gap_ == alone.gap_
    assert model.result_ == alone.result_
    assert (
        model.scores_.mean(axis=0).max()
        == model.scores_.mean(axis=0)[
            list(model.l1_ratios_).index(model.l1_ratio_), list(model.alphas_).index(model.alpha_)
        ]
    )


def test_of_alphas_that_score_alike_the_largest_is_taken(wine):
    X, y = wine
    model = SoftmaxRegressionCV(alphas=[1e-3, 1e-1, 1e-2], scoring=lambda *_: 0.5).fit(X, y)
    assert model.alpha_ == 1e-1


def test_processes_change_nothing(wine):
    one = SoftmaxRegressionCV(alphas=2, cv=2).fit(*wine)
    two = SoftmaxRegressionCV(alphas=2, cv=2, n_jobs=2).fit(*wine)
    assert_array_equal(one.scores_, two.scores_)
    assert_array_equal(one.coef_, two.coef_)


def test_hinges_sparse_features_and_names_of_classes(wine):
    X, y = wine
    names = np.array(["Barolo", "Grignolino", "Barbera"])[y]
    model = LinearClassifierCV("svm-squared", alphas=3, cv=2).fit(csr_array(X), names)
    assert model.score(csr_array(X), names) > 0.95
    assert not hasattr(model, "predict_proba")
    with pytest.raises(ValueError, match="l1_ratio must be 0 for a hinge"):
        LinearClassifierCV("svm", l1_ratios=[0.0, 0.5]).fit(X, y)


def test_soft_labels(wine):
    X, y = wine
    shares = 0.9 * np.eye(3)[y] + 0.1 / 3
    model = SoftmaxRegressionCV(alphas=[1e-1, 1e-2], cv=KFold(3, shuffle=True)).fit(X, shares)
    assert model.score(X, shares) > 0.9
    assert model.scores_.shape == (3, 1, 2)


def test_weights_are_the_scorers_too(wine):
    X, y = wine
    weight = np.random.default_rng(0).random(len(y)) + 0.1
    cv = list(KFold(3, shuffle=True, random_state=0).split(X))
    model = SoftmaxRegressionCV(alphas=[0.01], cv=cv, scoring="neg_log_loss")
    model.fit(X, y, sample_weight=weight)
    for fold, (train, test) in enumerate(cv):
        alone = SoftmaxRegression(alpha=0.01).fit(X[train], y[train], weight[train])
        scorer = get_scorer("neg_log_loss")
        expected = scorer(alone, X[test], y[test], sample_weight=weight[test])
        assert model.scores_[fold, 0, 0] == pytest.approx(expected, rel=1e-5)
    expected = get_scorer("neg_log_loss")(model, X, y, sample_weight=weight)
    assert model.score(X, y, sample_weight=weight) == pytest.approx(expected)


def test_metadata_goes_where_it_is_asked_for(wine):
    X, y = wine
    groups = np.arange(len(y)) % 6
    with pytest.raises(ValueError, match="enable_metadata_routing"):
        SoftmaxRegressionCV(cv=GroupKFold(3)).fit(X, y, groups=groups)
    with config_context(enable_metadata_routing=True):
        scorer = get_scorer("accuracy").set_score_request(sample_weight=True)
        model = SoftmaxRegressionCV(alphas=[0.1], cv=GroupKFold(3), scoring=scorer)
        model.set_fit_request(sample_weight=True).fit(
            X, y, sample_weight=np.ones(len(y)), groups=groups
        )
        assert model.scores_.shape == (3, 1, 1)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"l1_ratios": 0.5}, TypeError, "l1_ratios must be a sequence"),
        ({"l1_ratios": []}, ValueError, "l1_ratios must hold at least one"),
        ({"l1_ratios": [2.0]}, ValueError, "l1_ratio must be between 0"),
        ({"tol": 0.0}, ValueError, "tol must be a finite number above 0"),
        ({"solver": "sgd"}, ValueError, "solver must be one of"),
        ({"scoring": "beauty"}, ValueError, "beauty"),
    ],
)
def test_bad_parameters_are_named(options, error, words, wine):
    with pytest.raises(error, match=words):
        SoftmaxRegressionCV(**options).fit(*wine)


def of_few(rows):
    """Two classes of 20 samples and a third, "c", of so many."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(40 + rows, 3)), np.array([*"ab" * 20, *"c" * rows])


def test_a_part_may_lack_a_class_that_probabilities_are_of():
    X, y = of_few(2)
    parts = StratifiedKFold(4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that a class has fewer samples than parts
        found = SoftmaxRegressionCV(alphas=[0.1], cv=parts, scoring="neg_log_loss").fit(X, y)
        folds = list(parts.split(X, y))
    for (train, test), score in zip(folds, found.scores_[:, 0, 0], strict=True):
        model = SoftmaxRegression(alpha=0.1).fit(X[train], y[train])
        rows = np.arange(len(test)), np.searchsorted(model.classes_, y[test])
        assert_allclose(-model.predict_log_proba(X[test])[rows].mean(), -score, rtol=1e-12)
    assert {*y[folds[-1][1]]} == {"a", "b"}
    assert np.isfinite(found.score(X[:40], y[:40]))


def test_a_class_that_may_be_left_out_whole_is_named():
    X, y = of_few(1)
    with pytest.raises(ValueError, match="but the only sample of the class 'c' may be left out"):
        SoftmaxRegressionCV(cv=KFold(4), scoring="neg_log_loss").fit(X, y)
    X, y = of_few(3)
    with pytest.raises(ValueError, match="but all 3 samples of the class 'c' may be left out"):
        SoftmaxRegressionCV(cv=KFold(4), scoring="roc_auc_ovr").fit(X, y)
    assert SoftmaxRegressionCV(cv=KFold(4), alphas=[1.0]).fit(X, y).scores_.shape == (4, 1, 1)


@pytest.mark.filterwarnings("ignore:Only one class is present", "ignore:The least populated class")
def test_no_alpha_is_best_by_scores_that_are_no_numbers():
    X, y = of_few(2)
    folds = list(StratifiedKFold(5).split(X, y))
    lacking = [i for i, (_, test) in enumerate(folds, 1) if "c" not in y[test]]
    assert len(lacking) == 3
    model = SoftmaxRegressionCV(alphas=[1.0, 0.1], cv=folds, scoring="roc_auc_ovr")
    words = f"'roc_auc_ovr' .* got nan on part {lacking[0]} of 5 .* no sample of 'c'"
    with pytest.raises(ValueError, match=words):
        model.fit(X, y)
    assert not hasattr(model, "scores_")
    model = SoftmaxRegressionCV(alphas=[1.0], cv=3, scoring=lambda *_: -np.inf)
    with pytest.raises(ValueError, match=r"got -inf on part 1 of 3 that are left out$"):
        model.fit(X[:40], y[:40])


def test_a_scorer_that_scikit_learn_keeps_otherwise_is_no_silent_guess():
    X, y = of_few(6)
    scorer = get_scorer("neg_log_loss")
    del scorer._response_method
    with pytest.raises(AttributeError, match="_response_method"):
        SoftmaxRegressionCV(alphas=[1.0], cv=3, scoring=scorer).fit(X, y)
