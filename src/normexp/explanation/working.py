"""How a result comes about, as data: what renderings are given."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from ..losses import Loss
from .formula import Formula
from .graph import NO_GRAPH, Graph
from .steps import Step

Array = NDArray[Any]


@dataclass(frozen=True, eq=False, repr=False)
class Working:
    """The steps of a result and the numbers in them: see `Derivation`, which can show itself."""

    loss: Loss | None
    language: str
    target: Any
    value: Any = None
    grad: Array | None = None
    columns: dict[str, Array] = field(default_factory=dict)
    headings: dict[str, Formula] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    gradient: tuple[Step, ...] = ()
    backward: tuple[Step, ...] = ()
    graph: Graph = NO_GRAPH
    samples: tuple[Working, ...] = ()
