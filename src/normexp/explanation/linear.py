"""The working of the last layer: logits from features, and the gradient back into its weights."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..losses import LinearLossGrad
from .formula import Derivative, Name, Number, sum_over, transposed
from .sample import Linear
from .softmax import z
from .steps import Sheet
from .trace import Bond

Array = NDArray[Any]

W, x, b = Name("W"), Name("x"), Name("b")
X, Z, g, G = Name("X"), Name("Z"), Name("g"), Name("G")  # rows of samples; gradients of logits
α, J = Name("α"), Name("J")
ONE = Number(1.0)  # what the bias is the weight of


def forward(sheet: Sheet, linear: Linear, logits: Array) -> None:
    """From the features of a sample to its logits."""
    sheet.known.numbers.update({"W": linear.weight, "x": linear.features, "b": linear.bias})
    sheet.known.over["d"] = range(len(linear.features))
    products = sum_over("d", W["k", "d"] * x["d"])
    affine = products if linear.bias is None else products + b["k"]
    bonds = [Bond(x["d"], z["k"], linear.weight, is_learnt=True)]
    if linear.bias is not None:
        bonds.append(Bond(ONE, z["k"], linear.bias, is_learnt=True))
    sheet.work("linear", z["k"], affine, value=logits, each="k", bonds=bonds)


def backward(
    sheet: Sheet, linear: Linear, grad: Array, found: LinearLossGrad, alpha: float
) -> None:
    """From the gradient of the logits to those of weight, bias and features: matrix products.

    A batch has a row for each of its samples, whatever the shape it came in.
    """
    if grad.ndim > 1:
        rows = linear.features.reshape(-1, linear.weight.shape[1])
        linear, grad = linear._replace(features=rows), grad.reshape(len(rows), -1)
    loss, known = sheet.loss, sheet.known.numbers
    known |= {"W": linear.weight, "x": linear.features, "X": linear.features, "g": grad, "G": grad}
    if grad.ndim == 1:
        by = Derivative(loss, z)
        of_weight = [by * transposed(x), g * transposed(x)]
        of_bias = [by, g]
        of_features = [transposed(W) * by, transposed(W) * g]
    else:
        by = Derivative(loss, Z)
        of_weight = [transposed(by) * X, transposed(G) * X]
        of_bias = [sum_over("i", Derivative(loss, Z["i"])), sum_over("i", G["i"])]
        of_features = [by * W, G * W]
        sheet.known.over["i"] = range(len(grad))
    features = x if grad.ndim == 1 else X
    sheet.work("weight", Derivative(loss, W), *of_weight, value=found.weight)
    if linear.bias is not None:
        sheet.work("bias", Derivative(loss, b), *of_bias, value=found.bias)
    assert found.features is not None
    sheet.work(
        "features",
        Derivative(loss, features),
        *of_features,
        value=found.features.reshape(linear.features.shape),
    )
    if alpha:
        classes, inputs = linear.weight.shape
        known |= {"α": alpha, "loss": float(found.value), "g": found.weight}
        sheet.known.over.update({"k": range(classes), "d": range(inputs)})
        squares = sum_over("k", sum_over("d", W["k", "d"] ** 2))
        penalty = alpha / 2 * float(np.vdot(linear.weight, linear.weight))
        sheet.work("penalty", J, loss + α / 2 * squares, value=float(found.value) + penalty)
        decayed = [Derivative(loss, W) + α * W, g + α * W]
        value = found.weight + alpha * linear.weight
        sheet.work("decay", Derivative(J, W), *decayed, value=value)
