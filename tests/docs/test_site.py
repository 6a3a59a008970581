"""The built site: its pages in two languages, its search, its links into the explorer."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote

import pytest

from normexp.explorer import page as explorer

ROOT = Path(__file__).parents[2]
CHAPTERS = sorted(page.stem for page in (ROOT / "docs/concepts").glob("*.md"))
EXPLORE = re.compile(r"\{explore\}`[^`<]*<([^`>]*)>`")


class Anchors(HTMLParser):
    """The attributes of every link of a page, in the text and in the head."""

    def __init__(self, file):
        super().__init__()
        self.file, self.links, self.language = file, [], None
        self.feed(file.read_text("utf-8"))

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag in ("a", "link"):
            self.links.append(found)
        elif tag == "html":
            self.language = found["lang"]

    def target(self, link):
        return (self.file.parent / unquote(re.split("[#?]", link["href"])[0])).resolve()


def chapters(site, folder):
    return [Anchors(site / folder / "concepts" / f"{name}.html") for name in CHAPTERS]


def test_each_page_says_its_language(site):
    assert {page.language for page in chapters(site, "")} == {"en"}
    assert {page.language for page in chapters(site, "zh")} == {"zh-CN"}
    assert Anchors(site / "index.html").language == "en"
    assert Anchors(site / "zh/index.html").language == "zh-CN"


def test_each_chapter_leads_to_its_counterpart_and_back(site):
    for english, chinese in zip(chapters(site, ""), chapters(site, "zh"), strict=True):
        for here, tag, there in ((english, "zh-CN", chinese), (chinese, "en", english)):
            links = [link for link in here.links if link.get("hreflang") == tag]
            assert len(links) >= 3  # head, side bar, text
            assert any(link.get("rel") == "alternate" for link in links)
            assert any(link.get("class") == "counterpart" for link in links)
            assert {here.target(link) for link in links} == {there.file}


def test_every_link_within_the_site_leads_to_a_file(site):
    pages = [file for file in site.rglob("*.html") if "_static" not in file.parts]
    assert len(pages) > 40
    for page in map(Anchors, pages):
        for link in page.links:
            address = link.get("href") or "#"
            if not re.match(r"[a-z]+:|#", address):
                assert page.target(link).exists(), (page.file, address)


@pytest.fixture(scope="module")
def window(chromium):
    opened = chromium.new_page()
    opened.set_default_timeout(20_000)
    yield opened
    opened.close()


PAGES = [
    "index.html",
    "concepts/01-softmax.html",
    "zh/concepts/01-softmax.html",
    "howto/train.html",
    "api/functions.html",
]


@pytest.mark.parametrize("name", PAGES)
def test_no_rule_of_accessibility_is_broken(site, window, violations, name):
    window.goto((site / name).as_uri())
    for theme, width in (("light", 390), ("dark", 1280)):  # each takes seconds
        window.emulate_media(color_scheme=theme)
        window.set_viewport_size({"width": width, "height": 900})
        assert violations(window) == [], (theme, width)


@pytest.mark.parametrize(
    ("question", "chapter"),
    [
        ("交叉熵", "04-cross-entropy"),
        ("困惑度", "04-cross-entropy"),
        ("梯度检验", "06-derivative"),
        ("决策边界", "11-squared-error"),
        ("猫", "01-softmax"),
    ],
)
def test_chinese_is_found(site, window, question, chapter):
    window.goto((site / "zh/search.html").as_uri() + f"?q={quote(question)}")
    first = window.locator("#search-results li a").first
    first.wait_for()
    found = window.locator("#search-results li a")
    addresses = [found.nth(i).get_attribute("href") for i in range(found.count())]
    assert any(f"/{chapter}.html" in f"/{address}" for address in addresses)
    assert len(addresses) < len(CHAPTERS)  # it tells them apart
    assert "搜索" in window.locator("h2, h1").first.inner_text()


def test_navigation_is_in_chinese(site):
    text = (site / "zh/concepts/05-softmax-loss.html").read_text("utf-8")
    for words in ("下一页", "上一页", "本页内容", "回到顶部", "跳到正文", 'placeholder="搜索"'):
        assert words in text
    for words in ("Next", "Previous", "On this page", "Back to top", "Toggle"):
        assert words not in text


def test_what_is_not_there_is_not_found(site, window):
    window.goto((site / "zh/search.html").as_uri() + f"?q={quote('香蕉')}")
    window.get_by_text("没有").first.wait_for()
    assert window.locator("#search-results li").count() == 0


def states():
    """Every state that a chapter links to, and that both languages link to the same."""
    for folder in ("docs/concepts", "docs/zh/concepts"):
        for name in CHAPTERS:
            for state in EXPLORE.findall((ROOT / folder / f"{name}.md").read_text("utf-8")):
                yield folder, name, state


def test_both_languages_lead_to_the_same_states():
    english, chinese = (
        [(name, state) for place, name, state in states() if place == folder]
        for folder in ("docs/concepts", "docs/zh/concepts")
    )
    assert english == chinese
    assert len({name for name, _ in english}) == 12  # every one but that on pixels


def test_what_names_the_explorer_also_leads_there():
    for folder in ("docs/concepts", "docs/zh/concepts"):
        for name in CHAPTERS:
            for paragraph in (ROOT / folder / f"{name}.md").read_text("utf-8").split("\n\n"):
                for item in re.split(r"^- ", paragraph, flags=re.MULTILINE):
                    assert ("normexp explore" not in item) or "{explore}" in item, (name, item)


KEPT = """async (state) => {
  const frame = () => new Promise(requestAnimationFrame);
  const written = new Promise((done) => {
    history.replaceState = (...given) => {
      History.prototype.replaceState.apply(history, given);
      done();
    };
  });
  location.hash = state;
  await written;
  const busy = () => document.querySelector("main[aria-busy]"); // for ever, if drawing has failed
  for (let n = 0; busy() && n < 300; n++) await frame();
  return { hash: location.hash.slice(1), language: document.documentElement.lang };
}"""


def test_the_explorer_takes_each_state_as_it_is(chromium, tmp_path):
    """The page draws what a link says, and keeps it in its address."""
    file = tmp_path / "explorer.html"
    file.write_text(explorer(), encoding="utf-8")
    window, wrong = chromium.new_page(), []
    window.on("pageerror", lambda error: wrong.append(str(error)))
    window.on("console", lambda said: wrong.append(said.text))
    window.goto(file.as_uri())
    window.wait_for_selector("footer")
    for number, state in enumerate(sorted({state for _, _, state in states()})):
        language = ("en", "zh")[number % 2]
        said = f"language={language}&{state}"
        found = window.evaluate(KEPT, said)
        assert found["language"][:2] == language
        assert dict(parse_qsl(found["hash"])) == dict(parse_qsl(said)), state
        assert wrong == [], state
    window.close()


def test_the_links_of_the_site_hold_these_states(site):
    for folder, language, place in (("", "en", "docs/concepts"), ("zh", "zh", "docs/zh/concepts")):
        expected = {f"language={language}&{state}" for at, _, state in states() if at == place}
        found = [
            (page.target(link), link["href"].partition("#")[2])
            for page in chapters(site, folder)
            for link in page.links
            if "explorer.html" in (link.get("href") or "")
        ]
        assert {target for target, _ in found} == {site / "_static/explorer.html"}
        assert {state for _, state in found} == expected
