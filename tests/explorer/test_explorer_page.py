"""The page in use: values, links, keys, languages, themes, names for screen readers, widths."""

import re
from itertools import pairwise

import numpy as np
import pytest

import normexp as nex

THOUSAND = "z=" + ",".join(
    f"{x:g}" for x in np.random.default_rng(1).normal(0, 2, 1000).round(1) + 0
)
STATES = {
    "as it comes": "",
    "two classes": "z=0.5,-0.5&target=0",
    "ten classes": "z=10.3345,-2,3,0.5,0,2,-1,4,1.5,7.58172&target=4",
    "a thousand classes": f"{THOUSAND}&target=500",
    "shifted, and hot": "temperature=2&shift=100",
    "far ahead": "z=1000,0,-1000",
    "long names": "names=Mmmmmmmmmmmmmmmmmmmmmmmm,class%20of%20a%20long%20name,"
    "M&graph.updates=200&graph.rate=1&train.hidden=32",
    "at rest": "z=1,0,0&target=0",
}
WIDE = ["ten classes", "a thousand classes"]
SCORE = "#scores .movable [role=slider]"
FIRST = f"document.querySelector('{SCORE}')"


def numbers(text):
    return [float(part.replace("−", "-")) for part in text]


def now(page):
    return page.eval_on_selector_all(SCORE, "all => all.map(bar => Number(bar.ariaValueNow))")


# ---- values


def test_the_probabilities_shown_are_the_library_s(look):
    page = look("#z=1.5,-0.5,3,0&temperature=2&shift=7")
    shown = page.locator("#scores .low .bar b").all_inner_texts()
    p = nex.softmax([1.5, -0.5, 3, 0], temperature=2)
    assert shown == [f"{100 * x:.1f}%" for x in p]


def test_the_losses_shown_are_the_library_s(look):
    z, y = np.array([[1.5, -0.5, 3.0, 0.25]]), [3]
    page = look("#z=1.5,-0.5,3,0.25&target=3")
    losses = {
        "crossEntropy": nex.CrossEntropy(),
        "westonWatkins": nex.MulticlassHinge(),
        "crammerSinger": nex.MulticlassHinge(variant="crammer-singer"),
        "squaredError": nex.SquaredError(),
        "brier": nex.SquaredError(on="probabilities"),
    }
    for name, loss in losses.items():
        value, grad = loss.value_and_grad(z, y)
        figure = page.locator(f'[data-loss="{name}"]')
        assert float(figure.locator(".value").inner_text()) == pytest.approx(value, rel=5e-4)
        shown = numbers(figure.locator(".names b").all_inner_texts())
        assert shown == pytest.approx(grad[0], rel=0.05)


@pytest.mark.parametrize("temperature", [1, 0.5, 4])
@pytest.mark.parametrize("z", [[2, 1, -1], [0, 30, 0], [1, 2, 3, 4, 5, 6, 7, 8]])
def test_the_working_ends_at_the_library_s_numbers(call, z, temperature):
    state = {"z": z, "temperature": temperature, "shift": 3, "target": 0}
    found = call("sections/working", "working", state)["numbers"]
    shifted = np.array([z], np.float64) + 3
    value, grad = nex.CrossEntropy(temperature=temperature).value_and_grad(shifted, [0])
    assert found["loss"]["value"] == pytest.approx(value, rel=1e-14)
    last = "g" if temperature == 1 else "gz"
    p = nex.softmax(shifted[0], temperature=temperature)
    for k in range(len(z)):
        if f"p{k}" in found:
            assert found[f"p{k}"]["value"] == pytest.approx(p[k], rel=1e-14)
            assert found[f"{last}{k}"]["value"] == pytest.approx(grad[0, k], rel=1e-14)


def test_each_formula_of_the_working_gives_its_number(call):
    for z in ([2, 1, -1], [0, 70, 0], [1, 2, 3, 4, 5, 6, 7, 8]):
        state = {"z": z, "temperature": 2, "shift": -1, "target": 1}
        found = call("sections/working", "working", state)["numbers"]
        for number in found.values():
            if not number["parts"] or "max(" in number["parts"]:
                continue
            written = "".join(
                repr(found[part]["value"]) if part in found else part for part in number["parts"]
            )
            for sign, python in (("−", "-"), ("·", "*"), ("exp", "np.exp"), ("log", "np.log")):
                written = written.replace(sign, python)
            assert eval(written) == pytest.approx(number["value"], rel=1e-12)


# ---- links


def test_a_link_reproduces_the_view(visit, look, follow, settle):
    followed, fresh = look(), visit()
    for hash_ in ("", STATES["a thousand classes"], STATES["shifted, and hot"]):
        follow(followed, hash_)
        followed.evaluate("dispatchEvent(new Event('resize'))")  # the page writes its address anew
        settle(followed)
        assert followed.url.partition("#")[2] == hash_
        fresh.reload()
        follow(fresh, hash_)
        assert fresh.locator("main").inner_text() == followed.locator("main").inner_text()


def test_what_is_set_by_hand_is_in_the_link(visit, look, settle):
    page = visit()
    page.get_by_role("group", name="The target").get_by_role("button", name="class 2").click()
    page.get_by_role("button", name="中文").click()
    page.get_by_label("所有得分平移").fill("100")
    settle(page)
    again = look("#" + page.url.partition("#")[2])
    assert again.locator("html").get_attribute("lang") == "zh-Hans"
    assert again.get_by_label("所有得分平移").input_value() == "100"
    pressed = again.locator("#loss .target [aria-pressed=true]")
    assert "2" in pressed.inner_text()


def test_a_new_link_is_followed_without_loading_anew(look, follow):
    page = look()
    follow(page, "z=4,5,6")
    assert now(page) == [4, 5, 6]


def test_a_link_that_makes_no_sense_gives_the_page_as_it_comes(visit, follow):
    page = visit("#%")
    assert now(page) == [2, 1, -1]
    for hash_ in ("z=a,b", "z=1", "target=x", "unknown=1", "temperature=", "theme=red"):
        follow(page, "z=3,4")
        follow(page, hash_)
        assert now(page) == [2, 1, -1]


def test_values_out_of_range_are_brought_into_it(look):
    page = look("#temperature=1e9&shift=-999&target=77&z=5000,0,1")
    assert page.get_by_label("Shift all scores").input_value() == "-200"
    assert page.locator("#scores output").first.inner_text() == "10"
    assert now(page)[0] == 1000
    assert page.locator("#loss .target [aria-pressed=true]").inner_text().endswith("class 2")


def test_starting_over_keeps_language_and_theme(visit, settle):
    page = visit("#language=zh&theme=dark&z=1,2&shift=3")
    page.get_by_role("button", name="恢复初始", exact=True).click()
    settle(page)
    assert page.url.partition("#")[2] == "language=zh&theme=dark"
    assert now(page) == [2, 1, -1]


# ---- hands and keys


def test_a_bar_follows_the_pointer(visit, until):
    page = visit()
    bars = page.locator("#scores .movable")
    bars.scroll_into_view_if_needed()
    box = bars.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 5, box["y"] + box["height"] * 0.1)
    page.mouse.up()
    page.mouse.move(box["x"] + 5, box["y"] + box["height"])
    until(
        page,
        "() => document.querySelectorAll('#scores .movable [role=slider]')[1].ariaValueNow === '4'",
    )
    assert now(page) == [2, 4, -1]


def test_a_bar_moves_by_keys(visit, until):
    page = visit()
    bar = page.locator(SCORE).first
    bar.focus()
    keys = {"ArrowUp": 2.1, "ArrowLeft": 2, "PageUp": 3, "PageDown": 2, "Home": -5, "End": 5}
    for key, value in keys.items():
        page.keyboard.press(key)
        until(page, f"() => Number({FIRST}.ariaValueNow) === {value}")
    assert bar.evaluate("bar => bar === document.activeElement")
    assert bar.get_attribute("aria-valuetext") == "5"


def test_many_bars_are_drawn_over_and_walked_by_keys(visit, until):
    page = visit(f"#{THOUSAND}")
    bars = page.locator("#scores .movable")
    bars.scroll_into_view_if_needed()
    box = bars.bounding_box()
    page.mouse.move(box["x"] + 1, box["y"] + box["height"] * 0.25)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 1, box["y"] + box["height"] * 0.25)
    page.mouse.up()
    slider = page.locator(SCORE)
    half = float(slider.get_attribute("aria-valuemax")) / 2
    slider.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert slider.get_attribute("aria-label") == "Score of class 3"
    until(page, f"() => Math.abs({FIRST}.ariaValueNow - {half}) < 0.2")
    page.keyboard.press("PageUp")
    until(page, f"() => {FIRST}.ariaValueNow - {half} > 0.5")


def test_own_scores_are_taken_and_nonsense_is_refused(visit, until):
    page = visit()
    own = page.get_by_label("Your own scores")
    own.fill("40 −0.5; 1e-3")
    own.press("Enter")
    until(
        page, "() => document.querySelector('#scores .movable [role=slider]').ariaValueNow === '40'"
    )
    assert now(page) == [40, -0.5, 0.001]
    own.fill("４０，１e2、2")
    own.press("Enter")
    second = "document.querySelectorAll('#scores .movable [role=slider]')[1]"
    until(page, f"() => {second}.ariaValueNow === '100'")
    assert own.input_value() == "40, 100, 2"


REFUSED = {
    "1, two": "“two” is not a number from −1000 to 1000",
    "1e400, 1": "“1e400” is not a number from −1000 to 1000",
    "−1e9 1": "“-1e9” is not a number",
    "Infinity 1": "“Infinity” is not a number",
    "0x10 1": "“0x10” is not a number",
    "7": "Expected 2 to 1000 numbers, and found 1",
    "1 " * 1001: "and found 1001",
    " , ": "and found 0",
}


def test_typed_nonsense_is_refused_in_words(visit, until):
    page = visit("#z=40,-0.5,0.001")
    own = page.get_by_label("Your own scores")
    for typed, why in REFUSED.items():
        own.fill(typed)
        own.press("Enter")
        assert why in page.get_by_role("alert").inner_text()
        assert own.get_attribute("aria-invalid") == "true"
        assert own.input_value() == typed
        assert now(page) == [40, -0.5, 0.001]
    page.locator(SCORE).first.press("End")  # any other change puts the field right
    until(page, f"() => {FIRST}.ariaValueNow === '50'")
    assert own.input_value() == "50, −0.5, 0.001"
    assert own.get_attribute("aria-invalid") is None


def test_a_lead_is_said_as_it_comes_about(look, follow):
    page = look()
    said = page.locator("#scores .observation")
    for hash_, words in {
        "": "by 2 − 1 = 1: it is e1 = 2.72 times",
        "temperature=0.1": "by (2 − 1)/0.1 = 10: it is e10 = 22026 times",
        "temperature=0.5&z=1,-2&shift=7": "by (1 − (−2))/0.5 = 6: it is e6 = 403 times",
        "z=1000,-1000": "by 1000 − (−1000) = 2000: it is e2000 = 3.9×10⁸⁶⁸ times",
    }.items():
        follow(page, hash_)
        assert words in said.inner_text()


@pytest.mark.parametrize("ask", ["hover", "focus", "tap"])
def test_pointing_at_a_number_shows_where_it_came_from(visit, look, ask):
    page = visit(has_touch=True) if ask == "tap" else look()
    getattr(page.locator('[data-id="p1"]'), ask)()
    origins = page.locator("#working .origin").evaluate_all("all => all.map(x => x.dataset.id)")
    assert origins == ["e1", "rest"]
    assert page.locator("#working .origins path").count() == 2
    assert page.locator("#working .says").inner_text().startswith("p₁ = 0.2595 is made of e₁ =")


def test_the_working_is_walked_by_keys(look):
    page = look()
    stops = page.locator('#working :is([data-id], [data-of])[tabindex="0"]')
    assert stops.count() == 1
    page.locator('[data-id="loss"]').focus()
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.dataset.id") == "m"
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.activeElement.dataset.of") == "z2"
    page.keyboard.press("Home")
    assert page.evaluate("document.activeElement.dataset.id") == "z0"
    assert stops.count() == 1


def test_the_naive_computation_overflows_and_the_other_does_not(look):
    page = look("#shift=100")
    rows = page.locator("#scores .sides tbody tr")
    assert rows.nth(3).locator("td").all_inner_texts()[:3] == ["NaN"] * 3
    p = nex.softmax([2.0, 1, -1])
    assert numbers(rows.nth(7).locator("td").all_inner_texts()[:3]) == pytest.approx(p, rel=1e-3)
    assert "∞" in page.locator("#scores .sides .note").last.inner_text()


# ---- languages and looks


# All others are loaded in "en", and files in "zh-CN".
@pytest.mark.parametrize("locale", ["zh-TW", "fr"])
def test_the_language_is_the_browser_s(visit, locale):
    lang = visit(locale=locale).locator("html").get_attribute("lang")
    assert lang == ("zh-Hans" if locale.startswith("zh") else "en")


@pytest.mark.parametrize(
    ("language", "foreign"), [("en", r"[\u4e00-\u9fff]"), ("zh", r"[a-z]{3,} [a-z]{3,} [a-z]{3,}")]
)
def test_every_state_is_told_in_one_language(look, follow, language, foreign):
    page = look(f"#language={language}")
    for hash_ in STATES.values():
        follow(page, f"{hash_}&language={language}")
        text = page.locator("main").inner_text()
        assert len(text) > 1000
        assert not re.search(foreign, text)
        assert "undefined" not in text


def test_the_theme_is_the_system_s_unless_one_is_chosen(visit, until):
    paper = "() => getComputedStyle(document.body).backgroundColor"
    light, dark = "rgb(253, 252, 249)", "rgb(23, 24, 27)"
    page = visit(color_scheme="dark")
    assert page.evaluate(paper) == dark
    page.get_by_role("button", name="light").click()
    until(page, f"{paper} === '{light}'")
    page.get_by_role("button", name="as the system").click()
    until(page, f"{paper} === '{dark}'")
    page.emulate_media(color_scheme="light")
    until(page, f"{paper} === '{light}'")


@pytest.mark.parametrize(
    ("width", "language", "states"),
    [(390, "en", STATES), (390, "zh", STATES), (1024, "en", WIDE), (1600, "zh", WIDE)],
)
def test_nothing_is_wider_than_the_window(look, follow, width, language, states):
    page = look(f"#language={language}", width=width)
    for name in states:
        follow(page, f"{STATES[name]}&language={language}")
        assert page.evaluate("document.documentElement.scrollWidth") == width


def test_everything_that_can_be_used_has_a_name(look, follow):
    used = {"button", "slider", "textbox", "img", "image", "link", "region", "group", "navigation"}
    page = look()
    session = page.context.new_cdp_session(page)
    for hash_ in ("", STATES["a thousand classes"]):
        follow(page, hash_)
        tree = session.send("Accessibility.getFullAXTree")["nodes"]
        found = [node for node in tree if not node["ignored"] and node["role"]["value"] in used]
        assert {node["role"]["value"] for node in found} >= {"button", "slider", "textbox", "link"}
        assert [node for node in found if not node["name"]["value"].strip()] == []


def test_ids_are_unique_and_headings_go_down_one_step_at_a_time(look):
    page = look()
    ids = page.eval_on_selector_all("[id]", "all => all.map(x => x.id)")
    assert len(ids) == len(set(ids))
    levels = page.eval_on_selector_all("h1,h2,h3,h4", "all => all.map(x => Number(x.tagName[1]))")
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_with_reduced_motion_the_page_jumps(look):
    page = look(reduced_motion="reduce")
    page.get_by_role("link", name="3 Working").click()
    top = page.evaluate("document.querySelector('#working').getBoundingClientRect().top")
    assert abs(top) < 100
