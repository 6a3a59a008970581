"""The page of an inspection: one HTML file that needs nothing else."""

from __future__ import annotations

from .._policy import content_policy
from . import plots, sections
from .inspection import Inspection
from .page import template


def inspection_page(inspection: Inspection, title: str) -> str:
    """Return the HTML of an inspection: the weights drawn, and as a table.

    Examples
    --------
    >>> from normexp.data import Encoder, load
    >>> from normexp.linear import SoftmaxRegression
    >>> from normexp.model import Model
    >>> from normexp.report.inspection import inspect
    >>> iris = load("iris")
    >>> encoder = Encoder.fit(iris)
    >>> model = Model(encoder, SoftmaxRegression().fit(encoder.transform(iris), iris.target))
    >>> inspection_page(inspect(model), "flowers").startswith("<!doctype html>")
    True
    """
    found, names, templates = inspection.class_weights, inspection.class_names, inspection.templates
    is_pair = inspection.classes == len(names) == 2
    return template("inspection.html.jinja").render(
        inspection=inspection,
        image_shape=inspection.image_shape,
        names=names,
        results=[{"name": inspection.loss, "templates": templates}],
        policy=content_policy(),
        title=title,
        plots=plots,
        looks=sections.looked_for(found, names, 1, is_pair) if templates is None else None,
        strongest=[sections.strongest(templates)],
    )
