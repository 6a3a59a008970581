"""A question before each section, terms that are explained at a touch, one section alone."""

import pytest

SECTIONS = ["scores", "loss", "working", "graph", "train", "precision", "digits", "next"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_section_asks_before_it_tells(visit, settle, until, language):
    page = visit(f"#language={language}", reduced_motion="reduce")
    for section in SECTIONS:
        box = page.locator(f"#{section} .question")
        assert box.locator(".why").inner_text() == ""
        answers = box.locator(".buttons button")
        right = page.evaluate(
            "async (name) => (await import(`sections/${name}`)).question.right", section
        )
        wrong = (right + 1) % answers.count()
        answers.nth(wrong).click()
        no, yes = ("Not quite.", "Yes.") if language == "en" else ("不完全对。", "对。")
        assert box.locator(".why").inner_text().startswith(no)
        answers.nth(right).click()
        assert box.locator(".why").inner_text().startswith(yes)
        assert answers.nth(right).get_attribute("class") == "right"
        assert answers.nth(right).get_attribute("aria-pressed") == "true"
    page.locator("#digits .question > button").click()  # shows it on the page
    settle(page)
    assert "digits.ink=" in page.evaluate("location.hash")
    shown = page.locator("#digits .low").first.locator(".bar b").all_inner_texts()
    assert max(float(text.rstrip("%") or 0) for text in shown) > 60
    assert page.locator("#working .question > button").is_hidden()  # nothing to set
    page.get_by_role("button", name="English" if language == "zh" else "中文").first.click()
    until(page, "() => document.querySelector('#next .why').innerText !== ''")  # it is remembered


def test_what_the_questions_say_is_so(call):
    state = {"z": [3, 2, 0], "temperature": 1, "shift": 0}
    assert call("numerics", "softmax", state["z"]) == pytest.approx(
        call("numerics", "softmax", [2, 1, -1])
    )
    float32 = {"exponentBits": 8, "fractionBits": 23}
    row = [18, 0, -1]
    assert call("narrow", "ordinary", row, 0, float32)["loss"] == 0
    assert call("narrow", "lossless", row, 0, float32)["loss"] == pytest.approx(2e-8, rel=0.1)
    assert sum(call("numerics", "crossEntropy", [2, 1, -1], 1)["grad"]) == pytest.approx(0)


def test_a_term_says_what_it_is(visit, violations):
    page = visit(width=390)
    term = page.locator("#loss .term", has_text="gradient")
    term.click()
    definition = page.locator("#term-gradient")
    assert definition.is_visible()
    assert "how much the loss grows" in definition.inner_text()
    assert violations(page, "#term-gradient") == []
    page.keyboard.press("Escape")
    assert definition.is_hidden()
    term.press("Enter")
    assert definition.is_visible()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_terms_are_marked_once_in_each_text_and_change_none(call, value, language):
    seen = set()
    for section in SECTIONS:
        text = value(f"sections/{section}.words", "words")[language]["text"]
        found = call("glossary", "defined", text, language)
        buttons = found.split('<button type="button" class="term" popovertarget="term-')[1:]
        keys = [part.partition('"')[0] for part in buttons]
        assert len(set(keys)) == len(keys)
        seen |= set(keys)
        plain = found
        for key in keys:
            plain = plain.replace(
                f'<button type="button" class="term" popovertarget="term-{key}">', ""
            )
        assert plain.replace("</button>", "") == text
    assert seen == set(value("glossary.terms", "terms")[language])


def test_one_section_stands_alone(visit, settle, until, violations):
    page = visit("#only=loss&z=2,1,0.1&target=0", width=700)
    assert page.locator("section").count() == 1
    assert page.locator("nav").count() == 0
    assert page.locator('#loss [data-loss="crossEntropy"] .value').inner_text() == "0.4170"
    assert page.evaluate("scrollY") == 0
    assert page.locator(".telling > p").is_hidden()
    assert page.locator(".question").is_visible()
    link = page.get_by_role("link", name="The whole page").get_attribute("href")
    assert link == "#at=loss&z=2,1,0.1&target=0"
    assert violations(page) == []
