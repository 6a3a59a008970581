"""What a diagnosis says is what the library computes, and what ordinary code gives."""

import json
from html.parser import HTMLParser

import hypothesis.strategies as st
import ml_dtypes
import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis.extra import numpy as hnp

import normexp as nex

LOGITS = st.one_of(
    st.floats(-5, 5, width=32),
    st.floats(-200, 200, width=32),
    st.sampled_from([np.nan, np.inf, -np.inf, 0.0, 1e18, -1e18]).map(np.float32),
)
LOSSES = [
    nex.CrossEntropy(),
    nex.CrossEntropy(label_smoothing=0.2),
    nex.CrossEntropy(class_weight=(1, 2, 0.5), temperature=0.5),
    nex.CrossEntropy(softcap=10.0),
    nex.MulticlassHinge(),
    nex.MulticlassHinge(variant="crammer-singer", squared=True),
    nex.SquaredError(),
    nex.SquaredError(on="probabilities"),
]


@given(
    hnp.arrays(np.float32, (4, 3), elements=LOGITS),
    hnp.arrays(np.int64, 4, elements=st.sampled_from([0, 1, 2, 0, 1, 2, -1, 3, -100])),
    hnp.arrays(np.bool_, (4, 3), elements=st.sampled_from([True, True, True, False])),
    st.sampled_from(LOSSES),
)
def test_errors_are_found_where_the_loss_is_refused_or_not_finite_and_nowhere_else(
    logits, target, where, loss
):
    found = nex.diagnose(logits, target, loss, where=where)
    try:
        is_fine = np.isfinite(loss(logits, target, where=where))
    except ValueError:
        is_fine = False
    # Wrong also where squared error has no logit to hold against, and where the loss is empty.
    errors = {finding.kind for finding in found.of("error")} - {"target-masked", "nothing-counts"}
    assert is_fine == (not errors) or (not is_fine and "target-masked" in found)


@given(
    hnp.arrays(np.float32, (4, 3), elements=LOGITS),
    hnp.arrays(np.float64, (4, 3), elements=st.floats(-0.5, 1.5)),
    st.sampled_from([loss for loss in LOSSES if loss.takes_probabilities]),
)
def test_any_probabilities_as_the_target_are_diagnosed(logits, target, loss):
    found = nex.diagnose(logits, target, loss)
    assert ("target-no-mass" in found) == bool((target < 0).any())
    json.dumps(found.to_dict())


@given(
    hnp.arrays(np.float32, 5, elements=LOGITS),
    hnp.arrays(np.float64, 5, elements=st.sampled_from([0, 1, 0.3, 2])),
)
def test_any_binary_batch_is_diagnosed(logits, target):
    found = nex.diagnose(logits, target, nex.BinaryCrossEntropy())
    assert ("yes-out-of-range" in found) == bool((target > 1).any())
    assert ("nan" in found) == bool(np.isnan(logits).any())


def test_the_true_loss_is_the_library_s_and_the_ordinary_one_is_that_of_scipy():
    logits = np.array([[20, 0], [1, 2], [17.5, 0.25]], np.float32)
    found = nex.diagnose(logits, [0, 0, 0])["zero-loss"]
    assert found.rows.tolist() == [0, 2]
    true = nex.cross_entropy(logits.astype(np.float64), [0, 0, 0], reduction="none")
    assert found.numbers["true loss"].tolist() == true[[0, 2]].tolist()
    ordinary = -scipy.special.log_softmax(logits, axis=1)[[0, 2], 0]
    assert found.numbers["ordinary loss"].tolist() == ordinary.tolist() == [0, 0]


def test_half_types_are_held_against_float32_too():
    logits = np.array([[8, 0], [20, 0], [1, 0]], ml_dtypes.bfloat16)
    found = nex.diagnose(logits, [0, 0, 0])["zero-loss"]
    assert found.rows.tolist() == [0, 1]
    wide = -scipy.special.log_softmax(logits.astype(np.float32), axis=1)[:2, 0]
    np.testing.assert_allclose(found.numbers["loss in float32"], wide, rtol=1e-3)
    assert found.numbers["loss in float32"][1] == 0
    assert "loss in float32" not in nex.diagnose(np.float32([[20, 0]]), [0])["zero-loss"].numbers


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def test_the_naive_loss_is_that_of_three_lines_of_numpy():
    logits = np.array([[100, 90, 0], [-90, -104, -91], [0, -200, 0]], np.float32)
    target = [0, 1, 1]
    e = np.exp(logits)
    naive = -np.log((e / e.sum(axis=1, keepdims=True))[range(3), target])
    found = nex.diagnose(logits, target)
    assert found["exp-overflows"].rows.tolist() == [0]
    assert found["exp-underflows"].rows.tolist() == [1, 2]
    got = [*found["exp-overflows"].numbers["naive loss"]]
    got += [*found["exp-underflows"].numbers["naive loss"]]
    np.testing.assert_array_equal(got, naive.astype(np.float64))


def test_the_gradient_is_the_library_s_and_the_ordinary_one_cancels():
    loss = nex.CrossEntropy(softcap=5.0)
    logits = np.array([[60, 0]], np.float32)
    found = nex.diagnose(logits, [0], loss)["zero-gradient"]
    true = loss.value_and_grad(logits.astype(np.float64), [0]).grad[0, 0]
    assert found.numbers["true gradient"].tolist() == [true]
    assert found.numbers["ordinary gradient"].tolist() == [0]
    assert 1 - np.tanh(np.float32(60 / 5)) ** 2 == 0


def test_the_value_is_that_of_the_loss_with_its_own_reduction():
    rng = np.random.default_rng(0)
    logits, target = rng.normal(size=(2, 3, 4)), rng.integers(0, 3, (2, 4))
    target[0, 1] = -100
    where = np.full((2, 3, 4), True)
    where[1, :, 2] = False
    for options in (
        {},
        {"reduction": "sum"},
        {"normalizer": "batch"},
        {"normalizer": "full"},
        {"normalizer": "valid", "class_weight": (1, 2, 3)},
        {"class_weight": (1, 2, 3), "z_loss": 0.1},
    ):
        loss = nex.CrossEntropy(axis=1, **options)
        found = nex.diagnose(logits, target, loss, where=where)
        np.testing.assert_allclose(found.value, loss(logits, target, where=where), rtol=1e-14)


def test_rows_of_an_image_are_told_by_their_place():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(2, 3, 4, 5)).astype(np.float32)
    target = rng.integers(0, 3, (2, 4, 5))
    logits[1, 2, 3, 4] = np.nan
    logits[0, :, 2, 1] = [30, 0, 0]
    target[0, 2, 1] = 0
    found = nex.diagnose(logits, target, nex.CrossEntropy(axis=1))
    assert found["nan"].rows.tolist() == [[1, 3, 4]]
    assert found["zero-loss"].rows.tolist() == [[0, 2, 1]]
    assert "row (0, 2, 1): ordinary loss 0, true loss 1.87" in str(found)
    assert found.shape == (2, 4, 5)
    assert "row (1, 3, 4): first class 2, number of NaN 1" in str(found)


def test_a_single_row_is_row_0():
    found = nex.diagnose(np.float32([20, 0]), 0)
    assert found["zero-loss"].rows.tolist() == [0]
    assert "(the only row)" in str(found)


def test_many_rows_are_counted_and_the_first_are_named():
    logits = np.zeros((100, 3), np.float32)
    logits[:50, 1] = np.nan
    logits[50:, 1] = np.arange(50)
    found = nex.diagnose(logits)
    assert "(50 rows: 0, 1, 2, 3, 4, 5, 6, 7 and 42 more)" in str(found)
    assert len(found["nan"].rows) == 50


def test_softmax_twice_is_held_against_the_loss_of_probabilities():
    p = nex.softmax(np.array([[2, 1, 0.1], [0, 3, 1]]))
    found = nex.diagnose(p, [0, 1])["probabilities-as-logits"]
    as_probabilities = nex.cross_entropy(p, [0, 1], from_logits=False, reduction="none")
    as_logits = nex.cross_entropy(p, [0, 1], reduction="none")
    np.testing.assert_array_equal(found.numbers["loss as probabilities"], as_probabilities)
    np.testing.assert_array_equal(found.numbers["loss as logits"], as_logits)
    best = nex.cross_entropy([[1.0, 0.0, 0.0]], [0])
    assert f"{best:.4g}" in found.happens


def test_errors_come_first_and_a_diagnosis_is_true_without_them():
    logits = np.array([[20, 0, 0], [np.nan, 0, 0], [0, 1, 2]], np.float32)
    found = nex.diagnose(logits, [0, 0, -100])
    assert [finding.severity for finding in found.findings] == ["error", "warning", "note"]
    assert str(found).startswith("1 error, 1 warning, 1 note: 3 rows of 3 classes in float32")
    assert not found
    assert not found.ok
    assert nex.diagnose(logits[[0, 2]], [0, 1])
    assert "nan" in found
    assert "offset" not in found
    with pytest.raises(KeyError):
        found["offset"]


def test_a_diagnosis_cannot_be_changed_and_leaves_its_input_alone():
    logits = np.array([[20, 0], [np.nan, 1]], np.float32)
    target = np.array([0, 5])
    logits.setflags(write=False)
    target.setflags(write=False)
    found = nex.diagnose(logits, target)
    with pytest.raises(AttributeError):
        found.language = "zh"
    with pytest.raises(AttributeError):
        found.findings[0].kind = "none"


def test_as_plain_values_it_has_every_number():
    found = nex.diagnose(np.float32([[20, 0], [0, 1]]), [0, 7])
    plain = json.loads(json.dumps(found.to_dict()))
    assert plain["ok"] is False
    assert plain["loss"] == "CrossEntropy()"
    large, zero = plain["findings"]
    assert (large["kind"], large["count"], large["rows"]) == ("label-too-large", 1, [1])
    assert large["numbers"] == {"label": [7]}
    assert zero["numbers"]["true loss"] == [nex.cross_entropy([20.0, 0.0], 0)]


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.text = [], ""

    def handle_starttag(self, tag, attributes):
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("language", ["en", "zh"])
def test_html_says_what_the_text_says(language):
    logits = np.float32([[20, 0], [np.nan, 1], [0, 1]])
    found = nex.diagnose(logits, [0, 1, 7], language=language)
    tags = Tags()
    tags.feed(found._repr_html_())
    assert tags.open == []
    squeezed = "".join(str(found).split())
    assert "".join(tags.text.split()) == squeezed


def test_chinese_has_the_same_findings_in_other_words():
    logits = np.float32([[20, 0], [np.nan, 1], [0, 1]])
    english, chinese = (nex.diagnose(logits, [0, 1, 7], language=each) for each in ("en", "zh"))
    assert [one.kind for one in english.findings] == [one.kind for one in chinese.findings]
    assert str(chinese).startswith("2 个错误，1 个警告：3 行，2 个类别，float32，损失 nan")


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        (([[1.0, 2.0]], [0], "softmax"), {}, TypeError, "loss must be a loss of normexp"),
        (([[1.0, 2.0]], [0]), {"language": "fr"}, ValueError, "language must be one of 'en', 'zh'"),
        (([[1.0, 2.0]], [0.0]), {}, TypeError, "target must hold integer class ids"),
        (([[1.0, 2.0]], [0, 1]), {}, ValueError, "target must hold integer class ids"),
        (([[1.0, 2.0]], [0]), {"where": [[1, 0]]}, TypeError, "where must hold booleans"),
        ((np.zeros((2, 0)),), {}, ValueError, "no classes"),
        ((np.zeros((0, 2)),), {}, ValueError, "no rows"),
        ((["a"],), {}, TypeError, "logits must hold"),
        (([[1.0, 2.0]], None, nex.CrossEntropy(axis=3)), {}, ValueError, "axis 3"),
    ],
)
def test_bad_arguments_are_refused(arguments, options, error, message):
    with pytest.raises(error, match=message):
        nex.diagnose(*arguments, **options)
