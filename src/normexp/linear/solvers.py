"""Which solver minimises the objective of a loss: a loss that has one of its own is registered."""

from collections.abc import Callable
from functools import partial, singledispatch
from typing import Any, NamedTuple

from .. import _check
from ..losses import MulticlassHinge, RowLoss
from .ascent import minimize_hinge
from .lbfgs import minimize_smooth
from .objective import Array, Objective
from .solution import Monitor, Solution


class Solver(NamedTuple):
    """How an objective is minimised, and what of it has to hold."""

    minimize: Callable[[Objective[Any], Array, Monitor], Solution]
    needs_penalty: bool = False  # alpha > 0


DUAL = Solver(minimize_hinge, needs_penalty=True)
LBFGS = Solver(partial(minimize_smooth, is_newton=False))


@singledispatch
def solver_of(loss: RowLoss) -> Solver:
    """The solver for a loss: one that needs nothing but values and gradients."""
    return Solver(minimize_smooth)


@solver_of.register
def _(loss: MulticlassHinge) -> Solver:
    return DUAL


def solver_named(name: str, loss: RowLoss) -> Solver:
    """The solver of this name for a loss, the best one where that is "auto"."""
    _check.one_of(name, ("auto", "lbfgs", "dual"), "solver")
    best = solver_of(loss)
    if name == "auto" or (name == "dual" and best is DUAL):
        return best
    if name == "lbfgs" and (loss.is_smooth or best is not DUAL):
        return LBFGS
    raise ValueError(f"solver {name!r} cannot minimise {loss!r}: leave it to 'auto'")
