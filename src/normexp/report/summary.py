"""What a comparison shows, in words: each of them computed from its numbers."""

from __future__ import annotations

from collections.abc import Sequence

from .advice import listed
from .change import Against
from .classes import confused_pairs
from .compared import Comparison
from .result import Result
from .significance import SIGNIFICANT, holm
from .table import percent
from .words import counted, joined, phrase


def summary(comparison: Comparison, language: str = "en") -> list[str]:
    """Sentences: who wins, by how much, and whether the test set can tell.

    The p-values are adjusted for the number of losses that the winner is compared with.
    """
    ranked = sorted(comparison.results, key=lambda result: -result.metrics.accuracy)
    winner, *others = ranked
    level = [result for result in others if result.metrics.accuracy == winner.metrics.accuracy]
    behind = others[len(level) :]
    whose = phrase("whose", language, name=winner.name) if level else phrase("its", language)
    return [
        _lead(comparison, [winner, *level], language),
        *_differences(comparison, winner, behind, whose, language),
        *_confusions(comparison, winner, language),
        *_calibration(ranked, language),
    ]


def _lead(comparison: Comparison, winners: Sequence[Result], language: str) -> str:
    losses = len(comparison.results)
    return counted(
        "leads-most" if len(winners) < losses else "leads",
        len(winners),
        language,
        names=joined([result.name for result in winners], language),
        share=percent(winners[0].metrics.accuracy),
        rows=comparison.test_rows,
        losses=losses,
    )


def _differences(
    comparison: Comparison, winner: Result, behind: Sequence[Result], whose: str, language: str
) -> list[str]:
    """Which losses the test set can tell from the winner, and which it cannot."""
    p_values = holm([comparison.chance(winner, result) for result in behind])
    tested = list(zip(behind, p_values, strict=True))
    sentences = []
    close = "close" if comparison.trainings == 1 else "close-parts"
    for name, is_apart in ((close, False), ("apart", True)):
        others = [
            phrase(
                "difference",
                language,
                name=other.name,
                points=100 * (winner.metrics.accuracy - other.metrics.accuracy),
                p=p_value,
            )
            for other, p_value in tested
            if (p_value < SIGNIFICANT) == is_apart
        ]
        if others:
            sentences.append(phrase(name, language, whose=whose, others=joined(others, language)))
    return sentences


def _confusions(comparison: Comparison, winner: Result, language: str) -> list[str]:
    """The mistake that the winner makes most often, if it makes one twice."""
    names = comparison.class_names
    return [
        phrase(
            "mistake",
            language,
            name=winner.name,
            truth=names[pair.truth],
            taken=names[pair.predicted],
            times=pair.times,
            rows=pair.rows,
        )
        for pair in confused_pairs(winner.metrics.confusion, most=1)
        if pair.times > 1
    ]


def _calibration(results: Sequence[Result], language: str) -> list[str]:
    """How far the best probabilities can be believed."""
    judged = [result for result in results if result.metrics.log_loss is not None]
    if not judged:
        return []
    best = min(judged, key=lambda result: result.metrics.log_loss or 0.0)
    assert best.metrics.calibration_error is not None
    error = percent(best.metrics.calibration_error)
    return [phrase("believed", language, name=best.name, error=error)]


def changed(found: Against, language: str = "en") -> list[str]:
    """Sentences: what has changed since an earlier comparison, and whether chance explains it."""
    beside = "paired" if found.is_same_plan else "paired-apart" if found.is_paired else "unpaired"
    sentences = [phrase(beside, language, data=found.data)]
    if found.other_classes:
        others = listed(found.other_classes, language)
        sentences.append(phrase("other-classes", language, names=others))
    for change in found.changes:
        better = change.accuracy > change.accuracy_before
        kind = "within" if change.p >= SIGNIFICANT else "better" if better else "worse"
        facts = {
            "name": change.name,
            "before": change.accuracy_before,
            "after": change.accuracy,
            "p": change.p,
        }
        sentences.append(phrase(f"change-{kind}", language, **facts))
        if change.log_loss is not None and change.log_loss_before is not None:
            is_tested = change.log_loss_p is not None
            why_not = "infinite" if found.is_paired else "untested"
            kind = "change-log-loss" if is_tested else f"change-log-loss-{why_not}"
            facts = {"before": change.log_loss_before, "after": change.log_loss}
            p = {"p": change.log_loss_p} if is_tested else {}
            sentences.append(phrase(kind, language, **facts, **p))
    for kind, names in (("new", found.new), ("gone", found.gone)):
        if names:
            sentences.append(phrase(kind, language, names=joined(names, language)))
    return sentences


def unfinished(results: Sequence[Result], language: str = "en") -> list[str]:
    """Which numbers are not those of the minimum."""
    names = [result.name for result in results if not result.is_converged]
    return [phrase("unfinished", language, names=joined(names, language))] if names else []
