"""The working of a loss for one row of logits, as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..functions import logsumexp, softmax
from ..losses import CrossEntropy, MulticlassHinge, RowLoss, SquaredError

Row = NDArray[np.float64]


class Step(NamedTuple):
    """One number: its name, how it comes about, and its value."""

    name: str
    formula: str
    value: float


class Working(NamedTuple):
    """Numbers for each class under their names, and the steps that lead to the loss.

    Names are plain ASCII; `HEADINGS` has them as a formula is set.
    """

    columns: dict[str, Row]
    steps: list[Step]
    target: int | None

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values; −inf and inf are among them, where logits or loss are."""
        return {
            "target": self.target,
            "classes": {name: values.tolist() for name, values in self.columns.items()},
            "steps": [step._asdict() for step in self.steps],
        }


def explain(loss: RowLoss, logits: ArrayLike, target: int | None = None) -> Working:
    """Work out a loss and its gradient for one row of logits.

    Parameters
    ----------
    loss : RowLoss
        A squared error, a hinge, or a plain cross-entropy.
    logits : array_like, shape (classes,)
        −inf for a class that cannot be.
    target : int, optional
        The class id. Without it a loss on probabilities shows the probabilities alone.

    Raises
    ------
    ValueError
        If a logit is NaN or +inf or all are −inf, if the target is none of the classes, or if the
        loss has options whose working is not known here.

    Examples
    --------
    >>> working = explain(CrossEntropy(), [2.0, 1.0, 0.1], target=0)
    >>> working.columns["p"].round(3)
    array([0.659, 0.242, 0.099])
    >>> working.steps[-1].formula, round(working.steps[-1].value, 3)
    ('(m − z_y) + log1p(rest)', 0.417)
    """
    z = np.asarray(logits, dtype=np.float64)
    if z.ndim != 1 or z.size == 0 or not np.isfinite(z.max()):
        raise ValueError(
            f"logits: expected a row of numbers, one of them finite and none inf, got {z.tolist()}"
        )
    if target is not None and not 0 <= target < len(z):
        raise ValueError(f"target: expected a class id from 0 to {len(z) - 1}, got {target}")

    if loss in (CrossEntropy(), SquaredError(on="probabilities")):
        columns, steps = _softmax(z)
    elif isinstance(loss, MulticlassHinge) or loss == SquaredError():
        columns, steps = {"z": z}, []
        if target is None:
            raise ValueError(
                "target: expected the class id of the target, which this loss is about"
            )
    else:
        raise ValueError(f"loss: expected one whose working is known here, got {loss!r}")
    if target is None:
        return Working(columns, steps, None)

    term, values, formula = _terms(loss, z, target)
    value, grad = loss.value_and_grad(z[np.newaxis], [target])
    columns = {**columns, term: values, "grad": grad[0]}
    return Working(columns, [*steps, Step("loss", formula, float(value))], target)


def _softmax(z: Row) -> tuple[dict[str, Row], list[Step]]:
    m = z.max()
    shifted = z - m
    is_rest = np.arange(len(z)) != z.argmax()
    rest = np.exp(logsumexp(shifted, where=is_rest))
    columns = {"z": z, "shifted": shifted, "exp": np.exp(shifted), "p": softmax(z)}
    steps = [
        Step("m", "max z", float(m)),
        Step("rest", "Σ exp(z − m), less one maximum", float(rest)),
        Step("logsumexp", "m + log1p(rest)", float(logsumexp(z))),
    ]
    return columns, steps


def _terms(loss: RowLoss, z: Row, target: int) -> tuple[str, Row, str]:
    """What a loss adds up: its name, its value for each class, and the formula of the loss."""
    t = np.where(np.arange(len(z)) == target, 1.0, 0.0)
    if isinstance(loss, CrossEntropy):
        return "t", t, "(m − z_y) + log1p(rest)"
    if isinstance(loss, SquaredError):
        if loss.on == "logits":
            return "square_z", (z - t) ** 2, "Σ (z − t)²"
        p = softmax(z)
        # 1 − p of the target is the sum of the others, which rounds nothing away.
        return "square_p", np.where(t, p @ (1 - t), p) ** 2, "Σ (p − t)²"
    assert isinstance(loss, MulticlassHinge)
    violations = np.where(t, 0.0, np.maximum(0.0, loss.margin + z - z[target]))
    sign = "Σ" if loss.variant == "weston-watkins" else "max"
    return "v", violations, f"{sign} v{'²' if loss.squared else ''}"


HEADINGS = {
    "shifted": "z − m",
    "exp": "exp(z − m)",
    "logsumexp": "log Σ exp z",
    "square_z": "(z − t)²",
    "square_p": "(p − t)²",
    "grad": "∂loss/∂z",
}
NOTES = {
    "p": "p = exp(z − m) / (1 + rest)",
    "t": "∂loss/∂z = p − t, the target's summed from the others: −Σ p_j",
    "v": "v = max(0, margin + z − z_y), 0 for the target itself",
}


def text(working: Working) -> str:
    """Set a working as a table of the classes and the steps below it.

    Examples
    --------
    >>> print(text(explain(SquaredError(), [0.5, 0.25], target=0)))
      class     z  (z − t)²  ∂loss/∂z
    → 0       0.5      0.25        -1
      1      0.25    0.0625       0.5
    <BLANKLINE>
      loss = Σ (z − t)² = 0.3125
    """
    classes = [
        ("→ " if k == working.target else "  ") + str(k) for k in range(len(working.columns["z"]))
    ]
    columns = [_aligned(["  class", *classes], "<")]
    for name, values in working.columns.items():
        columns.append(_aligned([HEADINGS.get(name, name), *map(_number, values)], ">"))
    lines = ["  ".join(cells).rstrip() for cells in zip(*columns, strict=True)]

    notes = [note for name, note in NOTES.items() if name in working.columns]
    names = _aligned([HEADINGS.get(step.name, step.name) for step in working.steps], "<")
    formulas = _aligned([step.formula for step in working.steps], "<")
    results = [
        f"{name} = {formula} = {_number(step.value)}"
        for name, formula, step in zip(names, formulas, working.steps, strict=True)
    ]
    return "\n".join([*lines, "", *(f"  {line}" for line in (*results, *notes))])


def _aligned(cells: Sequence[str], side: str) -> list[str]:
    width = max(map(len, cells))
    return [f"{cell:{side}{width}}" for cell in cells]


def _number(value: float) -> str:
    return f"{value:.6g}"
