"""The lower bound that multipliers of a hinge give on the minimum of the objective.

A hinge is a maximum over multipliers a_j of the rivals j ≠ y of a row's class y,

    loss = max_a Σ_j a_j · v_j − cost(a),    v_j = margin + z_j − z_y

with bounds on a and a cost that `projections` lists. With any fixed multipliers in their bounds the
objective is no larger, and its minimum over W and b is a formula.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from ..losses import MulticlassHinge
from .objective import Array, Objective
from .products import gradient
from .projections import cost


def dual_value(
    objective: Objective[MulticlassHinge], multipliers: Array, mean: Array | None = None
) -> float:
    """``Σ_i s_i [margin · Σ_j a_ij − cost(a_i)] − ‖G‖² / (2 alpha)``, at most the minimum of F.

    G is the gradient in W of the loss held at the multipliers, which are balanced first. A mean
    that the features are taken less of changes it by rounding alone.
    """
    if objective.fit_intercept:
        multipliers = balanced(objective, multipliers)
    grad, _ = linear_gradient(objective, multipliers, mean)
    hinge = objective.loss
    losses = hinge.margin * multipliers.sum(axis=1) - cost(hinge, multipliers)
    return float(objective.sample_weight @ losses - np.vdot(grad, grad) / (2 * objective.alpha))


def balanced(objective: Objective[MulticlassHinge], multipliers: Array) -> Array:
    """Feasible multipliers close to the given ones, whose loss has no gradient in the intercept.

    Without a penalty on b, the minimum over b is −∞ unless each class gives to rivals as much as it
    takes from the rows of others. Scaling the multipliers of rows of class k against j by
    ``(1 + u_k − u_j) / (1 + max u − min u)`` brings that about, for the potentials u of a network
    of resistors, and never enlarges any. So the bound holds to rounding, with an intercept too.
    """
    flow = sums_of_classes(objective) @ multipliers
    conductance = flow + flow.T
    laplacian = np.diag(conductance.sum(axis=1)) - conductance
    potential = np.linalg.lstsq(laplacian, flow.sum(axis=0) - flow.sum(axis=1))[0]
    spread = np.ptp(potential)
    if spread >= 1:  # some factor might be negative; zeros are always balanced
        return np.zeros_like(multipliers)
    factor: Array = (1 + potential[:, None] - potential) / (1 + spread)
    return np.asarray(multipliers * factor[objective.target])


def sums_of_classes(objective: Objective[MulticlassHinge]) -> csc_array:
    """The matrix that adds up the rows of each class with their weights."""
    rows, classes = len(objective.target), objective.classes
    parts = objective.sample_weight, objective.target, np.arange(rows + 1)
    return csc_array(parts, shape=(classes, rows))


def linear_gradient(
    objective: Objective[MulticlassHinge], multipliers: Array, mean: Array | None = None
) -> tuple[Array, Array]:
    """Gradient of ``Σ_i s_i Σ_j a_ij · (z_ij − z_iy)`` in W and b: the adjoint of `leads`.

    If a mean is given, the features are taken less of it.
    """
    grad = multipliers.copy()
    grad[own(objective.target)] -= multipliers.sum(axis=1)
    grad *= objective.sample_weight[:, None]
    return gradient(objective.features, grad, mean), grad.sum(axis=0)


def leads(logits: Array, target: NDArray[np.int64]) -> Array:
    """``z_j − z_y`` for each row: how far each class leads the target."""
    return logits - logits[own(target)][:, None]


def own(target: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """The index of each row's own class."""
    return np.arange(len(target)), target
