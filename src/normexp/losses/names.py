"""The losses of a linear classifier by name, as estimators and the command line take them."""

from .. import _check
from .cross_entropy import CrossEntropy
from .focal import Focal
from .hinge import MulticlassHinge
from .rows import RowLoss
from .squared_error import SquaredError

LOSSES: dict[str, RowLoss] = {
    "softmax": CrossEntropy(),
    "focal": Focal(),
    "svm": MulticlassHinge(),
    "svm-crammer-singer": MulticlassHinge(variant="crammer-singer"),
    "svm-squared": MulticlassHinge(squared=True),
    "squared-error": SquaredError(),
    "brier": SquaredError(on="probabilities"),
}
COMPARED = ("softmax", "svm", "squared-error")  # side by side, unless others are named
ROW_LOSSES: dict[str, type[RowLoss]] = {
    kind.__name__: kind for kind in (CrossEntropy, Focal, MulticlassHinge, SquaredError)
}


def loss_named(loss: object) -> RowLoss:
    """A loss of rows, or the one that a name of `LOSSES` stands for."""
    if isinstance(loss, RowLoss):
        return loss
    return LOSSES[_check.one_of(loss, LOSSES, "loss, unless a loss,")]
