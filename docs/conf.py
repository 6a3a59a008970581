"""How Sphinx builds the documentation; neither that nor the pages need a network.

Sphinx builds one language at a time. With the tag `zh` it is Chinese, of what stands in `docs/zh`.
"""

import sys
from pathlib import Path

import normexp

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "_extensions"), str(HERE.parent)]  # the latter for `benchmarks`

is_chinese = tags.has("zh")  # type: ignore[name-defined]  # noqa: F821

project = "normexp"
author = "normexp 的作者" if is_chinese else "the authors of normexp"
copyright = f"{author}, Apache-2.0"
language = "zh_CN" if is_chinese else "en"
locale_dirs = [str(HERE / "locale")]
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
    "languages",
    "accessible",
]
templates_path = ["_templates"]
exclude_patterns = ["_extensions", "_static", "_templates", "locale", "zh"]
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
html_use_index = not is_chinese  # all that it would list is in the English reference
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "language.html",
        "sidebar/search.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
    ]
}
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
