"""The graph as a picture: layers from left to right, values forward and gradients back."""

from __future__ import annotations

from html import escape
from typing import NamedTuple

from ..formula import Formula, Name, Number
from ..graph import Edge, Graph, Node
from ..words import phrase
from ..working import Working
from .outline import shortened, title
from .text import formula

WIDTH, HEIGHT = 100, 62  # of a node
STEP_X, STEP_Y = 146, 78  # from node to node
MARGIN = 8


class Place(NamedTuple):
    """The left upper corner of a node."""

    x: float
    y: float


def svg(working: Working) -> str:
    """Draw the graph in the colour of the text around it."""
    language = working.language
    places, gaps, (width, height) = _layout(working.graph)
    edges = [edge for edge in working.graph.edges if {edge.start, edge.end} <= places.keys()]
    nodes = [node for node in working.graph.nodes if node.name in places]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="normexp-graph" role="img" '
            f'viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            f'fill="currentColor" stroke="none" font-size="12" lang="{language}" '
            'font-family="system-ui, sans-serif">',
            f"<title>{phrase('graph', language)}: {escape(title(working))}</title>",
            f"<desc>{phrase('graph_reads', language)}</desc>",
            # Only where the picture is a document of its own: elsewhere the page has a colour.
            "<style>svg.normexp-graph:root { color: #1d1c1a; background: #fdfcf9 }"
            "@media (prefers-color-scheme: dark) {"
            "svg.normexp-graph:root { color: #eceae5; background: #17181b } }</style>",
            *(_edge(edge, places[edge.start], places[edge.end]) for edge in edges),
            *(_node(node, places[node.name]) for node in nodes),
            *(f'<text x="{x}" y="{y}" text-anchor="middle">⋮</text>' for x, y in gaps),
            "</svg>",
        ]
    )


def _layout(graph: Graph) -> tuple[dict[str, Place], list[Place], tuple[float, float]]:
    """Where the nodes stand, where some are left out, and how large the picture is."""
    layers: dict[int, list[Node]] = {}
    for node in graph.nodes:
        layers.setdefault(node.layer, []).append(node)
    columns: dict[int, list[Node | None]] = {
        layer: shortened(nodes) for layer, nodes in layers.items()
    }
    tallest = max(map(len, columns.values()), default=1)
    # S stands below the others, so that what goes from the exponentials past it has its way free.
    has_sum = any(node.name == "S" for node in graph.nodes)
    places: dict[str, Place] = {}
    gaps: list[Place] = []
    for layer, column in columns.items():
        x = MARGIN + layer * STEP_X
        for row, one in enumerate(column):
            y = MARGIN + STEP_Y * (row + (tallest - len(column)) / 2)
            if one is None:
                gaps.append(Place(x + WIDTH / 2, y + HEIGHT / 2))
            elif one.name == "S":
                places["S"] = Place(x, MARGIN + STEP_Y * tallest)
            else:
                places[one.name] = Place(x, y)
    rows = tallest + has_sum
    width = 2 * MARGIN + STEP_X * (len(columns) - 1) + WIDTH
    return places, gaps, (width, 2 * MARGIN + STEP_Y * rows - STEP_Y + HEIGHT)


def _edge(edge: Edge, start: Place, end: Place) -> str:
    """A curve that tells what flows along it when it is pointed at, faint if that is nothing."""
    x1, y1 = start.x + WIDTH, start.y + HEIGHT / 2
    x2, y2 = end.x, end.y + HEIGHT / 2
    bend = (x2 - x1) / 2
    says = [f"{edge.start} → {edge.end}", f"→ {_number(edge.slope)}"]
    says += [f"← {_number(one)}" for one in (edge.grad, edge.weight_grad) if one is not None]
    return (
        f'<path d="M{x1} {y1} C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}" fill="none" '
        f'stroke="currentColor" stroke-opacity="{0.65 if edge.grad else 0.25}">'
        f"<title>{', '.join(says)}</title></path>"
    )


def _node(node: Node, place: Place) -> str:
    middle, (x, y) = place.x + WIDTH / 2, place
    lines = [
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="8" '
        'fill="currentColor" fill-opacity="0.05" stroke="currentColor" stroke-opacity="0.5"/>',
        f'<text x="{middle}" y="{y + 19}" text-anchor="middle" font-size="15" '
        f'font-family="Georgia, serif">{_symbol(node.symbol)}</text>',
        f'<text x="{middle}" y="{y + 37}" text-anchor="middle">→ {_number(node.value)}</text>',
    ]
    if node.grad is not None:
        lines.append(
            f'<text x="{middle}" y="{y + 54}" text-anchor="middle" font-style="italic">'
            f"← {_number(node.grad)}</text>"
        )
    return f"<g>{''.join(lines)}</g>"


def _symbol(of: Formula) -> str:
    """A letter with its index below the line."""
    if isinstance(of, Name) and of.index:
        index = ",".join(map(str, of.index))
        below = f'<tspan dy="4" font-size="11">{index}</tspan>'
        return f'<tspan font-style="italic">{of.letter}</tspan>{below}'
    return f'<tspan font-style="italic">{escape(formula(of))}</tspan>'


def _number(value: float) -> str:
    return formula(Number(value))
