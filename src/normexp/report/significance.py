"""What chance alone explains: tests of classifiers on the same rows, and p-values of several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest
from scipy.stats import t as student

SIGNIFICANT = 0.05
FLIPS = 4000


def mcnemar(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    """How likely chance alone parts two classifiers so far: McNemar's exact test, two-sided.

    Of the rows that only one of them gets right, each is as likely to have either in the right.

    Parameters
    ----------
    first, second : arrays of bool, shape (n,)
        Whether each classifier is right about each row.

    References
    ----------
    Q. McNemar, Note on the sampling error of the difference between correlated proportions, 1947.

    Examples
    --------
    >>> mcnemar(np.array([True] * 5 + [False]), np.array([False] * 5 + [True]))
    0.21875
    """
    only_first, only_second = int(np.sum(first & ~second)), int(np.sum(second & ~first))
    disagreements = only_first + only_second
    return float(binomtest(only_first, disagreements).pvalue) if disagreements else 1.0


def by_signs(differences: NDArray[np.floating[Any]]) -> float | None:
    """How often the mean of differences would be as large with their signs drawn at random.

    None where one is infinite or undefined.

    Examples
    --------
    >>> by_signs(np.zeros(3)), by_signs(np.array([1.0, np.inf]))
    (1.0, None)
    """
    if not np.isfinite(differences).all():
        return None
    signs = np.random.default_rng(0)
    drawn = [abs(signs.choice([-1.0, 1.0], len(differences)) @ differences) for _ in range(FLIPS)]
    as_large = np.sum(np.array(drawn) >= abs(differences.sum()) * (1 - 1e-12))
    return float((1 + as_large) / (1 + FLIPS))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values for their number: at level a, the chance of any false alarm is a at most.

    The smallest of n is multiplied by n, the next by n − 1, and so on; none falls below the one
    before it.

    References
    ----------
    S. Holm, A simple sequentially rejective multiple test procedure, 1979.

    Examples
    --------
    >>> holm([0.03, 0.01, 0.5])
    [0.06, 0.03, 0.5]
    """
    order = np.argsort(p_values)
    factors = np.arange(len(order), 0, -1)
    adjusted = np.empty(len(order))
    adjusted[order] = np.maximum.accumulate(np.minimum(1.0, factors * np.sort(p_values)))
    return adjusted.tolist()


class Corrected(NamedTuple):
    """The mean of values of several parts, half the width of its interval, and p of a mean of 0."""

    mean: float
    margin: float
    p: float


def corrected(
    values: NDArray[np.floating[Any]], test_to_train: float, level: float = 1 - SIGNIFICANT
) -> Corrected:
    """The corrected resampled t interval and test of J values, each of a part of the same rows.

    Trainings share most of their rows, so that their results vary less than new data would make
    them: the variance of the mean is taken as ``(1/J + n_test/n_train) · s²`` in place of s²/J,
    with J − 1 degrees of freedom. Equal values leave no variance: p is then 0, or 1 for a mean
    of 0.

    Parameters
    ----------
    values : array of shape (J,)
        At least 2.
    test_to_train : float
        Test rows of a part for each row that it was trained on.
    level : float
        The confidence of the interval.

    References
    ----------
    C. Nadeau and Y. Bengio, Inference for the generalization error, 2003; for repeated
    cross-validation, R. R. Bouckaert and E. Frank, Evaluating the replicability of significance
    tests for comparing learning algorithms, 2004.

    Examples
    --------
    >>> found = corrected(np.array([0.90, 0.95, 0.85, 0.90, 0.90]), test_to_train=0.25)
    >>> round(found.mean, 3), round(found.margin, 3)
    (0.9, 0.066)
    """
    count, mean = len(values), float(np.mean(values))
    error = float(np.std(values, ddof=1)) * (1 / count + test_to_train) ** 0.5
    margin = float(student.ppf((1 + level) / 2, count - 1)) * error
    if error == 0:
        return Corrected(mean, margin, 0.0 if mean else 1.0)
    return Corrected(mean, margin, float(2 * student.sf(abs(mean) / error, count - 1)))
