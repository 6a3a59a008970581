"""English and Chinese: two builds, of `docs` and of `docs/zh`, whose pages lead to each other.

The second is written into a folder of the first, as its sources stand in one. So a link from one
source to another is right between their pages too.
"""

import posixpath
import re
from pathlib import Path
from typing import Any, NamedTuple

from sphinx.application import Sphinx
from sphinx.search import SearchLanguage

TAGS = {"en": "en", "zh_CN": "zh-CN"}
LABELS = {"en": "English", "zh_CN": "中文"}
FOLDER = "zh"
LINK = re.compile(r"(^)?\[([^\]]*)\]\(((?:\.\./)*[\w/-]+)\.md\)(?(1)($)?)", re.MULTILINE)


class Other(NamedTuple):
    """The page in the other language: its address from here, and what it is called."""

    address: str
    tag: str
    label: str


def is_chinese(app: Sphinx) -> bool:
    return app.config.language == "zh_CN"


def other_language(app: Sphinx, page: str) -> tuple[Other, bool]:
    """The same page in the other language, or its first page; and whether it is the same."""
    chinese = is_chinese(app)
    language = "en" if chinese else "zh_CN"
    folder = ".." if chinese else FOLDER
    is_same = (Path(app.srcdir) / folder / f"{page}.md").exists()
    up = "../" * page.count("/")
    address = f"{up}{folder}/{page if is_same else 'index'}.html"
    return Other(address, TAGS[language], LABELS[language]), is_same


def lead_across(app: Sphinx, page: str, source: list[str]) -> None:
    """Turn links to pages of the other build into links that say so."""
    chinese = is_chinese(app)
    tag = TAGS["en" if chinese else "zh_CN"]

    def link(found: re.Match[str]) -> str:
        alone, text, target, end = found.groups()
        place = posixpath.normpath(posixpath.join(posixpath.dirname(page), target))
        if not place.startswith("../" if chinese else f"{FOLDER}/"):
            return found[0]
        # On a line by itself it is the switch of the page, which the side bar has as well.
        kind = ' class="counterpart"' if alone == end == "" else ""
        return f'<a href="{target}.html" lang="{tag}" hreflang="{tag}"{kind}>{text}</a>'

    source[0] = LINK.sub(link, source[0])


def name_languages(
    app: Sphinx, page: str, template: str, context: dict[str, Any], _: object
) -> None:
    """Say what language a page is in, as HTML wants it, and where it stands in the other."""
    context["language"] = TAGS[app.config.language]
    other, is_same = other_language(app, page)
    context["other_language"] = other
    if is_same:
        here = f"{posixpath.basename(page)}.html"
        context["metatags"] = context.get("metatags", "") + "".join(
            f'<link rel="alternate" hreflang="{tag}" href="{address}">'
            for tag, address in ((TAGS[app.config.language], here), (other.tag, other.address))
        )


class ChineseSearch(SearchLanguage):
    """Chinese is written without spaces: it is found by its pairs of characters.

    That needs no dictionary, finds every word, and the words of a question need no cutting.
    A question of one character is found by the single ones, which are kept as well.
    """

    lang = "zh"
    language_name = "Chinese"
    js_splitter_code = r"""
function splitQuery(query) {
  const runs = query.match(/[\u3400-\u9fff]+|[a-z0-9_\u00c0-\u024f\u0370-\u03ff]+/gi) ?? [];
  return runs.flatMap((run) =>
    /[\u3400-\u9fff]/.test(run) && run.length > 1
      ? Array.from({ length: run.length - 1 }, (_, i) => run.slice(i, i + 2))
      : [run],
  );
}
"""

    def split(self, input: str) -> list[str]:
        words: list[str] = []
        for run in re.findall(r"[\u3400-\u9fff]+|[A-Za-z0-9_\u00c0-\u024f\u0370-\u03ff]+", input):
            words.append(run)
            if run[0] >= "\u3400":
                words += [*run, *(run[i : i + 2] for i in range(len(run) - 1))]
        return words

    def stem(self, word: str) -> str:
        return word.lower()


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_search_language(ChineseSearch)
    app.connect("source-read", lead_across)
    app.connect("html-page-context", name_languages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
