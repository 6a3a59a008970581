"""What a temperature does to probabilities: found on training rows, judged on test rows."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from ..linear import LinearClassifier
from ..linear.temperature import best_temperature
from .split import Split, parts_of

PARTS = 5


def temperature_of(classifier: LinearClassifier, part: Split, seed: int) -> float | None:
    """The temperature that fits the training rows best, each predicted by a training without it.

    Probabilities of rows that a classifier was trained on seem right whatever they are, and those
    of the test rows are to judge the temperature. None where none is best: where every row is
    right, the logits are no better than none, or no class has two rows. The only row of a class is
    trained on in each of them, and judges none.
    """
    target = part.train_target
    if int(np.bincount(target).max()) < 2:
        return None
    log_proba = np.full((len(target), len(part.labels)), -np.inf)  # of a class's only row it stays
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for others, own in parts_of(target, PARTS, seed):
            fresh = clone(classifier).set_params(callbacks=None)
            fresh.fit(part.train_features[others], target[others])
            log_proba[own] = fresh.predict_log_proba(part.train_features[own])
    is_known = np.isfinite(log_proba).all(axis=1)
    try:
        return best_temperature(log_proba[is_known], target[is_known], np.ones(is_known.sum()))
    except ValueError:
        return None
