"""Numbers are dragged where they stand, by pointer, finger and keys; the scores stay at hand."""

import pytest

VALUE = "text => Number(text.ariaValueNow)"


def drag(page, number, pixels):
    number.evaluate("element => element.scrollIntoView({ block: 'center' })")
    box = number.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + pixels / 2, y + 3, steps=3)
    page.mouse.move(x + pixels, y + 3, steps=3)
    page.mouse.up()


def test_numbers_are_dragged_where_they_stand(visit, until):
    page = visit("#shift=3&temperature=2")
    for place, number, pixels, link in [
        ("#scores .observation", "z:0", 40, "z=4,1,-1&temperature=2&shift=3"),
        ("#scores .observation", "temperature", -1000, "temperature=0.1&shift=3"),
        ("#scores .sides", "x:1", 20, "z=2,2,-1&temperature=2&shift=3"),
        ("#loss", "shift", -6, "temperature=2"),
        ("#working", "z:2", 2000, "z=2,1,5&temperature=2&shift=3"),
        ("#working", "temperature", 100, "temperature=10&shift=3"),
        ("#graph", "graph.x0", 20, "temperature=2&shift=3&graph.x0=2"),
        ("#graph", "graph.rate", 20, "temperature=2&shift=3&graph.rate=0.2"),
        ("#graph", "graph.updates", 12, "temperature=2&shift=3&graph.updates=6"),
        ("#precision", "precision.lead", 8, "temperature=2&shift=3&precision.lead=21"),
    ]:
        drag(page, page.locator(f"{place} [data-scrub='{number}']").first, pixels)
        until(page, "link => location.hash === link", f"#{link}")
        assert page.evaluate("getSelection().toString()") == ""
        page.keyboard.press("Control+z")  # all of a drag at once
        until(page, "() => location.hash === '#temperature=2&shift=3'")


KEYS = {"ArrowUp": 2.1, "ArrowLeft": 2, "PageUp": 3, "PageDown": 2, "End": 5, "Home": -5}


@pytest.mark.parametrize("place", ["#scores .observation", "#working .cells"])
def test_numbers_are_moved_by_keys_and_keep_the_focus(visit, until, place):
    page = visit()
    number = page.locator(f"{place} [data-scrub='z:0']").first
    number.focus()
    for key, value in list(KEYS.items())[: 5 if "scores" in place else 2]:
        if "working" in place and key == "ArrowLeft":
            key = "ArrowDown"  # to the sides one walks there
        page.keyboard.press(key)
        until(page, f"() => Number(document.activeElement.ariaValueNow) === {value}")
        assert page.evaluate("document.activeElement.dataset.scrub") == "z:0"
    assert number.get_attribute("role") == "slider"


def test_the_scores_stay_at_hand_below_their_bars(visit, until, settle):
    page = visit(reduced_motion="reduce")
    strip = page.locator(".strip")
    assert strip.is_hidden()
    for section, is_there in {
        "loss": True,
        "working": True,
        "graph": False,  # has scores of its own
        "train": False,
        "scores": False,
    }.items():
        page.get_by_role("link", name=NAMES[section]).press("Enter")
        settle(page)
        assert strip.is_visible() == is_there, section
        if is_there:
            heading = page.locator(f"#{section}-title").bounding_box()["y"]
            assert heading >= strip.bounding_box()["height"]
    page.get_by_role("link", name=NAMES["working"]).press("Enter")
    strip.get_by_role("slider", name="Score of class 1").wait_for()
    strip.get_by_role("slider", name="Score of class 1").focus()
    page.keyboard.press("PageUp")
    until(page, "() => document.activeElement.ariaValueNow === '2'")
    assert strip.inner_text().split() == [
        *("0", "2", "48.8%", "1", "2", "48.8%", "2", "−1", "2.4%"),
        *("loss", "0.718"),
    ]  # fmt: skip


def test_of_many_classes_the_leader_and_the_target_stay_at_hand(look, until):
    page = look(f"z={','.join(map(str, range(12)))}&target=3&at=loss", reduced_motion="reduce")
    until(page, "() => !document.querySelector('.strip').hidden")
    said = page.locator(".strip").inner_text().split()
    assert said[:6] == ["11", "11", "63.2%", "3", "3", "<0.1%"]
    assert "and 10 others" in " ".join(said)
    assert "up to 10 classes" in page.locator("#loss .extras").inner_text()


NAMES = {"loss": "2 Loss", "working": "3 Working", "graph": "4 The graph", "train": "5 Training"}
NAMES["scores"] = "1 Prob"


def test_a_finger_drags_across_and_scrolls_up_and_down(visit, settle):
    page = visit(width=390, has_touch=True, reduced_motion="reduce")
    session = page.context.new_cdp_session(page)
    number = page.locator("#scores .observation [data-scrub='z:0']")
    number.evaluate("element => element.scrollIntoView({ block: 'center' })")
    box = number.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def swipe(across, down):
        for kind, share in (("Start", 0), *(("Move", i / 10) for i in range(1, 11))):
            at = {"x": x + share * across, "y": y + share * down}
            session.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": [at]})
        session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        settle(page)
        return page.evaluate("location.hash")

    top = page.evaluate("scrollY")
    assert swipe(60, 4) != ""
    assert page.evaluate("scrollY") == pytest.approx(top, abs=30)  # the sentence may grow a line
    page.get_by_role("button", name="Undo").tap()
    assert swipe(2, -120) == ""
    assert page.evaluate("scrollY") > top + 50
