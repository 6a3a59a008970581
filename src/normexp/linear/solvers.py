"""Which solver minimises the objective of a loss: a loss that has one of its own is registered."""

from collections.abc import Callable
from functools import partial, singledispatch
from typing import Any, NamedTuple

from .. import _check
from ..losses import MulticlassHinge, RowLoss, SquaredError
from .ascent import minimize_hinge
from .lbfgs import minimize_smooth
from .normal_equations import minimize_squares
from .objective import Array, Objective
from .proximal_newton import minimize_with_lasso
from .solution import Monitor, Solution


class Solver(NamedTuple):
    """How an objective is minimised, and what of it has to hold."""

    minimize: Callable[[Objective[Any], Array, Monitor], Solution]
    needs_penalty: bool = False  # alpha > 0


DUAL = Solver(minimize_hinge, needs_penalty=True)
LBFGS = Solver(partial(minimize_smooth, is_newton=False))
SQUARES = Solver(minimize_squares)
PROXIMAL = Solver(minimize_with_lasso)


@singledispatch
def solver_of(loss: RowLoss) -> Solver:
    """The solver for a loss: one that needs nothing but values and gradients."""
    return Solver(minimize_smooth)


@solver_of.register
def _(loss: MulticlassHinge) -> Solver:
    return DUAL


@solver_of.register
def _(loss: SquaredError) -> Solver:
    return SQUARES if loss.on == "logits" else Solver(minimize_smooth)


def takes_lasso(loss: RowLoss) -> bool:
    """Whether the penalty may have an L1 norm: Newton's steps are for a smooth loss."""
    return loss.is_smooth and solver_of(loss) is not DUAL


def solver_named(name: str, loss: RowLoss, has_lasso: bool = False) -> Solver:
    """The solver of this name for a loss, the best one where that is "auto"."""
    _check.one_of(name, ("auto", "lbfgs", "dual"), "solver")
    if has_lasso:
        if not takes_lasso(loss):
            raise ValueError(
                f"l1_ratio must be 0 for a hinge, and a loss that is not known to be smooth, got "
                f"more for {loss!r}"
            )
        if name != "auto":
            raise ValueError(f"solver {name!r} knows no L1 norm: leave it to 'auto', or l1_ratio=0")
        return PROXIMAL
    best = solver_of(loss)
    if name == "auto" or (name == "dual" and best is DUAL):
        return best
    if name == "lbfgs" and (loss.is_smooth or best is not DUAL):
        return LBFGS
    raise ValueError(f"solver {name!r} cannot minimise {loss!r}: leave it to 'auto'")
