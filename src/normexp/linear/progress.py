"""Whether a minimisation still gets anywhere."""

from .centring import Point

PATIENCE = 30  # iterations that bring neither a lower value nor half the gap
LOWER = 1e-14  # in parts of the value: anything less is rounding


class Progress:
    """Whether a minimisation still comes lower, or only moves about within rounding."""

    def __init__(self, point: Point) -> None:
        self.value = point.value
        self.gap = point.gap
        self.waited = 0

    def has_ended(self, point: Point) -> bool:
        is_lower = point.value < self.value - LOWER * abs(self.value)
        is_surer = point.gap < self.gap / 2
        self.value = min(self.value, point.value)
        self.gap = min(self.gap, point.gap)
        self.waited = 0 if is_lower or is_surer else self.waited + 1
        return self.waited > PATIENCE
