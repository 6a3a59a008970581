"""Settings for every test; a browser, and the rules of accessibility, for those that want one."""

import asyncio
import os
import shutil
import signal
from pathlib import Path

import pytest
from hypothesis import settings

# Before SciPy is loaded: scikit-learn checks more of an estimator with it.
os.environ["SCIPY_ARRAY_API"] = "1"

# Without a GPU, Triton's interpreter; it has to be chosen before Triton is loaded.
if not Path("/dev/nvidiactl").exists():
    os.environ["TRITON_INTERPRET"] = "1"

# Several processes share the cores: threads of a product that wait shall not spin.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")

# A first example may wait for a kernel to be compiled.
settings.register_profile("normexp", deadline=None)
settings.load_profile("normexp")

REQUIRED = "NORMEXP_REQUIRE_BROWSER"  # set where a missing browser is to fail, not to skip


def missing(what):
    if os.environ.get(REQUIRED):
        pytest.fail(f"{what}, and {REQUIRED} is set")
    pytest.skip(what)


@pytest.fixture(scope="session", autouse=True)
def no_form_is_unknown():
    """What tests have asked of kernels is among the forms that are compiled into a wheel."""
    from normexp.kernels.cpu.entries import Entry

    asked, made = set(), Entry.made

    def noted(entry, arguments):
        form = made(entry, arguments)
        asked.add(entry.form_name(arguments))
        return form

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Entry, "made", noted)
        yield
    if asked:
        from ahead_of_time.forms import forms

        unknown = sorted(asked - set(forms()))
        assert not unknown, "\n".join(unknown)


@pytest.fixture
def compiled_by_numba(monkeypatch):
    """Processes that are started compile their kernels, whatever the installation has brought."""
    monkeypatch.setenv("NORMEXP_KERNELS", "jit")


@pytest.fixture(scope="session")
def browser_and_loop():
    """Chromium, once for all tests of this process, and the event loop that drives it."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ModuleNotFoundError:
        missing("Playwright is not installed")
    with sync_playwright() as playwright:
        loop = asyncio.get_running_loop()
        try:
            started = playwright.chromium.launch(
                executable_path=shutil.which("chromium"),  # or else Playwright's own
                args=["--no-sandbox", "--disable-background-networking"],
            )
        except Error as error:
            missing(f"there is no Chromium: {error.message.splitlines()[0]}")
        yield started, loop
        asyncio._set_running_loop(loop)
        started.close()


@pytest.fixture(scope="module")
def chromium(browser_and_loop):
    """The browser. Playwright's loop counts as running all the time: between the modules that want
    it, it does not, or else no other test could have a loop of its own.
    """
    started, loop = browser_and_loop
    asyncio._set_running_loop(loop)
    yield started
    asyncio._set_running_loop(None)


@pytest.fixture(scope="session")
def violations():
    """violations(page, *within, rules=(…)): what axe-core finds wrong, a line for each element.

    Its script is run by the browser itself, so a page's Content-Security-Policy is no bar to it.
    """
    try:
        from axe_playwright_python.sync_playwright import Axe
    except ModuleNotFoundError:
        missing("axe-playwright-python is not installed")
    script = Axe().axe_script
    run = """async ([within, options]) => {
      const place = within.length > 0 ? { include: within.map((one) => [one]) } : document;
      return (await axe.run(place, { resultTypes: ["violations"], ...options })).violations;
    }"""

    def found(page, *within, rules=()):
        if not page.evaluate("() => 'axe' in window"):
            page.evaluate(script)
        options = {"runOnly": list(rules)} if rules else {}
        return [
            f"{broken['id']}: {' '.join(map(str, node['target']))}: {node['failureSummary']}"
            for broken in page.evaluate(run, [list(within), options])
            for node in broken["nodes"]
        ]

    return found


@pytest.fixture
def ctrl_c():
    """Ctrl-C as in a terminal, here and in what is started: under `nohup`, and in a background job
    of a script, it is ignored.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
