"""Links and navigation: they land on their section, and an address cannot break the page."""

from urllib.parse import parse_qsl

import numpy as np
import pytest

import normexp as nex

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


COUNTS = [5e8, *[1e8] * 10, 2e9]
EVERYTHING = {
    "z": "2,1.5,-1",
    "temperature": "2",
    "shift": "3",
    "target": "2",
    "names": "cat,dog,cow",
    "loss.masked": "1",
    "loss.soft": "0.25,0,0.75",
    "graph.x0": "1.5",
    "graph.updates": "11",
    "graph.step": "4",
    "train.points": "".join(f"{k}{x + 64:02x}40" for k, n in ((0, 8), (1, 3)) for x in range(n)),
    "train.classes": "2",
    "train.hold": "fourth",
    "train.first": "0.5,-0.25,1,2,0.125,-1",  # the weights of each class, then the biases
    "train.shown": "svm",
    "precision.format": "bfloat16",
    "precision.lead": "4.25",
    "digits.ink": "gKg2",  # a stroke straight down
    "next.sentence": "once",
    "next.counts": ",".join(f"{count:.0f}" for count in COUNTS),
    "next.temperature": "0.5",
    "next.k": "3",
    "next.draws": "1000",
}


def test_a_link_that_is_opened_holds_all_that_was_set(visit, settle):
    link = "&".join(f"{key}={value}" for key, value in EVERYTHING.items())
    page = visit(f"#at=next&{link}")
    page.wait_for_selector("main:not([aria-busy])")

    def text(selector):
        return page.locator(selector).first.inner_text()

    def numbers(selector):
        values = page.locator(f"{selector}[role=slider]")
        return values.evaluate_all("all => all.map((one) => Number(one.ariaValueNow))")

    q = np.array([[0.25, 0, 0.75]])
    z = (np.array([[2.0, -np.inf, -1]]) + 3) / 2
    loss = nex.CrossEntropy().value_and_grad(z, q)[0]
    assert numbers("#scores .movable ") == [2, 1.5, -1]
    assert page.locator("#scores .movable").get_by_role("slider", name="Score of cow").count() == 1
    assert float(text('#loss [data-loss="crossEntropy"] .value')) == pytest.approx(loss, rel=1e-3)
    assert numbers("#graph [data-scrub='graph.x0']")[0] == 1.5
    assert text("#graph .learning .note").startswith("After 11 updates")
    assert page.locator('#graph [data-node="p-1"] .backward').text_content() == ""
    assert page.locator('#graph [data-node="p-1"] .value').text_content() != ""
    assert numbers("#train .tables ") == [0.5, -0.25, 0.125, 1, 2, -1]
    shown = page.get_by_role("group", name="Classifier whose weights are shown")
    assert shown.get_by_role("button", pressed=True).all_inner_texts() == ["SVM"]
    assert "of 9 pull" in text("#train figure > p.note")  # 2 of 11 are held out
    assert "held out" in text("#train figure > p.note")
    assert text("#precision [aria-pressed=true]") == "bfloat16"
    assert page.locator("#precision input[type=range]").first.input_value() == "4.25"
    assert "sees a 1" in text("#digits .observation")
    rows = page.locator("#next tbody tr").all_inner_texts()
    words = [row.split()[0] for row in rows]
    assert words[:2] == ["per", "again"]
    p = nex.softmax(np.log(np.array([2e9, 5e8, 1e8])), temperature=0.5)
    assert [row.split()[3] for row in rows[:3]] == [f"{100 * share:.1f}%" for share in p]
    assert sum(int(row.split()[-1]) for row in rows) == 1000
    settle(page)
    kept = page.evaluate("location.hash.slice(1)")
    assert dict(parse_qsl(kept)) == {"at": "next", **EVERYTHING}


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
