"""The page of a comparison: one HTML file that needs nothing else."""

from __future__ import annotations

from functools import partial
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from .. import _check
from .._policy import content_policy
from .._sentences import LANGUAGES
from ..data.notes import said
from . import plots, sections, table
from .advice import told
from .compared import Comparison
from .significance import SIGNIFICANT
from .summary import changed, summary, unfinished
from .words import called, joined, phrase

SCRIPTS = ("copy.js", "tables.js")
LONG = 12  # columns of a class's name, for which a table makes room


def page(comparison: Comparison, command: str | None = None, language: str = "en") -> str:
    """Return the HTML of a comparison.

    Parameters
    ----------
    comparison : Comparison
    command : str, optional
        What to type to get it again.
    language : {"en", "zh"}

    Examples
    --------
    >>> from normexp.data import load
    >>> from normexp.report.comparison import compare
    >>> page(compare(load("iris"), max_iter=5)).startswith("<!doctype html>")
    True
    """
    _check.one_of(language, LANGUAGES, "language")
    folder = files("normexp.report") / "template"
    scripts = [folder.joinpath(name).read_text("utf-8") for name in SCRIPTS]
    results, baselines = comparison.results, comparison.baselines
    return template("page.html.jinja", language).render(
        comparison=comparison,
        command=command,
        policy=content_policy(*scripts),
        sentences=[*summary(comparison, language), *unfinished(results, language)],
        rows=table.rows(comparison.metrics, results),
        advice=[(told(advice, language), advice.commands) for advice in comparison.advice],
        changed=changed(comparison.against, language) if comparison.against else [],
        baselines=[called(baseline.name, language) for baseline in baselines],
        notes=[said(note, language) for note in comparison.notes],
        swept=list(dict.fromkeys(result.sweep.measure for result in results if result.sweep)),
        judged=[result for result in results if result.metrics.reliability],
        seeds=joined([str(comparison.seed + i) for i in range(comparison.seeds)], language),
        significant=SIGNIFICANT,
        plots=plots,
        certainty=sections.certainty,
        hardest=sections.hardest,
        reach=sections.reach,
        confusion=sections.confusion(comparison),
        behind=sections.behind(comparison),
        looks=sections.looks(comparison, language),
        long_names=max(map(sections.width, comparison.class_names)) > LONG,
        strongest=[sections.strongest(result.templates) for result in results],
        scripts=[Markup(script) for script in scripts],
    )


def template(name: str, language: str = "en") -> Template:
    """A page of this room, which takes every value that it is given for text."""
    environment = Environment(
        loader=PackageLoader("normexp.report", "template"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"language": language, "say": partial(_said, language)}
    return environment.get_template(name)


def _said(language: str, name: str, /, **facts: Any) -> Markup:
    """A sentence of the page; what fills it is text too, unless it is markup."""
    texts = {key: escape(fact) for key, fact in facts.items() if isinstance(fact, str)}
    return Markup(phrase(name, language, **(facts | texts)))
