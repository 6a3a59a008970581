from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from normexp.report.significance import holm, mcnemar
from normexp.report.summary import joined, summary, unfinished


def test_mcnemar_by_hand():
    first = np.array([True] * 9 + [False] * 1 + [True] * 50)
    second = np.array([False] * 9 + [True] * 1 + [True] * 50)
    assert mcnemar(first, second) == pytest.approx(2 * binom.cdf(1, 10, 0.5))
    assert mcnemar(second, first) == mcnemar(first, second)


def test_classifiers_that_agree_are_not_told_apart():
    assert mcnemar(np.array([True, False]), np.array([True, False])) == 1.0


def test_p_values_are_adjusted_for_their_number():
    assert holm([0.04, 0.01, 0.03, 0.9]) == pytest.approx([0.09, 0.04, 0.09, 0.9])
    assert holm([0.2]) == [0.2]
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


def with_right(comparison, *rights):
    results = [
        replace(result, is_right=right, metrics=replace(result.metrics, accuracy=right.mean()))
        for result, right in zip(comparison.results, rights, strict=True)
    ]
    return replace(comparison, results=tuple(results), test_rows=len(rights[0]))


def test_a_small_lead_is_called_chance_and_a_large_one_is_not(images):
    all_right, one_wrong = np.full(100, True), np.arange(100) > 0
    many_wrong = np.arange(100) > 20
    close = " ".join(summary(with_right(images, all_right, one_wrong)))
    assert "softmax predicts 100.0% of the 100 test rows correctly" in close
    assert "Its lead over svm (1.0 points, p = 1) is within the sampling error" in close
    apart = " ".join(summary(with_right(images, many_wrong, all_right)))
    assert "svm predicts 100.0%" in apart
    assert "Its lead over softmax (21.0 points, p = 9.5e−07) is more than chance" in apart


def test_losses_that_tie_share_the_lead(images):
    even = np.arange(10) > 0
    first, *rest = summary(with_right(images, even, even))
    assert first.startswith("softmax and svm predict 90.0% of the 10 test rows")
    assert not any("lead over" in sentence for sentence in rest)


def test_an_unfinished_training_is_mentioned(images):
    first, second = images.results
    (sentence,) = unfinished([first, replace(second, is_converged=False)])
    assert sentence.startswith("The training of svm ended before")
    assert unfinished(images.results) == []


def test_words_are_joined_as_in_speech():
    assert joined(["a", "b"]) == "a and b"
