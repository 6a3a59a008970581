"""L1 and elastic net: proximal Newton steps on a working set, stopped by the duality gap."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..losses import RowLoss
from .centring import Centred, Point
from .duality_gap import DualityGap
from .lasso_model import LassoModel
from .objective import Array, Objective
from .progress import Progress
from .sampling import Watched
from .shifts import sees_no_shift
from .solution import Monitor, Outcome, Solution
from .threads import blas
from .working_set import working_set_of

NEW = 200  # weights that may leave 0 in one iteration: so many, or as many as have left it
DECREASE = 1e-4  # of what the model promises
ROUNDING = 1e-12  # in parts of the value
TRIALS = 30
# How exactly a model is minimised: the slope that is left, in parts of the first.
ROUGHEST, FINEST = 0.1, 1e-3

NAME = "proximal Newton's method: the penalty has an L1 norm"


def minimize_with_lasso(objective: Objective[RowLoss], start: Array, monitor: Monitor) -> Solution:
    """Minimise an objective of a smooth loss with ``lasso > 0``.

    Each iteration minimises the second-order model of the loss with the penalty itself, over the
    weights that are not 0 and those whose slopes would take them from it most.

    References
    ----------
    J. D. Lee, Y. Sun and M. A. Saunders, Proximal Newton-type methods for minimizing composite
    functions, 2014.
    """
    watched = Watched(objective.bound, np.arange(len(objective.sample_weight)))
    centred = Centred(objective, watched)
    gap_at = DualityGap(centred)
    shiftable = sees_no_shift(objective.loss, objective.classes)

    def at(params: Array) -> Point:
        point = centred.at(params)
        return point._replace(gap=gap_at(point))

    point = at(centred.centred(start))
    progress = Progress(point)
    outcome: Outcome | None = "converged" if point.gap <= monitor.tol else None
    while outcome is None:
        may_move = chosen(objective, point)
        with blas().limit(limits=1):  # many small products
            plain, logits = centred.plain(point.params), watched.logits.copy()
            working = working_set_of(objective, centred.mean, plain, logits, may_move)
            model = LassoModel(working, point.params, point.grad, shiftable)
            found = working.params(model.minimum(min(ROUGHEST, max(point.gap, FINEST))))
        following = lower(objective, at, point, found)
        if following is None or progress.has_ended(following):
            outcome = "stalled"
        else:
            point = following
            outcome = monitor(point.value, point.gap, *objective.split(centred.plain(point.params)))
    params = centred.plain(point.params)
    return Solution(*objective.split(params), point.value, point.gap, NAME, outcome)


def chosen(objective: Objective[RowLoss], point: Point) -> NDArray[np.bool_]:
    """The weights that are not 0, and those whose slopes would take them from it most."""
    weight, _ = objective.split(point.params)
    grad, _ = objective.split(point.grad)
    is_moving = weight != 0
    pull: Array = np.where(is_moving, 0.0, np.abs(grad))
    wants = pull > objective.lasso
    most = max(NEW, int(is_moving.sum()))
    if np.count_nonzero(wants) > most:
        wants &= pull >= np.partition(pull, -most, axis=None)[-most]
    return np.asarray(is_moving | wants)


def lower(
    objective: Objective[RowLoss], at: Callable[[Array], Point], start: Point, end: Array
) -> Point | None:
    """The first point low enough on the way back from an end, or None."""
    change = end - start.params
    before, _ = objective.split(start.params)
    after, _ = objective.split(end)
    of_lasso = objective.lasso * float((np.abs(after) - np.abs(before)).sum())
    promised = float(start.grad @ change) + of_lasso
    if not promised < 0:
        return None
    for trial in range(TRIALS):
        length = 0.5**trial
        point = at(start.params + length * change if trial else end)
        rise = point.value - start.value
        if rise <= DECREASE * length * promised or abs(rise) <= ROUNDING * abs(start.value):
            return point
    return None
