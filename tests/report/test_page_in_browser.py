"""The page of a comparison in a browser: it fits, it can be read, its command can be copied."""

import numpy as np
import pytest

from normexp.data import Dataset, load
from normexp.losses import COMPARED, LOSSES
from normexp.report.comparison import compare


def labelled(names, losses=COMPARED, features=5, rows=6):
    """Overlapping clusters, one for each name."""
    rng = np.random.default_rng(0)
    target = np.repeat(np.arange(len(names)), rows)
    values = rng.normal(size=(len(names), features))[target] + rng.normal(
        size=(len(target), features)
    )
    named = tuple(f"feature {i}" for i in range(features))
    dataset = Dataset("some.csv", values, np.array(names)[target], named)
    compared = {name: LOSSES[name] for name in losses}
    return compare(dataset, compared, max_iter=20, test_size=0.2)


@pytest.fixture(scope="module")
def comparisons(images, table):
    return {
        "images": images,
        "table": table,
        "pair": compare(load("breast_cancer"), max_iter=20, test_size=0.2),
        "long": labelled([f"{i}: WWWWWWWWWWWWWWW" + "很长的名字" * 9 + f" {i}" for i in range(7)]),
        "24": labelled([f"class {i}" for i in range(24)]),
        "26": labelled([f"class {i}" for i in range(26)], ["softmax"]),
        "mixed": labelled(["x2", "a10", "10", "b3", "2"], ["svm"]),
    }


NAMES = ["images", "table", "pair", "long", "24", "26"]
CHINESE = ["images", "table"]

# Each takes seconds: both themes of pictures and of tables, at both widths, in both languages; and
# of some, the colours alone in the other theme at the other width.
LOOKS = [
    *(("images", "light", 390), ("images in Chinese", "dark", 1280), ("pair", "light", 1280)),
    *(("table", "dark", 390), ("table in Chinese", "light", 390)),
    *(("long", "light", 390), ("26", "dark", 1280)),
]
TWICE = ["images", "long"]
OTHER = {"light": "dark", "dark": "light", 390: 1280, 1280: 390}


@pytest.fixture(scope="module")
def addresses(comparisons, rendered, tmp_path_factory):
    """The page of each comparison as a file, and those of two in Chinese."""
    pages = {name: rendered(comparison) for name, comparison in comparisons.items()}
    pages |= {f"{name} in Chinese": rendered(comparisons[name], "zh") for name in CHINESE}
    folder = tmp_path_factory.mktemp("reports")
    for name, html in pages.items():
        (folder / f"{name}.html").write_text(html, encoding="utf-8")
    return {name: (folder / f"{name}.html").as_uri() for name in pages}


@pytest.fixture(scope="module")
def visit(chromium, addresses):
    """visit(name): the page of a comparison, loaded anew and watched, in a window kept for it."""
    windows, wrong = {}, []

    def open_page(name, width=1280):
        if name not in windows:
            context = chromium.new_context(permissions=["clipboard-read", "clipboard-write"])
            opened = windows[name] = context.new_page()
            opened.on("console", lambda said: wrong.append(said.text))
            opened.on("pageerror", lambda error: wrong.append(str(error)))
        opened = windows[name]
        opened.set_viewport_size({"width": width, "height": 900})
        opened.emulate_media(media="screen", color_scheme="light")
        opened.goto(addresses[name])
        return opened

    yield open_page
    for opened in windows.values():
        opened.context.close()
    assert wrong == []


def at_widths(opened, *widths):
    """The page at one width after the other."""
    for width in widths:
        opened.set_viewport_size({"width": width, "height": 900})
        yield width


@pytest.mark.parametrize(("name", "theme", "width"), LOOKS)
def test_no_rule_of_accessibility_is_broken(visit, violations, name, theme, width):
    opened = visit(name, width)
    opened.evaluate("() => document.querySelectorAll('details').forEach((it) => (it.open = true))")
    opened.emulate_media(color_scheme=theme)
    assert violations(opened) == []
    if name in TWICE:
        opened.emulate_media(color_scheme=OTHER[theme])
        opened.set_viewport_size({"width": OTHER[width], "height": 900})
        assert violations(opened, rules=["color-contrast"]) == []


BROAD = """() => [...document.querySelectorAll("body *")]
    .filter((it) => it.getBoundingClientRect().right > innerWidth && !it.closest(".box, svg"))
    .map((it) => it.outerHTML.slice(0, 99))"""

SHOWN = """(selector) => [...document.querySelectorAll(selector)]
    .filter((it) => it.getClientRects().length)
    .map((it) => [it.getBoundingClientRect().width, it.parentElement.clientWidth])"""


@pytest.mark.parametrize("name", [*NAMES, *(f"{name} in Chinese" for name in CHINESE)])
def test_nothing_is_wider_than_the_page(visit, name):
    opened = visit(name)
    for width in at_widths(opened, 320, 390, 768, 1280, 1600):
        assert opened.evaluate(BROAD) == [], width
        assert opened.evaluate("() => document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("name", NAMES)
def test_a_matrix_fits_its_box_or_the_frequent_mistakes_stand_there(visit, name, comparisons):
    opened = visit(name)
    losses = len(comparisons[name].results)
    for width in at_widths(opened, 320, 390, 500, 768, 1024, 1280, 1600):
        matrices, pairs = (opened.evaluate(SHOWN, which) for which in (".confusion", ".pairs"))
        assert all(wide <= box for wide, box in matrices), width
        assert len(matrices) == (losses if name != "26" and (matrices or width >= 1280) else 0)
        assert len(pairs) == losses - len(matrices)
        said = opened.locator("#confusion ~ .note:visible").inner_text()
        assert ("Blue" in said) == bool(matrices)


def test_the_page_is_printed_whole(visit):
    opened = visit("images", 718)
    opened.emulate_media(media="print")
    assert len(opened.evaluate(SHOWN, ".confusion")) == 2
    assert opened.evaluate(SHOWN, ".scores")  # though its details are closed
    assert not opened.evaluate(SHOWN, ".command button")


@pytest.mark.parametrize("name", ["images", "table", "pair"])
def test_both_halves_of_the_first_screen_are_used(visit, name):
    opened = visit(name)
    place = "(selector) => document.querySelector(selector).getBoundingClientRect().toJSON()"
    for width in at_widths(opened, 1280, 1600):
        lead, table = (opened.evaluate(place, selector) for selector in (".lead", ".results"))
        assert lead["right"] < table["left"]
        assert table["left"] > 0.4 * width
        assert table["bottom"] < 900


def test_the_command_is_whole_and_can_be_copied(visit, command):
    opened = visit("images")
    for _ in at_widths(opened, 390, 1280):
        assert opened.locator("#command").evaluate("(it) => it.scrollWidth <= it.clientWidth")
    opened.locator("[data-copies=command]").click()
    opened.get_by_role("button", name="Copied").wait_for()
    assert opened.evaluate("() => navigator.clipboard.readText()") == command


def test_the_command_can_be_copied_where_the_clipboard_is_closed(visit, command):
    opened = visit("images")
    opened.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error()); }")
    opened.locator("[data-copies=command]").click()
    opened.get_by_role("button", name="Copied").wait_for()
    assert opened.evaluate("() => getSelection().toString()") == command


def test_a_column_can_be_sorted_by(visit):
    opened = visit("26")
    table = opened.locator(".scores")

    def column(place):
        return table.evaluate(
            "(it, place) => [...it.tBodies[0].rows].map((row) => row.cells[place].textContent)",
            place,
        )

    before = column(4)
    header = table.get_by_role("columnheader", name="F1").first
    for turn, isdown in (("ascending", False), ("descending", True)):
        header.get_by_role("button").press("Enter")
        assert header.get_attribute("aria-sort") == turn
        shown = [float(text) for text in column(4) if text != "–"]
        assert shown == sorted(shown, reverse=isdown)
    assert sorted(column(4)) == sorted(before)
    table.get_by_role("button", name="class", exact=True).click()
    assert column(0) == [f"class {i}" for i in range(26)]
    assert table.locator("th[aria-sort]").count() == 1


def sorted_by(table, place):
    """The cells of a column, after it was sorted by."""
    return table.evaluate(
        """(it, place) => {
          it.querySelector(`th[data-column="${place}"] button`).click();
          const cells = [...it.tBodies[0].rows].map((row) => row.cells[place]);
          return cells.map((cell) => cell.textContent.trim());
        }""",
        place,
    )


def test_a_column_of_texts_is_sorted_by_letters_and_one_of_numbers_by_size(visit):
    opened = visit("mixed")
    assert sorted_by(opened.locator(".scores"), 0) == ["2", "10", "a10", "b3", "x2"]
    leads = [float(text.split()[-1]) for text in sorted_by(opened.locator(".mistakes").first, 3)]
    assert leads == sorted(leads)
    rows = [int(text) for text in sorted_by(opened.locator(".mistakes").first, 0)]
    assert rows == sorted(rows)
    assert max(rows) > 9


def test_rows_can_be_searched(visit):
    opened = visit("26")
    field = opened.get_by_role("searchbox", name="Class by class")
    field.fill("class 13")
    shown = opened.locator(".scores tbody tr:visible")
    assert "class 13" in shown.locator("th").all_inner_texts()
    assert all("class 13" in text for text in shown.all_inner_texts())
    assert opened.get_by_role("status").first.inner_text().endswith("/ 26")
    field.fill("no such")
    assert opened.locator(".scores tbody tr:visible").count() == 0
    field.fill("")
    assert opened.locator(".scores tbody tr:visible").count() == 26


def test_a_cell_leads_to_its_rows(visit):
    opened = visit("images")
    link = opened.locator(".confusion a").first
    link.click()
    target = opened.locator(":target")
    assert target.is_visible()
    assert link.get_attribute("href") == f"#{target.get_attribute('id')}"
    box = target.evaluate("(it) => it.getBoundingClientRect().toJSON()")
    assert 0 <= box["top"] < 900


def test_without_a_script_all_is_there(chromium, addresses):
    context = chromium.new_context(java_script_enabled=False)
    opened = context.new_page()
    opened.goto(addresses["26"])
    assert opened.locator(".scores tbody tr:visible").count() == 26
    assert opened.locator("input").count() == 0
    assert opened.locator("button:visible").count() == 0
    context.close()


def test_no_other_script_runs(chromium, addresses):
    opened = chromium.new_page()
    opened.goto(addresses["table"])
    opened.evaluate(
        """() => { const more = document.createElement("script");
                   more.textContent = "window.ran = true"; document.body.append(more); }"""
    )
    assert opened.evaluate("() => window.ran") is None
    opened.close()
