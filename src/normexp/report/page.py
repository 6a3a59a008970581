"""The page of a comparison: one HTML file that needs nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from .._policy import content_policy
from . import plots, table
from .comparison import Comparison, Result
from .mistakes import Mistake
from .summary import SIGNIFICANT, summary, unfinished


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
    environment = Environment(
        loader=PackageLoader("normexp.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.jinja").render(
        comparison=comparison,
        command=command,
        policy=content_policy(),
        title=f"Which loss for {comparison.data}?",
        sentences=[*summary(comparison), *unfinished(comparison.results)],
        rows=table.rows([result.metrics for result in comparison.results], comparison.results),
        judged=[result for result in comparison.results if result.metrics.reliability],
        no_probabilities=table.NO_PROBABILITIES,
        significant=SIGNIFICANT,
        plots=plots,
        certainty=_certainty,
        confusions=[_confusion(result) for result in comparison.results],
        strongest=[_strongest(result) for result in comparison.results],
    )


def _confusion(result: Result) -> list[list[dict[str, Any]]]:
    """Each count with its strength of colour: of the right ones among these, of the wrong too."""
    counts = result.metrics.confusion
    is_right = np.eye(len(counts), dtype=bool)
    tops = [max(counts[cells].max(), 1) for cells in (is_right, ~is_right)]
    return [
        [
            {"count": int(count), "right": i == j, "share": round(float(count / tops[i != j]), 2)}
            for j, count in enumerate(row)
        ]
        for i, row in enumerate(counts)
    ]


def _certainty(mistake: Mistake) -> str:
    if mistake.confidence is None:
        return f"by {mistake.surprise:.2g}"
    return table.percent(mistake.confidence)


def _strongest(result: Result) -> float:
    """One scale for all templates of a loss: a pixel that is seldom on must not fade the others."""
    return 0.0 if result.templates is None else float(np.quantile(np.abs(result.templates), 0.99))
