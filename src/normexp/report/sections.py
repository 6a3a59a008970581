"""What the sections of the page show, as plain values for its template."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._text import with_minus
from . import table
from .classes import MANY, PAIRS, ClassScore, Pair, class_scores, confused_pairs
from .compared import Comparison
from .mistakes import MISTAKES, Mistake
from .result import Result
from .weights import ClassWeights
from .words import phrase

SHORT = 18  # characters of a name at the edge of a matrix
LISTED = 50  # rows of a mistake that are named by their position alone
DRAWN = 12  # classes of MANY whose weights are drawn


def confusion(comparison: Comparison) -> dict[str, Any]:
    """A matrix for each loss if the classes are few, the frequent mistakes, and the classes alone.

    The width is what a matrix needs, in rem: its labels and a cell for each class.
    """
    counts = [result.metrics.confusion for result in comparison.results]
    scores = [class_scores(of_loss) for of_loss in counts]
    names = comparison.class_names
    shorts = [short(name) for name in names]
    digits = len(str(max(of_loss.max() for of_loss in counts)))
    label, cell = 0.45 * max(map(width, shorts)) + 1, max(1.6, 0.52 * digits + 0.4)
    is_matrix = len(names) < MANY
    return {
        "is_matrix": is_matrix,
        "matrices": [
            _shaded(result, i) for i, result in enumerate(comparison.results) if is_matrix
        ],
        "labels": list(zip(names, shorts, strict=True)),
        "is_upright": max(map(width, shorts)) > 3,
        "label": round(label, 2),
        "cell": round(cell, 2),
        "width": round(label + len(names) * (cell + 0.02), 2),
        "pairs": [confused_pairs(of_loss) for of_loss in counts],
        "scores": [(k, [of_loss[k] for of_loss in scores]) for k in _hardest_first(scores)],
        "ratio": _ratio,
        "place": place,
    }


def place(loss: int, truth: int, taken: int) -> str:
    """The id of the rows of one class that a loss took for another."""
    return f"rows-{loss}-{truth}-{taken}"


def _shaded(result: Result, loss: int) -> list[list[dict[str, Any]]]:
    """Each count with its strength of colour: of the right ones among these, of the wrong too.

    Where it is wrong, the place of its rows.
    """
    counts = result.metrics.confusion
    is_right = np.eye(len(counts), dtype=bool)
    tops = [max(counts[cells].max(), 1) for cells in (is_right, ~is_right)]
    return [
        [
            {
                "count": int(count),
                "right": i == j,
                "share": round(float(count / tops[i != j]), 2),
                "place": place(loss, i, j) if count and i != j else None,
            }
            for j, count in enumerate(row)
        ]
        for i, row in enumerate(counts)
    ]


def _hardest_first(scores: list[list[ClassScore]]) -> list[int]:
    """The classes by F1, the mean over the losses; those that no row is of come last."""
    means = [
        np.mean([1.0 if score.f1 is None else score.f1 for score in of_class])
        for of_class in zip(*scores, strict=True)
    ]
    order: list[int] = np.argsort(means, kind="stable").tolist()
    return order


def hardest(result: Result) -> tuple[Mistake, ...]:
    """The mistakes of a loss that are the hardest of all."""
    return result.mistakes[:MISTAKES]


def reach(mistake: Mistake) -> float:
    """The end of the scale of a mistake's evidence: what its pixels have at most."""
    return 0.0 if mistake.evidence is None else float(np.abs(mistake.evidence).max())


def behind(comparison: Comparison) -> list[list[dict[str, Any]]]:
    """For each loss the rows behind each of its mistakes, the most frequent mistake first.

    The hardest rows as they are; of the others their positions.
    """
    return [_behind(comparison, result, i) for i, result in enumerate(comparison.results)]


def _behind(comparison: Comparison, result: Result, loss: int) -> list[dict[str, Any]]:
    groups = []
    for pair in _linked(result.metrics.confusion):
        is_one = (comparison.truth == pair.truth) & (result.predicted == pair.predicted)
        told = [m for m in result.mistakes if (m.truth, m.predicted) == pair[:2]]
        others = np.setdiff1d(comparison.rows[is_one], [mistake.row for mistake in told])
        groups.append(
            {
                "place": place(loss, pair.truth, pair.predicted),
                "pair": pair,
                "mistakes": told,
                "others": (others[:LISTED] + 1).tolist(),
                "more": max(len(others) - LISTED, 0),
            }
        )
    return groups


def _linked(confusion: NDArray[np.integer[Any]]) -> list[Pair]:
    """The mistakes whose rows are told: all, or of MANY classes what each is most taken for."""
    pairs = confused_pairs(confusion, most=confusion.size)
    if len(confusion) < MANY:
        return pairs
    of_class = [score.confused_with for score in class_scores(confusion)]
    return [
        pair for i, pair in enumerate(pairs) if i < PAIRS or pair.predicted == of_class[pair.truth]
    ]


def _ratio(share: float | None) -> str:
    return table.NONE if share is None else f"{share:.2f}"


def looks(comparison: Comparison, language: str = "en") -> dict[str, Any] | None:
    """What each class looks for; of MANY classes those are drawn that are recognised worst."""
    found, names = comparison.class_weights, comparison.class_names
    if found is None:
        return None
    first = None
    if len(names) >= MANY:
        first = _hardest_first([class_scores(r.metrics.confusion) for r in comparison.results])
    return looked_for(found, names, len(comparison.results), len(names) == 2, first, language)


def looked_for(
    found: Sequence[ClassWeights],
    names: Sequence[str],
    losses: int,
    is_pair: bool,
    first: Sequence[int] | None = None,
    language: str = "en",
) -> dict[str, Any]:
    """What each class looks for: as marks between −1 and 1 for some, as numbers for all.

    Of a pair one speaks for both: what is for the one is against the other. Of the classes in the
    order of `first`, if there is one, the first DRAWN are drawn.
    """
    scales = [
        max(np.abs(of_class.weights[i]).max(initial=0.0) for of_class in found) or 1.0
        for i in range(losses)
    ]
    titles = names
    if is_pair:
        titles = [phrase("rather", language, one=names[1], other=names[0])] * 2
    sides = [phrase(side, language) for side in ("against", "for")]
    classes = [k for k in range(is_pair, len(names)) if found[k].features]
    drawn = classes if first is None else [k for k in first if k in classes][:DRAWN]
    return {
        "is_pair": is_pair,
        "is_part": len(drawn) < len(classes),
        "heights": np.linspace(-0.5, 0.5, losses + 2)[1:-1].round(2).tolist(),
        "panels": [
            {
                "title": titles[k],
                "ends": [short(name) for name in names] if is_pair else sides,
                "features": [
                    (short(name, 36), (weights / scales).round(3).tolist())
                    for name, weights in zip(found[k].features, found[k].weights.T, strict=True)
                ],
            }
            for k in drawn
        ],
        "rows": [
            (
                titles[k],
                [
                    (
                        name,
                        f"{scale:.3g}" if scale != 1 else table.NONE,
                        [(signed(weight), signed(weight / scale)) for weight in weights],
                    )
                    for name, scale, weights in zip(
                        found[k].features, found[k].scales, found[k].weights.T, strict=True
                    )
                ],
            )
            for k in classes
        ],
    }


def signed(weight: float) -> str:
    """A weight with its sign.

    >>> signed(-0.25), signed(1e-7)
    ('−0.25', '+1e−07')
    """
    return with_minus(f"{weight:+.3g}")


def certainty(mistake: Mistake, language: str = "en") -> str:
    """How sure the wrong answer was: its probability, or its lead in logits."""
    if mistake.confidence is None:
        return phrase("by-lead", language, lead=mistake.surprise)
    return table.percent(mistake.confidence)


def strongest(templates: NDArray[np.floating[Any]] | None) -> float:
    """One scale for all templates of a loss: a pixel that is seldom on must not fade the others."""
    return 0.0 if templates is None else float(np.quantile(np.abs(templates), 0.99))


def short(name: str, most: int = SHORT) -> str:
    """A name of `most` characters or so: where names are long, their ends tell them apart.

    >>> short("a rather long name of class 27", 16)
    'a rather … ss 27'
    """
    if len(name) <= most:
        return name
    return f"{name[: most // 2].rstrip()} … {name[-(most // 2 - 3) :].lstrip()}"


def width(name: str) -> int:
    """In columns, of which Chinese characters take two.

    >>> width("猫 cat")
    6
    """
    return sum(1 + (unicodedata.east_asian_width(character) in "WF") for character in name)
