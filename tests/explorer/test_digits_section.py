"""A digit drawn on the page is seen as the data was made, and scored as the library scores it."""

import re

import numpy as np
import pytest

import normexp as nex
from normexp.explorer import trained

FULL = 16


@pytest.fixture(scope="module")
def models(value):
    return value("digits", "MODELS")


def test_the_weights_of_the_page_are_those_that_training_gives(models):
    for name, model in trained.train().items():
        found = np.column_stack([models[name]["weight"], models[name]["bias"]])
        fitted = np.column_stack([model.coef_, model.intercept_])
        np.testing.assert_allclose(found, fitted, atol=2e-3, err_msg=name)


def test_the_module_is_what_the_script_writes(models):
    class Model:
        def __init__(self, weight, bias, **_):
            self.coef_, self.intercept_ = np.array(weight), np.array(bias)

    written = trained.written({name: Model(**model) for name, model in models.items()})
    assert written == trained.MODULE.read_text(encoding="utf-8")


ALL_SCORES = """async (rows) => {
  const { scores, probabilities } = await import("digits");
  return rows.map((x) => [scores("softmax", x), probabilities(x), scores("svm", x)]);
}"""


def test_digits_of_the_test_part_get_the_library_s_probabilities(quiet_page, models):
    *_, pixels, target = trained.parts()
    found = quiet_page.evaluate(ALL_SCORES, (FULL * pixels).tolist())
    z = pixels @ np.array(models["softmax"]["weight"]).T + models["softmax"]["bias"]
    np.testing.assert_allclose([row[0] for row in found], z, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose([row[1] for row in found], nex.softmax(z), rtol=1e-11)
    margins = pixels @ np.array(models["svm"]["weight"]).T + models["svm"]["bias"]
    np.testing.assert_allclose([row[2] for row in found], margins, rtol=1e-11, atol=1e-12)
    for name, at in (("softmax", 1), ("svm", 2)):
        right = np.mean([np.argmax(row[at]) == y for row, y in zip(found, target, strict=True)])
        assert models[name]["accuracy"] == round(right, 3)


def arc(x, y, across, up, start, end):
    angles = np.radians(np.linspace(start, end, 25))
    return [[x + across * np.cos(a), y + up * np.sin(a)] for a in angles]


# On a sheet of 64 × 64, y downwards.
STROKES = {
    0: [arc(32, 32, 14, 20, -90, 270)],
    1: [[[32, 10], [32, 54]]],
    2: [[*arc(32, 22, 12, 11, -170, 40), [20, 52], [46, 52]]],
    3: [[*arc(30, 21, 11, 10, -150, 90), *arc(30, 42, 13, 11, -90, 150)]],
    4: [[[36, 10], [18, 38], [46, 38]], [[38, 22], [38, 54]]],
    5: [[[22, 12], [22, 28], *arc(30, 40, 14, 13, -120, 140)], [[22, 12], [44, 12]]],
    6: [[[40, 10], [26, 30], *arc(33, 42, 11, 11, 190, 540)]],
    7: [[[18, 12], [46, 12], [28, 54]]],
    8: [[*arc(32, 21, 9, 9, 90, 450), *arc(32, 42, 12, 12, -90, 270)]],
    9: [[*arc(32, 22, 11, 11, 0, 360), [43, 22], [41, 54]]],
}


def test_digits_drawn_with_a_few_strokes_are_told_apart(quiet_page):
    drawn = """async (all) => {
      const { drawn, probabilities, scores } = await import("digits");
      return all.map((strokes) => {
        const pixels = drawn(strokes, 1000);
        return { pixels, p: probabilities(pixels), svm: scores("svm", pixels) };
      });
    }"""
    found = quiet_page.evaluate(drawn, list(STROKES.values()))
    assert [int(np.argmax(one["p"])) for one in found] == list(STROKES)
    assert [int(np.argmax(one["svm"])) for one in found] == list(STROKES)
    pixels = np.array([one["pixels"] for one in found])
    assert np.abs(pixels.sum(axis=1) - 311).max() < 25  # as much ink as the data has


def test_a_drawing_fills_the_field_wherever_and_however_large_it_was_drawn(call):
    large = np.array(STROKES[3][0])
    small = (large / 4 + [3, 40]).tolist()
    found = [call("digits", "drawn", [stroke], 99) for stroke in (large.tolist(), small)]
    assert np.abs(np.subtract(*found)).max() <= 1  # a pixel on the edge of the line
    rows = np.array(found[0]).reshape(8, 8).sum(axis=1)
    assert rows[0] > 0
    assert rows[7] > 0
    assert call("digits", "drawn", [[[5, 5]]], 9)  # a dot
    assert call("digits", "drawn", [], 9) == [0] * 64


def test_what_was_drawn_goes_through_a_link_unchanged(call):
    strokes = [[[0, 63], [5, 5]], [[63, 0]]]
    text = call("ink", "write", strokes)
    assert call("ink", "read", text) == strokes
    assert call("ink", "first", strokes, 2) == strokes[:1]
    assert call("ink", "read", "AA.AAAA" * 1000) != []
    assert sum(map(len, call("ink", "read", "AAAA" * 1000))) == 600


def draw(page, strokes, steps):
    box = page.locator("#digits .sketch").bounding_box()
    for stroke in strokes:
        (first, *others) = (np.array(stroke) / 64 * box["width"] + [box["x"], box["y"]]).tolist()
        page.mouse.move(*first)
        page.mouse.down()
        for place in others:
            page.mouse.move(*place, steps=steps)
        page.mouse.up()


def test_a_digit_is_drawn_replayed_and_taken_to_the_first_section(visit, look, settle, until):
    page = visit("#at=digits")
    section = page.locator("#digits")
    said = section.locator(".observation")
    assert "Softmax sees a 3" in said.inner_text()
    assert section.locator(".band").count() == 0
    section.locator(".sketch").scroll_into_view_if_needed()
    draw(page, STROKES[7], steps=8)  # an example goes when the pen comes
    until(page, "() => /sees a 7/.test(document.querySelector('#digits .observation').innerText)")
    assert section.locator(".band").count() == 10
    settle(page)
    drawn = page.evaluate("location.hash")
    assert look(drawn).locator("#digits").inner_text() == section.inner_text()
    section.get_by_role("slider", name="Of the stroke").fill("0.3")  # the bar alone
    until(page, "() => !/sees a 7/.test(document.querySelector('#digits .observation').innerText)")
    share = "document.querySelector('#digits input[type=range]').value"
    section.get_by_role("button", name="Watch it grow").click()
    until(page, f"() => {share} < 0.3")
    until(page, f"() => {share} > 0.3")
    page.keyboard.press("Control+z")  # before the slider was moved
    until(page, f"() => {share} === '1'")
    section.get_by_role("button", name="Take these scores").click()
    until(page, "() => document.querySelectorAll('#scores .movable [role=slider]').length === 10")
    bars = page.locator("#scores .movable [role=slider]")
    shown = bars.evaluate_all("all => all.map((bar) => Number(bar.ariaValueNow))")
    assert int(np.argmax(shown)) == 7
    page.keyboard.press("Control+z")
    settle(page)
    assert page.evaluate("location.hash").replace("at=scores", "at=digits") == drawn


def test_a_digit_is_drawn_and_cleared_by_keyboard(visit, settle, until):
    page = visit("#digits.ink=none")
    section = page.locator("#digits")
    assert "The sheet is empty" in section.inner_text()
    sheet = section.locator(".sketch")
    for key in [*["Shift+ArrowUp"] * 3, "Space", *["Shift+ArrowDown"] * 6]:
        sheet.press(key)
    until(page, "() => /sees a 1/.test(document.querySelector('#digits .observation').innerText)")
    assert "Pen down at 50, 88." in section.inner_text()
    settle(page)
    assert re.search(r"digits\.ink=(\w\w){7}$", page.evaluate("location.hash"))
    sheet.press("Delete")
    settle(page)
    assert page.evaluate("location.hash") == "#digits.ink=none"


def test_a_finger_draws_once_it_is_told_to(visit, settle):
    page = visit("#at=digits", width=390, has_touch=True, reduced_motion="reduce")
    page.locator("#digits .by-finger button").tap()
    session = page.context.new_cdp_session(page)
    sheet = page.locator("#digits .sketch")
    sheet.evaluate("element => element.scrollIntoView({ block: 'center' })")
    box = sheet.bounding_box()
    x = box["x"] + box["width"] / 2
    for kind, share in (("Start", 0.2), *(("Move", 0.2 + i / 20) for i in range(1, 13))):
        at = {"x": x, "y": box["y"] + share * box["height"]}
        session.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": [at]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    settle(page)
    assert "sees a 1" in page.locator("#digits .observation").inner_text()
