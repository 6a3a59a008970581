"""L-BFGS and Newton's method in centred coordinates, stopped by a bound on what is left to gain."""

from ..losses import RowLoss
from .centring import Centred
from .first_matrix import first_matrix_of
from .line_search import lower_point
from .newton import NewtonMatrix, is_small
from .objective import Array, Objective
from .pairs import Pairs
from .progress import Progress
from .solution import Monitor, Outcome, Solution


def minimize_smooth(
    objective: Objective[RowLoss], start: Array, monitor: Monitor, is_newton: bool | None = None
) -> Solution:
    """Minimise an objective that has a gradient everywhere.

    By Newton's method, which forgets every step, or by L-BFGS; where it is not said, as
    `is_small` finds best.

    References
    ----------
    D. C. Liu and J. Nocedal, On the limited memory BFGS method for large scale optimization, 1989.
    J. Martens and R. Grosse, Optimizing neural networks with Kronecker-factored approximate
    curvature, 2015.
    """
    is_newton = is_small(objective) if is_newton is None else is_newton
    first = NewtonMatrix(objective) if is_newton else first_matrix_of(objective)
    centred = Centred(objective, first.watched)
    point = centred.at(centred.centred(start))
    pairs = Pairs(objective, start.size)
    progress = Progress(point)
    outcome: Outcome | None = "converged" if point.gap <= monitor.tol else None
    while outcome is None:
        inverse = first.at(centred.mean, monitor.iterations)
        following = lower_point(centred.at, point, -pairs.times(point.grad, inverse))
        if following is None and len(pairs):
            pairs.clear()
        elif following is None or progress.has_ended(following):
            outcome = "stalled" if objective.loss.is_smooth else "at a kink"
        else:
            if not is_newton:
                pairs.add(following.params - point.params, following.grad - point.grad)
            point = following
            outcome = monitor(point.value, point.gap, *objective.split(centred.plain(point.params)))
    params = centred.plain(point.params)
    return Solution(*objective.split(params), point.value, point.gap, first.name, outcome)
