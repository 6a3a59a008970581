"""One row of logits with its target, and the letters that its working is written in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..losses import Loss, LossGrad
from .filling import Known
from .formula import Name
from .steps import Sheet

Array = NDArray[Any]
L = TypeVar("L", bound=Loss)

EVERY_CLASS = ("i", "j", "k")  # the indices of sums over classes, and of one class in a formula


class Linear(NamedTuple):
    """Where logits come from: W x + b for the features x of a sample."""

    features: Array
    weight: Array
    bias: Array | None


@dataclass(frozen=True, eq=False)
class Sample:
    """What a loss is worked out for.

    `target` is a class id, or a mass for each class; None for softmax alone. `loss` is the symbol
    of the sample's loss: with an index if it is one of several that are averaged.
    """

    logits: Array
    live: NDArray[np.bool_]
    target: int | Array | None
    loss: Name
    linear: Linear | None = None

    @property
    def where(self) -> NDArray[np.bool_] | None:
        return None if self.live.all() else self.live

    @property
    def z(self) -> Array:
        """The logits, −inf for a class that does not exist."""
        return np.where(self.live, self.logits, self.logits.dtype.type(-np.inf))

    def sheet(self, language: str) -> Sheet:
        """An empty sheet on which y is the target's class and K the number of classes."""
        known = Known({"K": int(self.live.sum())})
        known.over.update(dict.fromkeys(EVERY_CLASS, range(len(self.logits))))
        if isinstance(self.target, int):
            known.at["y"] = self.target
        return Sheet(known, self.loss, language)

    def value_and_grad(self, loss: Loss, logits: Array | None = None) -> tuple[float, Array]:
        """The library's loss of this sample alone, and its gradient; of other logits if given."""
        z = self.logits if logits is None else logits
        where = None if self.where is None else self.where[np.newaxis]
        target = np.asarray(self.target)[np.newaxis]
        value, grad = alone(loss).value_and_grad(z[np.newaxis], target, where=where)
        return float(value[0]), grad[0]


@dataclass(frozen=True, eq=False)
class Elements:
    """What a loss of each element is worked out for: all of them in one row."""

    logits: Array
    target: Array
    found: LossGrad  # the library's, not reduced


def alone(loss: L) -> L:
    """The same loss, not reduced."""
    return replace(loss, reduction="none", empty="zero")
