"""What differs by loss: its working, registered for its type."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch
from typing import Any

from .. import _check
from .sample import Elements, Sample
from .steps import Sheet

Back = Callable[[], None]


@singledispatch
def work_out(loss: Any, sheet: Sheet, given: Sample | Elements) -> Back:
    """Work a loss out on a sheet, from the logits to its value; what is returned leads back.

    A loss gets a working by ``@work_out.register`` on a function of these arguments: a `Sample` for
    a loss of rows, `Elements` for a loss of each element. It is called with its steps forward
    first, and what it returns, without arguments, with those back to the logits.

    Raises
    ------
    TypeError
        For a loss without a working.
    """
    raise _unknown(loss)


def check_known(loss: Any) -> None:
    """Refuse a loss without a working before anything is worked out."""
    if work_out.dispatch(type(loss)) is work_out.dispatch(object):
        raise _unknown(loss)


def _unknown(loss: Any) -> TypeError:
    return _check.unregistered(loss, "loss", "explain has a working of", work_out)
