"""What Jupyter would show: ``{jupyter} nex.explain([2.0, 1.0, 0.1], 0)``."""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import normexp


class Jupyter(SphinxDirective):
    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        shown = eval(self.arguments[0], {"nex": normexp})._repr_html_()
        box = f'<div class="jupyter" role="region" aria-label="output" tabindex="0">{shown}</div>'
        return [nodes.raw("", box, format="html")]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("jupyter", Jupyter)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
