"""What a fitted linear classifier says of rows."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import accuracy_score
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from ..functions import log_softmax, softmax
from ..losses import RowLoss
from .batches import Batch, Batches
from .blocks import by_blocks, in_memory
from .labels import are_soft, labels_of, share_predicted
from .temperature import best_temperature

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
    temperature_: float = 1.0  # until it is calibrated

    @abstractmethod
    def _loss(self) -> RowLoss:
        """The loss that it is trained with, from its parameters."""

    @by_blocks
    def decision_function(self, X: ArrayLike) -> NDArray[Any]:
        """The logits, of shape (n, classes); for two classes their difference, of shape (n,).

        The difference is positive for ``classes_[1]``.
        """
        logits = self._logits(X)
        return logits[:, 1] - logits[:, 0] if len(self.classes_) == 2 else logits

    @by_blocks
    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The class with the highest logit; of classes that tie, the first."""
        best = self._logits(X).argmax(axis=1)
        return np.asarray(self.classes_[best])

    @available_if(_has_probabilities)
    @by_blocks
    def predict_proba(self, X: ArrayLike) -> NDArray[Any]:
        """Probabilities of the classes, of shape (n, classes): the softmax that the loss is of.

        Only for a loss that reads one, such as `CrossEntropy` and
        ``SquaredError(on="probabilities")``: others have none. Its logits are divided by
        `temperature_`, which `calibrate` sets.
        """
        if self.temperature_ == 1.0:
            logits = self._logits(X)
            return replace(self.loss_, axis=-1).probabilities(logits)
        return softmax(self._log_proba(X), temperature=self.temperature_)

    @available_if(_has_probabilities)
    @by_blocks
    def predict_log_proba(self, X: ArrayLike) -> NDArray[Any]:
        """Logarithms of the probabilities, in nats, exact also where these are close to 0 or 1."""
        found: NDArray[Any] = self._log_proba(X)
        return (
            found if self.temperature_ == 1.0 else log_softmax(found, temperature=self.temperature_)
        )

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """The share of the samples whose class is predicted; of soft labels, of their mass."""
        y, sample_weight, predicted = map(in_memory, (y, sample_weight, self.predict(X)))
        if not are_soft(y):
            return float(accuracy_score(y, predicted, sample_weight=sample_weight))
        return share_predicted(y, self.classes_, predicted, sample_weight)

    @available_if(_has_probabilities)
    def calibrate(
        self,
        X: ArrayLike | Batches,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Find the temperature whose probabilities fit other samples than those of `fit` best.

        Sets `temperature_` to the T > 0 with the least cross-entropy of ``softmax(z / T)``, where
        z are the logits as the loss reads them. `predict` and `decision_function` stay as they
        are; the next `fit` sets it to 1.

        Parameters
        ----------
        X : array_like of shape (n, features), or Batches
            Samples that `fit` has not seen: of its own, the probabilities always seem right. Of
            `Batches`, which hold labels and weights too, the logits of all samples are kept.
        y : array_like
            Labels, hard or soft, as for `fit`; not every class has to be among them.
        sample_weight : array_like of shape (n,), optional

        Raises
        ------
        ValueError
            If no temperature is best: every sample is right, or the logits are no better than
            none. `temperature_` is then what it was.

        References
        ----------
        C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, On calibration of modern neural networks,
        2017.

        Examples
        --------
        >>> from sklearn.datasets import load_digits
        >>> from normexp.linear import SoftmaxRegression
        >>> X, y = load_digits(return_X_y=True)
        >>> model = SoftmaxRegression(alpha=1e-6).fit(X[:500], y[:500])
        >>> round(model.calibrate(X[500:1000], y[500:1000]).temperature_, 1)
        3.6
        """
        check_is_fitted(self)
        if isinstance(X, Batches):
            if y is not None or sample_weight is not None:
                raise ValueError("y and sample_weight must not be given beside Batches")
            batches: Iterable[Batch] = X
        elif y is None:
            raise ValueError("y must hold the labels of X, got None")
        else:
            batches = [Batch(X, y, sample_weight)]
        if not (judged := [self._judged(*batch) for batch in batches]):
            raise ValueError("X must hold a batch of samples, got Batches of none")
        self.temperature_ = best_temperature(*map(np.concatenate, zip(*judged, strict=True)))
        return self

    def _judged(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None
    ) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Logits of the loss itself, and what is known of the same samples, with their weights."""
        logits = in_memory(self._log_proba(X)).astype(np.float64)
        target, weight = labels_of(in_memory(y), self.classes_, in_memory(sample_weight))
        check_consistent_length(logits, target)
        return logits, target, weight

    @by_blocks
    def _log_proba(self, X: ArrayLike) -> NDArray[Any]:
        """Logarithms of the probabilities of the loss itself."""
        logits = self._logits(X)
        return replace(self.loss_, axis=-1).log_probabilities(logits)

    def _logits(self, X: ArrayLike) -> NDArray[Any]:
        check_is_fitted(self)
        features = validate_data(self, X, **TAKEN, reset=False)
        return np.asarray(features @ self.coef_.T + self.intercept_)
