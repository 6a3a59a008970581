"""The test rows that a classifier is most wrong about, and what misled it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from .._text import with_minus
from ..linear import BaseLinearClassifier
from .split import Split

MISTAKES = 12  # of a loss, the hardest
OF_PAIR = 8  # of each class taken for another, the hardest
MOST = 100  # of a loss in all: a picture each
PULLS = 3


@dataclass(frozen=True, eq=False)
class Mistake:
    """A test row that was taken for another class.

    Attributes
    ----------
    row : int
        Its position in the source of the data set, from 0 on.
    truth, predicted : int
        Class ids.
    confidence : float or None
        The probability of the wrong class, where there are probabilities.
    surprise : float
        How wrong it is: −log p of the true class, in nats; without probabilities the logits by
        which the wrong class leads the true one.
    picture : array or None
        The row, where it is an image.
    evidence : array of shape (h, w) or None
        And of the hardest of these what each pixel adds to the lead of the wrong class over the
        true one, in logits, as far as the pixel differs from the mean.
    pulls : tuple of (str, float)
        Elsewhere, the features that speak most for the wrong class against the true one, and by
        how many logits.
    """

    row: int
    truth: int
    predicted: int
    confidence: float | None
    surprise: float
    picture: NDArray[Any] | None
    evidence: NDArray[np.floating[Any]] | None
    pulls: tuple[tuple[str, float], ...]


def hardest_mistakes(
    classifier: BaseLinearClassifier,
    split: Split,
    predicted: NDArray[np.intp],
    log_proba: NDArray[np.floating[Any]] | None,
) -> tuple[Mistake, ...]:
    """The most confident wrong answers for the test rows of `split`, the worst one first.

    The hardest of all, and of each pair of classes, as far as MOST go.
    """
    wrong = np.flatnonzero(predicted != split.test_target)
    truth, taken = split.test_target[wrong], predicted[wrong]
    if log_proba is None:
        logits = split.test_features[wrong] @ classifier.coef_.T + classifier.intercept_
        each = np.arange(len(wrong))
        surprise = logits[each, taken] - logits[each, truth]
    else:
        surprise = -log_proba[wrong, truth]
    worst = _kept(truth, taken, surprise)
    is_image = split.dataset.image_shape is not None
    positions = split.dataset.positions_of(split.test_rows)
    return tuple(
        Mistake(
            row=int(positions[row]),
            truth=int(true),
            predicted=int(false),
            confidence=None if log_proba is None else float(np.exp(log_proba[row, false])),
            surprise=float(how_wrong),
            picture=_picture(split, row) if is_image else None,
            evidence=_evidence(classifier, split, row, true, false)
            if is_image and i < MISTAKES
            else None,
            pulls=() if is_image else _pulls(classifier, split, row, true, false),
        )
        for i, (row, true, false, how_wrong) in enumerate(
            zip(wrong[worst], truth[worst], taken[worst], surprise[worst], strict=True)
        )
    )


def together(mistakes: Iterable[Mistake]) -> tuple[Mistake, ...]:
    """Those of several parts as those of one."""
    found = list(mistakes)
    columns = [
        np.array([getattr(m, name) for m in found]) for name in ("truth", "predicted", "surprise")
    ]
    return tuple(found[i] for i in _kept(*columns))


def _kept(
    truth: NDArray[np.integer[Any]],
    taken: NDArray[np.integer[Any]],
    surprise: NDArray[np.floating[Any]],
) -> list[int]:
    """Which mistakes are told, the hardest first: it before the second of its pair, and so on."""
    hardest: list[int] = np.argsort(-surprise, kind="stable").tolist()
    of_pair: Counter[tuple[int, int]] = Counter()
    ranks = dict[int, int]()
    for i in hardest:
        pair = int(truth[i]), int(taken[i])
        ranks[i] = of_pair[pair]
        of_pair[pair] += 1
    others = sorted((i for i in hardest[MISTAKES:] if ranks[i] < OF_PAIR), key=ranks.__getitem__)
    kept = {*hardest[:MISTAKES], *others[: MOST - MISTAKES]}
    return [i for i in hardest if i in kept]


def _picture(split: Split, row: int) -> NDArray[Any]:
    pixels = np.asarray(split.dataset.features[split.test_rows[row]])
    return pixels.reshape(split.dataset.image_shape)


def _terms(
    classifier: BaseLinearClassifier, split: Split, row: int, truth: int, predicted: int
) -> NDArray[np.floating[Any]]:
    """Of each feature its term of ``z_predicted − z_truth``."""
    rows = split.test_features[[row]]
    values = rows.toarray()[0] if issparse(rows) else rows[0]
    terms: NDArray[np.floating[Any]] = (
        classifier.coef_[predicted] - classifier.coef_[truth]
    ) * values
    return terms


def _evidence(
    classifier: BaseLinearClassifier, split: Split, row: int, truth: int, predicted: int
) -> NDArray[np.floating[Any]]:
    terms = _terms(classifier, split, row, truth, predicted)
    of_pixel = terms.reshape(split.dataset.image_shape)
    return of_pixel.sum(axis=2) if of_pixel.ndim == 3 else of_pixel


def _pulls(
    classifier: BaseLinearClassifier, split: Split, row: int, truth: int, predicted: int
) -> tuple[tuple[str, float], ...]:
    """Terms of ``z_predicted − z_truth``, a sum over the features, with the values they had."""
    encoder, rows = split.encoder, split.test_features[[row]]
    values = rows.toarray()[0] if issparse(rows) else rows[0]
    terms = _terms(classifier, split, row, truth, predicted)
    names = list(encoder.feature_names)
    for i, (name, mean, scale) in enumerate(
        zip(encoder.numbers, encoder.mean, encoder.scale, strict=True)
    ):
        names[i] = f"{name} = {amount(mean + scale * values[i])}"
    strongest = np.argsort(-terms, kind="stable")[:PULLS]
    return tuple((names[i], float(terms[i])) for i in strongest if terms[i] > 0)


def amount(value: float) -> str:
    """A number of a column in four digits, or as many as stand before its point.

    >>> amount(-2.71828), amount(56308.12), amount(1.5e12)
    ('−2.718', '56308', '1.5e+12')
    """
    return with_minus(f"{value:.0f}" if 1e4 <= abs(value) < 1e9 else f"{value:.4g}")
