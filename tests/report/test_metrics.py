import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import brier_score_loss, f1_score, log_loss

import normexp as nex
from normexp.data import Dataset, Encoder
from normexp.linear import LinearClassifier
from normexp.model import Model
from normexp.report.metrics import evaluate, measure, reliability


@pytest.fixture
def answers():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(200, 4)) * 3
    truth = rng.integers(4, size=200)
    return truth, logits


def test_metrics_are_those_of_scikit_learn(answers):
    truth, logits = answers
    found = measure(truth, logits.argmax(axis=1), 4, nex.log_softmax(logits))
    p = nex.softmax(logits)
    assert found.accuracy == np.mean(truth == logits.argmax(axis=1))
    assert found.macro_f1 == pytest.approx(f1_score(truth, logits.argmax(axis=1), average="macro"))
    assert found.log_loss == pytest.approx(log_loss(truth, p))
    assert found.brier == pytest.approx(brier_score_loss(truth, p, scale_by_half=False))
    assert found.confusion.sum() == 200
    assert found.confusion.trace() == found.accuracy * 200


def test_the_interval_holds_the_accuracy_and_has_a_width_even_when_all_is_right():
    low, high = measure(np.zeros(30, int), np.zeros(30, int), 2).accuracy_interval
    assert low < 0.9
    assert high == 1.0


def test_log_loss_is_finite_where_the_true_class_is_hopeless():
    log_proba = nex.log_softmax([[2000.0, 0.0]])
    assert measure(np.array([1]), np.array([0]), 2, log_proba).log_loss == 2000.0


def test_log_loss_is_above_zero_where_the_true_class_is_certain():
    log_proba = nex.log_softmax([[60.0, 0.0]])
    assert measure(np.array([0]), np.array([0]), 2, log_proba).log_loss == pytest.approx(
        np.exp(-60)
    )


def test_without_probabilities_there_is_nothing_said_of_them():
    found = measure(np.array([0, 1]), np.array([0, 0]), 2)
    assert (found.log_loss, found.brier, found.calibration_error) == (None, None, None)
    assert found.reliability is None


def test_calibration_error_by_hand():
    confidence = np.array([0.3, 0.3, 0.9, 0.9, 0.9])
    is_right = np.array([True, False, True, True, False])
    found = reliability(confidence, is_right, bins=10)
    assert found.count.tolist() == [2, 3]
    assert found.accuracy == pytest.approx([1 / 2, 2 / 3])
    assert found.calibration_error == pytest.approx(0.4 * 0.2 + 0.6 * (0.9 - 2 / 3))


def test_a_bin_holds_its_upper_edge():
    found = reliability(np.array([0.5, 1.0]), np.array([True, True]), bins=2)
    assert found.upper.tolist() == [0.5, 1.0]


@given(arrays(float, st.integers(1, 40), elements=st.floats(0, 1)), st.integers(1, 20), st.data())
def test_every_row_is_in_one_bin_and_every_bin_around_its_rows(confidence, bins, data):
    is_right = data.draw(arrays(bool, confidence.shape))
    found = reliability(confidence, is_right, bins)
    assert found.count.sum() == len(confidence)
    assert np.average(found.accuracy, weights=found.count) == pytest.approx(is_right.mean())
    slack = 1e-12
    assert (found.lower - slack <= found.confidence).all()
    assert (found.confidence <= found.upper + slack).all()
    assert 0 <= found.calibration_error <= 1


def trained(labels):
    features = np.array([[0.0], [1.0], [2.0], [3.0]])
    dataset = Dataset("line", features, np.array(labels), ("x",))
    encoder = Encoder.fit(dataset)
    classifier = LinearClassifier(alpha=0.01).fit(encoder.transform(dataset), dataset.target)
    return Model(encoder, classifier), dataset


def test_a_model_is_measured_on_labels_of_text():
    model, dataset = trained(["a", "a", "b", "b"])
    found = evaluate(model, dataset)
    assert found.confusion.tolist() == [[2, 0], [0, 2]]
    assert found.log_loss > 0


def test_a_label_that_the_model_does_not_know_is_named():
    model, _ = trained(["a", "a", "b", "b"])
    stranger = Dataset("file.csv", np.zeros((1, 1)), np.array(["c"]), ("x",))
    with pytest.raises(ValueError, match=r"target: file.csv holds the label 'c'.*'a', 'b'"):
        evaluate(model, stranger)


def test_rows_without_labels_cannot_be_measured():
    model, _ = trained([0, 0, 1, 1])
    with pytest.raises(ValueError, match="has no labels"):
        evaluate(model, Dataset("file.csv", np.zeros((1, 1)), None, ("x",)))
