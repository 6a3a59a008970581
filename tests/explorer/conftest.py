"""The explorer in headless Chromium; a test fails on any error and any request of it."""

import pytest

from normexp.explorer import page as assembled


@pytest.fixture(scope="session")
def address(tmp_path_factory):
    file = tmp_path_factory.mktemp("explorer") / "explorer.html"
    file.write_text(assembled(), encoding="utf-8")
    return file.as_uri()


@pytest.fixture(scope="session")
def windows(browser_and_loop):
    """window(n, **options of a context): the n-th of them, which later tests use again."""
    (browser, _), kept, wrong = browser_and_loop, {}, []

    def window(nth, **options):
        key = (nth, *sorted(options.items()))
        if key not in kept:
            page = kept[key] = browser.new_context(**options).new_page()
            page.set_default_timeout(10_000)
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.on("console", lambda m: m.type in ("error", "warning") and wrong.append(m.text))
            page.on("request", lambda request: is_foreign(request) and wrong.append(request.url))
        return kept[key]

    window.wrong = wrong
    return window


@pytest.fixture
def watched(chromium, windows):
    """A test fails on what has gone wrong in any window."""
    yield windows
    found, windows.wrong[:] = windows.wrong[:], []
    assert found == []


AS_USUAL = {
    "media": "screen",
    "color_scheme": "light",
    "reduced_motion": "no-preference",
    "forced_colors": "none",
    "contrast": "no-preference",
}


def seen_with(page, width=1200, height=900, **looks):
    """What a test before has left is gone, also if it failed."""
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(**AS_USUAL | looks)


@pytest.fixture
def visit(watched, address):
    """visit(hash, …): the page loaded there in a window of its own."""
    visited = []

    def open_page(hash_="", nth=None, locale="en", has_touch=False, **looks):
        page = watched(len(visited) if nth is None else nth, locale=locale, has_touch=has_touch)
        visited.append(page)
        seen_with(page, **looks)
        page.goto("about:blank")  # another hash alone would not load the page anew
        page.goto(address + hash_)
        page.wait_for_selector("footer")
        return page

    yield open_page
    for page in visited:
        page.goto("about:blank")


@pytest.fixture
def look(watched, address, follow):
    """look(hash, …): the page at that link, not loaded anew, for tests that only read it."""

    def go(hash_="", **looks):
        page = watched("looked at", locale="en")
        seen_with(page, **looks)
        if page.url == "about:blank":
            page.goto(address)
            page.wait_for_selector("footer")
        follow(page, hash_.removeprefix("#"))
        return page

    return go


def is_foreign(request):
    return not request.url.startswith(("file:", "data:", "about:"))


@pytest.fixture(scope="module")
def quiet_page(chromium, windows, address):
    """The page of those that call its modules, and never look at it."""
    page = windows("modules")
    if page.url == "about:blank":
        page.goto(address)
    return page


@pytest.fixture(scope="module")
def call(quiet_page):
    """call(module, function, *arguments): what a function of a module of the page returns."""

    def call_function(module, function, *arguments):
        code = "async ([module, name, given]) => (await import(module))[name](...given)"
        return quiet_page.evaluate(code, [module, function, list(arguments)])

    return call_function


@pytest.fixture(scope="module")
def value(quiet_page):
    """value(module, name): a constant of a module of the page."""

    def value_of(module, name):
        code = "async ([module, name]) => (await import(module))[name]"
        return quiet_page.evaluate(code, [module, name])

    return value_of


@pytest.fixture(scope="session")
def until():
    """until(page, condition): wait for a condition; Playwright's own needs eval."""

    def wait(page, condition, argument=None):
        for _ in range(200):
            if page.evaluate(condition, argument):
                return
            page.evaluate("() => new Promise(requestAnimationFrame)")
        pytest.fail(f"never came true: {condition}")

    return wait


@pytest.fixture(scope="session")
def follow():
    """follow(page, hash): go to another link of the page that is open, and let it be drawn."""

    def go(page, hash_):
        page.evaluate(
            """hash => new Promise((done) => {
                const busy = () => document.querySelector("main[aria-busy]");
                const look = () => (busy() ? requestAnimationFrame(look) : done());
                const drawn = () => requestAnimationFrame(() => requestAnimationFrame(look));
                if (location.hash.replace("#", "") === hash) return drawn();
                addEventListener("hashchange", drawn, { once: true });
                location.hash = hash;
            })""",
            hash_,
        )

    return go


@pytest.fixture(scope="session")
def settle():
    """settle(page): wait until the address holds what was set."""

    def wait(page):
        page.evaluate("() => new Promise((done) => setTimeout(done, 300))")

    return wait
