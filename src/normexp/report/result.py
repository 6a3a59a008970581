"""What one loss learnt, put together of its trainings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..losses import RowLoss
from .judgement import Tested, judge
from .judgement import together as in_order
from .metrics import Metrics
from .mistakes import Mistake, together
from .split import Indices
from .sweep import Sweep
from .training import Curve, Training


@dataclass(frozen=True, eq=False)
class Result:
    """What one loss learnt.

    Of several trainings, the objective, the iterations, the curve, the sweep and the templates are
    those of the first; seconds and the accuracy on the training rows are means.

    Attributes
    ----------
    name, loss : str
        What the loss is called, and the loss with its options.
    alpha : float
        The strength of the penalty, as it was given or chosen.
    objective, start : float
        The mean loss of the training rows and the penalty, in the end and for weights of 0.
    iterations : int
    seconds : float
        Of training alone.
    is_converged : bool
        Whether training ended at the minimum, to its tolerance.
    curve : Curve
    sweep : Sweep or None
        How alpha was chosen, where it was.
    train_accuracy : float
        On the training rows.
    metrics : Metrics
        On the test rows; of several seeds the means.
    predicted : array of int
        The class id of each test row, for the first seed.
    is_right : array of bool
        For each test row.
    surprise : array or None
        −log p of the true class of each test row, in nats, where there are probabilities.
    temperature : float or None
        Where calibration was asked for, the temperature that fits the training rows best, the mean
        of several trainings; None where there is none.
    calibrated : Metrics or None
        What the metrics are at this temperature.
    mistakes : tuple of Mistake
        The worst one first: the hardest of all, and of each pair of classes.
    templates : array of shape (classes, *image_shape) or None
        Where rows are images, the weights of each class for the pixels as they came.
    """

    name: str
    loss: str
    alpha: float
    objective: float
    start: float
    iterations: int
    seconds: float
    is_converged: bool
    curve: Curve
    sweep: Sweep | None
    train_accuracy: float
    metrics: Metrics
    predicted: Indices
    is_right: NDArray[np.bool_]
    surprise: NDArray[np.floating[Any]] | None
    temperature: float | None
    calibrated: Metrics | None
    mistakes: tuple[Mistake, ...]
    templates: NDArray[np.floating[Any]] | None

    @classmethod
    def of(
        cls,
        name: str,
        loss: RowLoss,
        trainings: Sequence[Training],
        tested: Sequence[Tested],
        classes: int,
    ) -> Result:
        """Put together what was learnt of each part, and judge it."""
        first = trainings[0]
        judged = judge(
            tested,
            [training.predicted for training in trainings],
            classes,
            [training.log_proba for training in trainings],
        )
        calibrated = [training.calibrated for training in trainings]
        temperatures = [t.temperature for t in trainings if t.temperature is not None]
        of_first_seed = (t for t, part in zip(trainings, tested, strict=True) if part.seed == 0)
        return cls(
            name=name,
            loss=repr(loss),
            alpha=float(first.classifier.alpha),
            objective=float(first.classifier.objective_),
            start=first.start,
            iterations=int(first.classifier.n_iter_),
            seconds=float(np.mean([training.seconds for training in trainings])),
            is_converged=all(training.is_converged for training in trainings),
            curve=first.curve,
            sweep=first.sweep,
            train_accuracy=float(np.mean([training.train_accuracy for training in trainings])),
            metrics=judged.metrics,
            predicted=judged.predicted,
            is_right=judged.is_right,
            surprise=_surprise(trainings, tested),
            temperature=float(np.mean(temperatures)) if temperatures else None,
            calibrated=None
            if calibrated[0] is None
            else judge(tested, [t.predicted for t in trainings], classes, calibrated).metrics,
            mistakes=together(m for training in of_first_seed for m in training.mistakes),
            templates=first.templates,
        )


def _surprise(
    trainings: Sequence[Training], tested: Sequence[Tested]
) -> NDArray[np.floating[Any]] | None:
    found = [
        -training.log_proba[np.arange(len(part.truth)), part.truth]
        for training, part in zip(trainings, tested, strict=True)
        if training.log_proba is not None
    ]
    return in_order(tested, found) if found else None
