"""What a fitted linear classifier says of rows."""

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from ..losses import RowLoss

# What features may be.
TAKEN: dict[str, Any] = {"dtype": [np.float64, np.float32], "accept_sparse": "csr"}


def _has_probabilities(classifier: "LinearPrediction") -> bool:
    return classifier._loss().has_probabilities


class LinearPrediction(ABC):
    """The methods of a classifier that has weights: logits, classes, probabilities."""

    loss_: RowLoss
    classes_: NDArray[Any]
    coef_: NDArray[Any]
    intercept_: NDArray[Any]

    @abstractmethod
    def _loss(self) -> RowLoss:
        """The loss that it is trained with, from its parameters."""

    def decision_function(self, X: ArrayLike) -> NDArray[Any]:
        """The logits, of shape (n, classes); for two classes their difference, of shape (n,).

        The difference is positive for ``classes_[1]``.
        """
        logits = self._logits(X)
        return logits[:, 1] - logits[:, 0] if len(self.classes_) == 2 else logits

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The class with the highest logit; of classes that tie, the first."""
        best = self._logits(X).argmax(axis=1)
        return np.asarray(self.classes_[best])

    @available_if(_has_probabilities)
    def predict_proba(self, X: ArrayLike) -> NDArray[Any]:
        """Probabilities of the classes, of shape (n, classes): the softmax that the loss is of.

        Only for a loss that reads one, such as `CrossEntropy` and
        ``SquaredError(on="probabilities")``: others have none.
        """
        logits = self._logits(X)
        return replace(self.loss_, axis=-1).probabilities(logits)

    @available_if(_has_probabilities)
    def predict_log_proba(self, X: ArrayLike) -> NDArray[Any]:
        """Logarithms of the probabilities, in nats, exact also where these are close to 0 or 1."""
        logits = self._logits(X)
        return replace(self.loss_, axis=-1).log_probabilities(logits)

    def _logits(self, X: ArrayLike) -> NDArray[Any]:
        check_is_fitted(self)
        features = validate_data(self, X, **TAKEN, reset=False)
        return np.asarray(features @ self.coef_.T + self.intercept_)
