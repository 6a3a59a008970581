"""The page of a comparison: one HTML file that needs nothing else."""

from __future__ import annotations

from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from .._policy import content_policy
from . import plots, sections, table
from .comparison import Comparison
from .summary import SIGNIFICANT, summary, unfinished

LONG = 12  # columns of a class's name, for which a table makes room


def page(comparison: Comparison, command: str | None = None) -> str:
    """Return the HTML of a comparison.

    Parameters
    ----------
    comparison : Comparison
    command : str, optional
        What to type to get it again.

    Examples
    --------
    >>> from normexp.data import load
    >>> from normexp.report.comparison import compare
    >>> page(compare(load("iris"), max_iter=5)).startswith("<!doctype html>")
    True
    """
    script = files("normexp.report").joinpath("template", "copy.js").read_text("utf-8")
    return template("page.html.jinja").render(
        comparison=comparison,
        command=command,
        policy=content_policy(script),
        title=f"Which loss for {comparison.data}?",
        sentences=[*summary(comparison), *unfinished(comparison.results)],
        rows=table.rows([result.metrics for result in comparison.results], comparison.results),
        judged=[result for result in comparison.results if result.metrics.reliability],
        no_probabilities=table.NO_PROBABILITIES,
        significant=SIGNIFICANT,
        plots=plots,
        certainty=sections.certainty,
        confusion=sections.confusion(comparison),
        looks=sections.looks(comparison),
        long_names=max(map(sections.width, comparison.class_names)) > LONG,
        strongest=[sections.strongest(result.templates) for result in comparison.results],
        script=Markup(script),
    )


def template(name: str) -> Template:
    """A page of this room, which takes every value that it is given for text."""
    environment = Environment(
        loader=PackageLoader("normexp.report", "template"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
