"""Probabilities before and after a temperature that the test rows have no part in."""

import numpy as np
import pytest

import normexp as nex
from normexp.data import Dataset, load
from normexp.linear import LinearClassifier
from normexp.losses import LOSSES
from normexp.report.calibration import temperature_of
from normexp.report.comparison import compare
from normexp.report.page import page
from normexp.report.split import split


@pytest.fixture(scope="module")
def overconfident():
    """Far more features than rows tell anything about, and hardly a penalty."""
    rng = np.random.default_rng(0)
    target = rng.integers(2, size=200)
    features = rng.normal(size=(200, 30)) + 0.3 * target[:, None]
    return Dataset("noisy.csv", features, target, tuple(f"x{i}" for i in range(30)))


LOSS = {name: LOSSES[name] for name in ("softmax", "svm")}


def test_a_temperature_makes_probabilities_truer(overconfident):
    comparison = compare(overconfident, LOSS, test_size=0.5, alpha=1e-5, calibrate=True)
    softmax, svm = comparison.results
    assert softmax.temperature > 1.5
    assert softmax.calibrated.log_loss < softmax.metrics.log_loss
    assert softmax.calibrated.accuracy == softmax.metrics.accuracy
    assert (svm.temperature, svm.calibrated) == (None, None)
    assert "at the temperature" in page(comparison)
    assert "温度" in page(comparison, language="zh")


def test_the_test_rows_have_no_part_in_it(overconfident):
    part = split(overconfident, 0.5, 0)
    classifier = LinearClassifier(alpha=1e-5).fit(part.train_features, part.train_target)
    found = temperature_of(classifier, part, 0)
    part.test_features[:] = np.nan
    part.test_target[:] = 0
    assert temperature_of(classifier, part, 0) == found
    own = classifier.predict_log_proba(part.train_features)
    assert nex.log_softmax(own, temperature=found) != pytest.approx(own)


def test_where_no_temperature_is_best_probabilities_stay(overconfident):
    features = np.repeat([[-5.0], [5.0]], 20, axis=0)
    dataset = Dataset("two", features, np.repeat([0, 1], 20), ("x",))
    comparison = compare(dataset, {"softmax": LOSSES["softmax"]}, test_size=0.5, calibrate=True)
    (result,) = comparison.results
    assert result.temperature is None
    assert result.calibrated.log_loss == pytest.approx(result.metrics.log_loss)
    assert "no temperature is best" in page(comparison)


def test_advice_does_not_promise_what_was_tried_in_vain(overconfident):
    def kinds(**options):
        loss = {"softmax": LOSSES["softmax"]}
        comparison = compare(overconfident, loss, test_size=0.5, alpha=1e-5, **options)
        return {advice.kind: advice for advice in comparison.advice}

    first = kinds()["too-sure"]
    assert first.commands[0].endswith("--calibrate")
    assert kinds(calibrate=True)["too-sure"].commands == ()


def test_evidence_of_a_picture_is_the_lead_of_the_wrong_class(images):
    part = split(load("digits").take(np.flatnonzero(load("digits").target < 9)[:200]), 0.4, 0)
    softmax = images.results[0]
    classifier = LinearClassifier(LOSSES["softmax"]).fit(part.train_features, part.train_target)
    for mistake in softmax.mistakes[:12]:
        row = np.flatnonzero(part.dataset.positions_of(part.test_rows) == mistake.row)
        logits = classifier.decision_function(part.test_features[row])[0]
        intercepts = classifier.intercept_[mistake.predicted] - classifier.intercept_[mistake.truth]
        lead = logits[mistake.predicted] - logits[mistake.truth] - intercepts
        assert mistake.evidence.shape == (8, 8)
        assert mistake.evidence.sum() == pytest.approx(lead, rel=1e-5, abs=1e-6)
