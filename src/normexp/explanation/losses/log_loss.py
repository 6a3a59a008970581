"""The working of cross-entropy on probabilities: the logarithm alone, without softmax before it."""

from __future__ import annotations

import numpy as np

from ...losses import CrossEntropy
from ..formula import Derivative, call, sum_over
from ..sample import Sample
from ..softmax import p
from ..steps import Sheet
from ..trace import Bond
from .target import mass, t


def forward(sheet: Sheet, sample: Sample, loss: CrossEntropy) -> None:
    """From probabilities to the loss."""
    probabilities = np.where(sample.live, sample.logits, 0)
    sheet.known.numbers["p"] = probabilities
    sheet.column("p", p["k"], probabilities)
    mass(sheet, sample, loss)
    chain = -sum_over("k", t["k"] * call("log", p["k"]), mass="t")
    sheet.work("log_loss", sample.loss, chain, value=sample.value_and_grad(loss)[0])


def gradient(sheet: Sheet, sample: Sample, loss: CrossEntropy) -> None:
    """Only the logarithm is left to differentiate."""
    _, grad = sample.value_and_grad(loss)
    counted = np.flatnonzero(sheet.known.numbers["t"]).tolist()
    sheet.work(
        "slope_of_log",
        Derivative(sample.loss, p["k"]),
        -(t["k"] / p["k"]),
        value=grad,
        each="k",
        among=counted,
        bonds=[Bond(p["k"], sample.loss, grad)],
    )
