"""Linear classifiers trained with the losses of normexp, as scikit-learn estimators."""

from .._extras import extra

with extra("linear"):
    from .classifiers import LinearClassifier, MulticlassSVM, SoftmaxRegression
    from .solution import Iteration

__all__ = ["Iteration", "LinearClassifier", "MulticlassSVM", "SoftmaxRegression"]
