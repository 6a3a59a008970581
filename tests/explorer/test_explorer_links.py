"""Links and navigation: they land on their section, and an address cannot break the page."""

import pytest

SECTIONS = ["scores", "loss", "working", "graph", "train", "precision", "digits", "next"]
TOP = """name => Math.round(document.getElementById(name).getBoundingClientRect().top
    - parseFloat(getComputedStyle(document.documentElement).scrollPaddingTop)
    - parseFloat(getComputedStyle(document.getElementById(name)).scrollMarginTop))"""
# A page is scrolled by whole pixels, and a section may begin between two.
PIXELS_OFF = TOP.replace("Math.round", "Math.trunc")
FOCUSED = "document.activeElement.id"


@pytest.mark.parametrize(
    ("width", "height", "language", "sections"),
    [
        (1280, 900, "en", ["train", "next"]),  # below everything that grows
        (390, 844, "zh", SECTIONS),
        (1600, 1000, "en", ["working", "digits"]),
    ],
)
def test_a_link_lands_on_its_section(visit, until, settle, width, height, language, sections):
    for section in sections:
        link = f"#at={section}&train.passes=30&language={language}"
        page = visit(link, width=width, height=height, nth=0)
        settle(page)
        until(page, "() => !document.querySelector('main[aria-busy]')")
        assert page.evaluate(PIXELS_OFF, section) == 0, section
        assert page.evaluate(FOCUSED) == f"{section}-title"


def test_a_link_lands_where_what_is_above_it_grows_later(visit, settle):
    page = visit("#at=precision")
    settle(page)
    page.evaluate("document.getElementById('scores').style.paddingBottom = '700px'")
    settle(page)
    assert page.evaluate(TOP, "precision") == 0


def test_a_reader_who_moves_on_is_not_called_back(visit, settle, until):
    page = visit("#at=train")
    settle(page)
    page.mouse.move(600, 400)
    page.mouse.wheel(0, 333)
    until(page, f"() => ({TOP})('train') === -333")
    page.evaluate("document.getElementById('precision').style.paddingBottom = '700px'")
    settle(page)
    assert page.evaluate(TOP, "train") == -333


def test_navigation_moves_the_focus_along(visit, until):
    page = visit()
    for section, name in {"train": "5 Training", "working": "3 Working"}.items():
        page.get_by_role("link", name=name).press("Enter")
        until(page, f"() => ({TOP})('{section}') === 0")
        assert page.evaluate(FOCUSED) == f"{section}-title"
    page.keyboard.press("Tab")
    assert page.evaluate("!!document.activeElement.closest('#working')")


def test_another_hash_of_the_open_page_goes_to_its_section(visit, follow, until):
    page = visit()
    follow(page, "at=graph&target=2")
    until(page, f"() => ({TOP})('graph') === 0")
    assert page.evaluate(FOCUSED) == "graph-title"


def test_the_focus_outlives_a_switch_of_the_language(visit, until):
    page = visit()
    page.get_by_role("button", name="中文").press("Enter")
    until(page, "() => document.documentElement.lang === 'zh-Hans'")
    assert page.evaluate(FOCUSED) == "language-zh"


def test_the_pressed_button_is_the_theme_of_now(visit, until):
    page = visit()
    page.get_by_role("button", name="dark").click()
    pressed = "document.querySelectorAll('.settings [aria-pressed=true]')[1].textContent"
    until(page, f"() => {pressed} === 'dark'")


HOSTILE = [
    *("constructor=1", "__proto__=1", "toString=1", "hasOwnProperty=x", "valueOf=", "=1", "&&="),
    *("shift=Infinity", "shift=-Infinity", "shift=NaN", "shift=1e400", "shift=0x10", "shift=1e"),
    *("temperature=Infinity", "temperature=.", "temperature=1_0", "target=1e999", "target=NaN"),
    *("z=1e400,0", "z=Infinity,0", "z=0x1,2", "z=,", "z=1,2,", "z=1,%00", "z=1;2", "z=null,1"),
    *("train.shape=constructor", "precision.format=hasOwnProperty", "train.classes=NaN"),
    *(
        "digits.ink=<b>",
        "digits.share=x",
        "digits.example=10",
        "names=<>,&",
        "loss.masked=x",
        "loss.soft=1",
    ),
    *("graph.updates=Infinity", "train.points=constructor", "train.points=9zzzz", "z=<b>1</b>,2"),
    *("z=" + "1," * 10**6 + "1", "z=" + "9" * 10**6 + "x,1", "train.points=" + "x" * 10**6),
]
CHANGES = """async ([modules, hashes]) => {
  const { parse, format } = await import("state");
  const fields = {};
  for (const module of modules) Object.assign(fields, (await import(module)).fields);
  return hashes.filter((hash) => format(fields, parse(fields, "#" + hash)) !== "");
}"""


def test_what_makes_no_sense_in_an_address_changes_nothing(quiet_page):
    modules = ["row", *(f"sections/{name}" for name in SECTIONS)]
    assert quiet_page.evaluate(CHANGES, [modules, ["shift=3", *HOSTILE]]) == ["shift=3"]


def test_nor_does_it_break_the_page(visit, follow, settle):
    page = visit("#constructor=1&__proto__=1")
    for hash_ in ("at=constructor&language=__proto__&theme=toString", *HOSTILE[::9]):
        follow(page, "shift=3")
        follow(page, hash_)
        page.evaluate("dispatchEvent(new Event('resize'))")  # the page writes its address anew
        settle(page)
        assert page.evaluate("location.hash") == "", hash_[:60]
    assert page.locator("#scores .movable [role=slider]").count() == 3


def test_points_beyond_the_most_are_left_out(visit, until):
    page = visit("#at=train&train.points=" + "08080" * 10**5)
    until(page, "() => document.querySelector('#train .trio .note').textContent.includes('300')")
