"""The classifiers: same optima as scikit-learn's, options, reports and errors."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

import normexp as nex
from benchmarks.optima import objective_of
from normexp.linear import (
    BaseLinearClassifier,
    LinearClassifier,
    MulticlassSVM,
    SoftmaxRegression,
)


def load_some_digits(return_X_y):
    X, y = load_digits(return_X_y=return_X_y)
    return X[::3], y[::3]


LOADERS = [load_iris, load_wine, load_breast_cancer, load_some_digits]
LOSSES = [
    nex.CrossEntropy(),
    nex.MulticlassHinge(),
    nex.MulticlassHinge(variant="crammer-singer"),
    nex.MulticlassHinge(squared=True),
    nex.MulticlassHinge(variant="crammer-singer", squared=True),
    nex.SquaredError(),
]


def standardised(load):
    X, y = load(return_X_y=True)
    return StandardScaler().fit_transform(X), y


@pytest.fixture(scope="module")
def wine():
    return standardised(load_wine)


def objective_at(model, loss, X, y, sample_weight=None):
    mean = loss.linear(X, model.coef_, y, model.intercept_, sample_weight)
    return mean + model.alpha / 2 * (model.coef_**2).sum()


@pytest.mark.parametrize("load", LOADERS, ids=lambda load: load.__name__)
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_softmax_has_the_optimum_of_logistic_regression(load, fit_intercept):
    X, y = standardised(load)
    rows = 2 if y.max() == 1 else 1
    ours = SoftmaxRegression(alpha=0.01, fit_intercept=fit_intercept).fit(X, y)
    strength = rows / (0.01 * len(y))
    peer = LogisticRegression(C=strength, fit_intercept=fit_intercept, tol=1e-8, max_iter=5000)
    theirs = objective_of(peer.fit(X, y), nex.CrossEntropy(), 0.01, X, y)
    assert ours.objective_ == pytest.approx(theirs, rel=1e-6)


def test_softmax_has_the_optimum_of_logistic_regression_with_weights(wine):
    X, y = wine
    sample_weight = np.random.default_rng(0).random(len(y))
    class_weight = {0: 1.0, 1: 3.0, 2: 0.5}
    ours = SoftmaxRegression(alpha=0.01, class_weight=class_weight)
    ours.fit(X, y, sample_weight=sample_weight)
    total = (sample_weight * np.array([1.0, 3.0, 0.5])[y]).sum()
    peer = LogisticRegression(C=1 / (0.01 * total), class_weight=class_weight, tol=1e-8)
    peer.fit(X, y, sample_weight=sample_weight)
    loss = nex.CrossEntropy(class_weight=(1.0, 3.0, 0.5))
    theirs = loss.linear(X, peer.coef_, y, peer.intercept_, sample_weight)
    assert ours.objective_ == pytest.approx(theirs + 0.005 * (peer.coef_**2).sum(), rel=1e-6)


@pytest.mark.parametrize("load", LOADERS, ids=lambda load: load.__name__)
def test_crammer_singer_has_the_optimum_of_linear_svc(load):
    X, y = standardised(load)
    ours = MulticlassSVM("crammer-singer", alpha=0.1, fit_intercept=False).fit(X, y)
    peer = LinearSVC(
        multi_class="crammer_singer",
        fit_intercept=False,
        C=1 / (0.1 * len(y)),
        tol=1e-7,
        max_iter=20_000,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it is at the optimum all the same
        peer.fit(X, y)
    theirs = objective_of(peer, nex.MulticlassHinge(variant="crammer-singer"), 0.1, X, y)
    assert ours.objective_ == pytest.approx(theirs, rel=1e-6)


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_objective_is_that_of_the_weights_and_within_the_tolerance_of_the_best(loss, wine):
    X, y = wine
    model = LinearClassifier(loss, alpha=0.01).fit(X, y)
    best = LinearClassifier(loss, alpha=0.01, tol=1e-11).fit(X, y)
    assert model.objective_ == pytest.approx(objective_at(model, loss, X, y), rel=1e-12)
    assert model.gap_ <= 1e-6
    assert model.objective_ - best.objective_ <= model.gap_ * model.objective_


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_convex_losses_reach_one_objective_from_any_start(loss, wine):
    X, y = wine
    model = LinearClassifier(loss, alpha=0.01, warm_start=True).fit(X, y)
    first = model.objective_
    rng = np.random.default_rng(0)
    model.coef_ = rng.normal(size=model.coef_.shape)
    model.intercept_ = rng.normal(size=model.intercept_.shape)
    assert model.fit(X, y).objective_ == pytest.approx(first, rel=2e-6)


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_class_weights_are_sample_weights(loss, wine):
    X, y = wine
    by_class = LinearClassifier(loss, alpha=0.1, class_weight={0: 2.0, 2: 0.5}).fit(X, y)
    by_sample = LinearClassifier(loss, alpha=0.1)
    by_sample.fit(X, y, sample_weight=np.array([2.0, 1.0, 0.5])[y])
    np.testing.assert_array_equal(by_class.coef_, by_sample.coef_)


def test_balanced_classes_weigh_the_same_in_total(wine):
    X, y = wine
    balanced = SoftmaxRegression(class_weight="balanced").fit(X, y)
    weighted = SoftmaxRegression().fit(X, y, sample_weight=(1 / np.bincount(y))[y])
    assert balanced.objective_ == pytest.approx(weighted.objective_, rel=1e-6)


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_more_features_than_samples_and_a_small_alpha(loss):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 80)), rng.integers(0, 3, 30)
    model = LinearClassifier(loss, alpha=1e-5).fit(X, y)
    assert model.gap_ <= 1e-6
    assert model.score(X, y) == 1


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_fifty_classes(loss):
    rng = np.random.default_rng(0)
    y = np.arange(300) % 50
    X = rng.normal(size=(50, 20))[y] + 0.1 * rng.normal(size=(300, 20))
    model = LinearClassifier(loss, alpha=1e-2).fit(X, y)
    assert model.coef_.shape == (50, 20)
    assert model.gap_ <= 1e-6


def test_two_classes_have_two_rows_and_one_decision():
    X, y = standardised(load_breast_cancer)
    model = SoftmaxRegression(alpha=0.01).fit(X, y)
    assert model.coef_.shape == (2, 30)
    logits = X @ model.coef_.T + model.intercept_
    np.testing.assert_allclose(model.decision_function(X), logits[:, 1] - logits[:, 0])
    np.testing.assert_allclose(model.predict_proba(X), nex.softmax(logits))


def test_labels_may_be_strings(wine):
    X, y = wine
    names = np.array(["Barolo", "Grignolino", "Barbera"])
    model = SoftmaxRegression().fit(X, names[y])
    assert model.score(X, names[y]) == 1
    assert list(model.classes_) == sorted(names)


def test_weights_come_in_the_type_of_the_features(wine):
    X, y = wine
    narrow, wide = (SoftmaxRegression().fit(X.astype(t), y) for t in (np.float32, np.float64))
    assert narrow.coef_.dtype == narrow.decision_function(X.astype(np.float32)).dtype == np.float32
    np.testing.assert_allclose(narrow.coef_, wide.coef_, rtol=1e-3, atol=1e-5)
    assert narrow.gap_ <= 1e-6


def test_probabilities_are_those_that_the_loss_is_of(wine):
    X, y = wine
    loss = nex.CrossEntropy(temperature=2.0, softcap=5.0)
    model = LinearClassifier(loss, alpha=0.01).fit(X, y)
    nll = -model.predict_log_proba(X)[np.arange(len(y)), y]
    logits = model.decision_function(X)
    np.testing.assert_allclose(nll, replace(loss, reduction="none")(logits, y), rtol=1e-12)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), model.predict_proba(X))


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("softmax", True),
        ("svm", False),
        ("squared-error", False),
        (nex.SquaredError(on="probabilities"), True),
    ],
)
def test_only_losses_of_probabilities_have_probabilities(loss, expected, wine):
    model = LinearClassifier(loss).fit(*wine)
    assert hasattr(model, "predict_proba") is expected
    assert hasattr(model, "predict_log_proba") is expected


@pytest.mark.parametrize("loss", ["softmax", "svm"])
def test_callbacks_see_every_iteration_and_can_stop(loss, wine):
    states = []
    model = LinearClassifier(loss, callbacks=[states.append, lambda s: s.iteration == 7])
    model.fit(*wine)
    assert [state.iteration for state in states] == list(range(1, 8))
    assert model.n_iter_ == 7
    assert model.gap_ > model.tol
    assert model.objective_ == states[-1].objective
    np.testing.assert_array_equal(model.coef_, states[-1].coef)
    assert np.diff([state.objective for state in states]).max() <= 0
    assert np.diff([state.seconds for state in states]).min() >= 0


def test_warm_start_continues(wine):
    X, y = wine
    cold = SoftmaxRegression(alpha=1e-4).fit(X, y)
    model = SoftmaxRegression(alpha=1e-4, warm_start=True, callbacks=[lambda s: s.iteration == 5])
    before = model.fit(X, y).objective_
    model.set_params(callbacks=None).fit(X, y)
    assert model.objective_ < before
    assert model.objective_ == pytest.approx(cold.objective_, rel=1e-6)
    assert model.fit(X, y).n_iter_ == 0


def test_warm_start_refuses_other_classes(wine):
    X, y = wine
    model = SoftmaxRegression(warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="warm_start needs the 3 classes and 13 features"):
        model.fit(X, y + 1)


@pytest.mark.parametrize("loss", ["softmax", "svm"])
def test_ending_early_warns_and_says_what_to_do(loss, wine):
    words = r"iteration 3, where .* may be left to gain; tol is 1e-06. Raise max_iter \(now 3\)"
    with pytest.warns(ConvergenceWarning, match=words):
        model = LinearClassifier(loss, max_iter=3).fit(*wine)
    assert model.n_iter_ == 3


def test_a_tolerance_beyond_rounding_warns_and_says_what_to_do(wine):
    with pytest.warns(ConvergenceWarning, match="Rounding allows no lower one"):
        model = SoftmaxRegression(tol=1e-300).fit(*wine)
    assert model.gap_ < 1e-12


def test_a_hinge_out_of_rounds_warns_and_says_what_to_do(wine, monkeypatch):
    monkeypatch.setattr("normexp.linear.ascent.TRIAL", 4)
    monkeypatch.setattr("normexp.linear.ascent.PATIENCE", 0)
    monkeypatch.setattr("normexp.linear.multipliers.ROUNDS", 2)
    with pytest.warns(ConvergenceWarning, match="Rounding allows no lower one"):
        model = MulticlassSVM().fit(*wine)
    assert model.gap_ > model.tol


def test_intercepts_of_a_hinge_sum_to_zero(wine):
    assert abs(MulticlassSVM(tol=1e-12).fit(*wine).intercept_.sum()) < 1e-12


def test_without_a_penalty_the_gradient_is_small(wine):
    X, y = wine
    noisy = np.random.default_rng(0).permutation(y)
    model = SoftmaxRegression(alpha=0).fit(X, noisy)
    _, _, weight, bias = nex.CrossEntropy().linear_value_and_grad(
        X, model.coef_, noisy, model.intercept_
    )
    assert max(np.abs(weight).max(), np.abs(bias).max()) <= 1e-3
    assert model.gap_ <= 1e-6


def test_verbose_prints_a_line_for_each_iteration(wine, capsys):
    model = SoftmaxRegression(verbose=1).fit(*wine)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == model.n_iter_
    assert lines[0].startswith("iteration 1: objective ")


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"alpha": -1.0}, ValueError, "alpha must be between 0"),
        ({"alpha": "1"}, TypeError, "alpha must be a number"),
        (
            {"alpha": 0.0, "loss": nex.MulticlassHinge(squared=True)},
            ValueError,
            "alpha must be above",
        ),
        ({"alpha": 0.0, "loss": "svm"}, ValueError, "alpha must be above 0"),
        ({"loss": "softmin"}, ValueError, "loss, unless a loss, must be one of 'softmax'"),
        ({"loss": nex.BinaryCrossEntropy()}, ValueError, "loss, unless a loss,"),
        ({"loss": nex.CrossEntropy(from_logits=False)}, ValueError, "loss must take logits"),
        ({"loss": nex.CrossEntropy(class_weight=(1, 2, 3))}, ValueError, "loss must not have"),
        ({"max_iter": 0}, ValueError, "max_iter must be at least 1"),
        ({"max_iter": 1.5}, TypeError, "max_iter must be an integer"),
        ({"tol": 0.0}, ValueError, "tol must be a finite number above 0"),
        ({"fit_intercept": "yes"}, TypeError, "fit_intercept must be True or False"),
        ({"callbacks": [3]}, TypeError, "callbacks must be callables"),
        ({"class_weight": "even"}, ValueError, "class_weight"),
    ],
)
def test_bad_parameters_are_named(options, error, words, wine):
    with pytest.raises(error, match=words):
        LinearClassifier(**options).fit(*wine)


def test_bad_data_are_named(wine):
    X, y = wine
    model = SoftmaxRegression()
    with pytest.raises(ValueError, match="NaN"):
        model.fit(np.where(X > 2, np.nan, X), y)
    with pytest.raises(ValueError, match="one class"):
        model.fit(X, np.zeros(len(y)))
    with pytest.raises(ValueError, match=r"class .* has no sample of weight above 0"):
        model.fit(X, y, sample_weight=(y > 0).astype(float))
    with pytest.raises(ValueError, match=r"[Nn]egative values in data passed to `sample_weight`"):
        model.fit(X, y, sample_weight=np.where(y > 0, 1.0, -1.0))


@pytest.mark.parametrize("preset", [SoftmaxRegression, MulticlassSVM])
def test_presets_have_every_parameter_but_the_loss(preset):
    general = LinearClassifier().get_params()
    own = {"variant", "margin", "squared"} if preset is MulticlassSVM else set()
    assert preset().get_params().keys() == (general.keys() - {"loss"}) | own
    assert isinstance(preset(), BaseLinearClassifier)
    assert not hasattr(preset(), "loss")


def test_a_classifier_without_a_loss_cannot_be():
    with pytest.raises(TypeError, match="abstract"):
        BaseLinearClassifier()
