"""The explorer as a page within a page."""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

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


def write(app: Sphinx) -> None:
    file = app.outdir / FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(page(), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("explorer", Explorer)
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
