"""No rule of accessibility is broken (axe-core), in both themes, languages and widths."""

import pytest

# Each of two of these with each of the third.
LOOKS = [
    ("light", "en", 390),
    ("light", "zh", 1280),
    ("dark", "en", 1280),
    ("dark", "zh", 390),
]


@pytest.mark.parametrize(("theme", "language", "width"), LOOKS)
def test_no_rule_of_accessibility_is_broken(visit, violations, theme, language, width):
    page = visit(f"#language={language}&theme={theme}", width=width)
    assert violations(page) == []


THOUSAND = "z=" + ",".join(f"{k % 41 / 4:g}" for k in range(1000))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nor_in_other_states(visit, violations, follow, theme):
    page = visit(width=390, has_touch=True)
    drawn = "z=1,2,3,4,5,6,7,8,9,0&shift=100&target=9&digits.ink=UUUTUSUR&loss.masked=1"
    for hash_ in (drawn, f"{THOUSAND}&train.points=none"):
        follow(page, f"{hash_}&theme={theme}")
        assert violations(page) == []
    follow(page, f"theme={theme}")
    own = page.get_by_label("Your own scores")
    own.fill("none")
    own.press("Enter")
    page.locator("#scores .by-finger button").tap()
    page.get_by_role("button", name="Update the weights").tap()  # now there is something to undo
    page.locator(".undoing").wait_for()
    assert violations(page) == []


def test_a_broken_rule_is_found(visit, violations):
    page = visit()
    page.evaluate("() => document.querySelector('footer').append(document.createElement('input'))")
    assert [found.split(":")[0] for found in violations(page)] == ["label"]
