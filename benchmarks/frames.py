"""What a frame of the explorer costs while a hand is on it: `python -m benchmarks.frames`.

For each gesture the time that Chromium's main thread worked, divided by the frames that were drawn:
milliseconds of script, of style and layout, and of all its tasks. It is time of the thread, not of
the clock, so that other work on the machine counts less. At 60 frames a second there are 16.7.
Needs Playwright and Chromium.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from normexp.explorer import page as explorer

MOVES = 60  # of the hand, one in a frame
PLAYED_FOR = 2000  # milliseconds
FRAMES = """() => {
  window.drawnFrames = 0;
  const count = () => requestAnimationFrame(count, (drawnFrames += 1));
  count();
}"""
THOUSAND = "z=" + ",".join(f"{k % 41 / 4:g}" for k in range(1000))


@dataclass(frozen=True)
class Gesture:
    """The link of the page, what is held there, and the shares of its box that are visited."""

    link: str
    held: str
    path: tuple[tuple[float, float], ...] = ((0.5, 0.9), (0.5, 0.1))


ACROSS = ((0.1, 0.5), (0.9, 0.5))
OVER = ((0, 0.2), (1, 0.8))
CORNERS = ((0.3, 0.2), (0.7, 0.2), (0.4, 0.8))
GESTURES = {
    "a bar of 3 scores": Gesture("at=scores", "#scores .movable"),
    "over 1000 scores": Gesture(f"{THOUSAND}&at=scores", "#scores .movable", OVER),
    "a bar beside its losses": Gesture("at=loss", "#loss .panels .movable"),
    "1000 beside their losses": Gesture(f"{THOUSAND}&at=loss", "#loss .panels .movable", OVER),
    "a number of the working": Gesture("at=working", "#working .cells [data-scrub='z:0']", ACROSS),
    "a feature of the graph": Gesture("at=graph", "#graph input[type=range]", ACROSS),
    "points to train on": Gesture("train.points=none&at=train", "#train .pad", OVER),
    "a lead in narrow types": Gesture("at=precision", "#precision input[type=range]", ACROSS),
    "a digit": Gesture("digits.ink=none&at=digits", "#digits .sketch", CORNERS),
    "a temperature of words": Gesture("next.draws=1000&at=next", "#next input[type=range]", ACROSS),
}
PLAYED = {
    "training, linear": "at=train",
    "training, 32 units": "train.hidden=32&train.shape=spiral&at=train",
    "training, 32 units, ×25": "train.hidden=32&train.shape=spiral&train.speed=25&at=train",
}

Costs = dict[str, float]


@contextmanager
def counted(page: Any) -> Iterator[Costs]:
    """Milliseconds of the main thread for each frame of what is done inside."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def metrics() -> Costs:
        listed = session.send("Performance.getMetrics")["metrics"]
        return {one["name"]: one["value"] for one in listed}

    costs: Costs = {}
    before, first = metrics(), page.evaluate("drawnFrames")
    yield costs
    after, last = metrics(), page.evaluate("drawnFrames")
    for name, kinds in {
        "script": ["Script"],
        "layout": ["Layout", "RecalcStyle"],
        "all": ["Task"],
    }.items():
        seconds = sum(after[f"{kind}Duration"] - before[f"{kind}Duration"] for kind in kinds)
        costs[name] = 1000 * seconds / (last - first)


def drawn(page: Any, gesture: Gesture, moves: int = MOVES) -> Costs:
    """The costs of a hand that moves on what it holds."""
    held = page.locator(gesture.held).first
    held.evaluate("element => element.scrollIntoView({ block: 'center' })")
    box = held.bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in gesture.path]
    page.mouse.move(*places[0])
    page.mouse.down()
    with counted(page) as costs:
        for (x0, y0), (x1, y1) in pairwise(places):
            for i in range(1, moves + 1):
                page.mouse.move(x0 + (x1 - x0) * i / moves, y0 + (y1 - y0) * i / moves)
                page.evaluate("() => new Promise(requestAnimationFrame)")
    page.mouse.up()
    return costs


def played(page: Any, milliseconds: float = PLAYED_FOR) -> Costs:
    """The costs of training that goes on by itself."""
    page.locator("#train .run").first.get_by_role("button", name="Play").click()
    page.wait_for_timeout(300)
    with counted(page) as costs:
        page.wait_for_timeout(milliseconds)
    return costs


def measured(page: Any, address: str, link: str, measure: Callable[[Any], Costs]) -> Costs:
    """What is measured on the page at a link, once all of it is drawn."""
    page.goto("about:blank")
    page.goto(f"{address}#{link}")
    page.wait_for_selector("footer")
    page.wait_for_timeout(600)
    page.evaluate(FRAMES)
    return measure(page)


def works() -> Iterator[tuple[str, str, Callable[[Any], Costs]]]:
    """The name of each, its link and what measures it."""
    for name, gesture in GESTURES.items():
        yield name, gesture.link, partial(drawn, gesture=gesture)
    for name, link in PLAYED.items():
        yield name, link, played


def main() -> None:
    """Print a line for each gesture."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "explorer.html"
        file.write_text(explorer(), encoding="utf-8")
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        print(f"Chromium {browser.version}; milliseconds of its main thread for a frame")
        print(f"{'':26} {'script':>7} {'layout':>7} {'all':>7}")
        for name, link, measure in works():
            costs = measured(page, file.as_uri(), link, measure)
            print(f"{name:26} " + " ".join(f"{x:7.1f}" for x in costs.values()), flush=True)
        browser.close()


if __name__ == "__main__":
    main()
