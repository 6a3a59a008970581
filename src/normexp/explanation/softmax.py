"""The working of softmax: exponentials, probabilities, and how they move with the scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..functions import logsumexp
from ..losses import Loss
from .formula import Derivative, Formula, Fraction, Name, call, digits, group, max_over, sum_over
from .sample import Sample
from .softcap import capped
from .softcap import slope as slope_of_cap
from .steps import Sheet
from .trace import Bond

Array = NDArray[Any]

z, u, s = Name("z"), Name("u"), Name("s")  # logits; capped; divided by the temperature
m, rest, S = Name("m"), Name("rest"), Name("S")
e, p, lse = Name("e"), Name("p"), Name("lse")
T, c, g = Name("T"), Name("c"), Name("g")
ell = Name("ℓ")  # −log p of a class, or the loss of an element


@dataclass(frozen=True, eq=False)
class Scores:
    """What goes into the exponentials: the letter it has, its values, and −log p of each class."""

    letter: Name
    values: Array
    minus_log_p: Array


def forward(sheet: Sheet, sample: Sample, loss: Loss) -> Scores:
    """From logits to the probabilities of the loss, by way of its soft cap and temperature."""
    softcap, temperature = getattr(loss, "softcap", None), getattr(loss, "temperature", 1.0)
    letter, values = z, start(sheet, sample)
    if softcap is not None:
        sheet.known.numbers["c"] = softcap
        values = capped(values, softcap)
        cap = c * call("tanh", letter["k"] / c)
        among = np.flatnonzero(np.isfinite(values)).tolist()
        bonds = [Bond(z["k"], u["k"], slope_of_cap(sample.z, softcap))]
        sheet.work("softcap", u["k"], cap, value=values, each="k", among=among, bonds=bonds)
        letter = u
    if temperature != 1:
        sheet.known.numbers["T"] = temperature
        values = values.astype(np.float64) / temperature
        bonds = [Bond(letter["k"], s["k"], np.full(len(values), 1 / temperature))]
        sheet.work("temperature", s["k"], letter["k"] / T, value=values, each="k", bonds=bonds)
        letter = s
    exponentials(sheet, letter, values)
    value = loss.probabilities(sample.logits, sample.where)
    probabilities(sheet, letter, values, value)
    return Scores(letter, values, -loss.log_probabilities(sample.logits, sample.where))


def start(sheet: Sheet, sample: Sample) -> Array:
    """The logits, in which a class that does not exist is −inf."""
    sheet.known.numbers["z"] = sample.z
    sheet.column("z", z, sample.z)
    if sample.where is not None:
        sheet.say("mask", classes=", ".join(map(str, np.flatnonzero(~sample.live))))
    return sample.z


def exponentials(sheet: Sheet, x: Name, values: Array) -> None:
    """The exponentials behind the largest score, and their sum."""
    top = int(values.argmax())
    sheet.known.at["a"] = top
    wide = values.astype(np.float64)
    with np.errstate(over="ignore"):  # 1e308 is behind by more than there are numbers
        shifted = wide - wide[top]
    exp = np.exp(shifted)
    others = float(np.delete(exp, top).sum())

    sheet.work("maximum", m, max_over("j", x["j"]), value=wide[top], top=top)
    sheet.column("shifted", x["k"] - m, shifted)
    of_score, bonds = call("exp", x["k"] - m), [Bond(x["k"], e["k"], exp)]
    sheet.work("exponentials", e["k"], of_score, value=exp, each="k", bonds=bonds)
    sheet.column("exp", of_score, exp)
    sheet.work("rest", rest, sum_over("j", e["j"], omit="a"), value=others, top=top)
    sheet.work("sum", S, sum_over("j", e["j"]), 1 + rest, value=1 + others)


def probabilities(sheet: Sheet, x: Name, values: Array, value: Array) -> None:
    """The share of each class in the sum."""
    total = sheet.known.numbers["S"]
    of_total = np.full(len(value), 1 / total)
    bonds = [
        Bond(e["k"], S, np.ones(len(value))),
        Bond(e["k"], p["k"], of_total),
        Bond(S, p["k"], -value.astype(np.float64) / total),
    ]
    ratio = Fraction(call("exp", x["k"]), sum_over("j", call("exp", x["j"])))
    sheet.work("probabilities", p["k"], ratio, e["k"] / S, value=value, each="k", bonds=bonds)
    sheet.column("p", p["k"], value)
    if len(values) == 2 and np.isfinite(values).all():
        difference = x[1] - x[0]
        two = Fraction(e[1], e[0] + e[1])
        sigmoid = 1 / (1 + call("exp", -group(difference)))
        sheet.work("two_classes", p[1], two, sigmoid, call("σ", difference), value=value[1])
        sheet.known.numbers["p"] = value


def through_temperature(sheet: Sheet, before: Name, of_s: Array, grad: Array) -> None:
    """From the gradient of the scores that were divided to that of those before."""
    sheet.known.numbers["g"] = of_s
    chain = [Fraction(Derivative(sheet.loss, s["k"]), T), Fraction(g["k"], T)]
    by = Derivative(sheet.loss, before["k"])
    sheet.work("through_temperature", by, *chain, value=grad, each="k")


def back(sheet: Sheet, scores: Scores, pull: Array) -> None:
    """What flows back into the exponentials and their sum.

    `pull` is −p · ∂loss/∂p, a number also for a class whose p has underflowed.
    """
    known, trace = sheet.known.numbers, sheet.trace
    with np.errstate(divide="ignore", invalid="ignore"):
        trace.grads["e"] = trace.grads[scores.letter.letter] / known["e"]
    trace.flows["S", "p"] = pull / known["S"]


def logarithm(sheet: Sheet, sample: Sample, scores: Scores) -> None:
    """The logarithm of the sum of exponentials, in which −log p and the z-loss are at home."""
    chain = [call("log", sum_over("j", call("exp", scores.letter["j"]))), m + call("log1p", rest)]
    value = logsumexp(scores.values, where=sample.where)
    sheet.work("logsumexp", lse, *chain, value=value)


def surprise(x: Name) -> Formula:
    """−log p of the class with this score: neither term is below 0, so that nothing cancels."""
    return group(m - x) + call("log1p", rest)


def slopes_of_log(sheet: Sheet, of_target: Array) -> Array:
    """The derivatives of −log p of what the target counts; 1/p of a p that underflows is inf."""
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = -of_target / sheet.known.numbers["p"].astype(np.float64)
    return np.where(of_target, slopes, 0)


def shows_as_one(p_value: Array) -> NDArray[np.bool_]:
    """Classes so sure that 1 − p, with the digits shown, would be 0."""
    return np.array([digits(p_k) == ("1", "") for p_k in p_value])


def not_rounded_away(p_value: Array, target: int) -> list[int]:
    """Every class but a target so sure that p − 1 would lose its digits."""
    is_sure = shows_as_one(p_value)
    return [k for k in range(len(p_value)) if k != target or not is_sure[k]]


def jacobian(sheet: Sheet, scores: Scores, focus: int) -> None:
    """How the probabilities move with the scores: the quotient rule for i = j and for i ≠ j.

    Where i ≠ j, i is the class in focus.
    """
    x = scores.letter
    p_value = sheet.known.numbers["p"].astype(np.float64)
    complement = -np.expm1(-scores.minus_log_p.astype(np.float64))  # 1 − p, nothing cancelled
    own = p_value * complement
    same = Fraction(e["i"] * S - e["i"] * e["i"], S**2)
    other = Fraction(0 * S - e["i"] * e["j"], S**2)
    by = Derivative(p["i"], x["i"])
    formulas = [same, p["i"] * (1 - p["i"])]
    if any(shows_as_one(p_value)):
        formulas.append(p["i"] * sum_over("j", p["j"], omit="i"))
    sheet.work("quotient_same", by, *formulas, value=own, each="i")
    others = [j for j in range(len(p_value)) if j != focus]
    if others:
        sheet.known.at["i"] = focus  # one row of the matrix of derivatives is enough to see it
        formulas = [other, -(p["i"] * p["j"])]
        moves = np.where(np.arange(len(p_value)) == focus, own, -p_value[focus] * p_value)
        by = Derivative(p["i"], x["j"])
        sheet.work("quotient_other", by, *formulas, value=moves, each="j", among=others)
