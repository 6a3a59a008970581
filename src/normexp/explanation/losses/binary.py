"""The working of binary cross-entropy: every element is a yes or a no of its own."""

from __future__ import annotations

from ...losses import BinaryCrossEntropy
from ..by_loss import Back, work_out
from ..formula import Derivative, Formula, call
from ..sample import Elements
from ..softmax import ell, p, z
from ..steps import Sheet
from ..trace import Bond
from .target import q, t, w, ε


@work_out.register
def work(loss: BinaryCrossEntropy, sheet: Sheet, given: Elements) -> Back:
    forward(sheet, given, loss)
    return lambda: gradient(sheet, given, loss)


def forward(sheet: Sheet, given: Elements, loss: BinaryCrossEntropy) -> None:
    """From logits z, or probabilities p, to the loss of each element."""
    values, target = given.logits, given.target
    known = sheet.known.numbers
    known |= {"q": target, "t": target, "w": loss.pos_weight}
    if loss.from_logits:
        known["z"] = values
        sheet.column("z", z["k"], values)
        squashed = 1 / (1 + call("exp", -z["k"]))
        chain = [call("σ", z["k"]), squashed]
        sheet.work("sigmoid", p["k"], *chain, value=loss.probabilities(values), each="k")
    else:
        known["p"] = values
    sheet.column("p", p["k"], known["p"])
    if loss.label_smoothing:
        known["ε"] = ε_value = loss.label_smoothing
        smoothed = (1 - ε_value) * target + ε_value / 2
        sheet.work("smoothed", t["k"], (1 - ε) * q["k"] + ε / 2, value=smoothed, each="k")
    sheet.column("t", t["k"], known["t"])
    if loss.from_logits:
        yes, no = call("softplus", -z["k"]), call("softplus", z["k"])
        name, chain = "yes_or_no", [_of_yes(loss) * yes + (1 - t["k"]) * no]
    else:
        yes, no = call("log", p["k"]), call("log", 1 - p["k"])
        name, chain = "log_of_yes_or_no", [-(_of_yes(loss) * yes) - (1 - t["k"]) * no]
    bonds = [Bond((z if loss.from_logits else p)["k"], ell["k"], given.found.grad)]
    sheet.work(name, ell["k"], *chain, value=given.found.value, each="k", bonds=bonds)
    sheet.column("loss", ell["k"], given.found.value)


def gradient(sheet: Sheet, given: Elements, loss: BinaryCrossEntropy) -> None:
    """Both answers pull at an element, each by what the other one has."""
    if loss.from_logits:
        by, name = z["k"], "pull_of_yes_and_no"
        chain = (1 - t["k"]) * call("σ", z["k"]) - _of_yes(loss) * call("σ", -z["k"])
    else:
        by, name = p["k"], "slope_of_logs"
        chain = (1 - t["k"]) / (1 - p["k"]) - _of_yes(loss) / p["k"]
    sheet.work(name, Derivative(ell["k"], by), chain, value=given.found.grad, each="k")


def _of_yes(loss: BinaryCrossEntropy) -> Formula:
    return t["k"] if loss.pos_weight == 1 else w * t["k"]
