"""The working of the focal loss: −log p of the target, held back by a power of q = 1 − p."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ...losses import Focal
from .. import softmax
from ..by_loss import Back, work_out
from ..formula import Derivative, Formula, Name, call, sum_over
from ..sample import Sample
from ..softmax import Scores, ell, p, z
from ..steps import Sheet
from ..trace import Bond
from .target import know_target, t, weight_of, weighted

q, γ, F = Name("q"), Name("γ"), Name("F")


class Slopes(NamedTuple):
    """How the loss moves with ℓ and q, and with the probability; p times that is −F."""

    of_ell: float
    of_q: float
    of_p: float
    strength: float  # F


@work_out.register
def work(loss: Focal, sheet: Sheet, sample: Sample) -> Back:
    scores = forward(sheet, sample, loss)
    return lambda: gradient(sheet, sample, loss, scores)


def forward(sheet: Sheet, sample: Sample, loss: Focal) -> Scores:
    """From logits to −log p of the target, to what its p lacks of 1, and to the loss."""
    assert isinstance(sample.target, int)
    scores = softmax.forward(sheet, sample, loss)
    of_target = know_target(sheet, sample, loss)
    sheet.column("t", t["k"], of_target)
    sheet.known.numbers["γ"] = loss.gamma
    minus_log, surprise = -call("log", p["y"]), softmax.surprise(scores.letter["y"])
    of_y = scores.minus_log_p.astype(np.float64)[sample.target]
    bonds = [Bond(p["k"], ell, softmax.slopes_of_log(sheet, of_target))]
    sheet.work("surprise_of_target", ell, minus_log, surprise, value=of_y, bonds=bonds)

    others = sum_over("j", p["j"], omit="y")
    bonds = [Bond(p[sample.target], q, -1.0)]
    sheet.work("complement", q, 1 - p["y"], others, value=-np.expm1(-of_y), bonds=bonds)

    slopes = slopes_of(sheet, sample, loss)
    bonds = [Bond(ell, sample.loss, slopes.of_ell), Bond(q, sample.loss, slopes.of_q)]
    chain = [weighted(loss, sample, one) for one in ((1 - p["y"]) ** γ * minus_log, q**γ * ell)]
    value, _ = sample.value_and_grad(loss)
    sheet.work("focal", sample.loss, *chain, value=value, bonds=bonds)
    return scores


@np.errstate(divide="ignore", over="ignore")  # of a p that underflows they may be infinite
def slopes_of(sheet: Sheet, sample: Sample, loss: Focal) -> Slopes:
    known = sheet.known.numbers
    p_y, left, of_y = np.float64(known["p"][sample.target]), known["q"], known["ℓ"]
    of_ell = weight_of(loss, sample) * left**loss.gamma
    # ℓ / q, which is 1 where both are 0, takes the place of a power of q below 0.
    of_q = of_ell * loss.gamma * (of_y / left if left else 1.0) if loss.gamma else 0.0
    strength = of_ell + p_y * of_q if p_y else of_ell
    return Slopes(of_ell, of_q, -strength / p_y, strength)


def gradient(sheet: Sheet, sample: Sample, loss: Focal, scores: Scores) -> None:
    """Through both factors to p, and through softmax to a multiple of p − t."""
    assert isinstance(sample.target, int)
    known, x, slopes = sheet.known.numbers, scores.letter, slopes_of(sheet, sample, loss)
    softmax.jacobian(sheet, scores, sample.target)
    of_p: Formula = q**γ / p["y"]
    strength: Formula = q**γ
    if known["q"]:  # its powers below 0 are infinite where nothing is left, and count nothing there
        of_p = γ * q ** (γ - 1) * ell + of_p
        strength = strength + γ * q ** (γ - 1) * p["y"] * ell
    by_p, by_x = Derivative(sample.loss, p["y"]), Derivative(sample.loss, x["k"])
    sheet.work("slope_of_factors", by_p, -weighted(loss, sample, of_p), value=slopes.of_p)
    sheet.work("strength", F, weighted(loss, sample, strength), value=slopes.strength)

    _, grad = sample.value_and_grad(replace(loss, temperature=1.0), scores.values)
    chain = [by_p * Derivative(p["y"], x["k"]), F * (p["k"] - t["k"])]
    among = softmax.not_rounded_away(known["p"], sample.target)
    sheet.work("collapse_to_strength", by_x, *chain, value=grad, each="k", among=among)
    chain = [F * (p["y"] - 1), -(F * q)]
    by_y = Derivative(sample.loss, x["y"])
    sheet.work("others", by_y, *chain, value=grad[sample.target])
    if loss.temperature != 1:
        softmax.through_temperature(sheet, z, grad, sample.value_and_grad(loss)[1])
    softmax.back(sheet, scores, slopes.strength * known["t"])
