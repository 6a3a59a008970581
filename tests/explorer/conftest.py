"""The explorer in headless Chromium; a test fails on any error and any request of it."""

import pytest

from normexp.explorer import page as assembled


@pytest.fixture(scope="session")
def address(tmp_path_factory):
    file = tmp_path_factory.mktemp("explorer") / "explorer.html"
    file.write_text(assembled(), encoding="utf-8")
    return file.as_uri()


@pytest.fixture(scope="module")
def windows(chromium):
    """window(n, **options of a context): the n-th of them, which the next test uses again."""
    kept, wrong = {}, []

    def window(nth, **options):
        key = (nth, *sorted(options.items()))
        if key not in kept:
            page = kept[key] = chromium.new_context(**options).new_page()
            page.set_default_timeout(10_000)
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.on("console", lambda m: m.type in ("error", "warning") and wrong.append(m.text))
            page.on("request", lambda request: is_foreign(request) and wrong.append(request.url))
        return kept[key]

    window.wrong = wrong
    return window


@pytest.fixture
def visit(windows, address):
    """visit(hash, …): the page opened there in a window of its own, and watched."""
    visited = []

    def open_page(
        hash_="",
        width=1200,
        height=900,
        locale="en",
        has_touch=False,
        color_scheme="light",
        reduced_motion="no-preference",
    ):
        page = windows(len(visited), locale=locale, has_touch=has_touch)
        visited.append(page)
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=color_scheme, reduced_motion=reduced_motion)
        page.goto("about:blank")  # another hash alone would not load the page anew
        page.goto(address + hash_)
        page.wait_for_selector("footer")
        return page

    yield open_page
    for page in visited:
        page.goto("about:blank")
    found, windows.wrong[:] = windows.wrong[:], []
    assert found == []


def is_foreign(request):
    return not request.url.startswith(("file:", "data:", "about:"))


@pytest.fixture(scope="module")
def quiet_page(chromium, address):
    page = chromium.new_page()
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
