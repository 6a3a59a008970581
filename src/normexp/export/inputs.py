"""What the encoder and the weights do with the columns of a table, as nodes of a graph."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ..data.dates import PARTS
from ..data.onehot import MISSING
from ..data.plain import numbers_among
from ..model import Model
from .calendar import parts_of
from .graph import Graph


def terms(graph: Graph, model: Model, coef: NDArray[np.float64]) -> Iterator[str]:
    """The terms of the logits: one of all numbers, and one of each column of text."""
    encoder = model.encoder
    if width := len(encoder.numbers):
        yield graph.add("MatMul", _standardised(graph, model), graph.floats(coef[:, :width].T))
    markers = model.schema.missing if model.schema and model.schema.columns else ()
    for name, texts in encoder.categories.items():
        if texts:  # a column of one text has no influence
            # A row of weights for each text, and zeros for one that was not seen in training.
            rows = np.vstack([coef[:, width : width + len(texts)].T, np.zeros(len(coef))])
            text = graph.input(name, object, 1)
            column = graph.add("Squeeze", text, graph.constant(np.array([1])))
            known = _places(texts, markers)
            place = graph.add(
                "LabelEncoder",
                column,
                domain="ai.onnx.ml",
                keys_strings=list(known),
                values_int64s=list(known.values()),
                default_int64=len(texts),
            )
            yield graph.add("Gather", graph.floats(rows), place)
            width += len(texts)


def _standardised(graph: Graph, model: Model) -> str:
    """The numbers and what dates become, standardised; 0 where one is missing."""
    encoder = model.encoder
    values = _numbers(graph, model)
    centred = graph.add("Sub", values, graph.floats(encoder.mean[None]))
    standardised = graph.add("Div", centred, graph.floats(encoder.scale[None]))
    return graph.add("Where", graph.add("IsNaN", values), graph.floats(0.0), standardised)


def _numbers(graph: Graph, model: Model) -> str:
    """All numbers side by side, NaN where one is missing."""
    encoder, schema = model.encoder, model.schema
    if not (encoder.categories or encoder.dates or (schema and schema.columns)):
        return graph.input("features", graph.dtype, len(encoder.numbers))
    plain = encoder.numbers[: len(encoder.numbers) - len(PARTS) * len(encoder.dates)]
    columns = [graph.input(name, graph.dtype, 1) for name in plain]
    if columns:
        columns = [_without_markers(graph, graph.add("Concat", *columns, axis=1), model, plain)]
    for name, first in encoder.dates.items():
        columns += parts_of(graph, graph.input(name, np.int64, 1), first)
    return graph.add("Concat", *columns, axis=1)


def _without_markers(graph: Graph, values: str, model: Model, names: Sequence[str]) -> str:
    """NaN for the numbers that stand for a missing one, such as −999, as the schema says."""
    schema = model.schema
    if schema is None or not (markers := numbers_among(schema.missing).to_list()):
        return values
    kinds = {column.name: column.kind for column in schema.columns}
    are_numbers = graph.constant(np.array([[kinds.get(name) == "number" for name in names]]))
    for marker in markers:
        is_marker = graph.add("Equal", values, graph.floats(marker))
        is_missing = graph.add("And", is_marker, are_numbers)
        values = graph.add("Where", is_missing, graph.floats(np.nan), values)
    return values


def _places(texts: Sequence[str], markers: Sequence[str]) -> dict[str, int]:
    """Which category each text is of, however it may be written."""
    known: dict[str, int] = {}
    if MISSING in texts:
        known |= dict.fromkeys(["", *markers], texts.index(MISSING))
    for i, text in enumerate(texts):
        spellings = [text]
        if text in ("true", "false"):  # which formats spell in their own ways
            spellings += map("".join, product(*zip(text, text.upper(), strict=True)))
        known |= dict.fromkeys(spellings, i)
    return known
