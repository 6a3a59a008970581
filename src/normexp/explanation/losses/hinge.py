"""The working of the hinge losses: by how much each rival violates the margin."""

from __future__ import annotations

import numpy as np

from ...losses import MulticlassHinge
from ..by_loss import Back, work_out
from ..formula import Derivative, Formula, IsPositive, Name, call, max_over, sum_over
from ..sample import Sample
from ..softmax import start, z
from ..steps import Sheet
from ..trace import Bond
from .target import know_target, weight_of, weighted

v, margin = Name("v"), Name("margin")


@work_out.register
def work(loss: MulticlassHinge, sheet: Sheet, sample: Sample) -> Back:
    forward(sheet, sample, loss)
    return lambda: gradient(sheet, sample, loss)


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
    every, moves = _others(sample), np.where(violations > 0, 1.0, 0.0)
    bonds = [
        Bond(z["j"], v["j"], moves, among=every),
        Bond(z[sample.target], v["j"], -moves, among=every),
    ]
    sheet.work("violations", v["j"], excess, value=violations, each="j", among=rivals, bonds=bonds)
    sheet.column("v", v["j"], violations)

    over = sum_over if loss.variant == "weston-watkins" else max_over
    counted = over("j", v["j"] ** 2 if loss.squared else v["j"], omit="y")
    value, _ = sample.value_and_grad(loss)
    name = loss.variant.replace("-", "_")
    sheet.work(name, sample.loss, weighted(loss, sample, counted), value=value)


def gradient(sheet: Sheet, sample: Sample, loss: MulticlassHinge) -> None:
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
    violations = sheet.known.numbers["v"]
    slopes = weight_of(loss, sample) * (
        2 * violations if loss.squared else np.ones_like(violations)
    )
    counted = rivals if loss.variant == "crammer-singer" else _others(sample)
    slopes = np.where(np.isin(np.arange(len(slopes)), counted), slopes, 0)
    pulled = weighted(loss, sample, pull("j"))
    by = Derivative(sample.loss, z["j"])
    bonds = [Bond(v["j"], sample.loss, slopes)]
    sheet.work(name, by, pulled, value=grad, each="j", among=rivals, bonds=bonds)
    pushed = -weighted(loss, sample, of_rivals)
    value = grad[sample.target]
    sheet.work("target_pushed", Derivative(sample.loss, z["y"]), pushed, value=value)


def _others(sample: Sample) -> list[int]:
    return [j for j in range(len(sample.z)) if j != sample.target]


def _rivals(sample: Sample) -> list[int]:
    """The other classes, without those at −∞, which violate nothing."""
    return [j for j in _others(sample) if sample.z[j] > -np.inf]
