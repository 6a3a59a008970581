"""Of each gesture on the explorer it is measured what a frame costs; none has lost its place."""

from functools import partial

import pytest

from benchmarks.frames import GESTURES, drawn, measured, played
from normexp.explorer import page as explorer


@pytest.mark.nightly
def test_each_gesture_has_its_costs(chromium, tmp_path):
    file = tmp_path / "explorer.html"
    file.write_text(explorer(), encoding="utf-8")
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    for gesture in GESTURES.values():
        costs = measured(
            page, file.as_uri(), gesture.link, partial(drawn, gesture=gesture, moves=6)
        )
        assert 0 < costs["script"] < costs["all"], gesture
        page.wait_for_timeout(400)
        assert page.evaluate("location.hash") != f"#{gesture.link}", gesture  # something was set
    costs = measured(page, file.as_uri(), "at=train", partial(played, milliseconds=200))
    assert 0 < costs["script"] < costs["all"]
    page.context.close()
