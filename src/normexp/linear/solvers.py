"""Which solver minimises the objective of a loss: a loss that has one of its own is registered."""

from collections.abc import Callable
from functools import singledispatch
from typing import Any, NamedTuple

from ..losses import MulticlassHinge, RowLoss
from .lbfgs import minimize_smooth
from .multipliers import minimize_hinge
from .objective import Array, Objective
from .solution import Monitor, Solution


class Solver(NamedTuple):
    """How an objective is minimised, and what of it has to hold."""

    minimize: Callable[[Objective[Any], Array, Monitor], Solution]
    needs_penalty: bool = False  # alpha > 0
    takes_kinks: bool = False  # a gradient that jumps


@singledispatch
def solver_of(loss: RowLoss) -> Solver:
    """The solver for a loss: L-BFGS, which needs nothing but values and gradients."""
    return Solver(minimize_smooth)


@solver_of.register
def _(loss: MulticlassHinge) -> Solver:
    return Solver(minimize_hinge, needs_penalty=True, takes_kinks=True)
