import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from normexp.report.classes import class_scores, confused_pairs


def test_scores_of_classes_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    truth, taken = rng.integers(0, 7, 300), rng.integers(0, 7, 300)
    scores = class_scores(confusion_matrix(truth, taken, labels=np.arange(7)))
    precision, recall, f1, rows = precision_recall_fscore_support(truth, taken)
    assert [score.precision for score in scores] == pytest.approx(precision.tolist())
    assert [score.recall for score in scores] == pytest.approx(recall.tolist())
    assert [score.f1 for score in scores] == pytest.approx(f1.tolist())
    assert [score.rows for score in scores] == rows.tolist()


def test_what_has_no_rows_has_no_score():
    never_tested, never_taken, neither = class_scores(np.array([[0, 0, 0], [3, 0, 0], [0, 0, 0]]))
    assert never_tested[:4] == (0, 0.0, None, 0.0)
    assert never_taken[:4] == (3, None, 0.0, 0.0)
    assert neither[:4] == (0, None, None, None)


def test_a_class_is_told_with_what_it_is_taken_for_most():
    first, second, third = class_scores(np.array([[5, 1, 3], [0, 4, 0], [2, 2, 0]]))
    assert (first.confused_with, first.times) == (2, 3)
    assert (second.confused_with, second.times) == (None, 0)
    assert (third.confused_with, third.times) == (0, 2)


def test_the_mean_of_f1_is_that_of_the_results(images):
    for result in images.results:
        f1 = [score.f1 for score in class_scores(result.metrics.confusion)]
        assert np.mean(f1) == pytest.approx(result.metrics.macro_f1)


def test_the_most_frequent_mistakes_come_first():
    confusion = np.array([[9, 1, 0], [5, 4, 3], [0, 0, 7]])
    assert confused_pairs(confusion) == [(1, 0, 5, 12), (1, 2, 3, 12), (0, 1, 1, 10)]
    assert confused_pairs(confusion, most=1) == [(1, 0, 5, 12)]
    assert confused_pairs(np.diag([3, 2])) == []
