import base64
import io
import re
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest
from markupsafe import escape
from matplotlib.image import imread

from normexp._sentences import sentences
from normexp.data import Dataset, load
from normexp.losses import LOSSES
from normexp.report import plots
from normexp.report.comparison import compare
from normexp.report.page import page
from normexp.report.sections import behind
from normexp.report.table import METRICS, OCCASIONAL, TRAINING

VOID = {"meta", "img", "br", "link", "input", "hr"}


class Elements(HTMLParser):
    """Every element of a page with its attributes, and whether they are nested as they should."""

    def __init__(self, html):
        super().__init__()
        self.found, self.text, self.open = [], [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module", params=["images", "table"])
def html(request, rendered):
    return rendered(request.getfixturevalue(request.param))


@pytest.fixture
def elements(html):
    return Elements(html)


def test_every_element_is_closed(elements):
    assert elements.open == []


def test_nothing_is_fetched(html, elements):
    for tag, attributes in elements.found:
        assert tag not in {"link", "iframe", "object", "embed"}
        for name in ("src", "href", "xlink:href", "srcset", "poster", "data", "action"):
            address = attributes.get(name) or "#"
            assert address.startswith(("#", "data:image/png;base64,"))
    assert "@import" not in html
    assert all(part.startswith("url(#") for part in re.findall(r"url\([^)]*\)", html))
    without_namespaces = re.sub(r'xmlns(:\w+)?="[^"]*"', "", html)
    assert not re.search(r"https?://|//www", without_namespaces)


def test_every_image_says_what_it_shows(elements):
    pictures = [found for found in elements.found if found[0] in ("img", "svg")]
    assert pictures
    for tag, attributes in pictures:
        assert len(attributes["alt" if tag == "img" else "aria-label"]) > 10


def test_table_headers_say_what_they_head(elements):
    assert all(attributes.get("scope") for tag, attributes in elements.found if tag == "th")


def test_headings_go_down_one_step_at_a_time(elements):
    levels = [int(tag[1]) for tag, _ in elements.found if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_ids_are_unique_and_references_lead_to_one(elements):
    ids = [attributes["id"] for _, attributes in elements.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in elements.found:
        for name in ("href", "xlink:href", "aria-labelledby"):
            target = attributes.get(name, "")
            if name == "aria-labelledby" or target.startswith("#"):
                assert not target or target.removeprefix("#") in ids


def test_no_colour_of_the_drawings_is_fixed(html):
    assert not any(stand_in in html for stand_in in plots.STAND_INS)
    drawings = "".join(re.findall(r"<svg.*?</svg>", html, flags=re.DOTALL))
    assert not re.search(r"(stroke|fill): #", drawings)
    assert "var(--series-0)" in drawings


def test_names_from_the_data_are_text_not_markup(table, rendered):
    html = rendered(table)
    assert "<b>blue" not in html
    assert "yes &amp; more" in html
    assert "a note &lt; on it" in html


def test_the_command_and_the_numbers_are_on_the_page(html, elements):
    text = "".join(elements.text)
    assert "normexp compare 'my data.csv'" in text
    assert "Which loss for" in text
    assert re.search(r"\d\d\.\d%", text)


def test_the_results_have_a_column_for_each_loss(images, rendered):
    head = re.search(r'<table class="results">\s*<thead>(.*?)</thead>', rendered(images))[1]
    assert re.findall(r">([^<>]+)</span>", head) == ["softmax", "svm"]


def test_sections_on_pictures_are_for_pictures(images, table, rendered):
    assert 'id="templates"' in rendered(images)
    assert 'id="templates"' not in rendered(table)
    assert 'id="weights"' not in rendered(images)
    assert 'id="weights"' in rendered(table)
    assert "what misled it" in rendered(table)


def test_data_that_teach_nothing_still_make_a_page():
    labels = np.array(["a", "b"] * 20)
    dataset = Dataset("flat.csv", np.ones((40, 2)), labels, ("x0", "x1"))
    comparison = compare(dataset, test_size=0.5)
    assert all(result.metrics.accuracy == 0.5 for result in comparison.results)
    assert Elements(page(comparison)).open == []


def test_a_penalty_that_forbids_all_weights_still_makes_a_page():
    comparison = compare(load("iris"), {"softmax": LOSSES["softmax"]}, alpha=1e12)
    assert Elements(page(comparison)).open == []


def decode(address):
    return imread(io.BytesIO(base64.b64decode(address.partition(",")[2])))


def test_a_grey_photograph_is_dark_where_there_is_ink():
    shades = decode(plots.photograph(np.array([[0.0, 8.0], [4.0, 0.0]])))[..., 0]
    assert shades.shape == (2, 2)
    assert shades[0, 1] == 0
    assert shades[0, 0] == 1


def test_a_colour_photograph_keeps_its_bytes():
    pixels = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    assert np.array_equal(np.rint(decode(plots.photograph(pixels))[..., :3] * 255), pixels)


def test_a_template_is_white_at_zero_and_blue_for_the_class():
    against, nothing, strong = decode(plots.template(np.array([[-1.0, 0.0, 5.0]]), 1.0))[0, :, :3]
    assert nothing == pytest.approx(1, abs=0.05)
    assert against[0] > against[2]
    assert strong[2] > strong[0]


def test_a_cell_of_the_matrix_leads_to_all_of_its_rows(images, rendered):
    html = rendered(images)
    for i, result in enumerate(images.results):
        for truth, taken in zip(*np.nonzero(result.metrics.confusion), strict=True):
            place = f"rows-{i}-{truth}-{taken}"
            assert (f'href="#{place}"' in html) == (truth != taken)
            if truth != taken:
                start = html.index(f'id="{place}"')
                section = html[start : html.find('<div class="behind"', start)]
                rows = images.rows[(images.truth == truth) & (result.predicted == taken)]
                for row in rows + 1:
                    assert re.search(rf"\b{row}\b", section), (place, row)


def test_rows_that_are_too_many_to_show_are_named_or_counted():
    rng = np.random.default_rng(0)
    dataset = Dataset("noise.csv", rng.normal(size=(700, 2)), rng.integers(2, size=700), ("x", "y"))
    comparison = compare(dataset, {"softmax": LOSSES["softmax"]}, test_size=0.5)
    for group in behind(comparison)[0]:
        shown = [mistake.row + 1 for mistake in group["mistakes"]]
        assert 8 <= len(shown) <= 12 + 8
        assert not set(shown) & set(group["others"])
        assert len(group["others"]) == 50
        assert len(shown) + 50 + group["more"] == group["pair"].times
        assert f"and {group['more']} more" in page(comparison)


def test_a_page_in_chinese_says_nothing_in_english(images, table, rendered):
    english = sentences("normexp.report", "en")
    for comparison in (images, table):
        html = rendered(comparison, "zh")
        assert '<html lang="zh">' in html
        assert Elements(html).open == []
        for name, said in english["phrase"].items():
            forms = [said] if isinstance(said, str) else said
            for part in (part for form in forms for part in re.split(r"\{[^}]*\}", form)):
                if len(part.split()) > 3:
                    assert escape(part) not in html, name
        for measure in (*METRICS, *TRAINING):
            assert measure.name in OCCASIONAL or measure.heading("zh") in html
    assert "文本作独热编码，训练时没有见过的全为零：“colour”" in rendered(table, "zh")
    assert "缺失的数当作均值：“size”" in table.to_dict("zh")["notes"]
    assert "numbers standardised: 'size'" in table.to_dict()["notes"]


def test_another_language_is_refused(images):
    with pytest.raises(ValueError, match=r"^language must be one of 'en', 'zh', got 'de'"):
        page(images, language="de")
