"""A model with its encoder as an ONNX graph, from the columns of a table to labels."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto

from .. import __version__
from ..data.words import sized
from ..losses import RowLoss
from ..model import Model
from .graph import Graph
from .inputs import terms

MOST = 2**31 - 2**20  # bytes of weights: of a file, Protocol Buffers allow less than 2**31


def to_onnx(model: Model, *, float32: bool = False) -> ModelProto:
    """Return a model as an ONNX graph that predicts what it predicts.

    The graph has an input for each column of the table that the model was trained on, of shape
    (rows, 1): a number or a boolean as a double, NaN where it is missing; a text as a string
    without space around it, "" where it is missing; a date as int64, microseconds since 1970 in
    UTC, as ``datetime64[us]`` holds them. What else stands for a missing value in the schema does
    so here. A model of an array has one input instead, ``features`` of shape (rows, features). How
    cells are written as text, such as ``1,5 €``, is no part of the graph.

    Its outputs are ``label``; ``name``, where the model names its classes; ``logits`` of shape
    (rows, classes); and ``probabilities`` of the same shape, where the loss has them.

    Parameters
    ----------
    model : Model
    float32 : bool
        Numbers, weights and results in 32 bits instead of 64, for runtimes that have no others.

    Returns
    -------
    onnx.ModelProto
        Of opset 17 and ai.onnx.ml 3; ``SerializeToString()`` gives the bytes of a file.

    Raises
    ------
    ValueError
        If the loss is one of your own whose probabilities are not those of `RowLoss`, or the
        weights take more than the 2 GB that an ONNX file may hold.

    Examples
    --------
    >>> from normexp.data import Encoder, load
    >>> from normexp.linear import SoftmaxRegression
    >>> iris = load("iris")
    >>> encoder = Encoder.fit(iris)
    >>> model = Model(encoder, SoftmaxRegression().fit(encoder.transform(iris), iris.target))
    >>> graph = to_onnx(model).graph
    >>> [output.name for output in graph.output]
    ['label', 'logits', 'probabilities']
    """
    classifier, names = model.classifier, model.class_names
    has_probabilities = _has_probabilities(classifier.loss_)
    if (size := classifier.coef_.size * (4 if float32 else 8)) > MOST:
        raise ValueError(f"the weights take {sized(size)}, an ONNX file may hold {sized(MOST)}")
    outputs = ["label", *(["name"] if names else []), "logits"]
    outputs += ["probabilities"] if has_probabilities else []
    graph = Graph(np.float32 if float32 else np.float64, reserved=outputs)

    logits = graph.floats(np.asarray(classifier.intercept_)[None])
    for term in terms(graph, model, np.asarray(classifier.coef_, np.float64)):
        logits = graph.add("Add", term, logits)

    labels = _labels(classifier.classes_)
    best = graph.add("ArgMax", logits, axis=1, keepdims=0)
    graph.output("label", graph.add("Gather", graph.constant(labels), best), labels.dtype)
    if names:
        named = np.array([names[label] for label in labels.tolist()], object)
        graph.output("name", graph.add("Gather", graph.constant(named), best), named.dtype)
    graph.output("logits", logits, graph.dtype, len(labels))
    if has_probabilities:
        read = _read(graph, classifier.loss_, logits, float(classifier.temperature_))
        probabilities = graph.add("Softmax", read, axis=1)
        graph.output("probabilities", probabilities, graph.dtype, len(labels))
    known = {"classes": labels.tolist(), "class_names": names, "normexp": __version__}
    return graph.model({name: json.dumps(value) for name, value in known.items()})


def _has_probabilities(loss: RowLoss) -> bool:
    if loss.has_probabilities and type(loss).probabilities is not RowLoss.probabilities:
        raise ValueError(f"{type(loss).__name__} has probabilities of its own, which ONNX has not")
    return loss.has_probabilities


def _read(graph: Graph, loss: RowLoss, logits: str, calibrated: float) -> str:
    """The logits as probabilities are made of them: capped, and divided by the temperatures."""
    temperature, cap = loss.scaling
    temperature *= calibrated
    if cap is not None:
        bound = graph.floats(cap)
        logits = graph.add("Mul", graph.add("Tanh", graph.add("Div", logits, bound)), bound)
    return graph.add("Div", logits, graph.floats(temperature)) if temperature != 1 else logits


def _labels(classes: NDArray[Any]) -> NDArray[Any]:
    """Labels of the types that ONNX has: int64 and strings."""
    return classes.astype(np.int64 if classes.dtype.kind in "iub" else object)
