"""Everything drawn, typed or dragged can be undone, gesture by gesture, and done again."""

SCORES = (
    "[...document.querySelectorAll('#scores .movable [role=slider]')].map(bar => bar.ariaValueNow)"
)


def becomes(page, until, values):
    until(page, f"values => {SCORES}.join() === values", ",".join(values))


def drag(page, element, start, stop):
    element.scroll_into_view_if_needed()
    box = element.bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, stop)]
    page.mouse.move(*places[0])
    page.mouse.down()
    page.mouse.move(*places[1], steps=10)
    page.mouse.up()


def test_a_drag_is_undone_in_one_and_done_again(visit, until):
    page = visit()
    assert page.locator(".undoing").is_hidden()
    drag(page, page.locator("#scores .movable"), (0.5, 0.5), (0.5, 0.1))
    for modifier in ("Control", "Meta"):
        becomes(page, until, ["2", "4", "-1"])
        page.keyboard.press(f"{modifier}+z")
        becomes(page, until, ["2", "1", "-1"])
        page.keyboard.press(f"{modifier}+z")  # there is no more
        page.keyboard.press(f"{modifier}+Shift+z")
    becomes(page, until, ["2", "4", "-1"])


def test_each_gesture_is_one_step_for_the_buttons(visit, until):
    page = visit()
    back, forth = (page.get_by_role("button", name=name, exact=True) for name in ("Undo", "Redo"))
    drag(page, page.locator("#scores .movable"), (0.5, 0.5), (0.5, 0.1))
    page.locator("#scores .movable [role=slider]").first.press("End")
    becomes(page, until, ["5", "4", "-1"])
    page.get_by_role("group", name="Classes").first.get_by_role("button", name="2").click()
    becomes(page, until, ["5", "4"])
    assert page.locator(".undoing").bounding_box()["width"] < 250
    for values in (["5", "4", "-1"], ["2", "4", "-1"], ["2", "1", "-1"]):
        back.click()
        becomes(page, until, values)
    assert back.get_attribute("aria-disabled") == "true"
    forth.click()
    becomes(page, until, ["2", "4", "-1"])
    page.locator("#scores .movable [role=slider]").first.press(
        "Home"
    )  # another way: what was undone is gone
    until(page, "() => document.querySelectorAll('.undoing [aria-disabled=true]').length === 1")
    assert forth.get_attribute("aria-disabled") == "true"


def test_typed_scores_are_undone_and_typing_keeps_its_own_undo(visit, until):
    page = visit()
    own = page.get_by_label("Your own scores")
    own.fill("7, 8, 9")
    own.press("Enter")
    becomes(page, until, ["7", "8", "9"])
    own.press("Control+z")
    becomes(page, until, ["2", "1", "-1"])
    assert own.input_value() == "2, 1, −1"
    own.press("Control+a")
    own.press("Backspace")
    page.keyboard.type("3")
    own.press("Control+z")  # of the text that is not yet taken
    assert own.input_value() != "3"
    becomes(page, until, ["2", "1", "-1"])
    own.fill("4 5")
    page.get_by_label("Shift").press("ArrowRight")  # leaving the field takes it, a step of its own
    becomes(page, until, ["4", "5"])
    page.keyboard.press("Control+z")
    until(page, "() => document.querySelectorAll('#scores .slider output')[1].textContent === '0'")
    becomes(page, until, ["4", "5"])
    page.keyboard.press("Control+z")
    becomes(page, until, ["2", "1", "-1"])


def test_drawn_points_go_stroke_by_stroke_and_come_back_when_all_were_removed(visit, settle, until):
    page = visit("#train.points=none&at=train", reduced_motion="reduce")
    square = page.locator("canvas.pad")
    drag(page, square, (0.2, 0.5), (0.8, 0.5))
    drag(page, square, (0.2, 0.2), (0.2, 0.3))
    settle(page)
    drawn = page.evaluate("location.hash")
    assert drawn.count("0") > 10
    page.get_by_role("button", name="Remove all").click()
    page.keyboard.press("Control+z")
    settle(page)
    assert page.evaluate("location.hash") == drawn
    page.keyboard.press("Control+z")
    settle(page)
    assert 0 < len(page.evaluate("location.hash")) < len(drawn)
    page.keyboard.press("Control+z")
    settle(page)
    assert page.evaluate("location.hash") == "#at=train&train.points=none"


def test_starting_over_can_be_undone(visit, settle):
    link = "#at=loss&language=zh&z=3,1,2&temperature=2&target=2&graph.x0=2&train.classes=4"
    page = visit(link)
    page.get_by_role("button", name="恢复初始").click()
    settle(page)
    assert page.evaluate("location.hash") == "#language=zh"
    page.get_by_role("button", name="撤销").click()
    settle(page)
    assert page.evaluate("location.hash") == link.replace("at=loss&", "")


def test_what_the_clock_has_done_is_no_gesture(visit, until, settle):
    page = visit("#at=train&train.passes=1")
    page.get_by_role("group", name="Classes").last.get_by_role("button", name="4").click()
    run = page.locator("#train .run")
    run.get_by_role("button", name="Play").click()
    until(page, "() => !/^[01] /.test(document.querySelector('#train .run .note').textContent)")
    run.get_by_role("button", name="Pause").click()
    settle(page)
    before = page.evaluate("location.hash")
    page.keyboard.press("Control+z")
    settle(page)
    assert page.evaluate("location.hash") == before.replace("&train.classes=4", "")
