"""Hinges with dense features, or few: coordinate ascent on the multipliers, to a duality gap.

The dual (see `duality`) is maximised over the multipliers of one row at a time, which is a formula,
W and b following each change. Passes go over chosen multipliers alone: those above 0, and those
whose slope says that they should be. After some passes one product with all rows gives the
objective, the bound, and the next choice. Once passes have cost as much as it would, Newton's
method on the free multipliers (`face`) takes the dual to the maximum of its present face.

Where the gap shrinks too slowly, the method of multipliers goes on from W, b and the bound reached.
"""

import math
from dataclasses import replace

import numpy as np

from .._sparse import is_sparse
from ..losses import MulticlassHinge
from . import multipliers as method_of_multipliers
from .choice import Slopes
from .dual import Dual
from .face import LARGEST, Direction, Face, newton_direction
from .objective import Array, Objective
from .solution import Monitor, Solution

# Sparse features of so few numbers, 0 or not, are as quickly gone over dense; and the minimum is
# then found to the last digits, where the method of multipliers stops as soon as the gap allows.
FEW = 500_000
PASSES = (1, 1, 15, 15, 15, 30)  # at most, from one choice to the next; the last from then on
ENOUGH = 0.1  # of the violation that they began with: they end
NEAR, NEAREST = 0.1, 1e-3  # of the margin: a slope so little below 0 may be above it soon

FACE_GAP = 0.2  # above it, the face is not yet the one of the maximum
# Of the multipliers that a whole step takes past a bound, the parts that shorter ones do.
PAST = (1.0, 0.5, 0.2, 0.05, 0.0)
PASS_COST = 16  # a multiplication of a pass, in those of a matrix product
PASS_START = 1e6  # what it takes to begin one

TRIAL = 16  # choices, after which it is looked at how fast the gap shrinks
PATIENCE = 150  # choices that may still be to come
PATIENCE_IF_SMOOTH = 20  # and of a smooth hinge, whose Newton steps are few


def minimize_hinge(
    objective: Objective[MulticlassHinge], start: Array, monitor: Monitor
) -> Solution:
    """Minimise an objective of a hinge, plain or squared, with ``alpha > 0``.

    The gap is that between the lowest objective and the highest `dual_value` so far. It needs no
    assumption: to rounding, the minimum lies between the two. Iterations are choices of
    multipliers, and the Newton steps of the method of multipliers, if that goes on.

    References
    ----------
    S. S. Keerthi, S. Sundararajan, K.-W. Chang, C.-J. Hsieh and C.-J. Lin, A sequential dual method
    for large scale multi-class linear SVMs, 2008.
    """
    features = objective.features
    if is_sparse(features) and math.prod(features.shape) <= FEW:
        objective = replace(objective, features=features.toarray())
    elif is_sparse(features):
        solution = method_of_multipliers.minimize_hinge(objective, start, monitor)
        return solution._replace(solver="method of multipliers: the features are sparse")
    dual = Dual.at(objective, start)
    best, lowest, bound = start, value_at(objective, start), 0.0
    margin = objective.loss.margin
    patience = PATIENCE_IF_SMOOTH if objective.loss.is_smooth else PATIENCE
    spent, near, gaps = 0.0, NEAR * margin, []
    rng = np.random.default_rng(0)
    while True:
        primal, value = dual.primal(), dual.value()
        if primal.value <= lowest:
            best, lowest = primal.params, primal.value
        bound = max(bound, value)
        gap = (lowest - bound) / lowest if lowest > bound else 0.0
        outcome = monitor(lowest, gap, *objective.split(best))
        if outcome:
            solver = "coordinate ascent on the dual"
            return Solution(*objective.split(best), lowest, gap, solver, outcome)
        gaps.append(gap)
        if is_slow(gaps, monitor.tol, patience):
            break
        slopes = dual.slopes(primal.logits)
        face = Face.of(dual.kind, dual.samples, slopes, dual.multipliers)
        if gap < FACE_GAP and 0 < len(face) <= LARGEST and spent >= face.cost(dual.samples):
            spent = 0.0
            moved = higher(dual, face, slopes, value)
            if moved is not None:
                dual = moved
                continue
        spent += passes(dual, slopes, near, PASSES[min(len(gaps), len(PASSES)) - 1], rng)
        near = min(NEAR * margin, max(slopes.worst / 2, NEAREST * margin))
    solution = method_of_multipliers.minimize_hinge(objective, best, monitor, bound)
    why = (
        f"coordinate ascent on the dual had come to a gap of {gap:.1e} after {len(gaps)} "
        f"iterations, and would have taken more than {patience} others"
    )
    return solution._replace(solver=f"method of multipliers: {why}")


def is_slow(gaps: list[float], tol: float, patience: float) -> bool:
    """Whether the gap, if it goes on to shrink as it did of late, will take too long."""
    if len(gaps) < TRIAL:
        return False
    late = TRIAL // 2
    rate = math.log(gaps[-late] / gaps[-1]) / (late - 1)
    return math.log(gaps[-1] / tol) > patience * rate


def passes(dual: Dual, slopes: Slopes, near: float, most: int, rng: np.random.Generator) -> float:
    """Some passes over what the slopes choose; what they cost."""
    chosen = slopes.chosen(dual.kind, dual.samples, dual.multipliers, near)
    rows = np.flatnonzero(np.diff(chosen.first))
    cost = PASS_START + PASS_COST * float(chosen.rivals.size * dual.samples.features.shape[1])
    count = 0
    while count < most:
        count += 1
        if dual.pass_over(chosen, rng.permutation(rows)) <= ENOUGH * slopes.worst:
            break
    dual.take(chosen)
    return count * cost


def higher(dual: Dual, face: Face, slopes: Slopes, value: float) -> Dual | None:
    """A Newton step on the face, if it raises the dual."""
    alpha = dual.objective.alpha
    direction = newton_direction(face, dual.kind, dual.samples, slopes, alpha, dual.bias_grad)
    if direction is None:
        return None
    for length in lengths(dual, direction):
        moved = dual.moved(direction, length)
        if moved.value() > value:
            return moved
    return None


def lengths(dual: Dual, direction: Direction) -> list[float]:
    """The whole step, and shorter ones that take fewer multipliers past a bound, the last none."""
    moving = direction.multipliers != 0
    step, now = direction.multipliers[moving], dual.multipliers[moving]
    reach = (np.where(step > 0, dual.kind.most, 0.0) - now) / step
    reach = reach[reach < 1]
    return [1.0, *np.quantile(reach, PAST)] if reach.size else [1.0]


def value_at(objective: Objective[MulticlassHinge], params: Array) -> float:
    weight, _ = objective.split(params)
    return float(objective.bound(objective.logits(params))) + objective.penalty(weight)
