"""What the theme leaves to be said to screen readers, and in Chinese what it says in English."""

import re
from pathlib import Path

from languages import is_chinese
from sphinx.application import Sphinx

MENDED = {
    r'(<aside class="sidebar-drawer")>': r'\1 aria-label="{navigation}">',
    r'(<aside class="toc-drawer[^"]*")>': r'\1 aria-label="{contents}">',
    r'role="heading"(?! aria-level)': 'role="heading" aria-level="2"',
    "<pre>": '<pre tabindex="0">',  # what is wide scrolls, by keys as well
    r'(<div class="table-wrapper[^"]*")>': r'\1 tabindex="0">',
    r'(?<!</h1>\n)(<div id="search-results">)': r'<h1 class="visually-hidden">{search}</h1>\n\1',
    r'<th class="head[^"]*">(?:<p></p>)?</th>': "<td></td>",  # a header of nothing is none
}
ENGLISH = {"navigation": "Navigation", "contents": "On this page", "search": "Search"}
CHINESE = {"navigation": "导航", "contents": "本页内容", "search": "搜索"}
LABELS = {
    "Toggle navigation of ": "展开或收起：",
    "Toggle site navigation sidebar": "打开或关闭导航栏",
    "Toggle table of contents sidebar": "打开或关闭本页目录",
    "Toggle Light / Dark / Auto color theme": "切换浅色、深色或自动配色",
    "Permalink to this heading": "此标题的链接",
}


def mend(app: Sphinx, failure: Exception | None) -> None:
    if failure is not None or app.builder.format != "html":
        return
    words = CHINESE if is_chinese(app) else ENGLISH
    for file in pages(app):
        html = whole = file.read_text("utf-8")
        for wrong, right in MENDED.items():
            html = re.sub(wrong, right.format(**words), html)
        for english, chinese in LABELS.items() if is_chinese(app) else ():
            html = html.replace(f'"{english}', f'"{chinese}')
        if html != whole:
            file.write_text(html, "utf-8")


def pages(app: Sphinx) -> list[Path]:
    """The pages of this build, and of the English one not those of the other within it."""
    names = [*app.env.found_docs, "search", "genindex"]
    return [file for name in names if (file := Path(app.outdir) / f"{name}.html").exists()]


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("build-finished", mend)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
