"""What the kernel of a loss is told beside its target."""

from typing import NamedTuple


class Hinge(NamedTuple):
    margin: float
    squared: bool
