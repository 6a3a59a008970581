"""Each kind of finding on the smallest batch that has it, and on nothing that is healthy."""

import ml_dtypes
import numpy as np
import pytest

import normexp as nex
from normexp._sentences import sentences
from normexp.diagnosis import words
from normexp.diagnosis.words import SEVERITY_OF

INF, NAN = np.inf, np.nan
ROW = [0.3, -1.2, 2.0]
OTHER = [1.1, 0.4, -0.7]
SMOOTHED = nex.CrossEntropy(label_smoothing=0.1)
FROM_PROBABILITIES = nex.CrossEntropy(from_logits=False)
BRIER = nex.SquaredError(on="probabilities")
BINARY = nex.BinaryCrossEntropy()


def f32(*rows):
    return np.array(rows, np.float32)


def case(logits, target=None, loss=None, **options):
    return (logits, target, loss), options


CASES = {
    "healthy": (case(f32(ROW, OTHER), [0, 2]), {}),
    "NaN": (case(f32([NAN, 0, 1], ROW), [0, 1]), {"nan": [0]}),
    "NaN without a target": (case(f32([NAN, 0, 1], ROW)), {"nan": [0]}),
    "NaN where no class is": (
        case(f32([NAN, 0, 1], ROW), [1, 0], where=[[False, True, True], [True] * 3]),
        {},
    ),
    "NaN in an ignored row": (case(f32([NAN, 0, 1], ROW), [-100, 1]), {"ignored": [0]}),
    "NaN for a yes": (case(f32(0.3, NAN), [1, 0], BINARY), {"nan": [1]}),
    "+inf": (case(f32(ROW, [INF, 0, 0]), [0, 1]), {"plus-inf": [1]}),
    "all −inf": (case(f32(ROW, [-INF] * 3), [0, 1]), {"all-minus-inf": [1]}),
    "one class": (case(f32([1], [2]), [0, 0]), {"one-class": [0, 1]}),
    "one class left by a mask": (
        case(f32(ROW, OTHER), [0, 1], where=[[True, False, False], [True] * 3]),
        {},
    ),
    "a row without any class": (
        case(f32(ROW, OTHER), [0, 1], where=[[False] * 3, [True] * 3]),
        {"masked-whole": [0]},
    ),
    "a target masked out": (
        case(f32(ROW, OTHER), [0, 1], where=[[False, True, True], [True] * 3]),
        {"target-masked": [0]},
    ),
    "a target at −inf": (case(f32([-INF, 0, 1], ROW), [0, 1]), {"target-at-minus-inf": [0]}),
    "a hinge's target at −inf": (
        case(f32([-INF, 0, 1], ROW), [0, 1], nex.MulticlassHinge()),
        {"target-at-minus-inf": [0]},
    ),
    "another class at −inf": (case(f32([-INF, 0, 1], ROW), [1, 0]), {}),
    "smoothing over −inf": (
        case(f32([-INF, 0, 1], ROW), [1, 0], SMOOTHED),
        {"smoothing-at-minus-inf": [0]},
    ),
    "smoothing over a mask": (
        case(f32([-INF, 0, 1], ROW), [1, 0], SMOOTHED, where=[[False, True, True], [True] * 3]),
        # Ordinary code masks with −inf, and multiplies that with 0.
        {"ordinary-not-finite": [0]},
    ),
    "labels beyond the last class": (
        case(f32(ROW, OTHER, ROW), [0, 3, 7]),
        {"label-too-large": [1, 2]},
    ),
    "a negative label": (case(f32(ROW, OTHER), [0, -1]), {"label-negative": [1]}),
    "a negative label that ignores": (
        case(f32(ROW, OTHER), [0, -1], nex.CrossEntropy(ignore_index=-1)),
        {"ignored": [1]},
    ),
    "labels from one": (
        case(f32(ROW, OTHER, ROW), [1, 2, 3]),
        {"labels-from-one": [0, 1, 2]},
    ),
    "unsigned labels": (
        case(f32(ROW, OTHER), np.array([0, 9], np.uint8)),
        {"label-too-large": [1]},
    ),
    "all ignored": (case(f32(ROW, OTHER), [-100, -100]), {"nothing-counts": [0, 1]}),
    "a mass below 0": (case(f32(ROW, OTHER), [[1, 0, 0], [1.5, -0.5, 0]]), {"target-no-mass": [1]}),
    "a mass of NaN": (case(f32(ROW, OTHER), [[1, 0, 0], [NAN, 0, 0]]), {"target-no-mass": [1]}),
    "masses that add up to 2": (
        case(f32(ROW, OTHER), [[1, 0, 0], [1, 1, 0.0]]),
        {"sum-of-target": [1]},
    ),
    "masses rounded to half": (case(f32(ROW, OTHER), np.full((2, 3), 1 / 3, np.float16)), {}),
    "a yes of 2": (case(f32(0.3, 1), [1, 2], BINARY), {"yes-out-of-range": [1]}),
    "exp overflows": (case(f32([100, 99, 98], ROW), [2, 1]), {"exp-overflows": [0]}),
    "exp overflows in float16": (
        case(np.array([[12, 11, 10], ROW], np.float16), [2, 1]),
        {"exp-overflows": [0]},
    ),
    "exp underflows": (case(f32([0, -110, -1], ROW), [1, 1]), {"exp-underflows": [0]}),
    "every exp underflows": (case(f32([-120, -119, -120], ROW)), {"exp-underflows": [0]}),
    "a sigmoid rounds": (case(f32(0.3, 40), [1, 1], BINARY), {"sigmoid-rounds": [1]}),
    "a sum overflows": (
        case(np.zeros((1, 70_000), np.float16), [3]),
        {"sum-overflows": [0], "chance": [0]},
    ),
    "squares overflow": (
        case(np.array([[300, 0], [3, 0]], np.float16), [0, 0], nex.SquaredError()),
        {"ordinary-not-finite": [0]},
    ),
    "a loss of 0": (case(f32([20, 0, 0], ROW), [0, 1]), {"zero-loss": [0]}),
    "a loss of 0 in float64": (case([[40, 0, 0], ROW], [0, 1]), {"zero-loss": [0]}),
    "a loss of 0 in bfloat16": (
        case(np.array([[8, 0, 0], ROW], ml_dtypes.bfloat16), [0, 1]),
        {"zero-loss": [0]},
    ),
    "a loss that is 0": (
        case(f32([50, -INF, -INF], ROW), [0, 1]),
        {},
    ),
    "a gradient of 0": (
        case(f32([60, 0, 0], ROW), [1, 1], nex.CrossEntropy(softcap=5.0)),
        {},
    ),
    "a flat soft cap": (
        case(f32([1, 60, 0], ROW), [1, 1], nex.CrossEntropy(softcap=5.0)),
        {"zero-gradient": [0]},
    ),
    "Brier at the wrong end": (
        case(f32([50, 0, 0], ROW), [1, 1], BRIER),
        {"sure-and-wrong": [0]},
    ),
    "saturated": (case(f32([20, 0, 0], ROW)), {"saturated": [0]}),
    "sure and wrong": (case(f32([20, 0, 0], ROW), [1, 1]), {"sure-and-wrong": [0]}),
    "below float32": (
        case(f32([60, -60, -60], ROW), [0, 1]),
        {"below-the-type": [0]},
    ),
    "a loss above float32": (
        case(f32([3e38, -3e38, 0], ROW), [1, 1]),
        {
            "infinite": [0],
            "exp-overflows": [0],
            "ordinary-not-finite": [0],
            "sure-and-wrong": [0],
        },
    ),
    "a no at +inf": (
        case(f32(0.3, INF), [1, 0], BINARY),
        {"infinite": [1]},
    ),
    "no probabilities": (
        case(f32([0.2, 0.3, 0.5], ROW), [0, 1], FROM_PROBABILITIES),
        {"not-probabilities": [1]},
    ),
    "probabilities": (case(f32([0.2, 0.3, 0.5], [0.4, 0.6, 0]), [0, 1], FROM_PROBABILITIES), {}),
    "probabilities that add up to less": (
        case(f32([0.2, 0.3, 0.5], [0.4, 0.1, 0]), [0, 1], FROM_PROBABILITIES),
        {"sum-of-probabilities": [1]},
    ),
    "a probability of 0": (
        case(f32([0.2, 0.3, 0.5], [0.4, 0.6, 0]), [0, 2], FROM_PROBABILITIES),
        {"target-at-zero": [1]},
    ),
    "a probability of 1": (
        case(f32([0.2, 0.3, 0.5], [1, 0, 0]), [0, 0], FROM_PROBABILITIES),
        {"rounded-to-one": [1]},
    ),
    "a yes at probability 0": (
        case(f32(0.5, 0), [1, 1], nex.BinaryCrossEntropy(from_logits=False)),
        {"target-at-zero": [1]},
    ),
    "softmax twice": (
        case(f32([0.2, 0.3, 0.5], [0.9, 0.1, 0]), [2, 0]),
        {"probabilities-as-logits": [0, 1]},
    ),
    "log_softmax before": (
        case(nex.log_softmax([ROW, OTHER]), [2, 0]),
        {"log-probabilities": [0, 1]},
    ),
    "an offset": (
        case(np.array([[-3000, -3002], [0.3, 1]], np.float16)),
        {"offset": [0], "exp-underflows": [0]},
    ),
    "an offset with room": (case([[3000.0, 3002.0], [0.3, 1]]), {"exp-overflows": [0]}),
    "equal rows": (case(f32(ROW, ROW, ROW), [0, 1, 1]), {"equal-rows": [0, 1, 2]}),
    "a guess": (
        case(f32([0.01, 0, 0], [0, 0, 0.01]), [1, 1]),
        {"chance": [0, 1]},
    ),
    "worse than a guess": (
        case(np.eye(3)[np.arange(30) % 3] * 5 + np.arange(30)[:, None] / 30, np.arange(1, 31) % 3),
        {"worse-than-chance": list(range(30))},
    ),
    "a few rows that are wrong": (case(np.eye(3) * 5, [1, 2, 0]), {}),
    "margins won": (
        case(f32([3, 0, 0], [0, 5, 1]), [0, 1], nex.MulticlassHinge()),
        {"margins-won": [0, 1]},
    ),
    "some margins won": (case(f32([3, 0, 0], ROW), [0, 1], nex.MulticlassHinge()), {}),
}


@pytest.mark.parametrize(("batch", "expected"), CASES.values(), ids=CASES)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_batch_has_these_findings_on_these_rows_and_no_others(batch, expected, language):
    arguments, options = batch
    found = nex.diagnose(*arguments, **options, language=language)
    assert {finding.kind: finding.rows.tolist() for finding in found.findings} == expected
    assert found.ok == (not any(SEVERITY_OF[kind] == "error" for kind in expected))
    for finding in found.findings:
        assert finding.severity == SEVERITY_OF[finding.kind]
        assert all(len(values) == len(finding.rows) for values in finding.numbers.values())
        assert "{" not in finding.title + finding.happens + finding.do
        assert finding.do in str(found)


def test_every_kind_is_shown_above():
    shown = {kind for _, expected in CASES.values() for kind in expected}
    assert shown == set(SEVERITY_OF)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_sentence_of_the_catalogue_is_said(language, monkeypatch):
    said, catalogue = set(), sentences(words.ROOM, language)

    class Heard(dict):
        def __getitem__(self, name):
            said.add(name)
            return super().__getitem__(name)

    heard = {table: Heard(entries) for table, entries in catalogue.items()}
    monkeypatch.setattr(words, "sentences", lambda room, language: heard)
    for arguments, options in (batch for batch, _ in CASES.values()):
        str(nex.diagnose(*arguments, **options, language=language))
    many = f32(ROW, *[[20, 0, 0]] * 10)
    str(nex.diagnose(many, [0] * 11, language=language))
    assert said == {name for entries in catalogue.values() for name in entries}


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float32, np.float64])
@pytest.mark.parametrize("classes", [2, 10, 1000])
@pytest.mark.parametrize(
    "loss",
    [
        nex.CrossEntropy(),
        nex.CrossEntropy(label_smoothing=0.1, temperature=1.2, softcap=30.0, z_loss=1e-4),
        nex.MulticlassHinge(),
        nex.MulticlassHinge(variant="crammer-singer", squared=True),
        nex.SquaredError(),
        BRIER,
    ],
    ids=str,
)
def test_logits_from_a_normal_distribution_are_healthy_in_one_line(dtype, classes, loss):
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(256, classes)).astype(dtype)
    target = rng.integers(0, classes, 256)
    for found in (nex.diagnose(logits, target, loss), nex.diagnose(logits, loss=loss)):
        assert found.findings == ()
        assert str(found).startswith("Healthy: 256 rows")
        assert len(str(found).splitlines()) == 1


def test_binary_logits_from_a_normal_distribution_are_healthy():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(20, 30)).astype(np.float32)
    found = nex.diagnose(logits, rng.random((20, 30)), BINARY)
    assert found.findings == ()
    assert str(found).startswith("Healthy: 600 rows of yes or no in float32, loss ")
