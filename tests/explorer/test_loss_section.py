"""Section 2: targets that are distributions, smoothed labels, masked classes."""

import numpy as np
import pytest

import normexp as nex


def shown(page, loss):
    figure = page.locator(f'#loss [data-loss="{loss}"]')
    if figure.locator(".value").inner_text() == "—":
        return None
    numbers = [figure.locator(".value").inner_text(), *figure.locator(".names b").all_inner_texts()]
    return [float(text.replace("−", "-").replace("∞", "inf")) for text in numbers]


def agrees(page, loss, expected):
    value, grad = expected
    found = shown(page, loss)
    assert found[0] == pytest.approx(value, rel=1e-3)
    assert found[1:] == pytest.approx(grad[0], rel=0.06, abs=1e-6)


Z = np.array([[2.0, 1.0, -1.0, 0.5]])
BRIER = nex.SquaredError(on="probabilities")


def test_targets_of_every_kind_are_charged_as_the_library_charges_them(look, follow):
    page = look()
    link = "z=2,1,-1,0.5&target=1"
    follow(page, f"{link}&loss.smoothing=0.2")
    agrees(page, "crossEntropy", nex.CrossEntropy(label_smoothing=0.2).value_and_grad(Z, [1]))
    agrees(page, "brier", BRIER.value_and_grad(Z, [1]))  # smoothing is of cross-entropy alone
    q = np.array([[0.1, 0.6, 0, 0.3]])
    follow(page, f"{link}&loss.soft=0.1,0.6,0,0.3")
    agrees(page, "crossEntropy", nex.CrossEntropy().value_and_grad(Z, q))
    agrees(page, "squaredError", nex.SquaredError().value_and_grad(Z, q))
    agrees(page, "brier", BRIER.value_and_grad(Z, q))
    assert shown(page, "westonWatkins") is None
    floor = f"{-np.sum(q[q > 0] * np.log(q[q > 0])):.4g}"
    assert floor in page.locator("#loss .observation").inner_text()
    follow(page, f"{link}&loss.masked=0,1")  # the target is not masked
    masked = np.where([True, False, False, False], -np.inf, Z)
    agrees(page, "crossEntropy", nex.CrossEntropy().value_and_grad(masked, [1]))
    agrees(page, "westonWatkins", nex.MulticlassHinge().value_and_grad(masked, [1]))
    follow(page, f"{link}&loss.masked=0&loss.smoothing=0.1")
    assert shown(page, "crossEntropy")[0] == np.inf
    assert "−∞" in page.locator("#loss .panels .bar b").first.inner_text()


def test_masks_and_shares_are_set_by_hand(visit, look, settle, until):
    page = visit("#at=loss")
    section = page.locator("#loss")
    masks = section.get_by_role("group", name="Masked, −∞").get_by_role("button")
    masks.nth(2).click()
    assert masks.nth(1).is_disabled()
    section.get_by_role("button", name="Shares of several classes").click()
    share = section.get_by_role("slider", name="Share of class 0 in the target")
    share.focus()
    page.keyboard.press("PageUp")
    until(page, "() => document.activeElement.ariaValueNow === '0.25'")
    settle(page)
    link = page.evaluate("location.hash")
    assert link == "#at=loss&loss.masked=2&loss.soft=0.25,0.6176,0.1324"
    assert look(link).locator("#loss").inner_text() == section.inner_text()
    section.get_by_role("button", name="Shares of several classes").click()
    settle(page)
    assert page.evaluate("location.hash") == "#at=loss&loss.masked=2"
