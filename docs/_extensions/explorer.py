"""The explorer: as a page within a page, and as links that set it."""

from html import escape

from docutils import nodes
from languages import is_chinese
from sphinx.application import Sphinx
from sphinx.util.docutils import ReferenceRole, SphinxDirective

from normexp.explorer import page

FILE = "_static/explorer.html"
TITLES = {"en": "The explorer", "zh": "交互页面"}


def address(app: Sphinx, page: str, state: str) -> str:
    """Where the explorer lies, seen from a page in either language, with that in its address."""
    chinese = is_chinese(app)
    up = "../" * (page.count("/") + chinese)
    return f"{up}{FILE}#language={'zh' if chinese else 'en'}&{state}".rstrip("&")


class Explorer(SphinxDirective):
    """``{explorer}``: all of it; ``{explorer} only=scores&z=2,1``: one section, with that set.

    All of it begins at its top, for a section in the address would scroll this page too.
    """

    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        state = self.arguments[0] if self.arguments else ""
        to = escape(address(self.env.app, self.env.docname, state))
        title = TITLES["zh" if is_chinese(self.env.app) else "en"]
        frame = f'<iframe class="explorer" src="{to}" title="{title}" loading="lazy"></iframe>'
        # One section leads to the whole page by itself.
        alone = "" if state else f'<p><a href="{to}">On a page of its own</a></p>'
        return [nodes.raw("", frame + alone, format="html")]


class Explore(ReferenceRole):
    """``{explore}`two classes <at=scores&z=2,1>` ``: the explorer with that in its address."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        to = address(self.env.app, self.env.docname, self.target)
        return [nodes.reference("", self.title, refuri=to, internal=False)], []


def write(app: Sphinx) -> None:
    if is_chinese(app):
        return  # its links lead to that of the English pages
    file = app.outdir / FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(page(), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("explorer", Explorer)
    app.add_role("explore", Explore())
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
