"""How far to go along a direction: to where the weak Wolfe conditions hold."""

import math
from collections.abc import Callable

from .centring import Point
from .objective import Array

DECREASE = 1e-4  # of what the slope at the start promises
FLATTER = 0.9  # of the slope at the start
TRIALS = 40
SMALL_RISE = 1e-8  # in parts of the value


def lower_point(at: Callable[[Array], Point], start: Point, direction: Array) -> Point | None:
    """The first point along a direction that is low enough, and flat enough, or None.

        F(x + t·d) ≤ F(x) + 1e-4 · t · F′        F′(x + t·d) ≥ 0.9 · F′        F′ = ∇F(x)·d < 0

    A step of 1 is tried first. It is doubled while the slope is as steep as before, and cut where
    the first condition fails. The point that is found is the one evaluated last.

    References
    ----------
    A. S. Lewis and M. L. Overton, Nonsmooth optimization via quasi-Newton methods, 2013.
    """
    steepest = float(start.grad @ direction)
    if not steepest < 0:
        return None
    low, slope_at_low, high, step = 0.0, steepest, math.inf, 1.0
    for _ in range(TRIALS):
        point = at(start.params + step * direction)
        slope = float(point.grad @ direction)
        if not rise(start, point, step * (steepest + slope) / 2) <= DECREASE * step * steepest:
            high = step
        elif slope < FLATTER * steepest:
            low, slope_at_low = step, slope
        else:
            return point
        step = next_step(low, slope_at_low, high, step, slope)
    return None


def rise(start: Point, point: Point, by_slopes: float) -> float:
    """How much higher a point is.

    Close to the minimum, values differ by less than their rounding. There the trapezoidal rule on
    the slopes says it instead.
    """
    by_value = point.value - start.value
    return by_value if abs(by_value) > SMALL_RISE * abs(start.value) else by_slopes


def next_step(low: float, slope_at_low: float, high: float, step: float, slope: float) -> float:
    """Between a step that is too short and one that is too long, if there was one.

    Where the slope has changed its sign, it is 0 about where a straight line between the two would
    make it so.
    """
    if high == math.inf:
        return 2 * step
    share = 0.5
    if step == high and slope > 0:  # NaN is not
        share = min(0.9, max(0.1, slope_at_low / (slope_at_low - slope)))
    return low + share * (high - low)
