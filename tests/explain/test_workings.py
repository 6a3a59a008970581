"""What a derivation shows of softmax, of each loss, of a batch and of the last layer."""

import math
import subprocess
import sys

import numpy as np
import pytest

import normexp as nex
from normexp._sentences import sentences
from normexp.explanation import words
from normexp.linear.objective import Objective
from normexp.losses import LOSSES

Z = [2.0, 1.0, 0.1]


def steps(derivation):
    return {step.name: step for step in (*derivation.steps, *derivation.gradient)}


def texts(derivation):
    return derivation.text(92).splitlines()


def test_without_a_target_softmax_alone_is_shown():
    derivation = nex.explain([1.0, 2.0, 3.0])
    assert list(derivation.columns) == ["z", "shifted", "exp", "p"]
    assert derivation.columns["p"].tolist() == nex.softmax([1.0, 2.0, 3.0]).tolist()
    assert (derivation.loss, derivation.value, derivation.grad) == (None, None, None)
    assert derivation.steps[-1].value == nex.logsumexp([1.0, 2.0, 3.0])
    assert [step.name for step in derivation.gradient] == ["quotient_same", "quotient_other"]


def test_without_a_loss_a_target_means_cross_entropy():
    assert nex.explain(Z, 0).loss == nex.CrossEntropy()


def test_a_confident_row_shows_a_loss_and_a_gradient():
    derivation = nex.explain([50.0, 0.0], 0)
    assert derivation.value == pytest.approx(math.exp(-50), rel=1e-15)
    assert steps(derivation)["others"].value == pytest.approx(-math.exp(-50), rel=1e-15)
    assert "    ∂loss/∂z_0 = −1.92875e−22 = −1.92875e−22" in texts(derivation)


def test_two_classes_are_a_sigmoid_of_the_difference():
    two = steps(nex.explain([1.0, -0.5], 0))["two_classes"]
    assert two.value == pytest.approx(nex.sigmoid(-1.5), rel=1e-15)
    assert "two_classes" not in steps(nex.explain(Z, 0))


def test_the_text_marks_the_target_and_shows_formula_numbers_and_value():
    lines = texts(nex.explain(Z, 2))
    assert lines[0] == "The working of CrossEntropy()"
    assert next(line for line in lines if line.startswith("→")).split()[:3] == ["→", "2", "0.1"]
    assert "    m = max_j z_j = max(2, 1, 0.1) = 2" in lines
    assert "    p_0 = 1 / 1.51745 = 0.659001" in lines
    assert (
        "    loss = −log(p_y) = (m − z_y) + log1p(rest) = (2 − 0.1) + log1p(0.517448) = 2.31703"
        in lines
    )
    assert all(line == line.rstrip() for line in lines)


def test_the_gradient_is_derived_by_the_quotient_rule_in_both_cases():
    lines = texts(nex.explain(Z, 0))
    assert "    ∂p_i/∂z_i = (e_i · S − e_i · e_i) / S² = p_i · (1 − p_i)" in lines
    assert "    ∂p_i/∂z_j = (0 · S − e_i · e_j) / S² = −p_i · p_j" in lines
    collapse = "Σ_i ∂loss/∂p_i · ∂p_i/∂z_k = −t_k · (1 − p_k) + Σ_i≠k t_i · p_k = p_k − t_k"
    assert f"    ∂loss/∂z_k = {collapse}" in lines


def test_the_moves_of_the_probabilities_are_softmax_differentiated():
    z, tiny = np.array(Z), 1e-6
    found = steps(nex.explain(z, 2))
    for j in range(3):
        step = tiny * (np.arange(3) == j)
        expected = (nex.softmax(z + step) - nex.softmax(z - step)) / (2 * tiny)
        assert found["quotient_other"].value[j] == pytest.approx(expected[2], abs=1e-9)
        assert found["quotient_same"].value[j] == pytest.approx(expected[j], abs=1e-9)


def test_the_violations_are_those_of_the_pairs_of_classes():
    z = np.array([3.2, 5.1, -1.7])
    violations = nex.explain(z, 0, nex.MulticlassHinge()).columns["v"]
    pairs = [nex.MulticlassHinge()([[z[0], rival]], [0]) for rival in z[1:]]
    assert violations.tolist() == [0.0, *pairs]


def test_a_confident_row_shows_terms_that_add_up_to_the_brier_score():
    derivation = nex.explain([40.0, 0.0], 0, LOSSES["brier"])
    assert derivation.columns["square_p"] == pytest.approx(math.exp(-80), rel=1e-14, abs=0)
    assert derivation.value == pytest.approx(2 * math.exp(-80), rel=1e-14, abs=0)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_the_focal_loss_is_cross_entropy_held_back_by_a_power(gamma):
    loss = nex.Focal(gamma=gamma)
    found, plain = steps(nex.explain(Z, 0, loss)), nex.CrossEntropy().value_and_grad([Z], [0])
    q = 1 - nex.softmax(Z)[0]
    assert found["surprise_of_target"].value == plain.value
    assert found["complement"].value == pytest.approx(q, rel=1e-14)
    assert found["focal"].value == loss([Z], [0]) == pytest.approx(q**gamma * plain.value)
    factor = found["strength"].value
    assert found["collapse_to_strength"].value == pytest.approx(factor * plain.grad[0], rel=1e-14)
    assert found["others"].value == pytest.approx(-factor * q, rel=1e-14)
    p, tiny = 1 - q, 1e-6
    high, low = (-((1 - x) ** gamma) * math.log(x) for x in (p + tiny, p - tiny))
    assert found["slope_of_factors"].value == pytest.approx((high - low) / (2 * tiny), rel=1e-8)


@pytest.mark.parametrize(("gamma", "power"), [(0, "^0"), (0.5, "^0.5"), (2, "²")])
def test_the_focal_loss_is_shown_with_its_power(gamma, power):
    lines = texts(nex.explain(Z, 0, nex.Focal(gamma=gamma)))
    loss = "loss = (1 − p_y)^γ · (−log(p_y)) = q^γ · ℓ"
    (line,) = (line.strip() for line in lines if line.strip().startswith("loss ="))
    assert line.startswith(f"{loss} = 0.340999{power} · 0.41703 = ")
    assert "    ∂loss/∂p_y = −(γ · q^(γ − 1) · ℓ + q^γ / p_y)" in lines
    assert "    ∂loss/∂z_k = ∂loss/∂p_y · ∂p_y/∂z_k = F · (p_k − t_k)" in lines


def test_a_confident_row_of_the_focal_loss_keeps_its_digits():
    derivation = nex.explain([50.0, 0.0], 0, nex.Focal(gamma=0.5))
    found, q = steps(derivation), math.exp(-50)
    assert found["complement"].value == pytest.approx(q, rel=1e-15)
    assert derivation.value == pytest.approx(q**1.5, rel=1e-14, abs=0)
    assert found["strength"].value == pytest.approx(1.5 * q**0.5, rel=1e-14, abs=0)
    assert found["others"].value == derivation.grad[0]
    assert len(found["collapse_to_strength"].lines) == 1


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("z", [[3.0], [1.0, -np.inf], [900.0, 0.0], [-900.0, 0.0], [-1e308, 1e308]])
def test_where_nothing_is_left_or_all_of_it_the_focal_loss_has_a_working(z, gamma):
    loss = nex.Focal(gamma=gamma)
    derivation = nex.explain(z, 0, loss)
    value, grad = loss.value_and_grad(z, 0)
    assert derivation.value == value
    assert derivation.grad.tolist() == grad.tolist()
    assert steps(derivation)["strength"].value == (
        (gamma == 0) if derivation.columns["p"][0] else 1
    )
    assert not any(np.isnan(node.value) for node in derivation.graph.nodes)
    assert derivation.html()


def test_classes_outside_the_mask_take_no_part():
    loss = nex.CrossEntropy(label_smoothing=0.3)
    derivation = nex.explain([1.0, 9.0, 2.0], 0, loss, where=[True, False, True])
    assert derivation.value == loss([1.0, 9.0, 2.0], 0, where=[True, False, True])
    assert derivation.columns["p"][1] == derivation.grad[1] == 0
    assert derivation.steps[0].why.endswith(": 1.")
    assert derivation.columns["t"].tolist() == pytest.approx([0.85, 0, 0.15])


def test_a_batch_shows_the_mean_and_how_each_gradient_is_divided():
    derivation = nex.explain([Z, [0.0, 3.0, 1.0]], [0, 2])
    assert [step.name for step in derivation.steps] == ["mean_weight"]
    assert derivation.value == np.mean([sample.value for sample in derivation.samples])
    (share,) = derivation.gradient
    assert share.value == pytest.approx(np.array([s.grad for s in derivation.samples]) / 2)
    assert "    loss = (Σ_i loss_i) / D = (0.41703 + 2.16985) / 2 = 1.29344" in texts(derivation)


def test_an_ignored_sample_is_left_out_whatever_it_holds():
    derivation = nex.explain([Z, [np.nan, 0.0, np.inf]], [0, -100])
    assert derivation.value == nex.cross_entropy([Z], [0])
    assert [step.name for step in derivation.samples[1].steps] == ["left_out"]
    assert derivation.samples[1].grad.tolist() == [0, 0, 0]
    assert nex.explain(Z, -100).steps[-1].name == "empty"
    assert "NaN" in derivation.samples[1].latex()


@pytest.mark.parametrize("normalizer", ["weight", "valid", "batch", "full", 8.0])
def test_the_mean_says_what_it_divides_by(normalizer):
    loss = nex.CrossEntropy(normalizer=normalizer, class_weight=[1.0, 2.0, 4.0])
    logits, target = [[Z, Z], [Z, [0.0, 1.0, 0.0]]], [[0, -100], [2, 1]]
    derivation = nex.explain(logits, target, loss)
    assert derivation.value == loss(logits, target)
    divisor = {"weight": 7, "valid": 3, "batch": 2, "full": 4}.get(normalizer, 8)
    losses = sum(sample.value for sample in derivation.samples)
    assert derivation.value == pytest.approx(losses / divisor)
    assert derivation.steps[-1].name == f"mean_{normalizer if divisor != 8 else 'number'}"


def test_classes_may_stand_on_any_axis():
    loss = nex.CrossEntropy(axis=1)
    image = np.random.default_rng(0).normal(size=(2, 3, 2, 2))
    target = np.arange(8).reshape(2, 2, 2) % 3
    derivation = nex.explain(image, target, loss)
    assert len(derivation.samples) == 8
    assert derivation.value == loss(image, target)
    assert np.array_equal(derivation.grad, loss.value_and_grad(image, target).grad)


rng = np.random.default_rng(7)
X, W, B = rng.normal(size=(3, 2)), rng.normal(size=(4, 2)), rng.normal(size=4)


@pytest.mark.parametrize("loss", [*LOSSES.values(), nex.CrossEntropy(reduction="sum")])
@pytest.mark.parametrize(("features", "target"), [(X[0], np.int64(3)), (X, np.array([3, 0, 1]))])
def test_the_backward_pass_is_that_of_the_library(loss, features, target):
    derivation = nex.explain(None, target, loss, features=features, weight=W, bias=B)
    expected = loss.linear_value_and_grad(features, W, target, B)
    found = {step.name: step.value for step in derivation.backward}
    assert derivation.value == expected.value
    assert np.array_equal(found["weight"], expected.weight)
    assert np.array_equal(found["bias"], expected.bias)
    assert np.array_equal(found["features"], expected.features)


def test_the_gradient_of_the_weights_is_an_outer_product_shown_with_numbers():
    derivation = nex.explain(None, 0, features=[1.0, 2.0], weight=np.eye(2), bias=[0.0, 0.5])
    step = derivation.backward[0]
    assert step.value == pytest.approx(np.outer(derivation.grad, [1.0, 2.0]))
    lines = texts(derivation)
    assert any(line.endswith("g · xᵀ") for line in lines)
    assert "    z_1 = 0 · 1 + 1 · 2 + 0.5 = 2.5" in lines
    assert any("]ᵀ = [" in line or line.endswith("]ᵀ") for line in lines)


def test_the_penalty_is_that_of_the_objective_of_linear_classifiers():
    target, alpha = np.array([3, 0, 1]), 0.25
    derivation = nex.explain(None, target, features=X, weight=W, alpha=alpha)
    loss = nex.CrossEntropy(reduction="sum")
    objective = Objective(loss, X, target, np.full(3, 1 / 3), 4, alpha, fit_intercept=False)
    value, grad = objective(W.ravel())
    found = {step.name: step.value for step in derivation.backward}
    assert found["penalty"] == pytest.approx(value, rel=1e-14)
    assert found["decay"].ravel() == pytest.approx(grad, rel=1e-12)
    assert "bias" not in found


def test_logits_may_be_given_beside_the_features_they_come_from():
    logits = X @ W.T + B
    one = nex.explain(logits, [0, 1, 2], features=X, weight=W, bias=B)
    other = nex.explain(None, [0, 1, 2], features=X, weight=W, bias=B)
    assert one.value == other.value


def test_binary_cross_entropy_is_a_table_of_its_elements():
    loss = nex.BinaryCrossEntropy(pos_weight=2.0)
    derivation = nex.explain([[40.0, -1.0], [0.5, 2.0]], [[1, 0], [0.25, 1]], loss)
    assert len(derivation.columns["z"]) == 4
    assert derivation.columns["p"].tolist() == nex.sigmoid([40.0, -1.0, 0.5, 2.0]).tolist()
    assert derivation.columns["loss"][0] == 2 * -nex.log_sigmoid(40.0)
    assert "element" in texts(derivation)[5]


def test_elements_outside_the_mask_are_left_out():
    loss = nex.BinaryCrossEntropy()
    where = [True, False, True]
    derivation = nex.explain([1.0, np.nan, 2.0], [1, 0, 0], loss, where=where)
    assert derivation.value == loss([1.0, 0.0, 2.0], [1, 0, 0], where=where)
    assert [len(step.lines) for step in derivation.steps] == [2, 2, 1]


def everything(language):
    """Derivations that reach every step there is."""
    every = {"language": language}
    of_all = {"softcap": 10.0, "temperature": 2.0, "z_loss": 0.1, "label_smoothing": 0.1}
    yield nex.explain([1.0, 2.0], **every)
    yield nex.explain([1.0, 2.0, 0.0], 0, where=[True, True, False], **every)
    for loss in (nex.CrossEntropy(**of_all), nex.CrossEntropy(class_weight=[1.0, 2.0, 3.0])):
        yield nex.explain(Z, [0.5, 0.5, 0.0], loss, **every)
    yield nex.explain([0.2, 0.8], 0, nex.CrossEntropy(from_logits=False), **every)
    for loss in LOSSES.values():
        yield nex.explain(Z, 1, loss, **every)
    for from_logits in (True, False):
        loss = nex.BinaryCrossEntropy(from_logits=from_logits, label_smoothing=0.2)
        yield nex.explain([0.2, 0.8], [0, 1], loss, **every)
    yield nex.explain([Z, Z], [0, -100], nex.CrossEntropy(reduction="sum"), **every)
    yield nex.explain([Z], [-100], **every)
    for normalizer in ("weight", "valid", "batch", "full", 3.0):
        yield nex.explain([Z, Z], [0, 1], nex.CrossEntropy(normalizer=normalizer), **every)
    yield nex.explain(None, 0, features=X[0], weight=W, bias=B, alpha=0.1, **every)
    yield nex.explain(None, [0, 1, 2], features=X, weight=W, bias=B, alpha=0.1, **every)


def all_steps(derivation):
    yield from (*derivation.steps, *derivation.gradient, *derivation.backward)
    for sample in derivation.samples:
        yield from all_steps(sample)


def test_every_step_of_the_catalogue_is_reached():
    reached = {step.name for one in everything("en") for step in all_steps(one)}
    assert reached == set(sentences(words.ROOM, "en")["step"])


def test_every_phrase_of_the_catalogue_is_said(monkeypatch):
    said, catalogue = set(), sentences(words.ROOM, "en")

    class Heard(dict):
        def __getitem__(self, name):
            said.add(name)
            return super().__getitem__(name)

    heard = {**catalogue, "phrase": Heard(catalogue["phrase"])}
    monkeypatch.setattr(words, "sentences", lambda room, language: heard)
    for derivation in everything("en"):
        derivation.text()
        derivation.html()
    assert said == set(catalogue["phrase"])


def test_chinese_has_the_same_numbers_in_other_words():
    for english, chinese in zip(everything("en"), everything("zh"), strict=True):
        for one, other in zip(all_steps(english), all_steps(chinese), strict=True):
            assert (one.name, one.symbol, one.chain) == (other.name, other.symbol, other.chain)
            assert np.array_equal(one.value, other.value) or one.value is None
            assert any("\u4e00" <= letter <= "\u9fff" for letter in other.title + other.why)
            assert not any("\u4e00" <= letter <= "\u9fff" for letter in one.title + one.why)


@pytest.mark.parametrize(
    ("arguments", "options", "says"),
    [
        (([np.nan, 1.0],), {}, "logits: expected numbers"),
        (([np.inf, 1.0],), {}, "logits: expected numbers"),
        (([-np.inf, -np.inf], 0), {}, "logits: expected numbers"),
        (([[1.0, 2.0], [0.0, np.nan]], [0, 0]), {}, r"nan\] at \(1,\)"),
        ((3.0,), {}, "logits must be an array"),
        ((np.zeros(10_001),), {}, "10000 numbers"),
        ((np.zeros((101, 2)),), {}, "at most 100 samples"),
        (([],), {}, "logits must be an array"),
        (([1.0, 2.0], 2), {}, "target must hold class ids from 0 to 1"),
        (([1.0, 2.0], -1), {}, "target must hold class ids from 0 to 1"),
        (([1.0, 2.0], None, nex.MulticlassHinge()), {}, "target must be given"),
        (([1.0, 2.0], None, nex.CrossEntropy(from_logits=False)), {}, "target must be given"),
        (([1.0, 2.0], 0), {"language": "de"}, "language must be one of 'en', 'zh'"),
        (([1.0, 2.0], 0), {"alpha": 1.0}, "features and weight belong together"),
        (([1.0, 2.0], 0), {"features": [1.0]}, "features and weight belong together"),
        ((None, 0), {}, "logits must be given"),
        (([1.0, 2.0], 0), {"features": [1.0], "weight": [[1.0], [3.0]]}, "leave them out"),
    ],
)
def test_bad_input_is_refused_by_the_name_of_the_argument(arguments, options, says):
    with pytest.raises(ValueError, match=says):
        nex.explain(*arguments, **options)


def test_what_is_no_loss_is_refused():
    with pytest.raises(TypeError, match="loss must be a loss such as CrossEntropy"):
        nex.explain([1.0, 2.0], 0, "softmax")


def test_the_gradient_of_weights_needs_one_loss():
    with pytest.raises(ValueError, match="reduction 'mean' or 'sum'"):
        nex.explain(None, 0, nex.CrossEntropy(reduction="none"), features=X[0], weight=W)


def test_explaining_loads_no_more_than_the_kernels_need():
    code = "import normexp, sys; normexp.explain([1., 2.], 0).html(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert not {"sklearn", "jinja2", "matplotlib", "polars", "click"} & set(done.stdout.split())


def test_the_working_of_a_sure_row_takes_nothing_from_a_rounded_1():
    derivation = nex.explain([40.0, 0.0, 0.0], 0)
    same, gradient, others = (
        next(step for step in derivation.gradient if step.name == name)
        for name in ("quotient_same", "collapse", "others")
    )
    assert "p_0/∂z_0 = 1 · (4.24835e−18 + 4.24835e−18) = 8.49671e−18" in derivation.text()
    assert "(1 − 1)" not in derivation.text()
    assert "= 1 − 1" not in derivation.text()
    assert len(same.lines) == 3
    assert len(gradient.lines) == 2
    assert others.value == derivation.grad[0]


def test_logits_further_apart_than_there_are_numbers_are_worked_out_in_silence():
    assert nex.explain([1e308, -1e308], 0).value == 0
