"""What chance alone explains: tests of classifiers on the same rows, and p-values of several."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

SIGNIFICANT = 0.05


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
