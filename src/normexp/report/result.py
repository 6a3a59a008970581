"""What one loss learnt, put together of its trainings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..losses import RowLoss
from .metrics import Metrics, measure
from .mistakes import Mistake
from .split import Indices, Split
from .training import Curve, Training


@dataclass(frozen=True, eq=False)
class Result:
    """What one loss learnt.

    Attributes
    ----------
    name, loss : str
        What the loss is called, and the loss with its options.
    objective, start : float
        The mean loss of the training rows and the penalty, in the end and for weights of 0.
    iterations : int
    seconds : float
        Of training alone.
    is_converged : bool
        Whether training ended at the minimum, to its tolerance.
    curve : Curve
    train_accuracy : float
        On the training rows.
    metrics : Metrics
        On the test rows.
    predicted : array of int
        The class id of each test row.
    is_right : array of bool
        For each test row.
    mistakes : tuple of Mistake
        The worst one first: the hardest of all, and of each pair of classes.
    templates : array of shape (classes, *image_shape) or None
        Where rows are images, the weights of each class for the pixels as they came.
    """

    name: str
    loss: str
    objective: float
    start: float
    iterations: int
    seconds: float
    is_converged: bool
    curve: Curve
    train_accuracy: float
    metrics: Metrics
    predicted: Indices
    is_right: NDArray[np.bool_]
    mistakes: tuple[Mistake, ...]
    templates: NDArray[np.floating[Any]] | None

    @classmethod
    def of(cls, name: str, loss: RowLoss, training: Training, part: Split) -> Result:
        """Of one training, judged on the test rows of its split."""
        classifier, predicted = training.classifier, training.predicted
        truth, classes = part.test_target, len(part.labels)
        return cls(
            name=name,
            loss=repr(loss),
            objective=float(classifier.objective_),
            start=training.start,
            iterations=int(classifier.n_iter_),
            seconds=training.seconds,
            is_converged=bool(classifier.gap_ <= classifier.tol),
            curve=training.curve,
            train_accuracy=training.train_accuracy,
            metrics=measure(truth, predicted, classes, training.log_proba),
            predicted=predicted,
            is_right=predicted == truth,
            mistakes=training.mistakes,
            templates=training.templates,
        )
