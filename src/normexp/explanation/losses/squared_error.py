"""The working of squared error, on logits and on probabilities (the Brier score)."""

from __future__ import annotations

import numpy as np

from ...losses import SquaredError
from .. import softmax
from ..by_loss import Back, work_out
from ..formula import Derivative, Name, group, sum_over
from ..sample import Sample
from ..softmax import Scores, p, start, z
from ..steps import Sheet
from ..trace import Bond
from .target import know_target, t, weight_of, weighted

d, μ = Name("d"), Name("μ")


@work_out.register
def work(loss: SquaredError, sheet: Sheet, sample: Sample) -> Back:
    scores = forward(sheet, sample, loss)
    return lambda: gradient(sheet, sample, loss, scores)


def forward(sheet: Sheet, sample: Sample, loss: SquaredError) -> Scores | None:
    """From logits, or from the probabilities that softmax makes of them, to the loss."""
    on_logits = loss.on == "logits"
    scores = None if on_logits else softmax.forward(sheet, sample, loss)
    if on_logits:
        start(sheet, sample)
    of_target = know_target(sheet, sample, loss)
    sheet.known.numbers["live"] = sample.live
    sheet.column("t", t["k"], of_target)
    if scores is None:
        output, distance = z, np.where(sample.live, sample.z - of_target, 0)
    else:
        # 1 − p is what the other classes have, taken from log p so that nothing cancels.
        output, distance = p, sheet.known.numbers["p"].astype(np.float64) - of_target
        short = np.expm1(-scores.minus_log_p.astype(np.float64))
        distance = np.where(of_target == 1, short, distance)
    away = output["k"] - t["k"]
    among = np.flatnonzero(sample.live).tolist() if on_logits else None
    bonds = [Bond(z["k"], d["k"], np.where(sample.live, 1.0, 0.0))] if on_logits else []
    sheet.work("distance", d["k"], away, value=distance, each="k", among=among, bonds=bonds)
    sheet.column(f"square_{output.letter}", group(away) ** 2, distance**2)
    value, _ = sample.value_and_grad(loss)
    # A logit that does not exist has nothing to be held against; a probability of 0 has.
    counts = "live" if on_logits else None
    chain = [sum_over("k", one**2, mass=counts) for one in (group(away), d["k"])]
    name = "squared_error" if on_logits else "brier"
    sheet.work(name, sample.loss, *(weighted(loss, sample, one) for one in chain), value=value)
    return scores


def gradient(sheet: Sheet, sample: Sample, loss: SquaredError, scores: Scores | None) -> None:
    """On logits the distance itself; on probabilities the distance through softmax."""
    _, grad = sample.value_and_grad(loss)
    by = Derivative(sample.loss, z["k"])
    if scores is None:
        slope = weighted(loss, sample, 2 * d["k"])
        among = np.flatnonzero(sample.live).tolist()
        bonds = [Bond(d["k"], sample.loss, grad)]
        sheet.work("slope_of_square", by, slope, value=grad, each="k", among=among, bonds=bonds)
        return
    known = sheet.known.numbers
    softmax.jacobian(sheet, scores, int(known["t"].argmax()))
    by_p = Derivative(sample.loss, p["i"])
    slopes = 2 * weight_of(loss, sample) * known["d"]
    chain = weighted(loss, sample, 2 * d["i"])
    bonds = [Bond(p["i"], sample.loss, slopes)]
    sheet.work("slope_of_distance", by_p, chain, value=slopes, each="i", bonds=bonds)
    through = sum_over("i", by_p * Derivative(p["i"], z["k"]))
    average = known["p"].astype(np.float64) @ known["d"]
    sheet.work("mean_distance", μ, sum_over("j", p["j"] * d["j"]), value=average)
    collapsed = weighted(loss, sample, 2 * p["k"] * (d["k"] - μ))
    sheet.work("fade", by, through, collapsed, value=grad, each="k")
    softmax.back(sheet, scores, -slopes * known["p"].astype(np.float64))
