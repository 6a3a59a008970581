"""The working of the reduction: many losses become one, and every gradient gets its share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..losses import Loss
from .formula import Derivative, Formula, Fraction, Name, sum_over
from .steps import Sheet
from .trace import Bond

Array = NDArray[Any]

D, G = Name("D"), Name("G")


def forward(
    sheet: Sheet, loss: Loss, part: Name, losses: Array, counts: Array, divisor: float, value: float
) -> None:
    """From the losses of samples, each called `part`, to the one that they are reduced to."""
    (index,) = part.index
    sheet.known.numbers.update({part.letter: losses, "D": divisor})
    whole: Formula = part
    if isinstance(index, str):
        sheet.known.over[index] = np.flatnonzero(counts).tolist()
        whole = sum_over(index, part)
    chain: list[Formula] = [Fraction(whole, D)]
    name = f"mean_{loss.normalizer if isinstance(loss.normalizer, str) else 'number'}"
    if loss.reduction == "sum":
        name, chain = "sum_of_losses", [whole]
    elif divisor == 0:
        name, chain = "empty", []
    bonds = [Bond(part, sheet.loss, counts / (divisor or np.inf))]
    sheet.work(name, sheet.loss, *chain, value=value, bonds=bonds)


def gradient(sheet: Sheet, loss: Loss, part: Name, by: Name, grads: Array, grad: Array) -> None:
    """Each sample's gradient takes part in that of the whole as its loss does.

    Where there is nothing to average, there is nothing to say.
    """
    divides = loss.reduction == "mean"
    if divides and sheet.known.numbers["D"] == 0:
        return
    (index,) = map(str, by.index)
    sheet.known.numbers["G"] = grads
    slope, number = Derivative(part, by), G[index]
    name = "share" if divides else "unchanged"
    chain = [slope / D, number / D] if divides else [slope, number]
    among = range(len(grads))
    sheet.work(name, Derivative(sheet.loss, by), *chain, value=grad, each=index, among=among)
