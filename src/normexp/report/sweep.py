"""Alpha chosen on the training rows: the largest that seems no worse than the best."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from ..linear import LinearClassifier
from ..linear.cross_validation import scores_of_path
from ..linear.path import alphas_of
from ..losses import CrossEntropy, RowLoss
from .split import Split, parts_of

PARTS = 5


@dataclass(frozen=True, eq=False)
class Sweep:
    """How good each alpha is on parts of the training rows that are left out.

    Attributes
    ----------
    alphas : array of shape (n,)
        From the largest to the smallest.
    measure : {"log-loss", "accuracy"}
        By what: a penalty that leaves the labels right may spoil probabilities, so that of a loss
        that has any it is the log loss.
    mean, error : arrays of shape (n,)
        The mean over the parts, and its standard error.
    best : float
        The alpha with the best mean.
    chosen : float
        The largest alpha whose mean is within one standard error of the best.
    """

    alphas: NDArray[np.float64]
    measure: str
    mean: NDArray[np.float64]
    error: NDArray[np.float64]
    best: float
    chosen: float


def sweep(loss: RowLoss, part: Split, alphas: int, max_iter: int, seed: int) -> Sweep:
    """Choose among so many alphas by the one-standard-error rule, on the training rows alone.

    Raises
    ------
    ValueError
        If no class has two training rows.

    References
    ----------
    L. Breiman et al., Classification and regression trees, 1984, section 3.4.3.
    """
    features, target = part.train_features, part.train_target
    if int(np.bincount(target).max()) < 2:
        raise ValueError("alphas: too few rows to choose alpha on, one of each class")
    measure = "log-loss" if loss.has_probabilities else "accuracy"
    scorer = _minus_log_loss if measure == "log-loss" else LinearClassifier.score
    classifier = LinearClassifier(loss, max_iter=max_iter)
    grid = alphas_of(alphas, classifier._objective(features, target, None, None)[0])
    whole = {"sample_weight": None, "classes": None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        scores = [
            scores_of_path(classifier, grid, features, target, whole, train, test, scorer, {})
            for train, test in parts_of(target, PARTS, seed)
        ]
    return by_one_error(grid, np.array(scores), measure)


def _minus_log_loss(classifier: LinearClassifier, X: Any, y: NDArray[Any]) -> float:
    return -float(CrossEntropy()(classifier.predict_log_proba(X), y))


def by_one_error(
    alphas: NDArray[np.float64], scores: NDArray[np.float64], measure: str = "accuracy"
) -> Sweep:
    """The rule, of scores of shape (parts, alphas), the largest alpha first.

    Of the log loss the scores are the negative.

    Examples
    --------
    >>> scores = np.array([[0.5, 0.88, 0.9, 0.8], [0.5, 0.9, 0.94, 0.8]])
    >>> found = by_one_error(np.array([10.0, 1.0, 0.1, 0.01]), scores)
    >>> float(found.best), float(found.chosen), float(found.error[2].round(3))
    (0.1, 0.1, 0.02)
    """
    mean = scores.mean(axis=0)
    error = scores.std(axis=0, ddof=1) / np.sqrt(len(scores))
    best = int(mean.argmax())
    # A rounding of the mean is no difference.
    is_as_good = mean >= mean[best] - error[best] - 1e-12
    return Sweep(
        alphas,
        measure,
        -mean if measure == "log-loss" else mean,
        error,
        float(alphas[best]),
        float(alphas[int(is_as_good.argmax())]),
    )
