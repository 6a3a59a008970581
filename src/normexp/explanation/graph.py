"""The computation as a graph: numbers are nodes, and each edge knows how its end moves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..losses import CrossEntropy, Loss, MulticlassHinge, SquaredError
from ..losses.softcap import slope as slope_of_cap
from .formula import Formula, Name, Number
from .losses.target import weight_of
from .sample import Sample
from .steps import Sheet

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


def of_sample(sheet: Sheet, sample: Sample, loss: Loss | None, value: float | None) -> Graph:
    """The graph of one sample, from the numbers on its sheet; `value` is that of its loss."""
    wiring = _Wiring(sheet)
    grads = wiring.grads
    if isinstance(loss, CrossEntropy) and not loss.from_logits:
        wiring.layer("p")
        last = "p"
    elif isinstance(loss, MulticlassHinge):
        wiring.violations(sample, loss)
        last = "v"
    elif isinstance(loss, SquaredError) and loss.on == "logits":
        wiring.logits(sample)
        grads["d"] = grads["z"]
        wiring.layer("d")
        wiring.pairs("z", "d", np.where(sample.live, 1.0, 0.0))
        last = "d"
    else:
        options = loss if isinstance(loss, CrossEntropy) else CrossEntropy()
        wiring.softmax(sample, options)
        last = "p"
    if value is not None:
        end = wiring.end(sample.loss, value)
        for k, grad in enumerate(grads[last]):
            wiring.edge(f"{last}_{k}", end, grad)
        if isinstance(loss, CrossEntropy) and loss.z_loss:
            wiring.edge("S", end, wiring.drift(sample, loss))
    return wiring.graph()


def of_parts(part: Name, losses: Array, shares: Array, value: float) -> Graph:
    """The graph of losses that meet in their mean or sum alone, each with its share."""
    nodes = tuple(
        Node(_name(part[i]), part[i], 0, float(one), float(share))
        for i, (one, share) in enumerate(zip(losses, shares, strict=True))
    )
    end = Node("loss", LOSS, 1, value, 1.0)
    edges = tuple(Edge(node.name, "loss", node.grad or 0.0, node.grad) for node in nodes)
    return Graph((*nodes, end), edges)


def of_elements(sheet: Sheet, letter: str, slopes: Array, shares: Array, value: Any) -> Graph:
    """The graph of binary cross-entropy; without a loss at the end if each keeps its own."""
    wiring = _Wiring(sheet)
    wiring.grads |= {letter: slopes * shares, "ℓ": shares}
    wiring.layer(letter)
    wiring.layer("ℓ")
    wiring.pairs(letter, "ℓ", slopes)
    if np.ndim(value) == 0:
        end = wiring.end(LOSS, value)
        for k, share in enumerate(shares):
            wiring.edge(f"ℓ_{k}", end, share)
    return wiring.graph()


def of_constant(symbol: Name, value: float) -> Graph:
    """A loss that hangs on nothing."""
    return Graph((Node(_name(symbol), symbol, 0, value, 1.0),), ())


def _name(symbol: Name) -> str:
    return "_".join(map(str, (symbol.letter, *symbol.index)))


class _Wiring:
    """Nodes and edges as they are laid, layer by layer."""

    def __init__(self, sheet: Sheet) -> None:
        self.numbers = sheet.known.numbers
        self.grads = dict(sheet.grads)
        self.at = sheet.known.at
        self.nodes: dict[str, Node] = {}
        self.edges: list[Edge] = []
        self.layers = 0

    def graph(self) -> Graph:
        return Graph(tuple(self.nodes.values()), tuple(self.edges))

    def node(self, name: str, symbol: Formula, value: Any, grad: Any = None) -> None:
        grad = None if grad is None or np.isnan(grad) else float(grad)
        self.nodes[name] = Node(name, symbol, self.layers, float(value), grad)

    def layer(self, letter: str) -> None:
        """A node for each number of a letter."""
        grads = self.grads.get(letter, [None] * len(self.numbers[letter]))
        for k, (value, grad) in enumerate(zip(self.numbers[letter], grads, strict=True)):
            self.node(f"{letter}_{k}", Name(letter, (k,)), value, grad)
        self.layers += 1

    def edge(
        self, start: str, end: str, slope: Any, grad: Any = None, to_weight: Any = None
    ) -> None:
        """`grad` may be left out where it is the product of the slope and the end's gradient."""
        of_end = self.nodes[end].grad
        if grad is None and of_end is not None:
            grad = slope * of_end
        optional = [None if one is None else float(one) for one in (grad, to_weight)]
        self.edges.append(Edge(start, end, float(slope), *optional))

    def pairs(self, start: str, end: str, slopes: Array) -> None:
        """An edge from each number of a letter to the same number of the next one."""
        grads = self.grads.get(start, [None] * len(slopes))
        for k, (slope, grad) in enumerate(zip(slopes, grads, strict=True)):
            self.edge(f"{start}_{k}", f"{end}_{k}", slope, grad)

    def end(self, symbol: Name, value: float) -> str:
        name = _name(symbol)
        self.node(name, symbol, value, 1.0)
        return name

    def logits(self, sample: Sample) -> None:
        """Logits; before them features, and the constant 1 whose weights are the bias."""
        linear, grad = sample.linear, self.grads.get("z")
        if linear is None:
            self.layer("z")
            return
        for d, feature in enumerate(linear.features):
            of_feature = None if grad is None else grad @ linear.weight[:, d]
            self.node(f"x_{d}", Name("x", (d,)), feature, of_feature)
        if linear.bias is not None:
            self.node("1", Number(1.0), 1.0)
        self.layers += 1
        self.layer("z")
        for k in range(len(linear.weight)):
            of_logit = None if grad is None else grad[k]
            for d, feature in enumerate(linear.features):
                to_weight = None if of_logit is None else of_logit * feature
                self.edge(f"x_{d}", f"z_{k}", linear.weight[k, d], to_weight=to_weight)
            if linear.bias is not None:
                self.edge("1", f"z_{k}", linear.bias[k], to_weight=of_logit)

    def softmax(self, sample: Sample, options: CrossEntropy) -> None:
        """Logits, capped and divided by the temperature; exponentials, their sum, probabilities."""
        numbers, grads = self.numbers, self.grads
        self.logits(sample)
        letter = "z"
        if options.softcap is not None:
            self.layer("u")
            self.pairs("z", "u", slope_of_cap(sample.z, options.softcap))
            letter = "u"
        if options.temperature != 1:
            self.layer("s")
            self.pairs(letter, "s", np.full(len(sample.z), 1 / options.temperature))
            letter = "s"
        exp, total, p = numbers["e"], numbers["S"], numbers["p"].astype(np.float64)
        taken = of_total = None
        if "p" in grads:
            with np.errstate(divide="ignore", invalid="ignore"):
                grads["e"] = grads[letter] / exp
            # A p that has underflowed has a slope of −t/p = −inf, but takes no more than t from S.
            taken = (-grads["p"] * p if "d" in numbers else numbers["t"]) / total
            of_total = taken.sum() + self.drift(sample, options)
        self.layer("e")
        self.pairs(letter, "e", exp)
        self.node("S", Name("S"), total, of_total)
        self.layers += 1
        self.layer("p")
        for k in range(len(p)):
            self.edge(f"e_{k}", "S", 1.0)
            self.edge(f"e_{k}", f"p_{k}", 1 / total)
            self.edge("S", f"p_{k}", -p[k] / total, None if taken is None else taken[k])

    def drift(self, sample: Sample, options: CrossEntropy) -> float:
        """How the z-loss moves with S."""
        if not options.z_loss:
            return 0.0
        weight = weight_of(options, sample) if isinstance(sample.target, int) else 1.0
        return 2 * options.z_loss * weight * float(self.numbers["lse"] / self.numbers["S"])

    def violations(self, sample: Sample, loss: MulticlassHinge) -> None:
        """Logits and violations, each of which holds one rival against the target."""
        v, y = self.numbers["v"], self.at["y"]
        grads = weight_of(loss, sample) * (2 * v if loss.squared else np.ones(len(v)))
        if loss.variant == "crammer-singer":
            grads = np.where(np.arange(len(v)) == self.at.get("r"), grads, 0)
        grads[y] = 0
        self.grads["v"] = grads
        self.logits(sample)
        self.layer("v")
        for j in range(len(v)):
            if j != y:
                self.edge(f"z_{j}", f"v_{j}", float(v[j] > 0))
                self.edge(f"z_{y}", f"v_{j}", -float(v[j] > 0))
