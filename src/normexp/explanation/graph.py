"""The computation as a graph: numbers are nodes, and each edge knows how its end moves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .formula import Formula, Name, Number
from .trace import Bond, Trace, key_of

Array = NDArray[Any]

LOSS = Name("loss")


@dataclass(frozen=True)
class Node:
    """A number of the computation.

    `layer` counts from the left. `value` is what the forward pass gives it, `grad` the derivative
    of the loss by it: None without a target, and where that is 0/0, as an exponential has
    underflowed.
    """

    name: str
    symbol: Formula
    layer: int
    value: float
    grad: float | None = None


@dataclass(frozen=True)
class Edge:
    """Where a number goes.

    `slope` is the derivative of the node at the end with respect to the node at the start; `grad`
    is what flows back along the edge, and what leaves a node sums to its own `grad`. Where the edge
    is a weight that is learnt, `weight_grad` is the derivative of the loss with respect to it.
    """

    start: str
    end: str
    slope: float
    grad: float | None = None
    weight_grad: float | None = None


@dataclass(frozen=True)
class Graph:
    """Nodes in layers from left to right, and the edges between them."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def reduced(self, value: float, share: float) -> Graph:
        """With the loss of the sample at the end going into a mean, of which it is a share."""

        def scaled(grad: float | None) -> float | None:
            return None if grad is None else grad * share

        nodes = [replace(node, grad=scaled(node.grad)) for node in self.nodes]
        edges = [
            replace(edge, grad=scaled(edge.grad), weight_grad=scaled(edge.weight_grad))
            for edge in self.edges
        ]
        end = Node("loss", LOSS, nodes[-1].layer + 1, value, 1.0)
        return Graph((*nodes, end), (*edges, Edge(nodes[-1].name, "loss", share, share)))


NO_GRAPH = Graph((), ())


def drawn(trace: Trace, loss: Formula) -> Graph:
    """The graph of what was worked out, up to the symbol of the loss if it is there."""
    grads, nodes = trace.gradients(loss), {}
    for key, row in trace.rows.items():
        of_row = grads.get(key, [np.nan] * len(row.values))
        for symbol, value, grad in zip(row.symbols(), row.values, of_row, strict=True):
            known = None if np.isnan(grad) else float(grad)
            nodes[_name(symbol)] = Node(_name(symbol), symbol, row.layer, float(value), known)
    edges = [edge for bonds in trace.groups for edge in _edges(bonds, trace, nodes)]
    return Graph(tuple(nodes.values()), tuple(edges))


def _edges(bonds: Sequence[Bond], trace: Trace, nodes: dict[str, Node]) -> Iterator[Edge]:
    """The edges of bonds that were made together, class by class."""
    links = [(link, bond, _flow(bond, trace)) for bond in bonds for link in bond.links()]
    for link, bond, flow in sorted(links, key=lambda one: one[0].place):
        start, end = nodes[_name(link.start)], nodes[_name(link.end)]
        grad = to_weight = None
        if flow is not None:
            grad = float(flow[int(link.place)])
        elif end.grad is not None:
            grad = float(link.slope * end.grad)
        if bond.is_learnt and end.grad is not None:
            to_weight = end.grad * start.value
        yield Edge(start.name, end.name, float(link.slope), grad, to_weight)


def _flow(bond: Bond, trace: Trace) -> Array | None:
    """What flows back along a bond, if it is known by itself.

    Numbers that go into nothing else get all of their gradient from there.
    """
    key = key_of(bond.start)
    if bond.is_one_to_one and len(trace.leaving(key)) == 1 and key.letter in trace.grads:
        return trace.grads[key.letter]
    return trace.flow(bond)


def _name(symbol: Formula) -> str:
    """ASCII but for Greek letters: z_0, or 1 for a constant."""
    if isinstance(symbol, Name):
        return "_".join(map(str, (symbol.letter, *symbol.index)))
    assert isinstance(symbol, Number)
    return f"{symbol.value:g}"
