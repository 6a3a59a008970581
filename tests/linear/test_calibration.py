"""Temperature calibration, and the tools of scikit-learn around the classifiers."""

import numpy as np
import pytest
import sklearn
from scipy.optimize import minimize_scalar
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import normexp as nex
from normexp.linear import Batches, LinearClassifier, MulticlassSVM, SoftmaxRegression

X, Y = load_digits(return_X_y=True)
X = X / 16
TRAIN, HELD = slice(0, 400), slice(400, 900)
WEIGHT = np.random.default_rng(0).uniform(0, 2, len(X))

SURE = [
    SoftmaxRegression(alpha=1e-6),
    LinearClassifier(nex.CrossEntropy(temperature=3.0, softcap=20.0), alpha=1e-6),
    LinearClassifier(nex.Focal(gamma=1.0), alpha=1e-5),
    LinearClassifier("brier", alpha=1e-6),
]


@pytest.fixture(params=SURE, ids=repr)
def model(request):
    return request.param.fit(X[TRAIN], Y[TRAIN])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_it_finds_the_lowest_log_loss_of_other_samples(model):
    before = model.predict_log_proba(X[HELD])
    assert model.temperature_ == 1.0
    assert model.calibrate(X[HELD], Y[HELD], WEIGHT[HELD]) is model

    def loss(log_beta):
        return nex.cross_entropy(np.exp(log_beta) * before, Y[HELD], sample_weight=WEIGHT[HELD])

    best = minimize_scalar(loss, bounds=(-5, 5), method="bounded", options={"xatol": 1e-10})
    assert model.temperature_ == pytest.approx(np.exp(-best.x), rel=1e-6)
    after = model.predict_log_proba(X[HELD])
    np.testing.assert_allclose(after, nex.log_softmax(before / model.temperature_), rtol=1e-12)
    np.testing.assert_allclose(np.exp(after), model.predict_proba(X[HELD]), rtol=1e-12)
    assert nex.cross_entropy(after, Y[HELD], sample_weight=WEIGHT[HELD]) <= loss(best.x) + 1e-12


def test_predictions_stay_and_the_next_fit_forgets():
    model = SoftmaxRegression(alpha=1e-6).fit(X[TRAIN], Y[TRAIN])
    labels, logits = model.predict(X), model.decision_function(X)
    probabilities = model.predict_proba(X)
    model.calibrate(X[HELD], Y[HELD])
    np.testing.assert_array_equal(model.predict(X), labels)
    np.testing.assert_array_equal(model.decision_function(X), logits)
    assert model.predict_proba(X).max() < probabilities.max()
    np.testing.assert_array_equal(model.fit(X[TRAIN], Y[TRAIN]).predict_proba(X), probabilities)


def test_batches_give_the_temperature_of_all_of_their_samples():
    model = SoftmaxRegression(alpha=1e-6).fit(X[TRAIN], Y[TRAIN])
    expected = model.calibrate(X[HELD], Y[HELD], WEIGHT[HELD]).temperature_
    cuts = [slice(400, 500), slice(500, 517), slice(517, 900)]
    batches = Batches([(X[cut], Y[cut], WEIGHT[cut]) for cut in cuts])
    assert model.calibrate(batches).temperature_ == pytest.approx(expected, rel=1e-12)
    with pytest.raises(ValueError, match="y and sample_weight must not be given beside Batches"):
        model.calibrate(batches, Y[HELD])
    with pytest.raises(ValueError, match="X must hold a batch of samples"):
        model.calibrate(Batches([]))
    assert model.temperature_ == pytest.approx(expected, rel=1e-12)


def test_soft_labels_calibrate_as_repeated_samples_do():
    model = SoftmaxRegression(alpha=1e-4).fit(X[TRAIN], Y[TRAIN])
    votes = np.random.default_rng(1).poisson(0.3, (500, 10)) + 4.0 * np.eye(10)[Y[HELD]]
    soft = model.calibrate(X[HELD], votes).temperature_
    rows = np.repeat(X[HELD], 10, axis=0)
    hard = model.calibrate(rows, np.tile(np.arange(10), 500), votes.ravel()).temperature_
    assert soft == pytest.approx(hard, rel=1e-12)


def test_narrow_types_and_some_of_the_classes():
    model = SoftmaxRegression(alpha=1e-5).fit(X[TRAIN].astype(np.float32), Y[TRAIN])
    some = np.flatnonzero(Y[HELD] < 5) + 400
    model.calibrate(X[some].astype(np.float32), Y[some])
    assert model.predict_proba(X[some].astype(np.float32)).dtype == np.float32


def test_what_no_temperature_fits_is_told_and_changes_nothing():
    model = SoftmaxRegression().fit(X[TRAIN], Y[TRAIN])
    right = model.predict(X[HELD]) == Y[HELD]
    with pytest.raises(ValueError, match="every sample is predicted right"):
        model.calibrate(X[HELD][right], Y[HELD][right])
    with pytest.raises(ValueError, match="equal probabilities fit these labels better"):
        model.calibrate(X[HELD], (Y[HELD] + 1) % 10)
    with pytest.raises(ValueError, match="y holds 10, which is no class of the training"):
        model.calibrate(X[HELD], Y[HELD] + 1)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.calibrate(X[HELD], Y[:7])
    with pytest.raises(ValueError, match="soft labels of 10 classes"):
        model.calibrate(X[:2], [[0.5, 0.5], [1.0, 0.0]])
    with pytest.raises(ValueError, match="sample_weight"):
        model.calibrate(X[HELD], Y[HELD], -WEIGHT[HELD])
    assert model.temperature_ == 1.0


def test_a_loss_without_probabilities_has_none_to_calibrate():
    assert not hasattr(MulticlassSVM(), "calibrate")


CLASSIFIERS = [SoftmaxRegression(), MulticlassSVM(tol=1e-3), LinearClassifier("squared-error")]


@pytest.mark.parametrize("classifier", CLASSIFIERS, ids=repr)
def test_calibrated_classifier_cv(classifier):
    calibrated = CalibratedClassifierCV(classifier, cv=2).fit(X[TRAIN], Y[TRAIN], WEIGHT[TRAIN])
    assert log_loss(Y[HELD], calibrated.predict_proba(X[HELD])) < 0.9


@pytest.mark.parametrize("classifier", CLASSIFIERS, ids=repr)
def test_grid_search_over_a_pipeline(classifier):
    pipeline = make_pipeline(StandardScaler(), classifier)
    name = type(classifier).__name__.lower()
    search = GridSearchCV(pipeline, {f"{name}__alpha": [1e4, 1e-2]}, cv=2)
    search.fit(X[TRAIN], Y[TRAIN])
    assert search.best_params_ == {f"{name}__alpha": 1e-2}
    assert search.score(X[HELD], Y[HELD]) > 0.7


def test_metadata_is_routed_to_fit_and_score():
    classifier, scaler, folds = SoftmaxRegression(), StandardScaler(), KFold(2)
    with sklearn.config_context(enable_metadata_routing=True):
        classifier.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        scaler.set_fit_request(sample_weight=True)
        pipeline = make_pipeline(scaler, classifier)
        routed = cross_validate(pipeline, X, Y, cv=folds, params={"sample_weight": WEIGHT})
    expected = []
    for train, test in folds.split(X):
        scaler.fit(X[train], sample_weight=WEIGHT[train])
        classifier.fit(scaler.transform(X[train]), Y[train], WEIGHT[train])
        expected.append(classifier.score(scaler.transform(X[test]), Y[test], WEIGHT[test]))
    np.testing.assert_array_equal(routed["test_score"], expected)


def test_classes_are_routed_with_soft_labels():
    names = np.array(list("abcdefghij"))
    with sklearn.config_context(enable_metadata_routing=True):
        classifier = SoftmaxRegression().set_fit_request(classes=True)
        pipeline = make_pipeline(StandardScaler(), classifier)
        pipeline.fit(X[TRAIN], np.eye(10)[Y[TRAIN]], classes=names)
    assert pipeline.classes_.tolist() == names.tolist()
