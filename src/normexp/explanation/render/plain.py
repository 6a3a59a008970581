"""A working as plain values and lists, which JSON can hold."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import Graph
from ..steps import Step
from ..working import Working
from .text import formula


def plain(working: Working) -> dict[str, Any]:
    """Everything there is; formulas as text."""
    return {
        "loss": None if working.loss is None else repr(working.loss),
        "language": working.language,
        "target": _value(working.target),
        "value": _value(working.value),
        "grad": _value(working.grad),
        "classes": {name: values.tolist() for name, values in working.columns.items()},
        "steps": [_step(step) for step in working.steps],
        "gradient": [_step(step) for step in working.gradient],
        "backward": [_step(step) for step in working.backward],
        "graph": _graph(working.graph),
        "samples": [plain(sample) for sample in working.samples],
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
