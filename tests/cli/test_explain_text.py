import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import normexp as nex
from normexp.explain.text import explain, text
from normexp.losses import LOSSES

rows = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=6)


def steps(working):
    return {step.name: step.value for step in working.steps}


@given(rows, st.data())
def test_the_steps_of_softmax_lead_to_its_loss(logits, data):
    target = data.draw(st.integers(0, len(logits) - 1))
    working = explain(nex.CrossEntropy(), logits, target)
    found, columns = steps(working), working.columns
    expected = found["m"] - logits[target] + math.log1p(found["rest"])
    assert found["loss"] == pytest.approx(expected, rel=1e-14)
    assert found["logsumexp"] == pytest.approx(found["m"] + math.log1p(found["rest"]))
    assert columns["p"] == pytest.approx(columns["exp"] / (1 + found["rest"]))
    assert columns["grad"] == pytest.approx(columns["p"] - columns["t"], abs=1e-15)


@given(rows, st.data())
def test_the_terms_of_the_other_losses_add_up_to_them(logits, data):
    target = data.draw(st.integers(0, len(logits) - 1))

    def terms(name):
        working = explain(LOSSES[name], logits, target)
        return list(working.columns.values())[-2], pytest.approx(working.steps[-1].value)

    violations, loss = terms("svm")
    assert violations.sum() == loss
    violations, loss = terms("svm-crammer-singer")
    assert violations.max() == loss
    violations, loss = terms("svm-squared")
    assert (violations**2).sum() == loss
    for name in ("squared-error", "brier"):
        squares, loss = terms(name)
        assert squares.sum() == loss


def test_a_confident_row_shows_a_loss_and_a_gradient():
    working = explain(nex.CrossEntropy(), [50.0, 0.0], 0)
    assert working.steps[-1].value == pytest.approx(math.exp(-50))
    assert working.columns["grad"][0] == pytest.approx(-math.exp(-50))


def test_without_a_target_the_probabilities_alone_are_shown():
    working = explain(nex.CrossEntropy(), [1.0, 2.0])
    assert list(working.columns) == ["z", "shifted", "exp", "p"]
    assert "loss" not in steps(working)


def test_the_text_marks_the_target_and_holds_every_number():
    shown = text(explain(nex.CrossEntropy(), [2.0, 1.0, 0.1], 2))
    lines = shown.splitlines()
    assert lines[3].startswith("→ 2")
    assert "0.659001" in shown
    assert "2.41703" in lines[1] + shown
    assert all(line == line.rstrip() for line in lines)


def test_a_confident_row_shows_terms_that_add_up_to_the_brier_score():
    working = explain(LOSSES["brier"], [40.0, 0.0], 0)
    assert working.columns["square_p"] == pytest.approx(math.exp(-80), rel=1e-14, abs=0)
    assert working.steps[-1].value == pytest.approx(2 * math.exp(-80), rel=1e-14, abs=0)


@pytest.mark.parametrize("name", LOSSES)
def test_the_names_of_the_numbers_are_ascii_and_the_headings_are_not(name):
    working = explain(LOSSES[name], [1.0, 2.0], 0)
    assert all(key.isascii() for key in (*working.columns, *steps(working)))
    assert "∂loss/∂z" in text(working).splitlines()[0]


@pytest.mark.parametrize("logits", [[], [math.nan, 1.0], [math.inf, 1.0], [-math.inf], [[1.0]]])
def test_logits_without_a_softmax_are_refused(logits):
    with pytest.raises(ValueError, match="logits: expected a row of numbers"):
        explain(nex.CrossEntropy(), logits)


@pytest.mark.parametrize("target", [-1, 2])
def test_a_target_that_is_no_class_is_refused(target):
    with pytest.raises(ValueError, match="target: expected a class id from 0 to 1"):
        explain(nex.CrossEntropy(), [1.0, 2.0], target)


def test_margins_need_a_target():
    with pytest.raises(ValueError, match="target: expected the class id"):
        explain(nex.MulticlassHinge(), [1.0, 2.0])


def test_options_whose_working_is_not_known_are_refused():
    with pytest.raises(ValueError, match=r"label_smoothing=0\.1"):
        explain(nex.CrossEntropy(label_smoothing=0.1), [1.0, 2.0], 0)


def test_the_violations_are_those_of_the_pairs_of_classes():
    z = np.array([3.2, 5.1, -1.7])
    violations = explain(nex.MulticlassHinge(), z, 0).columns["v"]
    pairs = [nex.MulticlassHinge()([[z[0], rival]], [0]) for rival in z[1:]]
    assert violations.tolist() == [0.0, *pairs]
