"""Examples end where their output ends, though doctest wants an empty line after it."""

from sphinx.application import Sphinx


def without_last_line(app: Sphinx, page: str, source: list[str]) -> None:
    source[0] = source[0].replace("\n\n```\n", "\n```\n")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("source-read", without_last_line)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
