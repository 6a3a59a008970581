"""What is taken along: a link, a picture; and the page on a beamer."""

import numpy as np
from PIL import Image


def test_a_link_is_copied_and_a_picture_saved(visit, until, tmp_path):
    page = visit("#z=3,1&theme=dark&train.passes=3", reduced_motion="reduce")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    loss = page.locator("#loss")
    loss.get_by_role("button", name="Copy link").click()
    until(page, "() => document.querySelector('#loss .keep [role=status]').innerText === 'Copied.'")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.evaluate("location.href.split('#')[0]") + (
        "#at=loss&theme=dark&z=3,1&train.passes=3"
    )
    for section in ("loss", "train"):
        element = page.locator(f"#{section}")
        with page.expect_download() as started:
            element.get_by_role("button", name="Save picture").click()
        assert started.value.suggested_filename == f"softmax-{section}.png"
        file = tmp_path / f"{section}.png"
        started.value.save_as(file)
        with Image.open(file) as picture:
            pixels = np.asarray(picture.convert("RGB"))
        height = element.evaluate("element => element.getBoundingClientRect().height")
        assert pixels.shape[:2] == (2 * np.ceil(height), 2 * 1200)
        assert len(np.unique(pixels @ np.array([1 << 16, 1 << 8, 1]))) > 200  # colours
        assert pixels.mean() < 60  # as dark as the page


def test_one_section_at_a_time_is_projected(visit, until, violations):
    page = visit("#z=3,1&at=loss", width=1600)
    size = page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)")
    until(page, "() => scrollY > 100")
    page.locator("#loss").get_by_role("button", name="Project").press("Enter")
    alone = "id => [...document.querySelectorAll('section')].map(one => one.id).join() === id"
    until(page, alone, "loss")
    assert page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") > 1.2 * size
    assert page.locator("#loss .movable [role=slider]").count() == 2
    assert violations(page) == []
    for key, section in {"ArrowRight": "working", "PageUp": "loss", "ArrowLeft": "scores"}.items():
        page.keyboard.press(key)
        until(page, alone, section)
    page.keyboard.press("ArrowLeft")  # there is none before
    bar = page.locator("#scores .movable [role=slider]").first
    bar.press("ArrowRight")  # which has the key for itself
    until(page, "() => document.querySelector('#scores [role=slider]').ariaValueNow === '3.1'")
    page.get_by_role("button", name="Next section").click()
    until(page, alone, "loss")
    page.keyboard.press("Escape")
    until(page, "() => document.querySelectorAll('section').length === 8")
    top = "() => Math.abs(document.querySelector('#loss').getBoundingClientRect().top) < 60"
    until(page, top)
    assert page.evaluate("document.documentElement.className") == ""
