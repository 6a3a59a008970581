"""Rows judged in parts and for several seeds: which, how often, and what is claimed of it."""

import numpy as np
import pytest
from scipy.stats import t
from sklearn.model_selection import StratifiedKFold

from normexp.data import Dataset, load
from normexp.linear import LinearClassifier
from normexp.losses import LOSSES
from normexp.report.commands import again
from normexp.report.comparison import compare
from normexp.report.page import page
from normexp.report.plan import planned
from normexp.report.significance import corrected
from normexp.report.split import folds_of
from normexp.report.summary import summary
from normexp.report.sweep import sweep

SOFTMAX = {"softmax": LOSSES["softmax"]}


def rows(labels):
    features = np.random.default_rng(0).normal(size=(len(labels), 2))
    return Dataset("rows", features, np.array(labels), ("x", "y"))


def test_small_data_are_judged_in_parts_and_large_ones_by_a_split():
    assert planned(rows([0, 1] * 499), None, None, 0, 1)[:2] == (None, 5)
    assert planned(rows([0, 1] * 500), None, None, 0, 1)[:2] == (0.2, None)
    assert planned(rows([0, 1] * 20), 0.3, None, 0, 1)[:2] == (0.3, None)
    assert planned(rows([0, 1] * 600), None, 3, 2, 3) == (None, 3, (2, 3, 4))
    assert planned(rows([0, 0, 0, 1, 1]), None, None, 0, 1)[:2] == (None, 3)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"test_size": 0.2, "folds": 5}, "give folds= or test_size=, not both, got 5 and 0.2"),
        ({"folds": 1}, "folds: expected 2 to 50, the rows of the largest class, got 1"),
        ({"folds": 51}, "folds: expected 2 to 50"),
        ({"folds": 2.5}, "folds"),
        ({"seeds": 0}, "seeds: expected 1 to"),
        ({"alphas": 1}, "alphas: expected at least 2"),
    ],
)
def test_what_cannot_be_is_refused(asked, message):
    with pytest.raises((ValueError, TypeError), match=message):
        compare(load("iris"), SOFTMAX, **asked)


def test_every_row_is_tested_once_and_never_in_training():
    dataset = rows([0] * 30 + [1] * 11 + [2] * 3 + [3])
    parts = list(folds_of(dataset, 5, seed=1))
    tested = np.concatenate([part.test_rows for part in parts])
    assert sorted(tested) == list(range(44))  # the class of one row is always trained on
    for part in parts:
        assert len(part.test_rows) + len(part.train_target) == 45
        assert set(part.train_target) == {0, 1, 2, 3}
        trained_on = np.setdiff1d(np.arange(45), part.test_rows)
        assert part.encoder.mean == pytest.approx(dataset.features[trained_on].mean(axis=0))
    assert "classes of one row, kept for training: 3" in parts[0].notes


def test_parts_are_put_together_in_the_order_of_the_rows():
    iris = load("iris")
    comparison = compare(iris, SOFTMAX, folds=4)
    assert comparison.rows.tolist() == list(range(150))
    assert comparison.truth.tolist() == iris.target.tolist()
    (result,) = comparison.results
    assert result.is_right.tolist() == (result.predicted == iris.target).tolist()
    assert result.metrics.accuracy == pytest.approx(result.is_right.mean())
    assert result.metrics.confusion.sum() == 150
    for mistake in result.mistakes:
        assert iris.target[mistake.row] == mistake.truth
        assert result.predicted[mistake.row] == mistake.predicted


def test_several_seeds_are_averaged_and_their_spread_is_kept():
    each = [compare(load("wine"), SOFTMAX, test_size=0.3, seed=seed) for seed in (3, 4, 5)]
    all_of_them = compare(load("wine"), SOFTMAX, test_size=0.3, seed=3, seeds=3)
    metrics = [one.results[0].metrics for one in each]
    found = all_of_them.results[0].metrics
    assert found.parts == pytest.approx([one.accuracy for one in metrics])
    for name in ("accuracy", "macro_f1", "log_loss", "brier", "calibration_error"):
        assert getattr(found, name) == pytest.approx(np.mean([getattr(m, name) for m in metrics]))
    assert found.confusion.tolist() == metrics[0].confusion.tolist()
    assert all_of_them.results[0].mistakes[0].row == each[0].results[0].mistakes[0].row


def test_the_corrected_interval_by_hand():
    values = np.array([0.8, 0.9, 0.85, 0.95])
    found = corrected(values, 1 / 3)
    error = np.sqrt((1 / 4 + 1 / 3) * values.var(ddof=1))
    assert found.margin == pytest.approx(t.ppf(0.975, 3) * error)
    assert corrected(values - 0.875, 0.25).p == pytest.approx(1)
    assert found.p == pytest.approx(2 * t.sf(0.875 / error, 3))
    assert corrected(np.zeros(3), 0.25) == (0, 0, 1)


def test_parts_that_are_all_alike_still_leave_an_interval():
    separate = Dataset("two", np.repeat([[-5.0], [5.0]], 20, axis=0), np.repeat([0, 1], 20), ("x",))
    comparison = compare(separate, SOFTMAX, folds=4)
    found = comparison.results[0].metrics
    assert found.parts.tolist() == [1, 1, 1, 1]
    assert found.accuracy_interval[0] == pytest.approx(40 / (40 + 1.96**2), abs=1e-4)
    assert found.accuracy_interval[1] == 1


@pytest.mark.nightly
def test_the_interval_holds_the_accuracy_on_other_rows():
    """Of many small samples of one source, for the share that is promised and not much more."""
    rng = np.random.default_rng(0)

    def drawn(count):
        target = rng.integers(2, size=count)
        return rng.normal(size=(count, 3)) + 0.7 * target[:, None], target

    held = 0
    for _ in range(100):
        features, target = drawn(100)
        comparison = compare(Dataset("drawn", features, target, ("a", "b", "c")), SOFTMAX)
        low, high = comparison.results[0].metrics.accuracy_interval
        others, truth = drawn(20_000)
        centroids = np.stack([features[target == k].mean(axis=0) for k in (0, 1)])
        scores = others @ centroids.T - (centroids**2).sum(axis=1) / 2
        held += low <= np.mean(scores.argmax(axis=1) == truth) <= high
    assert held >= 90


def test_a_difference_in_parts_is_judged_by_the_larger_p():
    losses = {name: LOSSES[name] for name in ("softmax", "squared-error")}
    comparison = compare(load("iris"), losses)
    first, second = comparison.results
    p = corrected(first.metrics.parts - second.metrics.parts, comparison.test_to_train).p
    assert comparison.test_to_train == pytest.approx(0.25)
    assert comparison.chance(first, second) >= p
    assert comparison.chance(first, first) == 1
    assert "is more than chance explains" in " ".join(summary(comparison))


def test_alpha_is_chosen_on_the_training_rows_for_each_loss():
    losses = {name: LOSSES[name] for name in ("softmax", "svm")}
    comparison = compare(load("wine"), losses, test_size=0.3, alphas=4)
    softmax, svm = comparison.results
    assert softmax.sweep.measure == "log-loss"
    assert svm.sweep.measure == "accuracy"
    for result in comparison.results:
        found = result.sweep
        assert result.alpha == found.chosen >= found.best
        assert (np.diff(found.alphas) < 0).all()
    best = softmax.sweep.mean.argmin()
    within = softmax.sweep.mean[best] + softmax.sweep.error[best]
    as_good = softmax.sweep.alphas[softmax.sweep.mean <= within + 1e-12]
    assert softmax.sweep.chosen == as_good[0]


def test_the_page_tells_how_often_a_row_is_tested():
    for seeds, told, in_chinese in (
        (1, "each tested once after", "训练后测试一次"),
        (2, "each tested 2 times, once a seed,", "2 个种子各一次"),
    ):
        comparison = compare(load("iris"), SOFTMAX, folds=2, seeds=seeds, max_iter=5)
        assert told in page(comparison)
        assert in_chinese in page(comparison, language="zh")


def test_a_command_tells_how_rows_are_judged_unless_that_is_the_rule():
    iris = load("iris")

    def told(**options):
        return again(compare(iris, SOFTMAX, max_iter=1000, **options))

    assert told() == "normexp compare iris --loss softmax"
    assert told(folds=5) == "normexp compare iris --loss softmax"
    assert told(folds=3, seeds=2) == "normexp compare iris --loss softmax --folds 3 --seeds 2"
    assert told(test_size=0.2, alphas=2).endswith("--alphas 2 --test-size 0.2")


def test_too_few_rows_to_choose_on_are_refused_and_to_calibrate_on_change_nothing():
    dataset = Dataset("tiny", np.arange(4.0)[:, None], np.array([0, 0, 1, 1]), ("x",))
    with pytest.raises(ValueError, match="alphas: too few rows to choose alpha on"):
        compare(dataset, SOFTMAX, alphas=3)
    assert compare(dataset, SOFTMAX, calibrate=True).results[0].temperature is None


@pytest.mark.filterwarnings("ignore:The least populated class")
@pytest.mark.parametrize("lone", ["a", "z"])
@pytest.mark.parametrize("count", [1, 2])
def test_a_class_of_one_training_row_is_in_every_training_that_alpha_is_chosen_by(lone, count):
    rng = np.random.default_rng(0)
    labels = np.array(["m"] * 30 + ["n"] * (30 - count) + [lone] * count)
    features = rng.normal(size=(60, 2)) + 2 * (labels == "m")[:, None]
    dataset = Dataset("lone", features, labels, ("x", "y"))
    (part, *_) = folds_of(dataset, 5, seed=0)
    found = sweep(SOFTMAX["softmax"], part, 3, 1000, 0)
    target, alpha = part.train_target, found.alphas[1]
    shared = np.flatnonzero(np.bincount(target)[target] > 1)
    splitter = StratifiedKFold(5, shuffle=True, random_state=0)
    scores = []
    for _, own in splitter.split(shared, target[shared]):
        others = np.setdiff1d(np.arange(len(target)), shared[own])
        model = LinearClassifier(alpha=alpha).fit(part.train_features[others], target[others])
        log_proba = model.predict_log_proba(part.train_features[shared[own]])
        scores.append(-np.mean(log_proba[np.arange(len(own)), target[shared[own]]]))
    assert found.mean[1] == pytest.approx(np.mean(scores), rel=1e-4)
    assert compare(dataset, SOFTMAX, alphas=3).results[0].alpha > 0


def test_of_two_classes_one_may_have_one_training_row():
    rng = np.random.default_rng(0)
    for count in (1, 2):
        labels = np.array([0] * (60 - count) + [1] * count)
        features = rng.normal(size=(60, 2)) + labels[:, None]
        dataset = Dataset("one", features, labels, ("x", "y"))
        result = compare(dataset, SOFTMAX, alphas=3, calibrate=True, folds=2).results[0]
        assert result.calibrated is not None
