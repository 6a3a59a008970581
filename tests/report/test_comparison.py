import gc
import json
from time import perf_counter

import numpy as np
import pytest

from normexp.data import Dataset, load
from normexp.kernels.cpu.entries import Entry
from normexp.linear import LinearClassifier
from normexp.losses import COMPARED, LOSSES
from normexp.report import training
from normexp.report.comparison import compare
from normexp.report.mistakes import _kept
from normexp.report.page import page
from normexp.report.sections import behind
from normexp.report.split import split


def test_a_comparison_survives_json(images, table):
    for comparison in (images, table):
        plain = comparison.to_dict()
        assert json.loads(json.dumps(plain, allow_nan=False)) == plain
        assert plain["results"][0]["metrics"]["accuracy"] == comparison.results[0].metrics.accuracy


def test_the_curve_ends_where_the_training_ended(images):
    for result in images.results:
        assert len(result.curve.objective) == 1 + result.iterations
        assert result.curve.objective[-1] == pytest.approx(result.objective)
        assert result.curve.accuracy[-1] == pytest.approx(result.metrics.accuracy)
        assert (np.diff(result.curve.seconds) > 0).all()
        assert result.curve.seconds[-1] <= result.seconds


def test_the_start_is_the_loss_of_equal_logits(images):
    softmax, svm = images.results
    assert softmax.start == pytest.approx(np.log(9))
    assert svm.start == pytest.approx(8)


def test_the_curve_starts_at_weights_of_zero(images):
    for result in images.results:
        assert result.curve.seconds[0] == 0
        assert result.curve.objective[0] == result.start
        assert result.curve.accuracy[0] == result.metrics.confusion[0].sum() / images.test_rows


def test_trainings_that_end_at_their_tolerance_are_converged(images):
    assert all(result.is_converged for result in images.results)
    short = compare(load("iris"), {"softmax": LOSSES["softmax"]}, max_iter=2)
    assert not short.results[0].is_converged
    assert short.results[0].iterations == 2


def test_templates_weigh_pixels_as_they_came(images, few_digits):
    templates = images.results[0].templates
    assert templates.shape == (9, 8, 8)
    parts = split(few_digits, images.test_size, images.seed)
    classifier = LinearClassifier(LOSSES["softmax"]).fit(parts.train_features, parts.train_target)
    raw = few_digits.features[parts.test_rows]
    by_pixels = (raw[1:] - raw[:-1]) @ templates.reshape(9, -1).T
    by_features = np.diff(parts.test_features, axis=0) @ classifier.coef_.T
    assert by_pixels == pytest.approx(by_features, abs=1e-9)


def test_the_hardest_mistakes_come_first_and_are_mistakes(images, table):
    for result in (*images.results, *table.results):
        surprises = [mistake.surprise for mistake in result.mistakes]
        assert surprises == sorted(surprises, reverse=True)
        assert all(mistake.truth != mistake.predicted for mistake in result.mistakes)
        wrong = np.sum(~result.is_right)
        assert min(12, wrong) <= len(surprises) <= wrong


def test_of_each_pair_of_classes_the_hardest_mistakes_are_kept():
    rng = np.random.default_rng(0)
    truth, taken = rng.integers(3, size=400), np.zeros(400, int)
    surprise = rng.exponential(size=400)
    wrong = truth > 0
    kept = _kept(truth[wrong], taken[wrong], surprise[wrong])
    surprises = surprise[wrong]
    assert surprises[kept].tolist() == sorted(surprises[kept], reverse=True)
    assert set(np.argsort(-surprises)[:12]) <= set(kept)
    for k in (1, 2):
        of_pair = np.flatnonzero(truth[wrong] == k)
        assert set(of_pair[np.argsort(-surprises[of_pair])[:8]]) <= set(kept)


def test_mistakes_are_kept_up_to_a_number_and_of_as_many_pairs_as_there_are():
    truth = np.repeat(np.arange(1, 91), 20)
    kept = _kept(truth, np.zeros(1800, int), np.arange(1800.0))
    assert len(kept) == 100
    assert len(set(truth[kept])) >= 88


def test_a_mistake_shows_the_row_it_is_about(images):
    digits = load("digits")  # of which some were taken
    for mistake in images.results[0].mistakes:
        assert digits.target[mistake.row] == mistake.truth
        assert np.array_equal(mistake.picture.ravel(), digits.features[mistake.row])


def test_rows_are_counted_as_they_stand_in_the_file(tmp_path):
    path = tmp_path / "rows.csv"
    labels = ["", "", *["a", "b"] * 14]
    values = [-1.0 if label == "a" else 1.0 for label in labels]
    values[10] *= -3  # of row 11, which is taken for the other class
    path.write_text("x,y\n" + "".join(f"{x},{y}\n" for x, y in zip(values, labels, strict=True)))
    dataset = load(path, target="y")
    assert dataset.positions.tolist() == list(range(2, 30))
    comparison = compare(dataset, {"softmax": LOSSES["softmax"]}, folds=2)
    assert comparison.rows.tolist() == list(range(2, 30))
    assert [mistake.row for mistake in comparison.results[0].mistakes] == [10]
    assert "<td>11</td>" in page(comparison)
    (group,) = behind(comparison)[0]
    assert (group["mistakes"][0].row, group["others"]) == (10, [])


def test_surprise_is_what_the_true_class_lacks(images):
    softmax, svm = images.results
    for mistake in softmax.mistakes:
        assert mistake.surprise >= -np.log1p(-mistake.confidence) - 1e-12
    assert all(mistake.confidence is None and mistake.surprise >= 0 for mistake in svm.mistakes)


def test_pulls_are_named_with_the_values_of_the_row(table):
    for mistake in table.results[0].mistakes:
        assert mistake.pulls
        for name, logits in mistake.pulls:
            assert name.startswith(("size = ", "colour="))
            assert logits > 0


def test_of_many_classes_nothing_is_warned():
    rng = np.random.default_rng(0)
    target = np.repeat(np.arange(60), 4)
    dataset = Dataset("many", rng.normal(size=(240, 3)), target, ("x", "y", "z"))
    found = compare(dataset, {"softmax": LOSSES["softmax"]}, test_size=0.25, max_iter=3)
    assert found.train_rows == 180


def test_progress_is_told_for_each_loss_and_iteration():
    told = []
    comparison = compare(
        load("iris"),
        {"softmax": LOSSES["softmax"]},
        test_size=0.2,
        on_progress=lambda name, state, accuracy: told.append((name, state.iteration, accuracy)),
    )
    result = comparison.results[0]
    assert [iteration for _, iteration, _ in told] == list(range(1, result.iterations + 1))
    assert told[-1][::2] == ("softmax", result.metrics.accuracy)


def test_the_losses_compared_by_default_have_names():
    assert set(COMPARED) < set(LOSSES)


@pytest.mark.parametrize("name", LOSSES)
def test_no_kernel_is_made_while_the_clock_runs(few_digits, monkeypatch, name):
    course, make = [], Entry.made
    for entry in [each for each in gc.get_objects() if type(each) is Entry]:
        monkeypatch.setattr(entry, "forms", {})
    monkeypatch.setattr(
        Entry, "made", lambda entry, arguments: course.append(entry.name) or make(entry, arguments)
    )
    monkeypatch.setattr(training, "perf_counter", lambda: course.append("clock") or perf_counter())
    part = split(few_digits, 0.2, seed=0)
    training.make_ready(LOSSES[name], part)
    assert course
    training.train(name, LOSSES[name], part, alpha=0.01, max_iter=100)
    first, last = course.index("clock"), len(course) - course[::-1].index("clock")
    assert set(course[first:last]) == {"clock"}
