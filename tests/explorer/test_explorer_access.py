"""No rule of accessibility is broken (axe-core), in both themes, languages and widths."""

import pytest


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_rule_of_accessibility_is_broken(visit, violations, theme, language, width):
    page = visit(f"#language={language}&theme={theme}", width=width)
    assert violations(page) == []


def test_a_broken_rule_is_found(visit, violations):
    page = visit()
    page.evaluate("() => document.querySelector('footer').append(document.createElement('input'))")
    assert [found.split(":")[0] for found in violations(page)] == ["label"]
