"""The losses by name, as the command line and its reports call them."""

from __future__ import annotations

from ..linear.classifiers import LOSSES as CLASSIFIER_LOSSES
from ..losses import MulticlassHinge, SquaredError
from ..losses.rows import RowLoss

LOSSES: dict[str, RowLoss] = CLASSIFIER_LOSSES | {
    "svm-crammer-singer": MulticlassHinge(variant="crammer-singer"),
    "svm-squared": MulticlassHinge(squared=True),
    "brier": SquaredError(on="probabilities"),
}
COMPARED = ("softmax", "svm", "squared-error")
