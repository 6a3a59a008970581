"""What differs by loss: its ordinary computation and the checks of its own, by its type."""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch
from typing import Any

import numpy as np

from .. import _check
from .case import Case
from .inputs import targets_at_minus_inf
from .ordinary import Ordinary
from .seen import Seen


@singledispatch
def ordinary_code(loss: Any, case: Case) -> Ordinary:
    """What the usual lines of NumPy make of the rows of a case: register it for a type of loss.

    Raises
    ------
    TypeError
        For a loss that has none.
    """
    raise _unknown(loss)


@singledispatch
def impossible_targets(loss: Any, case: Case) -> Iterator[Seen]:
    """Targets that make a loss inf, as their logit is −inf: if nothing else is registered, those
    of a softmax.
    """
    if case.is_softmax:
        yield from targets_at_minus_inf(case)


@singledispatch
def own_checks(loss: Any, case: Case) -> Iterator[Seen]:
    """What is worth saying of this type of loss alone: nothing, unless it is registered."""
    yield from ()


@np.errstate(all="ignore")
def compute(case: Case) -> Ordinary:
    """Every row of a case by ordinary code."""
    return ordinary_code(case.loss, case)


def check_known(loss: Any) -> None:
    """Refuse a loss without ordinary code before anything is computed."""
    if ordinary_code.dispatch(type(loss)) is ordinary_code.dispatch(object):
        raise _unknown(loss)


def _unknown(loss: Any) -> TypeError:
    return _check.unregistered(loss, "loss", "diagnose has ordinary code for", ordinary_code)
