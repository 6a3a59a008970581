"""The explorer in a page: ``{explorer} scores`` shows it from one of its sections on."""

from docutils import nodes
from normexp.explorer import page
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

FILE = "_static/explorer.html"


class Explorer(SphinxDirective):
    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        up = "../" * self.env.docname.count("/")
        section = f"#{self.arguments[0]}" if self.arguments else ""
        frame = (
            f'<iframe class="explorer" src="{up}{FILE}{section}" title="The explorer" '
            f'loading="lazy"></iframe><p><a href="{up}{FILE}{section}">On a page of its own</a></p>'
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
