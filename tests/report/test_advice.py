"""Each rule of the advice: where it has to speak, and where it must not."""

import json
from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_array
from scipy.stats import fisher_exact

from normexp._sentences import LANGUAGES, sentences
from normexp.data import Dataset, load
from normexp.losses import LOSSES
from normexp.report.advice import Advice, listed, told
from normexp.report.advice_beside_baselines import (
    _by_log_loss,
    centroid_suffices,
    nothing_learnt,
)
from normexp.report.advice_of_calibration import uncalibrated
from normexp.report.advice_of_data import _association, sample
from normexp.report.advice_of_results import (
    choice,
    few_rows,
    never_predicted,
    overfits,
    unfinished,
)
from normexp.report.commands import again, training
from normexp.report.comparison import compare
from normexp.report.judgement import _mean
from normexp.report.metrics import measure
from normexp.report.page import page
from normexp.report.significance import by_signs, corrected
from normexp.report.split import folds_of, split

RNG = np.random.default_rng(0)


def table(columns, labels, name="t.csv"):
    frame = pl.DataFrame(columns)
    return Dataset(name, frame, np.array(labels), tuple(frame.columns))


def advised(dataset, **options):
    comparison = compare(dataset, {"softmax": LOSSES["softmax"]}, **options)
    return {advice.kind: advice for advice in comparison.advice}


def judged(comparison, *predictions, truth, train=None, log_proba=None, centroid=None):
    """The comparison as if its losses had predicted that."""
    truth = np.asarray(truth)
    classes = len(comparison.class_names)
    results = [
        replace(
            result,
            predicted=predicted,
            is_right=predicted == truth,
            metrics=measure(truth, predicted, classes, log_proba),
            surprise=None if log_proba is None else -log_proba[np.arange(len(truth)), truth],
            train_accuracy=np.mean(predicted == truth) if train is None else train,
        )
        for result, predicted in zip(comparison.results, map(np.asarray, predictions), strict=False)
    ]
    rules = [np.full(len(truth), np.bincount(truth).argmax())]
    rules.append(rules[0] if centroid is None else np.asarray(centroid))
    baselines = [
        replace(
            baseline,
            predicted=rule,
            is_right=rule == truth,
            metrics=measure(truth, rule, classes),
            surprise=-np.log(np.bincount(truth, minlength=classes)[truth] / len(truth)),
        )
        for baseline, rule in zip(comparison.baselines, rules, strict=True)
    ]
    return replace(
        comparison,
        results=tuple(results),
        baselines=tuple(baselines),
        truth=truth,
        rows=np.arange(len(truth)),
        train_rows=1000,
        test_rows=len(truth),
    )


@pytest.fixture(scope="module")
def pair():
    """Two losses on two classes, and rows whose truth is 0 and 1 in turn."""
    labels = RNG.integers(2, size=60)
    losses = {name: LOSSES[name] for name in ("softmax", "svm")}
    dataset = Dataset("pair.csv", RNG.normal(size=(60, 2)), labels, ("x", "y"))
    return replace(compare(dataset, losses, test_size=0.5), test_size=None)


TRUTH = np.arange(200) % 2


def wrong_on(count):
    predicted = TRUTH.copy()
    predicted[:count] = 1 - predicted[:count]
    return predicted


def kinds(rule, comparison):
    return [advice.kind for advice in rule(comparison)]


def test_a_training_that_stopped_early_is_to_go_on(pair):
    stopped = replace(pair, results=(replace(pair.results[0], is_converged=False),), max_iter=7)
    (advice,) = unfinished(stopped)
    assert advice.commands == ("normexp compare pair.csv --loss softmax --max-iter 70",)
    assert kinds(unfinished, pair) == []


def test_what_is_no_better_than_the_most_frequent_class_has_learnt_nothing(pair):
    assert kinds(nothing_learnt, judged(pair, wrong_on(92), truth=TRUTH)) == ["nothing-learnt"]
    assert kinds(nothing_learnt, judged(pair, wrong_on(120), truth=TRUTH)) == ["nothing-learnt"]
    assert kinds(nothing_learnt, judged(pair, wrong_on(60), truth=TRUTH)) == []


def test_of_rare_cases_probabilities_may_know_what_labels_do_not_tell():
    rng = np.random.default_rng(0)
    x = rng.normal(size=2000)
    ill = rng.uniform(size=2000) < 1 / (1 + np.exp(3.6 - 1.3 * x))
    found = advised(table({"x": x}, np.where(ill, "ill", "well")))
    facts = found["only-probabilities"].facts
    assert facts["log_loss"] < 0.95 * facts["base"]
    assert facts["p"] > 0.05 > facts["p_log_loss"]
    assert found["never-predicted"].facts["names"] == ("ill",)
    assert "nothing-learnt" not in found
    dataset = table({"x": x}, np.where(ill, "ill", "well"))
    parts = compare(dataset, {"softmax": LOSSES["softmax"]}, folds=3, max_iter=50)
    base, softmax = parts.baselines[0], parts.results[0]
    gains = base.log_loss_parts - softmax.metrics.log_loss_parts
    assert (gains > 0).all()
    by_parts = corrected(gains, parts.test_to_train).p
    assert _by_log_loss(parts, softmax) == by_parts > by_signs(base.surprise - softmax.surprise)
    assert np.mean(base.log_loss_parts) == pytest.approx(np.mean(base.surprise), rel=1e-3)
    noise = advised(table({"x": rng.normal(size=2000)}, np.where(ill, "ill", "well")))
    assert {"nothing-learnt", "never-predicted"} <= set(noise)
    assert "only-probabilities" not in noise


def test_the_best_of_many_losses_is_no_better_than_chance_allows_the_best_of_many(pair):
    many = replace(pair, results=(pair.results[0],) * 6)
    one = replace(pair, results=(pair.results[0],))
    found = [wrong_on(count) for count in (78, 100, 100, 100, 100, 100)]
    assert kinds(nothing_learnt, judged(one, found[0], truth=TRUTH)) == []
    assert kinds(nothing_learnt, judged(many, *found, truth=TRUTH)) == ["nothing-learnt"]


def test_the_nearest_mean_suffices_where_no_loss_is_better_beyond_chance(pair):
    def found(wrong):
        return kinds(
            centroid_suffices, judged(pair, wrong_on(wrong), truth=TRUTH, centroid=wrong_on(20))
        )

    assert found(18) == ["centroid-suffices"]
    assert found(30) == ["centroid-suffices"]
    assert found(5) == []


@pytest.mark.parametrize(
    ("train", "wrong", "speaks"),
    [(1.0, 20, True), (1.0, 3, False), (0.92, 20, False), (0.90, 20, False)],
)
def test_a_gap_between_training_and_test_is_told_where_it_is_certain(pair, train, wrong, speaks):
    found = [*overfits(judged(pair, wrong_on(wrong), truth=TRUTH, train=train))]
    assert [advice.kind for advice in found] == ["overfits"] * speaks
    for advice in found:
        assert 0.01 < advice.facts["gap"] < train - advice.facts["test"]


def sure_of(confidence, wrong):
    """Log-probabilities of a classifier that is always as sure, and wrong on so many rows."""
    p = np.full((200, 2), 1 - confidence)
    p[np.arange(200), wrong_on(wrong)] = confidence
    return np.log(p)


@pytest.mark.parametrize(
    ("confidence", "wrong", "kind"),
    [(0.99, 20, "too-sure"), (0.7, 10, "too-unsure"), (0.9, 20, None), (0.9, 26, None)],
)
def test_probabilities_are_to_be_calibrated_where_they_are_off_beyond_chance(
    pair, confidence, wrong, kind
):
    one = replace(pair, results=pair.results[:1])
    log_proba = sure_of(confidence, wrong)
    found = [*uncalibrated(judged(one, wrong_on(wrong), truth=TRUTH, log_proba=log_proba))]
    assert [advice.kind for advice in found] == [kind] * (kind is not None)
    for advice in found:
        assert advice.facts["error"] > advice.facts["chance"]
        assert advice.commands == (again(one, "--calibrate"),)


@pytest.mark.parametrize("wrong", [(20, 2, 2), (2, 20, 20)])
def test_probabilities_are_judged_by_every_seed(pair, wrong):
    one = replace(pair, results=pair.results[:1])
    of_seeds = [
        judged(one, wrong_on(k), truth=TRUTH, log_proba=sure_of(0.99, k)).results[0].metrics
        for k in wrong
    ]
    metrics = _mean(of_seeds)
    assert metrics.confusion is of_seeds[0].confusion
    found = [*uncalibrated(replace(one, results=(replace(one.results[0], metrics=metrics),)))]
    assert [advice.kind for advice in found] == ["too-sure"] * (wrong[0] == 2)
    for advice in found:
        errors = [each.calibration_error for each in of_seeds]
        assert advice.facts["error"] == pytest.approx(np.mean(errors))


def test_true_probabilities_are_seldom_called_wrong(pair):
    rng, alarms = np.random.default_rng(1), 0
    for _ in range(40):
        confidence = rng.uniform(0.5, 1, size=200)
        predicted = np.where(rng.uniform(size=200) < confidence, TRUTH, 1 - TRUTH)
        p = np.empty((200, 2))
        p[np.arange(200), predicted] = confidence
        p[np.arange(200), 1 - predicted] = 1 - confidence
        one = replace(pair, results=pair.results[:1])
        alarms += len([*uncalibrated(judged(one, predicted, truth=TRUTH, log_proba=np.log(p)))])
    assert alarms <= 5  # of a level of 1 in 20: more with a chance below 2 in 100


def test_classes_with_few_test_rows_are_named(pair):
    truth = np.repeat([0, 1], [40, 11])
    (advice,) = few_rows(judged(pair, truth, truth=truth))
    assert advice.facts["names"] == (pair.class_names[1],)
    assert advice.facts["fewest"] == 11
    assert kinds(few_rows, judged(pair, [0, 0], truth=[0, 0])) == ["untested"]
    assert kinds(few_rows, judged(pair, TRUTH, truth=TRUTH)) == []


def test_a_class_that_is_never_found_is_named(pair):
    truth = np.repeat([0, 1], [40, 6])
    assert kinds(never_predicted, judged(pair, 0 * truth, truth=truth)) == ["never-predicted"]
    assert kinds(never_predicted, judged(pair, 0 * truth[:43], truth=truth[:43])) == []
    assert kinds(never_predicted, judged(pair, truth, truth=truth)) == []


def test_a_class_that_another_seed_finds_is_not_said_to_be_never_found(pair):
    truth = np.repeat([0, 1], [40, 6])
    lost = judged(pair, 0 * truth, 0 * truth, truth=truth)
    found = _mean([lost.results[0].metrics, measure(truth, truth, 2)])
    first, second = (replace(result, metrics=found) for result in lost.results)
    assert found.hits.tolist() == [80, 6]
    assert kinds(never_predicted, replace(lost, results=(first, second))) == []


def test_the_loss_to_train_with_is_one_that_no_other_beats(pair):
    def chosen(softmax, svm, log_proba=None):
        predictions = wrong_on(softmax), wrong_on(svm)
        comparison = judged(pair, *predictions, truth=TRUTH)
        if log_proba is not None:
            first = measure(TRUTH, predictions[0], 2, log_proba)
            results = replace(comparison.results[0], metrics=first), comparison.results[1]
            comparison = replace(comparison, results=results)
        (advice,) = choice(comparison)
        return advice.kind, advice.facts["name"]

    assert chosen(30, 10) == ("choose", "svm")
    assert chosen(12, 10) == ("choose", "svm")
    assert chosen(12, 10, sure_of(0.9, 12)) == ("choose-probabilities", "softmax")
    assert chosen(30, 10, sure_of(0.9, 30)) == ("choose", "svm")


LABELS = RNG.choice(["no", "yes"], size=300)
SIGNAL = np.where(LABELS == "yes", 1.0, -1.0) + 1.5 * RNG.normal(size=300)


def test_columns_that_say_the_same_are_named_once():
    inches = SIGNAL / 2.54 + 0.001 * RNG.normal(size=300)
    other = SIGNAL + RNG.normal(size=300)
    found = advised(table({"cm": SIGNAL, "inch": inches, "other": other}, LABELS))
    assert found["say-the-same"].facts["kept"] == "cm"
    assert found["say-the-same"].commands == ("normexp compare t.csv --loss softmax --drop inch",)
    assert "leak" not in found
    three = table({"cm": SIGNAL, "inch": inches, "feet": inches / 12, "mirrored": -SIGNAL}, LABELS)
    assert advised(three)["several-say-the-same"].facts["names"] == ("inch", "feet", "mirrored")


def test_texts_of_one_column_exclude_each_other_and_are_not_told_to_say_the_same():
    colour = RNG.choice(["red", "blue"], size=300)
    found = advised(table({"x": SIGNAL, "colour": colour}, LABELS))
    assert not {"say-the-same", "several-say-the-same"} & set(found)
    twice = advised(table({"x": SIGNAL, "colour": colour, "hue": colour}, LABELS))
    assert twice["say-the-same"].facts["other"] == "hue"


def test_a_column_is_left_out_only_where_another_tells_all_of_it():
    region = RNG.choice(["north", "south", "west"], size=300)
    is_north = (region == "north").astype(float)
    found = advised(table({"x": SIGNAL, "is_north": is_north, "region": region}, LABELS))
    assert found["say-the-same"].facts["other"] == "is_north"
    found = advised(table({"x": SIGNAL, "region": region, "is_north": is_north}, LABELS))
    assert found["say-the-same"].facts["other"] == "is_north"
    hole = RNG.uniform(size=300) < 0.3
    one, other = (np.where(hole, None, RNG.choice(["a", "b", "c"], size=300)) for _ in range(2))
    together = {"x": SIGNAL, "one": pl.Series(one.tolist()), "other": pl.Series(other.tolist())}
    assert "say-the-same" not in advised(table(together, LABELS))
    days = [date(2000 + i % 20, 1 + i % 12, 1 + i * 7 % 28) for i in range(300)]
    years = [float(day.year) for day in days]
    found = advised(table({"x": SIGNAL, "year": years, "day": days}, LABELS))
    assert found["say-the-same"].facts["names"] == ("year",)


def test_test_rows_that_are_copies_of_training_rows_are_counted():
    features = RNG.normal(size=(200, 3))
    twice = Dataset(
        "twice.npy", np.vstack([features] * 2), np.tile(LABELS[:200], 2), ("a", "b", "c")
    )
    facts = advised(twice, test_size=0.25)["copies"].facts
    part = split(twice, 0.25, 0)
    known = {tuple(row) for row in twice.features[part.train_rows].tolist()}
    copied = sum(tuple(row) in known for row in twice.features[part.test_rows].tolist())
    assert (facts["count"], facts["rows"]) == (copied, 100)
    frame = replace(twice, features=pl.DataFrame(twice.features, schema=["a", "b", "c"]))
    assert advised(frame, test_size=0.25)["copies"].facts == facts
    in_parts = compare(twice, {"softmax": LOSSES["softmax"]}, folds=5, seeds=2, max_iter=1).copies
    parts = [set(part.test_rows.tolist()) for part in folds_of(twice, 5, 0)]
    apart = sum((row + 200) % 400 not in part for part in parts for row in part)
    assert (in_parts.count, in_parts.kinds, in_parts.rows) == (apart, 200, 400)
    sparse = replace(twice, features=csr_array(twice.features))
    assert advised(sparse, test_size=0.25)["copies"].facts == facts
    assert "copies" not in advised(twice.take(np.arange(200)), test_size=0.25)
    few = np.round(np.clip(twice.features, -1, 1))  # of 27 kinds: that they meet says nothing
    assert "copies" not in advised(replace(twice, features=few), test_size=0.25)


def test_columns_are_judged_by_training_rows_alone():
    dataset = table({"x": SIGNAL, "y": -SIGNAL, "late": copy_of_class()}, LABELS)
    part = split(dataset, 0.25, 0)
    before = sample(part)
    part.test_features[:] = np.nan
    part.test_target[:] = 0
    assert all(np.array_equal(*pair) for pair in zip(before, sample(part), strict=True))


def test_no_command_leaves_out_every_column():
    found = advised(table({"when paid": copy_of_class()}, LABELS))
    assert found["leak"].commands == ()
    holes = np.where(RNG.uniform(size=300) < 0.7, None, SIGNAL)
    found = advised(table({"x": pl.Series(holes.tolist(), dtype=pl.Float64)}, LABELS))
    assert found["mostly-missing"].commands == ()


def test_few_rows_that_happen_to_agree_do_not_say_the_same():
    x = np.arange(8.0)
    found = advised(table({"x": x, "y": x + 0.3 * (-1) ** x}, ["a", "b"] * 4))
    assert not {"say-the-same", "several-say-the-same"} & set(found)


def copy_of_class():
    return np.where(LABELS == "yes", 7.0, 3.0)


@pytest.mark.parametrize(
    "column",
    [
        copy_of_class(),
        copy_of_class() + 0.1 * RNG.normal(size=300),
        np.where(LABELS == "yes", RNG.choice(["A1", "A2"], 300), RNG.choice(["B1", "B2"], 300)),
    ],
    ids=["number", "noisy", "text"],
)
def test_a_copy_of_the_class_is_a_leak(column):
    found = advised(table({"x": SIGNAL, "when paid": column}, LABELS))
    assert found["leak"].facts["column"] == "when paid"
    assert found["leak"].commands == ("normexp compare t.csv --loss softmax --drop 'when paid'",)


def test_a_copy_of_the_class_is_seen_in_small_data_too():
    labels = ["no", "yes"] * 40
    late = ["A" if label == "yes" else "B" for label in labels]
    dataset = table({"x": RNG.normal(size=80), "late": late, "y": RNG.normal(size=80)}, labels)
    assert advised(dataset)["leak"].facts["column"] == "late"
    few = table({"x": RNG.normal(size=20), "late": late[:20]}, labels[:20])
    assert "leak" not in advised(few)  # ten rows of a class are too few to be certain


def test_a_column_that_is_only_good_or_only_known_by_heart_is_no_leak():
    good = np.where(RNG.uniform(size=300) < 0.06, 10 - copy_of_class(), copy_of_class())
    codes = [f"{i:03}" for i in range(150)] * 2
    assert "leak" not in advised(table({"x": SIGNAL, "good": good, "code": codes}, LABELS))
    rare = np.array(["no"] * 290 + ["yes"] * 10)
    flag = (rare == "yes") & (RNG.uniform(size=300) < 0.5)
    assert "leak" not in advised(table({"x": SIGNAL, "flag": flag.astype(float)}, rare))


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer"])
def test_well_known_tables_have_no_leak(name):
    assert "leak" not in advised(load(name))


def test_missing_values_that_go_with_the_class_are_told():
    def holed(share_of_yes, share_of_no):
        share = np.where(LABELS == "yes", share_of_yes, share_of_no)
        income = np.where(RNG.uniform(size=300) < share, np.nan, SIGNAL)
        return table({"income": pl.Series(income).fill_nan(None), "x": SIGNAL}, LABELS)

    facts = advised(holed(0.4, 0.05))["missing-tells"].facts
    assert facts["most"] == "yes"
    assert facts["share_of_most"] == pytest.approx(0.4, abs=0.1)
    assert "missing-tells" not in advised(holed(0.2, 0.2))
    assert "mostly-missing" not in advised(holed(0.2, 0.2))
    assert advised(holed(0.8, 0.8))["mostly-missing"].facts["worst"] == "income"


def test_missing_numbers_of_an_array_and_texts_are_seen_too():
    values = np.column_stack([SIGNAL, np.where(RNG.uniform(size=300) < 0.7, np.nan, SIGNAL)])
    found = advised(Dataset("a.npy", values, LABELS, ("x0", "x1")))
    assert found["mostly-missing"].facts["names"] == ("x1",)
    text = pl.Series(["a", "b", None] * 100)
    late = pl.Series([None if label == "yes" else "paid" for label in LABELS])
    found = advised(table({"x": SIGNAL, "text": text, "late": late}, LABELS))
    assert found["missing-text-tells"].facts["column"] == "late"
    assert found["missing-text-tells"].commands[0].endswith("--drop late")


def test_a_tiny_class_does_not_end_the_search_for_missing_values_that_tell():
    labels = np.array([*LABELS[:297], *["tiny"] * 3])

    def holed(share_of_yes, share_of_no):
        share = np.where(labels == "yes", share_of_yes, share_of_no)
        income = np.where(np.random.default_rng(4).uniform(size=300) < share, np.nan, SIGNAL)
        return advised(table({"income": pl.Series(income).fill_nan(None), "x": SIGNAL}, labels))

    facts = holed(0.4, 0.05)["missing-tells"].facts
    assert (facts["most"], facts["least"]) == ("yes", "no")
    assert "missing-tells" not in holed(0.2, 0.2)


def test_holes_dealt_at_random_have_the_p_of_fishers_test():
    truth = np.repeat([0, 1], [60, 6])
    hole = np.isin(np.arange(66), [0, 1, 60, 61, 62])
    table = [[2, 58], [3, 3]]
    assert _association(hole, truth) == pytest.approx(fisher_exact(table).pvalue, abs=0.005)


def test_columns_that_are_too_many_to_examine_are_said_to_be():
    wide = Dataset("w.npy", RNG.normal(size=(40, 401)), RNG.integers(2, size=40), ("x",) * 401)
    assert "unexamined" in advised(wide, max_iter=3)
    assert "unexamined" not in advised(
        Dataset("n.npy", wide.features[:, :9], wide.target, ("x",) * 9)
    )


def test_pictures_have_no_columns_to_advise_on(images):
    of_columns = {"leak", "say-the-same", "several-say-the-same", "unexamined", "mostly-missing"}
    assert not of_columns & {advice.kind for advice in images.advice}


def test_commands_hold_what_was_asked_for(pair):
    asked = replace(pair, alpha=0.5, seed=3, source=("my file.csv", "--target", "a b"))
    assert again(asked, "--drop", "c d") == (
        "normexp compare 'my file.csv' --target 'a b' --loss softmax --loss svm "
        "--alpha 0.5 --seed 3 --drop 'c d'"
    )
    assert again(replace(pair, alpha=0.1), alpha=0.001) == (
        "normexp compare pair.csv --loss softmax --loss svm"
    )
    told = replace(asked, calibrate=True, further=("--language", "zh", "-o", "b.html"))
    assert again(told, "--drop", "c").endswith(
        "--seed 3 --calibrate --language zh -o b.html --drop c"
    )
    long = replace(pair, max_iter=5000)
    assert training(long, "svm") == (
        "normexp train pair.csv --loss svm --max-iter 5000 -o model.safetensors"
    )


def test_every_advice_is_put_into_words_in_every_language(pair):
    for language in LANGUAGES:
        for kind in sentences("normexp.report", language)["advice"]:
            assert sentences("normexp.report", language)["advice"][kind].keys() == {"says", "why"}
    for advice in pair.advice:
        for language in LANGUAGES:
            assert all("{" not in said for said in told(advice, language))


def test_advice_is_on_the_page_and_in_its_numbers(images):
    html, plain = page(images), images.to_dict()
    assert images.advice
    for advice, entry in zip(images.advice, plain["advice"], strict=True):
        assert entry["kind"] == advice.kind
        assert entry["says"] == told(advice).says
        assert all(command.replace("'", "&#39;") in html for command in advice.commands)
    assert json.loads(json.dumps(plain)) == plain


def test_of_many_names_the_first_are_named():
    assert listed(("a", "b"), "en") == "a and b"
    assert listed(tuple("abcdef"), "en") == "a, b, c and 3 more"
    assert "另外 3 个" in listed(tuple("abcdef"), "zh")
    many = Advice("few-rows", {"names": tuple("abcdef"), "fewest": 2, "few": 12})
    assert told(many).says == "Gather more rows of a, b, c and 3 more."
