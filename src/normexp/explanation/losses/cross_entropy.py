"""The working of cross-entropy: −log p of the target, and a gradient that collapses to p − t."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...losses import CrossEntropy
from .. import softmax
from ..by_loss import Back, work_out
from ..formula import Derivative, Formula, Name, call, group, sum_over
from ..sample import Sample
from ..softmax import S, Scores, c, ell, g, lse, p, u, z
from ..steps import Sheet
from ..trace import Bond
from . import log_loss
from .target import mass, t, w, weight_of

λ, τ = Name("λ"), Name("τ")


@work_out.register
def work(loss: CrossEntropy, sheet: Sheet, sample: Sample) -> Back:
    """With softmax before the logarithm, or on probabilities without it."""
    if loss.from_logits:
        scores = forward(sheet, sample, loss)
        return lambda: gradient(sheet, sample, loss, scores)
    log_loss.forward(sheet, sample, loss)
    return lambda: log_loss.gradient(sheet, sample, loss)


def forward(sheet: Sheet, sample: Sample, loss: CrossEntropy) -> Scores:
    """From logits to the loss."""
    scores = softmax.forward(sheet, sample, loss)
    softmax.logarithm(sheet, sample, scores)
    mass(sheet, sample, loss)
    x = scores.letter
    if _is_plain(sample, loss):
        name = "negative_log_likelihood"
        minus_log, surprise = -call("log", p["y"]), softmax.surprise(x["y"])
        chain = [_weighted(loss, minus_log), _weighted(loss, surprise)]
    else:
        name = "cross_entropy"
        minus_log, surprise = -call("log", p["k"]), softmax.surprise(x["k"])
        sheet.work("surprise", ell["k"], minus_log, surprise, value=scores.minus_log_p, each="k")
        sheet.column("surprise", minus_log, scores.minus_log_p)
        chain = [sum_over("k", t["k"] * ell["k"], mass="t")]
    if loss.z_loss:
        sheet.known.numbers["λ"] = loss.z_loss
        chain = [formula + _drift(sample, loss) * lse**2 for formula in chain]
    sheet.work(name, sample.loss, *chain, value=sample.value_and_grad(loss)[0])
    return scores


def gradient(sheet: Sheet, sample: Sample, loss: CrossEntropy, scores: Scores) -> None:
    """From the loss back to the logits, by the quotient rule and the chain rule."""
    known, x, of_target = sheet.known.numbers, scores.letter, sheet.known.numbers["t"]
    target = int(of_target.argmax())
    softmax.jacobian(sheet, scores, target)
    counted = np.flatnonzero(of_target).tolist()
    slopes = softmax.slopes_of_log(sheet, of_target)
    by_p = Derivative(sample.loss, p["i"])
    bonds = [Bond(p["i"], sample.loss, slopes)]
    if loss.z_loss:
        bonds.append(Bond(S, sample.loss, _slope_of_drift(sheet, sample, loss)))
    of_log = -(t["i"] / p["i"])
    sheet.work("slope_of_log", by_p, of_log, value=slopes, each="i", among=counted, bonds=bonds)

    through = by_p * Derivative(p["i"], x["k"])
    cases = -(t["k"] * (1 - p["k"])) + sum_over("i", t["i"] * p["k"], omit="k")
    push: Formula = p["k"]
    if not np.isclose(of_target.sum(), 1, rtol=1e-12):
        push = τ * p["k"]
        sheet.work("total_mass", τ, sum_over("i", t["i"], mass="t"), value=of_target.sum())
    at_x = replace(loss, temperature=1.0, softcap=None)
    _, grad = sample.value_and_grad(replace(at_x, z_loss=0.0), scores.values)
    by_x = Derivative(sample.loss, x["k"])
    chain = [sum_over("i", through), cases, push - t["k"]]
    among = list(sheet.known.over["k"])
    if _is_plain(sample, loss):  # of a target that is sure, p − 1 is left to the next step
        among = softmax.not_rounded_away(known["p"], target)
    sheet.work("collapse", by_x, *chain, value=grad, each="k", among=among)
    if _is_plain(sample, loss):
        others = -group(sum_over("j", p["j"], omit="y"))
        chain = [_weighted(loss, p["y"] - 1), _weighted(loss, others)]
        sheet.work("others", Derivative(sample.loss, x["y"]), *chain, value=grad[target])
    if loss.z_loss:
        _, grad = sample.value_and_grad(at_x, scores.values)
        drift = 2 * _drift(sample, loss) * lse * p["k"]
        sheet.work("drift", by_x, push - t["k"] + drift, value=grad, each="k")

    if loss.temperature != 1:
        before = z if loss.softcap is None else u
        _, of_before = sample.value_and_grad(replace(loss, softcap=None), known[before.letter])
        softmax.through_temperature(sheet, before, grad, of_before)
        grad = of_before
    if loss.softcap is not None:
        known["g"] = grad
        _, grad = sample.value_and_grad(loss)
        slope = g["k"] / call("cosh", z["k"] / c) ** 2
        chain = [Derivative(sample.loss, u["k"]) * Derivative(u["k"], z["k"]), slope]
        by = Derivative(sample.loss, z["k"])
        among = np.flatnonzero(np.isfinite(sample.z)).tolist()
        sheet.work("through_softcap", by, *chain, value=grad, each="k", among=among)
    softmax.back(sheet, scores, of_target)


def _is_plain(sample: Sample, loss: CrossEntropy) -> bool:
    """Whether a single class counts, so that the loss is one −log p."""
    return isinstance(sample.target, int) and not loss.label_smoothing


def _weighted(loss: CrossEntropy, of: Formula) -> Formula:
    return of if loss.class_weight is None else w["y"] * group(of)


def _drift(sample: Sample, loss: CrossEntropy) -> Formula:
    """What the square of logsumexp counts; the weights are those of samples, not of classes."""
    is_weighted = isinstance(sample.target, int) and loss.class_weight is not None
    return λ * w["y"] if is_weighted else λ


def _slope_of_drift(sheet: Sheet, sample: Sample, loss: CrossEntropy) -> float:
    """How the z-loss moves with S."""
    weight = weight_of(loss, sample) if isinstance(sample.target, int) else 1.0
    return 2 * loss.z_loss * weight * float(sheet.known.numbers["lse"] / sheet.known.numbers["S"])
