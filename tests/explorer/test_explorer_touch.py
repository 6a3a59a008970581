"""A finger scrolls the page over every plot and slider, and draws where it is told to."""

import pytest

PLOTS = ["#scores .movable", "#loss .panels .movable", "#train .pad"]
SLIDERS = ["#scores input[type=range]", "#graph input[type=range]", "#train input[type=range]"]


@pytest.fixture
def phone(visit):
    """phone(hash): a page under fingers, and fingers(kind, places…) to touch it with."""

    def open_page(hash_=""):
        page = visit(hash_, width=390, height=844, has_touch=True, reduced_motion="reduce")
        session = page.context.new_cdp_session(page)

        def fingers(kind, *places):
            points = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(places)]
            session.send(
                "Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points}
            )

        return page, fingers

    return open_page


def centre(page, selector):
    element = page.locator(selector).first
    element.evaluate("element => element.scrollIntoView({ block: 'center' })")
    box = element.bounding_box()
    return box["x"] + 0.6 * box["width"], box["y"] + 0.5 * box["height"]


def swipe(page, fingers, x, y, up):
    fingers("Start", (x, y))
    for i in range(1, 13):
        fingers("Move", (x + i / 6, y - up * i / 12))
    fingers("End")


def link(page, settle):
    settle(page)
    return page.evaluate("location.hash")


def test_a_swipe_scrolls_and_changes_nothing(phone, settle, until):
    page, fingers = phone()
    for selector in PLOTS + SLIDERS:
        place = centre(page, selector)
        before = page.evaluate("scrollY")
        swipe(page, fingers, *place, up=160)
        until(page, "before => scrollY > before + 40", before)
        assert link(page, settle) == "", selector
        assert page.locator(".undoing").is_hidden()


@pytest.fixture
def drawing(phone):
    """drawing(): a page, its fingers, and one plot after the other that they draw in."""
    page, fingers = phone(EMPTY)

    def plots():
        for selector in PLOTS:
            page.locator(f"{selector.split()[0]} .by-finger button:visible").tap()
            yield page, fingers, selector, centre(page, selector)

    return plots


EMPTY = "#z=2,1&train.points=none"


def test_a_finger_draws_once_it_is_told_to(drawing, settle, until):
    for page, fingers, selector, place in drawing():
        top = page.locator(selector).first.bounding_box()["y"]
        swipe(page, fingers, *place, up=100)
        after = link(page, settle)
        assert page.locator(selector).first.bounding_box()["y"] == pytest.approx(top, abs=2)
        if "pad" in selector:
            assert len(after) > len(EMPTY) + 3 * 5
        else:
            assert float(after.split("z=2,")[1].split("&")[0]) > 2
        page.get_by_role("button", name="Undo").click()  # a tap that takes long is none
        until(page, "link => location.hash === link", EMPTY)


def test_a_second_finger_takes_back_what_the_first_has_drawn(drawing, settle):
    for page, fingers, selector, (x, y) in drawing():
        fingers("Start", (x, y))
        fingers("Move", (x, y - 20))
        fingers("Start", (x, y - 20), (x - 60, y))
        for i in range(8):
            fingers("Move", (x + 4 * i, y - 20 - 4 * i), (x - 60 - 4 * i, y + 4 * i))
        fingers("End")
        assert link(page, settle) == EMPTY, selector


def test_a_tap_sets_a_bar(phone, until):
    page, _ = phone()
    bars = page.locator("#scores .movable")
    bars.scroll_into_view_if_needed()
    bars.tap(position={"x": 20, "y": 0.1 * bars.bounding_box()["height"]})
    until(
        page, "() => document.querySelector('#scores .movable [role=slider]').ariaValueNow === '4'"
    )


def test_the_switch_is_there_for_fingers_alone(look):
    page = look()
    assert page.locator(".by-finger").first.is_hidden()


def test_a_pen_draws_at_once(phone, until):
    page, _ = phone()
    x, y = centre(page, "#scores .movable")
    session = page.context.new_cdp_session(page)
    pen = {"pointerType": "pen", "button": "left", "clickCount": 1, "x": x}
    for kind, up in (("mousePressed", 0), ("mouseMoved", 30), ("mouseReleased", 60)):
        session.send("Input.dispatchMouseEvent", {**pen, "type": kind, "y": y - up})
    bar = "document.querySelectorAll('#scores .movable [role=slider]')[1]"
    until(page, f"() => {bar}.ariaValueNow > 1")
