"""What the kernel of a loss is told beside its target."""

from typing import NamedTuple


class Focal(NamedTuple):
    gamma: float


class Hinge(NamedTuple):
    margin: float
    squared: bool
