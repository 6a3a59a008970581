"""The losses of a linear classifier by name, as estimators and the command line take them."""

from .cross_entropy import CrossEntropy
from .hinge import MulticlassHinge
from .rows import RowLoss
from .squared_error import SquaredError

LOSSES: dict[str, RowLoss] = {
    "softmax": CrossEntropy(),
    "svm": MulticlassHinge(),
    "svm-crammer-singer": MulticlassHinge(variant="crammer-singer"),
    "svm-squared": MulticlassHinge(squared=True),
    "squared-error": SquaredError(),
    "brier": SquaredError(on="probabilities"),
}
COMPARED = ("softmax", "svm", "squared-error")  # side by side, unless others are named
