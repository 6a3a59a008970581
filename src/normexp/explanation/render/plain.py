"""A derivation as plain values and lists, which JSON can hold."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..derivation import Derivation
from ..graph import Graph
from ..steps import Step
from .text import formula


def plain(derivation: Derivation) -> dict[str, Any]:
    """Everything there is; formulas as text."""
    return {
        "loss": None if derivation.loss is None else repr(derivation.loss),
        "language": derivation.language,
        "target": _value(derivation.target),
        "value": _value(derivation.value),
        "grad": _value(derivation.grad),
        "classes": {name: values.tolist() for name, values in derivation.columns.items()},
        "steps": [_step(step) for step in derivation.steps],
        "gradient": [_step(step) for step in derivation.gradient],
        "backward": [_step(step) for step in derivation.backward],
        "graph": _graph(derivation.graph),
        "samples": [plain(sample) for sample in derivation.samples],
    }


def _step(step: Step) -> dict[str, Any]:
    lines = [
        {
            "symbol": formula(line.symbol),
            "filled": None if line.filled is None else formula(line.filled),
            "value": _value(line.value),
        }
        for line in step.lines
    ]
    return {
        "name": step.name,
        "title": step.title,
        "symbol": None if step.symbol is None else formula(step.symbol),
        "formula": " = ".join(map(formula, step.chain)),
        "lines": lines,
        "value": _value(step.value),
        "why": step.why,
    }


def _graph(graph: Graph) -> dict[str, Any]:
    nodes = [
        {
            "name": node.name,
            "symbol": formula(node.symbol),
            "layer": node.layer,
            "value": node.value,
            "grad": node.grad,
        }
        for node in graph.nodes
    ]
    return {"nodes": nodes, "edges": [vars(edge) for edge in graph.edges]}


def _value(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value
