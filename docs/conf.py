"""How Sphinx builds the documentation; neither that nor the pages need a network."""

import sys
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

import normexp

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "normexp"
author = "the authors of normexp"
copyright = "the authors of normexp, Apache-2.0"
version = release = normexp.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "docstrings",
    "mathml",
    "measured",
    "commands",
    "examples",
    "explorer",
    "jupyter",
]
exclude_patterns = ["_extensions", "_static"]
nitpicky = True
default_role = "py:obj"  # what stands in single backticks in a docstring
smartquotes_action = "D"  # dashes; a quote may be part of a program

myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say them in words
napoleon_google_docstring = False
napoleon_use_param = False
napoleon_use_rtype = False
napoleon_custom_sections = [("Attributes", "params_style")]

html_theme = "furo"
html_title = "normexp"
pygments_dark_style = "github-dark"
html_static_path = ["_static"]
html_css_files = ["normexp.css"]
html_show_sphinx = False
html_copy_source = False
html_theme_options = {
    "light_css_variables": {
        "color-brand-primary": "#0072b2",
        "color-brand-content": "#0072b2",
        "color-api-name": "#0072b2",
        "color-api-pre-name": "#59636e",
    },
    "dark_css_variables": {
        "color-brand-primary": "#56b4e9",
        "color-brand-content": "#56b4e9",
        "color-api-name": "#56b4e9",
        "color-api-pre-name": "#9aa4ae",
    },
}


def name_language(
    app: Sphinx, page: str, template: str, context: dict[str, Any], _: object
) -> None:
    """Say of a Chinese page that it is Chinese, to screen readers and to the choice of fonts."""
    if page.startswith("zh/"):
        context["language"] = "zh-CN"


def setup(app: Sphinx) -> None:
    app.connect("html-page-context", name_language)
