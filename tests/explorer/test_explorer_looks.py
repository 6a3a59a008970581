"""What is seen: colours told apart, also forced ones; paper; one screen; no empty heading."""

import re
from itertools import combinations

import numpy as np
import pytest

THOUSAND = "z=" + ",".join(f"{k % 41 / 4:g}" for k in range(1000))

# ---- colours

COLOURS = """names => names.map((name) => {
  const pen = new OffscreenCanvas(1, 1).getContext("2d");
  const probe = document.body.appendChild(document.createElement("i"));
  probe.style.color = `var(${name})`;
  pen.fillStyle = getComputedStyle(probe).color;
  pen.fillRect(0, 0, 1, 1);
  return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
})"""
TO_LMS = [
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
]
TO_LAB = [
    [0.2104542553, 0.7936177850, -0.0040720468],
    [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
]


def linear(rgb):
    x = np.array(rgb) / 255
    return np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)


def luminance(rgb):
    return linear(rgb) @ [0.2126, 0.7152, 0.0722]


def contrast(one, other):
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def oklab(rgb):
    return np.array(TO_LAB) @ np.cbrt(np.array(TO_LMS) @ linear(rgb))


LOSSES = ["crossEntropy", "westonWatkins", "crammerSinger", "squaredError", "brier"]
PALETTES = {
    "classes": [f"--class-{k}" for k in range(12)],
    "losses": [f"--loss-{loss}" for loss in LOSSES],
}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("palette", PALETTES)
def test_colours_are_told_apart_and_read_on_their_ground(look, theme, palette):
    page = look(f"#theme={theme}")
    found = page.evaluate(COLOURS, PALETTES[palette])
    grounds = page.evaluate(COLOURS, ["--paper", "--card"])
    assert min(contrast(one, ground) for one in found for ground in grounds) >= 4.5
    apart = [np.linalg.norm(oklab(one) - oklab(two)) for one, two in combinations(found, 2)]
    assert min(apart) > 0.07  # 0.02 is just noticed


def test_no_colour_repeats_among_the_bars(look):
    page = look("#z=" + ",".join(map(str, range(10))))
    bars = page.locator("#scores .movable .bar")
    colours = bars.evaluate_all("all => all.map(bar => getComputedStyle(bar).color)")
    assert len(set(colours)) == 10


STROKE, DASH = (
    f"lines => lines.map(line => getComputedStyle(line).{name})"
    for name in ("stroke", "strokeDasharray")
)


def test_the_curves_differ_in_colour_and_in_dash_and_have_that_of_their_loss(look, until):
    page = look("#train.passes=20&at=train&train.svm=crammerSinger")
    section = page.locator("#train")
    section.locator(".run .note", has_text=re.compile("^20 ")).wait_for()
    curves, keys = section.locator(".plot > svg > g > .line"), section.locator("h3 .line")
    for look in (STROKE, DASH):
        assert len(set(keys.evaluate_all(look))) == 3
        assert curves.evaluate_all(look) == keys.evaluate_all(look)
    moving = page.locator("#loss .moving li")
    assert len(set(moving.locator(".line").evaluate_all(STROKE))) == 5
    rival = moving.filter(has_text="Crammer").locator(".line").evaluate_all(STROKE)
    assert rival == keys.evaluate_all(STROKE)[1:2]


# ---- forced colours


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_bars_and_pressed_buttons_are_seen_in_forced_colours(look, scheme):
    page = look(color_scheme=scheme, forced_colors="active")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    background = "all => all.map(one => getComputedStyle(one).backgroundColor)"
    bars = page.locator("#scores .bar i").evaluate_all(background)
    assert ground not in bars
    assert len(set(bars)) == 3
    pressed, others = (
        page.locator(f"[aria-pressed={is_pressed}]").evaluate_all(background)
        for is_pressed in ("true", "false")
    )
    assert len(set(pressed)) == 1
    assert pressed[0] not in [ground, *others]


def test_what_a_test_has_asked_to_see_the_next_one_does_not(look):
    features = ("forced-colors: active", "prefers-contrast: more", "prefers-color-scheme: dark")
    features += ("prefers-reduced-motion: reduce", "print")
    matches = "all => all.map((one) => matchMedia(one.includes(':') ? `(${one})` : one).matches)"
    asked = {"forced_colors": "active", "contrast": "more", "color_scheme": "dark"}
    page = look(**asked, reduced_motion="reduce", media="print")
    assert page.evaluate(matches, features) == [True] * 5
    assert look().evaluate(matches, features) == [False] * 5


# ---- paper


def test_on_paper_the_page_is_light_and_has_nothing_to_press(visit, until):
    page = visit("#theme=dark&train.passes=5")
    corner = """() => {
      const picture = document.querySelector("#train .regions");
      const pen = new OffscreenCanvas(1, 1).getContext("2d");
      pen.drawImage(picture, 0, 0, 8, 8, 0, 0, 1, 1);
      return pen.getImageData(0, 0, 1, 1).data[0];
    }"""
    dark = page.evaluate(corner)
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"
    assert page.evaluate(corner) > dark + 50
    for hidden in ("nav", ".settings", "#train .run", ".says"):
        assert page.locator(hidden).first.is_hidden()
    page.set_viewport_size({"width": 700, "height": 1000})  # a sheet
    assert page.evaluate("document.documentElement.scrollWidth") == 700
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(corner) == dark


# ---- places


@pytest.mark.parametrize("language", ["en", "zh"])
def test_training_fits_one_screen(visit, settle, language):
    page = visit(f"#at=train&train.passes=30&language={language}", width=1280, height=900)
    section = page.locator("#train")
    section.locator(".run .note", has_text="30").wait_for()
    settle(page)
    for part in ("h2", ".pad", ".studio", ".buttons.run", ".trio", ".play > .plot"):
        box = section.locator(part).bounding_box()
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 900


def test_no_heading_is_empty_at_a_thousand_classes(look, until):
    page = look(f"#{THOUSAND}&target=500")
    headings = page.locator("h1, h2, h3, h4")
    assert all(text.strip() for text in headings.all_inner_texts())
    # Below each stands something that is seen, before the next.
    following = """all => all.map((heading) => {
      const { height } = heading.getBoundingClientRect();
      if (height === 0) return "";  // of what is not there in this state
      let next = heading.nextElementSibling;
      while (next && next.getBoundingClientRect().height === 0) next = next.nextElementSibling;
      return next && !/^H[1-4]$/.test(next.tagName) ? "" : heading.textContent;
    }).filter(Boolean)"""
    assert page.locator(".play :is(h3, h4)").evaluate_all(following) == []


def test_ticks_that_count_are_whole(look, follow):
    page = look("#graph.updates=11")
    for updates in (0, 1, 3, 7, 11, 25, 155):
        follow(page, f"graph.updates={updates}")
        texts = page.locator("#graph .learning .tick[text-anchor=middle]").all_text_contents()
        assert len(texts) >= 3
        assert all(re.fullmatch(r"\d+", text) for text in texts)


@pytest.mark.parametrize("width", [390, 1280])
def test_no_line_breaks_inside_a_word(look, width):
    page = look("#language=zh", width=width)
    broken = """() => {
      const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      const found = [];
      const words = /损\\u2060?失|处\\u2060?处/g;
      let seen = 0;
      while (texts.nextNode()) {
        for (const { index, 0: word } of texts.currentNode.data.matchAll(words)) {
          const range = document.createRange();
          range.setStart(texts.currentNode, index);
          range.setEnd(texts.currentNode, index + word.length);
          const boxes = [...range.getClientRects()].filter((box) => box.width > 1);
          seen += 1;
          const tops = new Set(boxes.map((box) => Math.round(box.top)));
          if (tops.size > 1) found.push(texts.currentNode.data);
        }
      }
      return { seen, found };
    }"""
    found = page.evaluate(broken)
    assert found["seen"] > 20
    assert found["found"] == []


def test_what_is_set_in_letters_has_a_latin_face_before_the_chinese_one(look):
    page = look()
    faces = page.evaluate("getComputedStyle(document.body).fontFamily")
    assert faces.index("Times New Roman") < faces.index("Songti SC")
    assert "STIX Two Math" in page.locator("math").first.evaluate(
        "math => getComputedStyle(math).fontFamily"
    )
    assert "ᵀ" not in page.locator("body").inner_text()
    assert page.locator("#graph sup", has_text="T").count() == 2


def test_chinese_sentences_follow_each_other_without_a_space(look):
    page = look("#language=zh&z=1,0.5&temperature=0.1")
    text = page.locator("main").inner_text()
    assert "sigmoid" in text
    assert not re.search("[。！？] +[^ \n]", text)
