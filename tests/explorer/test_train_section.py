"""Training on the page is training by the library, and a link reproduces it."""

import re

import numpy as np
import pytest

import normexp as nex

LOSSES = {
    "crossEntropy": nex.CrossEntropy(),
    "westonWatkins": nex.MulticlassHinge(),
    "crammerSinger": nex.MulticlassHinge(variant="crammer-singer"),
    "squaredError": nex.SquaredError(),
    "brier": nex.SquaredError(on="probabilities"),
}
ALPHA, RATE = 0.01, 0.3

RUN = """async ([loss, passes, options]) => {
  const networks = await import("networks");
  const numerics = await import("numerics");
  const { generateSamples } = await import("samples");
  const samples = generateSamples("spiral", 3, 1);
  const run = networks.start(samples, { ...options, loss: numerics[loss] });
  const first = structuredClone(run.layers);
  for (let i = 0; i < passes; i++) networks.advance(run);
  return { samples, first, ...run, loss: null, random: null };
}"""


@pytest.fixture(scope="module")
def train(quiet_page):
    """train(loss, hidden, passes, batch_size): a run of the page's own training."""

    def run(loss, hidden, passes, batch_size=1000):
        options = {"classes": 3, "hidden": hidden, "seed": 1, "batchSize": batch_size}
        return quiet_page.evaluate(RUN, [loss, passes, options | {"alpha": ALPHA, "rate": RATE}])

    return run


def library_objective(loss, layers, features, target):
    """The objective and its gradient: the library's linear loss, behind rectified units if any."""
    *below, (weight, bias) = layers
    inputs = features
    for hidden_weight, hidden_bias in below:
        inputs = np.maximum(0, features @ hidden_weight.T + hidden_bias)
    value, upstream, *gradient = loss.linear_value_and_grad(inputs, weight, target, bias)
    gradients = [gradient]
    if below:
        upstream = upstream * (inputs > 0)
        gradients.insert(0, [upstream.T @ features, upstream.sum(axis=0)])
    for of_layer, (layer_weight, _) in zip(gradients, layers, strict=True):
        value += ALPHA / 2 * np.vdot(layer_weight, layer_weight)
        of_layer[0] = of_layer[0] + ALPHA * layer_weight
    return value, gradients


def arrays(layers):
    return [[np.array(layer["weight"]), np.array(layer["bias"])] for layer in layers]


def flat(layers):
    return np.concatenate([part.ravel() for layer in layers for part in layer])


@pytest.mark.parametrize("hidden", [0, 8])
@pytest.mark.parametrize("name", LOSSES)
def test_losses_gradients_and_steps_are_the_librarys(train, name, hidden):
    run = train(name, hidden, 1)
    features = np.array([one["features"] for one in run["samples"]])
    target = np.array([one["target"] for one in run["samples"]])
    first, second = arrays(run["first"]), arrays(run["layers"])
    value, gradient = library_objective(LOSSES[name], first, features, target)
    np.testing.assert_allclose(run["history"][0], value, rtol=1e-12)
    np.testing.assert_allclose(flat(second), flat(first) - RATE * flat(gradient), rtol=1e-11)
    value, gradient = library_objective(LOSSES[name], second, features, target)
    np.testing.assert_allclose(run["history"][1], value, rtol=1e-12)
    found = flat(arrays(run["now"]["gradient"]))
    np.testing.assert_allclose(found, flat(gradient), rtol=1e-10, atol=1e-14)


def test_first_weights_have_the_spread_that_suits_rectified_units(train):
    run = train("crossEntropy", 1000, 0)
    assert len(run["first"][0]["weight"]) == 1000
    np.testing.assert_allclose(np.std(run["first"][0]["weight"]), 1, rtol=0.05)
    np.testing.assert_allclose(np.std(run["first"][1]["weight"]), np.sqrt(2 / 1000), rtol=0.05)


def test_batches_are_the_same_for_the_same_seed(train):
    run, again = train("crossEntropy", 8, 5, 16), train("crossEntropy", 8, 5, 16)
    assert run["history"] == again["history"]
    assert run["history"] != train("crossEntropy", 8, 5)["history"]
    assert run["history"][-1] < run["history"][0]


def test_a_run_that_diverges_says_so(look):
    page = look("#train.rate=3&train.passes=600&at=train")
    note = page.locator("#train figure", has_text="Squared error").locator("p.note")
    passes(page, 600)
    assert "smaller learning rate" in note.inner_text()


def test_without_points_there_is_nothing_to_count(look):
    page = look("#train.points=none&at=train")
    note = page.locator("#train figure", has_text="SVM").locator("p.note")
    assert note.inner_text() == "There are no points. Draw some."


SHAPES = ["clusters", "spiral", "ring", "xor"]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("classes", [2, 5])
def test_samples_stay_in_the_square_and_go_through_a_link_unchanged(call, shape, classes):
    samples = call("samples", "generateSamples", shape, classes, 7)
    assert {one["target"] for one in samples} == set(range(classes))
    assert np.abs([one["features"] for one in samples]).max() <= 1
    assert call("samples", "read", call("samples", "write", samples)) == samples


def test_noise_moves_the_points_and_leaves_their_shape(call):
    plain, same, noisy = (
        call("samples", "generateSamples", "spiral", 3, 7, *noise) for noise in ([], [0], [0.5])
    )
    assert plain == same
    moved = np.subtract(*([one["features"] for one in each] for each in (noisy, plain)))
    assert 0.1 < np.std(moved) < 0.2
    assert np.abs([one["features"] for one in noisy]).max() <= 1


HELD = """async ([loss, hidden, first]) => {
  const networks = await import("networks");
  const numerics = await import("numerics");
  const { generateSamples } = await import("samples");
  const [samples, held] = [generateSamples("ring", 3, 1), generateSamples("ring", 3, 9)];
  const options = { classes: 3, hidden, seed: 1, rate: 0.3, alpha: 0.01, batchSize: 1000 };
  const run = networks.start(samples, { ...options, held, first, loss: numerics[loss] });
  const begun = structuredClone(run.layers);
  networks.advance(run);
  return { held, begun, layers: run.layers, history: run.heldHistory, flat: networks.flat(begun) };
}"""


@pytest.mark.parametrize("hidden", [0, 8])
def test_the_loss_of_what_is_held_out_is_the_library_s(quiet_page, hidden):
    first = np.random.default_rng(5).normal(size=51 if hidden else 9).round(3).tolist()
    found = quiet_page.evaluate(HELD, ["crossEntropy", hidden, first])
    assert found["flat"] == first  # the weights that were given, in their places
    features = np.array([one["features"] for one in found["held"]])
    target = np.array([one["target"] for one in found["held"]])
    for layers, shown in zip((found["begun"], found["layers"]), found["history"], strict=True):
        *below, (weight, bias) = arrays(layers)
        inputs = features
        for hidden_weight, hidden_bias in below:
            inputs = np.maximum(0, features @ hidden_weight.T + hidden_bias)
        expected = nex.CrossEntropy().linear_value_and_grad(inputs, weight, target, bias)[0]
        np.testing.assert_allclose(shown, expected, rtol=1e-13)


def section(page):
    return page.locator("#train")


def passes(page, n):
    section(page).locator(".run .note", has_text=re.compile(f"^{n} ")).wait_for()


def summaries(page):
    return section(page).locator("figure > p.note").all_inner_texts()


def test_a_link_reproduces_the_run(visit, look):
    link = "#train.passes=40&train.shape=spiral&train.hidden=8&train.batch=16&train.seed=3"
    page, again = visit(link), look(link)
    passes(page, 40)
    passes(again, 40)
    assert summaries(page) == summaries(again)


def test_softmax_keeps_pulling_where_the_svm_has_let_go(look):
    page = look("#train.passes=150")
    passes(page, 150)
    softmax, svm, _ = [int(re.search(r"(\d+) of 108 pull", one)[1]) for one in summaries(page)]
    assert softmax == 108
    assert svm < 60


def test_step_play_and_reset(visit, look):
    page = visit("#at=train")
    buttons = section(page).locator(".run")
    buttons.get_by_role("button", name="Step").click()
    passes(page, 1)
    buttons.get_by_role("button", name="Play").click()
    buttons.locator(".note", has_text=re.compile("^[1-9][0-9]")).wait_for()
    buttons.get_by_role("button", name="Pause").click()
    stand_together(page, look)
    buttons.get_by_role("button", name="Back to the start").click()
    passes(page, 0)


def stand_together(page, look):
    """Each classifier shows what it is after so many passes as the page counts."""
    n, *said = page.locator("#train .run .note, #train figure > p.note").all_inner_texts()
    n = int(n.split()[0])
    again = look(re.sub("&train.passes=.*", "", page.url.partition("#")[2]) + f"&train.passes={n}")
    passes(again, n)
    assert said == summaries(again)
    return n


def test_with_reduced_motion_all_classifiers_are_drawn_at_each_picture(visit, look):
    page = visit("#at=train", reduced_motion="reduce")
    section(page).locator(".run").first.get_by_role("button", name="Play").click()
    passes(page, 50)
    assert stand_together(page, look) >= 50


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_the_last_pass_is_drawn_for_all_classifiers(visit, look, motion):
    link = "#train.points=080801f0f0&train.classes=2&train.passes=2993"
    page = visit(link, reduced_motion=motion)
    passes(page, 2993)
    section(page).locator(".run").first.get_by_role("button", name="Play").click()
    passes(page, 3000)
    section(page).locator(".run").first.get_by_role("button", name="Play").wait_for()
    assert stand_together(page, look) == 3000


def points(page):
    code = re.search(r"train\.points=([0-9a-f]*|none)", page.evaluate("location.hash"))
    return None if code is None else len(code[1]) // 5


def test_points_are_drawn_by_pointer(visit, settle):
    page = visit("#train.points=none&at=train", reduced_motion="reduce")
    square = section(page).locator("canvas.pad")
    square.scroll_into_view_if_needed()
    box = square.bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.click(*middle)
    settle(page)
    assert points(page) == 1
    aside = box["width"] / 4
    page.mouse.move(middle[0] - aside, middle[1] + 50)
    page.mouse.down()
    page.mouse.move(middle[0] + aside, middle[1] + 50, steps=20)
    page.mouse.up()
    settle(page)
    assert 8 <= points(page) <= 16


def test_points_are_drawn_by_touch(visit, settle):
    page = visit("#train.points=none&at=train", width=390, has_touch=True, reduced_motion="reduce")
    square = section(page).locator("canvas.pad")
    section(page).get_by_role("button", name="■ 1").tap()
    square.tap(position={"x": 40, "y": 40})
    settle(page)
    assert "train.points=1" in page.evaluate("location.hash")


def test_points_are_drawn_and_removed_by_keyboard(visit, settle):
    page = visit("#train.points=none")
    square = section(page).locator("canvas.pad")
    for key in ["ArrowRight", "Enter", "4", "Shift+ArrowUp", "Enter"]:
        square.press(key)
    settle(page)
    assert points(page) == 2
    assert "train.classes=5" in page.evaluate("location.hash")
    assert "At 0.05, 0.2; 2 points." in section(page).inner_text()
    square.press("Delete")
    settle(page)
    assert points(page) == 1


def test_fewer_classes_drop_the_points_of_the_others(visit, settle):
    page = visit("#train.points=0808012020420a0&train.classes=5")
    section(page).get_by_role("group", name="classes").get_by_role("button", name="2").click()
    settle(page)
    assert points(page) == 2


def test_a_point_of_a_class_that_is_not_there_is_left_out(look):
    page = look("#train.points=080804c0c0&train.classes=2")
    assert "0 of 1 pull" in summaries(page)[1] or "1 of 1 pull" in summaries(page)[1]


def test_other_points_and_other_losses_are_in_the_link(visit, settle):
    page = visit("#train.passes=5")
    for name in ["New points", "worst rival", "of probabilities", "8 hidden units", "rings"]:
        section(page).get_by_role("button", name=name).click()
    settle(page)
    link = page.evaluate("location.hash")
    for part in ["seed=2", "svm=crammerSinger", "squared=brier", "hidden=8", "shape=ring"]:
        assert f"train.{part}" in link


def test_weights_are_set_by_hand_and_units_show_what_they_see(
    visit, look, settle, until, violations
):
    page = visit("#train.passes=20&train.hidden=8&train.noise=0.5&at=train")
    passes(page, 20)
    assert section(page).locator(".plot .held").count() == 3
    assert re.search(r"held out [\d.]+, \d+%", summaries(page)[0])
    assert section(page).locator(".units canvas").count() == 8
    assert section(page).locator(".tables [data-scrub]").count() == 51
    weight = section(page).get_by_role("slider", name="Weight of class 2 for unit 7")
    before = float(weight.get_attribute("aria-valuenow"))
    weight.focus()
    page.keyboard.press("PageUp")
    passes(page, 0)
    after = "Number(document.activeElement.ariaValueNow)"
    until(page, f"() => Math.abs({after} - {before} - 0.5) < 0.05")
    settle(page)
    link = page.evaluate("location.hash")
    assert link.split("train.first=")[1].count(",") == 50
    section(page).get_by_role("button", name="Step").click()
    passes(page, 1)
    again = look(f"{link}&train.passes=1")
    passes(again, 1)
    assert summaries(again) == summaries(page)
    assert violations(page, "#train") == []
    section(page).get_by_role("button", name="Back to random weights").click()
    settle(page)
    assert "train.first" not in page.evaluate("location.hash")
    section(page).get_by_role("button", name="linear").click()
    until(page, "() => document.querySelectorAll('#train .tables [data-scrub]').length === 9")
    assert section(page).locator(".units").is_hidden()


def test_of_what_was_drawn_every_fourth_of_a_class_is_held_out(visit, look, settle):
    cat, dog = ("".join(f"{k}{x:02x}08" for x in range(8)) for k in (0, 1))
    page = visit(f"#train.points={cat}{dog[:15]}&train.passes=3&at=train")
    passes(page, 3)
    assert "of 11 pull" in summaries(page)[0]
    assert "held out" not in summaries(page)[0]
    section(page).get_by_role("button", name="every fourth point of a class").click()
    settle(page)
    link = page.evaluate("location.hash")
    assert "train.hold=fourth" in link
    again = look(link)
    passes(again, 3)
    assert re.search(r"of 9 pull\nheld out [\d.]+, \d+%", summaries(again)[0])
    assert section(again).locator(".plot .held").count() == 3


def test_of_many_units_those_that_matter_most_have_their_weights_shown(visit, settle, until):
    page = visit("#train.hidden=32&at=train")
    cells = section(page).locator(".tables [data-scrub]")
    assert cells.count() == 8 * 3 + 3 * 9
    rows = section(page).locator(".tables table").first.locator("th[scope=row]")
    units = rows.all_inner_texts()
    weight = cells.first
    before = float(weight.get_attribute("aria-valuenow"))
    weight.focus()
    for _ in range(3):
        page.keyboard.press("Home" if before > 0 else "End")  # the same are listed meanwhile
    until(page, "() => Math.abs(document.activeElement.ariaValueNow) === 5")
    assert rows.all_inner_texts() == units
    settle(page)
    assert page.evaluate("location.hash").split("train.first=")[1].count(",") == 32 * 3 + 3 * 33 - 1


def test_speed_is_passes_in_a_frame(visit, until):
    page = visit("#train.speed=25&at=train")
    section(page).locator(".run").first.get_by_role("button", name="Play").click()
    until(page, "() => parseInt(document.querySelector('#train .run .note').textContent) >= 50")
    section(page).locator(".run").first.get_by_role("button", name="Pause").click()
