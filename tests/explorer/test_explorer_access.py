"""No rule of accessibility is broken (axe-core), in both themes, languages and widths."""

import pytest

# A theme changes colours alone: each language is looked at by all rules in one of them.
CONTRAST = ["color-contrast"]


@pytest.mark.parametrize(
    ("theme", "other", "language", "width"),
    [("light", "dark", "en", 390), ("dark", "light", "zh", 1280)],
)
def test_no_rule_of_accessibility_is_broken(look, violations, theme, other, language, width):
    assert violations(look(f"#language={language}&theme={theme}", width=width)) == []
    page = look(f"#language={language}&theme={other}", width=width)
    assert violations(page, rules=CONTRAST) == []


THOUSAND = "z=" + ",".join(f"{k % 41 / 4:g}" for k in range(1000))
DRAWN = "z=1,2,3,4,5,6,7,8,9,0&shift=100&target=9&digits.ink=UUUTUSUR&loss.masked=1"
OTHER = {  # and the sections that are not as in the first
    DRAWN: ["#scores", "#loss", "#working", "#graph", "#digits"],
    f"{THOUSAND}&train.points=none": ["#scores", "#loss", "#working", "#train"],
}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nor_in_other_states(visit, violations, follow, theme):
    rules = CONTRAST if theme == "dark" else []
    page = visit(width=390, has_touch=True)
    for hash_, sections in OTHER.items():
        follow(page, f"{hash_}&theme={theme}")
        assert violations(page, *sections, rules=rules) == []
    follow(page, f"theme={theme}")
    own = page.get_by_label("Your own scores")
    own.fill("none")
    own.press("Enter")
    page.locator("#scores .by-finger button").tap()
    page.get_by_role("button", name="Update the weights").tap()  # now there is something to undo
    page.locator(".undoing").wait_for()
    assert violations(page, "#scores", "#graph", ".undoing", rules=rules) == []


def test_a_broken_rule_is_found(visit, violations):
    page = visit("#only=next")
    page.evaluate("() => document.querySelector('footer').append(document.createElement('input'))")
    assert [found.split(":")[0] for found in violations(page)] == ["label"]
