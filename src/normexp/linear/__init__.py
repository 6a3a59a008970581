"""Linear classifiers trained with the losses of normexp, as scikit-learn estimators."""

from .._extras import extra

with extra("linear"):
    from .base import BaseLinearClassifier
    from .batches import Batches
    from .checkpoint import Checkpoint
    from .classifier import LinearClassifier
    from .cross_validation import LinearClassifierCV, SoftmaxRegressionCV
    from .path import fit_path
    from .presets import MulticlassSVM, SoftmaxRegression
    from .solution import Iteration

__all__ = [
    "BaseLinearClassifier",
    "Batches",
    "Checkpoint",
    "Iteration",
    "LinearClassifier",
    "LinearClassifierCV",
    "MulticlassSVM",
    "SoftmaxRegression",
    "SoftmaxRegressionCV",
    "fit_path",
]
