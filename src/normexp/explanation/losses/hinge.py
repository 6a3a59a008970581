"""The working of the hinge losses: by how much each rival violates the margin."""

from __future__ import annotations

import numpy as np

from ...losses import MulticlassHinge
from ..formula import Derivative, Formula, IsPositive, Name, call, max_over, sum_over
from ..sample import Sample
from ..softmax import start, z
from ..steps import Sheet
from .target import know_target, weighted

v, margin = Name("v"), Name("margin")


def forward(sheet: Sheet, sample: Sample, loss: MulticlassHinge) -> None:
    """From logits to violations, and to the loss."""
    assert isinstance(sample.target, int)
    start(sheet, sample)
    know_target(sheet, sample, loss)
    sheet.known.numbers["margin"] = loss.margin
    rivals = _rivals(sample)
    pairs = np.stack([np.full_like(sample.z, sample.z[sample.target]), sample.z], axis=1)
    of_pairs = MulticlassHinge(margin=loss.margin, reduction="none")
    violations = np.zeros(len(sample.z))
    violations[rivals] = of_pairs(pairs[rivals], np.zeros(len(rivals), np.int64))
    excess = call("max", 0, margin + z["j"] - z["y"])
    sheet.work("violations", v["j"], excess, value=violations, each="j", among=rivals)
    sheet.column("v", v["j"], violations)

    over = sum_over if loss.variant == "weston-watkins" else max_over
    counted = over("j", v["j"] ** 2 if loss.squared else v["j"], omit="y")
    value, _ = sample.value_and_grad(loss)
    name = loss.variant.replace("-", "_")
    sheet.work(name, sample.loss, weighted(loss, sample, counted), value=value)


def gradient(sheet: Sheet, sample: Sample, loss: MulticlassHinge, scores: None) -> None:
    """What violates the margin is pushed down, and the target up by as much."""

    def pull(j: str) -> Formula:
        return 2 * v[j] if loss.squared else IsPositive(v[j])

    _, grad = sample.value_and_grad(loss)
    rivals, of_rivals = _rivals(sample), sum_over("j", pull("j"), omit="y")
    name = "every_rival"
    if loss.variant == "crammer-singer" and rivals:
        rivals = [max(rivals, key=lambda j: float(sample.z[j]))]  # the first of those that tie
        sheet.known.at["r"] = rivals[0]
        name, of_rivals = "strongest_rival", pull("r")
    pulled = weighted(loss, sample, pull("j"))
    by = Derivative(sample.loss, z["j"])
    sheet.work(name, by, pulled, value=grad, each="j", among=rivals)
    pushed = -weighted(loss, sample, of_rivals)
    value = grad[sample.target]
    sheet.work("target_pushed", Derivative(sample.loss, z["y"]), pushed, value=value)


def _rivals(sample: Sample) -> list[int]:
    """The other classes, without those at −∞, which violate nothing."""
    return [j for j, z_j in enumerate(sample.z) if j != sample.target and z_j > -np.inf]
