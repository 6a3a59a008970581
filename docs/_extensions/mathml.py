"""Formulas as MathML, which browsers draw by themselves: no script and no fonts to fetch."""

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

logger = logging.getLogger(__name__)


def write(translator: HTML5Translator, node: nodes.Element, *, as_block: bool) -> None:
    """Write a formula, and pass over the node's text."""
    try:
        translator.body.append(tex2mathml(node.astext(), as_block=as_block))
    except MathError as error:
        logger.warning("%s in the formula %r", error, node.astext(), location=node)
    raise nodes.SkipNode


def write_inline(translator: HTML5Translator, node: nodes.math) -> None:
    write(translator, node, as_block=False)


def write_block(translator: HTML5Translator, node: nodes.math_block) -> None:
    translator.body.append('<div class="formula">')
    try:
        write(translator, node, as_block=True)
    finally:
        translator.body.append("</div>")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_html_math_renderer("mathml", (write_inline, None), (write_block, None))
    app.config.html_math_renderer = "mathml"  # type: ignore[attr-defined]
    return {"parallel_read_safe": True, "parallel_write_safe": True}
