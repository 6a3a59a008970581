"""What a sample should be: the mass of its target on each class."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...losses import CrossEntropy, RowLoss
from ..formula import Formula, Name, group, sum_over
from ..sample import Sample
from ..steps import Sheet

Array = NDArray[Any]

t, q, w = Name("t"), Name("q"), Name("w")
ε, K = Name("ε"), Name("K")


def distribution(sample: Sample) -> Array:
    """The target before anything is done to it: one-hot for a class id."""
    if isinstance(sample.target, int):
        return np.where(np.arange(len(sample.logits)) == sample.target, 1.0, 0.0)
    return np.asarray(sample.target, np.float64)


def mass(sheet: Sheet, sample: Sample, loss: CrossEntropy) -> Array:
    """t, what cross-entropy counts on each class: smoothed, and with the weights of the classes."""
    known, smoothing = sheet.known.numbers, loss.label_smoothing
    known["q"] = found = distribution(sample)
    of_class: Formula = q["k"]
    if smoothing:
        known["ε"] = smoothing
        of_class = (1 - ε) * of_class + ε / K
        found = (1.0 - smoothing) * found + np.where(sample.live, smoothing / known["K"], 0)
    if loss.class_weight is not None:
        known["w"] = np.array(loss.class_weight)
        of_class = w["k"] * group(of_class)
        found = known["w"] * found
    if of_class == q["k"]:
        known["t"] = found
    else:
        live = np.flatnonzero(sample.live).tolist()
        sheet.work("mass", t["k"], of_class, value=found, each="k", among=live)
    sheet.column("t", t["k"], found)
    return found


def weighted(loss: RowLoss, sample: Sample, of: Formula) -> Formula:
    """Times the class weight that a whole sample counts with: w_y, or the target's mean of w."""
    masses = distribution(sample)
    if loss.class_weight is None or not masses.any():
        return of
    if isinstance(sample.target, int):
        return w["y"] * of
    mean = sum_over("i", w["i"] * q["i"])
    if not np.isclose(masses.sum(), 1.0, rtol=0, atol=1e-6):
        mean = group(mean) / group(sum_over("i", q["i"]))
    return group(mean) * of


def weight_of(loss: RowLoss, sample: Sample) -> float:
    """The number that `weighted` writes."""
    masses = distribution(sample)
    if loss.class_weight is None or not masses.any():
        return 1.0
    return float(masses @ loss.class_weight / masses.sum())


def know_target(sheet: Sheet, sample: Sample, loss: RowLoss) -> Array:
    """Note t and the class weights of a loss that weighs samples, not classes."""
    found = distribution(sample)
    sheet.known.numbers.update({"t": found, "q": found})
    if loss.class_weight is not None:
        sheet.known.numbers["w"] = np.array(loss.class_weight)
    return found
