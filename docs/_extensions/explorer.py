"""The explorer: as a page within a page, and as links that set it."""

from docutils import nodes
from languages import is_chinese
from sphinx.application import Sphinx
from sphinx.util.docutils import ReferenceRole, SphinxDirective

from normexp.explorer import page

FILE = "_static/explorer.html"


class Explorer(SphinxDirective):
    """``{explorer}``: from its top, for a section in the address would scroll this page too."""

    def run(self) -> list[nodes.Node]:
        address = "../" * self.env.docname.count("/") + FILE
        frame = (
            f'<iframe class="explorer" src="{address}" title="The explorer" loading="lazy">'
            f'</iframe><p><a href="{address}">On a page of its own</a></p>'
        )
        return [nodes.raw("", frame, format="html")]


class Explore(ReferenceRole):
    """``{explore}`two classes <at=scores&z=2,1>` ``: the explorer with that in its address."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        chinese = is_chinese(self.env.app)
        up = "../" * (self.env.docname.count("/") + chinese)
        state = f"language={'zh' if chinese else 'en'}&{self.target}"
        link = nodes.reference("", self.title, refuri=f"{up}{FILE}#{state}", internal=False)
        return [link], []


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
