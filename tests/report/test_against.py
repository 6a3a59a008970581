"""A comparison beside an earlier one: what is the same, and what chance may explain."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import fisher_exact

from normexp.data import load
from normexp.losses import LOSSES
from normexp.report.against import against, read_earlier
from normexp.report.comparison import compare
from normexp.report.page import page
from normexp.report.significance import by_signs, corrected, mcnemar
from normexp.report.summary import changed

LOSS = {name: LOSSES[name] for name in ("softmax", "svm")}


@pytest.fixture(scope="module")
def wine():
    """An alpha that is far too large, and the usual one, on the same split of many rows."""
    return [compare(load("wine"), LOSS, test_size=0.5, alpha=alpha) for alpha in (50.0, 1e-3)]


def kept(comparison, path):
    """As it is read from the file that it is written to."""
    path.write_text(json.dumps(comparison.to_dict()), encoding="utf-8")
    return read_earlier(path)


def test_the_same_rows_are_paired(wine, tmp_path):
    before, now = wine
    found = against(now, kept(before, tmp_path / "old.json"))
    assert found.is_paired
    assert [change.name for change in found.changes] == ["softmax", "svm"]
    first, second = (
        mcnemar(old.is_right, new.is_right)
        for old, new in zip(before.results, now.results, strict=True)
    )
    low, high = sorted((first, second))
    assert sorted(change.p for change in found.changes) == [min(2 * low, 1), max(2 * low, high)]
    softmax, svm = found.changes
    assert softmax.log_loss_before == before.results[0].metrics.log_loss
    assert softmax.log_loss_p < 0.001
    assert svm.log_loss_p is None


def test_other_classes_are_said_to_be_so(wine, tmp_path):
    before, now = wine
    names = ("barolo", "barbera", "grignolino")
    renamed = replace(now, class_names=(before.class_names[0], *names[1:]))
    found = against(renamed, kept(before, tmp_path / "old.json"))
    assert set(found.other_classes) == {*names[1:], *before.class_names[1:]}
    assert "The classes are not the same, barbera, " in changed(found)[1]
    assert "说的不是同一个任务" in changed(found, "zh")[1]
    assert against(now, kept(before, tmp_path / "old.json")).other_classes == ()


def test_sentences_say_whether_chance_may_explain_it(wine, tmp_path):
    before, now = wine
    found = against(now, kept(before, tmp_path / "old.json"))
    one = replace(found, changes=(replace(found.changes[0], accuracy_before=0.9, accuracy=0.8),))

    def said(p, **values):
        change = replace(one.changes[0], p=p, **values)
        return changed(replace(one, changes=(change,), new=("brier",), gone=()))

    assert "worse, beyond chance (p = 0.01)" in said(0.01)[1]
    assert "better, beyond chance" in said(0.01, accuracy=0.95)[1]
    assert "chance may explain that (p = 0.05)" in said(0.05)[1]
    assert said(0.05)[-1] == "Compared now alone: brier."
    html = page(replace(now, against=one), language="zh")
    assert (
        "更差，超出偶然"
        in changed(replace(one, changes=(replace(one.changes[0], p=0.01),)), "zh")[1]
    )
    assert 'id="changed"' in html
    assert 'id="changed"' not in page(now)


def test_nothing_has_changed_between_equal_runs(wine, tmp_path):
    _, now = wine
    found = against(now, kept(now, tmp_path / "old.json"))
    assert all(change.p == 1 for change in found.changes)
    assert found.changes[0].log_loss_p == 1
    assert (found.new, found.gone) == ((), ())


def test_other_rows_are_samples_of_their_own(wine, tmp_path):
    before, _ = wine
    now = compare(load("wine"), {"softmax": LOSSES["softmax"]}, test_size=0.4, seed=1)
    found = against(now, kept(before, tmp_path / "old.json"))
    assert not found.is_paired
    assert found.gone == ("svm",)
    (change,) = found.changes
    old, new = before.results[0].is_right, now.results[0].is_right
    counts = [[old.sum(), new.sum()], [np.sum(~old), np.sum(~new)]]
    assert change.p == pytest.approx(fisher_exact(counts).pvalue)
    assert change.log_loss_p is None


def test_as_many_parts_are_tested_too(tmp_path):
    loss = {"softmax": LOSSES["softmax"]}
    before, now = (compare(load("iris"), loss, folds=4, alpha=alpha) for alpha in (1.0, 1e-3))
    (change,) = against(now, kept(before, tmp_path / "old.json")).changes
    (old,), (new,) = before.results, now.results
    of_parts = corrected(new.metrics.parts - old.metrics.parts, now.test_to_train).p
    assert change.p == pytest.approx(max(of_parts, mcnemar(old.is_right, new.is_right)))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"test_size": 0.2, "seeds": 1}, {"test_size": 0.2, "seeds": 5}),
        ({"folds": 5, "seed": 0}, {"folds": 5, "seed": 1}),
        ({"folds": 2, "seeds": 2}, {"folds": 4, "seeds": 1}),
    ],
)
def test_runs_of_other_plans_are_compared_by_the_rows_of_their_first_seeds(first, second, tmp_path):
    loss = {"softmax": LOSSES["softmax"]}
    before, now = (compare(load("wine"), loss, **plan) for plan in (first, second))
    found = against(now, kept(before, tmp_path / "old.json"))
    assert (found.is_paired, found.is_same_plan) == (True, False)
    (change,), (old,), (new,) = found.changes, before.results, now.results
    assert change.p == mcnemar(old.is_right, new.is_right)
    assert change.accuracy_before == old.is_right.mean()
    assert change.accuracy == new.is_right.mean()
    assert change.log_loss == pytest.approx(new.surprise.mean())
    assert change.log_loss_p == pytest.approx(by_signs(new.surprise - old.surprise))
    assert "split in another way" in changed(found)[0]
    if first.get("test_size"):
        assert change.accuracy == change.accuracy_before != new.metrics.accuracy


def test_log_losses_are_tested_by_parts_too_and_for_their_number(tmp_path):
    losses = {**LOSS, "again": LOSSES["softmax"]}
    before, now = (compare(load("iris"), losses, folds=4, alpha=a) for a in (1e-2, 1e-3))
    softmax, svm, again = against(now, kept(before, tmp_path / "old.json")).changes
    old, new = before.results[0], now.results[0]
    parts = new.metrics.log_loss_parts - old.metrics.log_loss_parts
    assert np.mean(new.metrics.log_loss_parts) == pytest.approx(new.metrics.log_loss, rel=0.02)
    p = max(by_signs(new.surprise - old.surprise), corrected(parts, now.test_to_train).p)
    assert softmax.log_loss_p == again.log_loss_p == pytest.approx(2 * p)
    assert svm.log_loss_p is None


def test_an_infinite_log_loss_of_the_same_rows_is_said_to_be_why_it_is_not_tested(wine, tmp_path):
    _, now = wine
    surprise = now.results[0].surprise.copy()
    surprise[0] = np.inf
    metrics = replace(now.results[0].metrics, log_loss=np.inf)
    sure = replace(now.results[0], surprise=surprise, metrics=metrics)
    found = against(replace(now, results=(sure,)), kept(now, tmp_path / "old.json"))
    assert found.changes[0].log_loss_p is None
    assert "with a probability of 0 for what came true" in changed(found)[2]
    assert "0 的概率" in changed(found, "zh")[2]


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "{}",
        '{"data": "x", "class_names": ["a"], "rows": [1], "truth": [3], "results": []}',
        '{"data": "x", "class_names": ["a"], "rows": [1], "truth": [0, 0], "results": []}',
    ],
)
def test_a_file_that_holds_no_such_numbers_is_refused(text, tmp_path):
    path = tmp_path / "old.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"old\.json: expected the numbers of a report"):
        read_earlier(path)
