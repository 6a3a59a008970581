"""The graph: every value and derivative in it is the library's, and so is the update."""

import numpy as np
import pytest

import normexp as nex

WEIGHT = np.array([[0.6, 0.5], [-0.2, 0.8], [0.3, -0.9]])
BIAS = np.array([0.4, -0.4, 0.5])
X = [1.0, 2.0]


def close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)


def library_step(x, y, weight, bias):
    return nex.CrossEntropy().linear_value_and_grad(np.array([x]), weight, np.array([y]), bias)


@pytest.mark.parametrize("y", range(3))
@pytest.mark.parametrize("x", [X, [-1.5, 0.25], [3.0, -3.0]])
def test_values_and_derivatives_of_the_circuit_are_the_librarys(call, x, y):
    graph = call("circuit", "circuit", x, WEIGHT.tolist(), BIAS.tolist(), y)
    z = WEIGHT @ x + BIAS
    p = nex.softmax(z)
    value, features, _, slopes = library_step(x, y, WEIGHT, BIAS)
    close([node["value"] for node in graph["z"]], z)
    close([node["value"] for node in graph["e"]], np.exp(z))
    close(graph["s"]["value"], np.exp(nex.logsumexp(z)))
    close([node["value"] for node in graph["p"]], p)
    close(graph["loss"]["value"], value)
    close([node["slope"] for node in graph["p"]], np.where(np.arange(3) == y, -1 / p, 0))
    close([node["slope"] for node in graph["z"]], slopes)
    close([node["slope"] for node in graph["features"]], features[0])


@pytest.mark.parametrize("updates", [0, 1, 10])
def test_updates_are_steps_against_the_librarys_gradient(call, updates):
    rate, weight, bias, losses = 0.1, WEIGHT, BIAS, []
    for n in range(updates + 1):
        value, _, of_weight, of_bias = library_step(X, 1, weight, bias)
        losses.append(value)
        if n < updates:
            weight, bias = weight - rate * of_weight, bias - rate * of_bias
    found = call("sections/graph", "updated", X, 1, rate, updates)
    close(found["losses"], losses)
    close(found["layer"]["weight"], weight)
    close(found["layer"]["bias"], bias)
    close(found["gradient"]["weight"], of_weight)


def section(page):
    return page.locator("#graph")


def test_every_node_and_weight_says_its_formula(look):
    graph = section(look())
    labels = [one.get_attribute("aria-label") for one in graph.locator("[data-node]").all()]
    assert len(labels) == 6 + 2 + 3 * 3 + 2
    assert "z₀ = w₀₀·x₀ + w₀₁·x₁ + b₀ = 0.6·1 + 0.5·2 + 0.4 = 2" in labels[6 + 2]
    assert any(label.endswith("= p₁ − 1 = −0.741") for label in labels)
    assert any("∂ℓ/∂w₁₀ = ∂ℓ/∂z₁·x₀ = (−0.741)·1 = −0.741" in label for label in labels)


def test_classes_have_their_names_in_the_graph_and_in_training(look):
    page = look("#names=cat,dog,a%20horse%20that%20flies")
    graph = section(page)
    assert graph.locator(".called").all_text_contents() == ["cat", "dog", "a horse that …"]
    assert graph.locator(".weights th[scope=row]").last.inner_text() == "● a horse that flies"
    assert graph.get_by_role("button", name="● dog").get_attribute("aria-pressed") == "true"
    train = page.locator("#train")
    assert train.get_by_role("slider", name="Weight of dog for x1").count() == 1
    assert "■ dog" in train.get_by_role("group", name="Draw class").inner_text()
    assert train.locator(".tables th[scope=row]").first.inner_text() == "cat"


def test_a_name_is_cut_where_it_has_too_many_letters(look):
    """An emoji is one, though it takes two places of a text of JavaScript."""
    called = section(look(f"#names={'😀' * 8},{'😀' * 15},{'n' * 14}")).locator(".called")
    assert called.all_text_contents() == ["😀" * 8, "😀" * 13 + "…", "n" * 14]


def test_pointing_at_a_node_shows_its_formula(look):
    page = look("#at=graph", reduced_motion="reduce")
    graph = section(page)
    graph.locator('[data-node="e-0"]').hover()
    assert "e₀ = exp(z₀) = exp(2) = 7.39" in graph.locator(".caption").inner_text()
    page.mouse.move(0, 0)
    graph.locator('[data-node="loss"]').focus()
    assert "ℓ = −log p₁" in graph.locator(".caption").inner_text()


def test_the_graph_is_walked_by_keys(look):
    page = look()
    graph = section(page)
    assert graph.locator('[data-node][tabindex="0"]').count() == 1
    graph.locator('[data-node="x-1"]').focus()
    for key, node in {"ArrowRight": "z-0", "ArrowDown": "z-1", "ArrowLeft": "z-0"}.items():
        page.keyboard.press(key)
        assert page.evaluate("document.activeElement.dataset.node") == node
    assert "z₀ = w₀₀·x₀" in graph.locator(".caption").inner_text()
    assert graph.locator('[data-node][tabindex="0"]').count() == 1


def test_values_appear_step_by_step(visit, settle):
    page = visit("#graph.step=4")
    graph = section(page)
    shown = graph.locator('[data-node="p-1"] .value')
    slope = graph.locator('[data-node="p-1"] .backward')
    assert (shown.text_content(), slope.text_content()) == ("0.259", "")
    graph.get_by_role("button", name="One step back").click()
    settle(page)
    assert shown.text_content() == ""
    for _ in range(3):
        graph.get_by_role("button", name="One step on").click()
    settle(page)
    assert slope.text_content() == "← −3.85"


def test_play_goes_to_the_last_step_and_stops(visit):
    graph = section(visit("#graph.step=9&at=graph"))
    graph.get_by_role("button", name="Play").click()
    graph.get_by_role("button", name="Pause").wait_for()
    graph.locator("output", has_text="11/11").wait_for()
    graph.get_by_role("button", name="Play").wait_for()


def test_an_update_lowers_the_loss_and_a_link_reproduces_it(visit, look, settle):
    page = visit("#at=graph")
    graph = section(page)
    assert "After 0 updates the loss is 1.349." in graph.inner_text()
    graph.get_by_role("button", name="Update the weights").click()
    graph.get_by_role("button", name="10 updates").click()
    settle(page)
    said = graph.locator(".learning .note").inner_text()
    losses = [float(word.rstrip(".")) for word in said.split() if "." in word]
    assert said.startswith("After 11 updates")
    assert losses[0] < 0.2
    link = page.evaluate("location.hash")
    assert section(look(link)).locator(".learning .note").inner_text() == said


def test_the_steps_are_a_slider_for_the_keyboard(visit, settle):
    page = visit("#graph.step=3")
    section(page).get_by_role("slider", name="Step").press("ArrowRight")
    settle(page)
    assert "graph.step=4" in page.evaluate("location.hash")
