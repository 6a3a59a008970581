"""Smooth losses: SciPy's L-BFGS, stopped by a bound on what is left to gain."""

import math
from typing import NamedTuple

import numpy as np
from scipy.optimize import OptimizeResult, minimize

from ..losses import RowLoss
from .objective import Array, Objective
from .solution import Monitor, Solution

SMALL_RISE = 1e-8  # in parts of the value


class Point(NamedTuple):
    """Params with the objective's value and gradient there."""

    params: Array
    value: float
    grad: Array


def minimize_smooth(objective: Objective[RowLoss], start: Array, monitor: Monitor) -> Solution:
    """Minimise an objective that has a gradient everywhere.

    References
    ----------
    D. C. Liu and J. Nocedal, On the limited memory BFGS method for large scale optimization, 1989.
    """
    point = Point(start, *objective(start))
    gap = relative_gap(objective, point)
    if gap <= monitor.tol:
        monitor.outcome = "converged"
    while monitor.outcome is None:
        before = gap
        point = descend(objective, point, monitor)
        gap = relative_gap(objective, point)
        if monitor.outcome is None and gap <= monitor.tol:
            monitor.outcome = "converged"
        elif monitor.outcome is None and (gap > before / 2 or math.isinf(gap)):
            monitor.outcome = "stalled"
    return Solution(*objective.split(point.params), point.value, gap)


def descend(objective: Objective[RowLoss], start: Point, monitor: Monitor) -> Point:
    """Run L-BFGS until the monitor ends it, or the line search finds no lower point.

    Close to the minimum, values differ by less than their rounding. So the line search sees the
    rise over the start instead, by the trapezoidal rule on the gradient wherever it is small.
    """
    latest = start

    def rise(params: Array) -> tuple[float, Array]:
        nonlocal latest
        latest = Point(params.copy(), *objective(params))
        by_value = latest.value - start.value
        if abs(by_value) > SMALL_RISE * abs(start.value):
            return by_value, latest.grad
        return float((start.grad + latest.grad) @ (params - start.params)) / 2, latest.grad

    def after_iteration(intermediate_result: OptimizeResult) -> None:
        # A line search ends on the point that it accepts: the latest.
        gap = relative_gap(objective, latest)
        if monitor(latest.value, gap, *objective.split(latest.params)):
            raise StopIteration

    result = minimize(
        rise,
        start.params,
        jac=True,
        method="L-BFGS-B",
        callback=after_iteration,
        # SciPy's own criteria say nothing of the distance to the minimum: they are switched off.
        options={"ftol": 0, "gtol": 0, "maxiter": 2**31, "maxfun": 2**31, "maxcor": 20},
    )
    return Point(result.x, *objective(result.x))


def relative_gap(objective: Objective[RowLoss], point: Point) -> float:
    """Upper bound on ``(F - min F) / F``, as far as `Objective.excess` is one.

    With ``alpha = 0`` there is no such bound. The largest entry of the gradient, squared because a
    gap is quadratic in the gradient, stands in for it.
    """
    if objective.alpha == 0:
        return float(np.abs(point.grad).max()) ** 2
    excess = objective.excess(point.params, point.grad)
    if point.value == 0:
        return math.inf if excess else 0.0
    return excess / abs(point.value)  # a loss of one's own may be negative
