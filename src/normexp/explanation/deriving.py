"""`explain`: from arguments to a derivation, sample by sample."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..losses import Loss, LossGrad
from . import batch, linear
from .by_loss import work_out
from .derivation import Derivation
from .filling import Known
from .formula import Derivative, Name
from .graph import LOSS, drawn
from .one_sample import input_of, of_sample, plain
from .problem import Problem, problem
from .sample import Elements, alone
from .softmax import ell
from .steps import Sheet, Step

Array = NDArray[Any]

Z = Name("Z")


def explain(
    logits: ArrayLike | None = None,
    target: ArrayLike | None = None,
    loss: Loss | None = None,
    *,
    features: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    bias: ArrayLike | None = None,
    alpha: float = 0.0,
    where: ArrayLike | None = None,
    language: str = "en",
) -> Derivation:
    """Show how a softmax or a loss comes about, with these numbers.

    Parameters
    ----------
    logits : array_like, shape (classes,) or more dimensions
        Of one sample, or of a batch with the classes on the loss's `axis`. None if they come from
        features.
    target : array_like, optional
        As the loss takes it: class ids, or probabilities. Without it softmax alone is explained.
    loss : Loss, optional
        Any loss of the library with any options; by default ``CrossEntropy()``.
    features, weight, bias : array_like, optional
        Of shapes (..., inputs), (classes, inputs) and (classes,): the last layer, whose logits are
        ``features @ weight.T + bias``. The working then reaches back into them.
    alpha : float
        Strength of a penalty ``alpha/2 · ‖weight‖²``.
    where : array_like of bool, optional
        Classes that exist, as for the loss.
    language : {"en", "zh"}

    Returns
    -------
    Derivation
        Steps with their formula, the same with the numbers filled in, the value and a sentence of
        why; the gradient and how it is derived; the graph. It prints as text, shows itself in
        Jupyter, and has ``html()``, ``latex()``, ``svg()`` and ``to_dict()``.

    Raises
    ------
    TypeError, ValueError
        For what the loss refuses; for a logit that is NaN or +inf, or a sample that counts without
        any finite logit; for features without a weight, logits that are not those of the features,
        more than 10 000 numbers or 100 samples.

    Examples
    --------
    >>> import normexp as nex
    >>> derivation = nex.explain([2.0, 1.0, 0.1], 0)
    >>> derivation.columns["p"].round(3)
    array([0.659, 0.242, 0.099])
    >>> last = derivation.steps[-1]
    >>> last.name, round(last.value, 3)
    ('negative_log_likelihood', 0.417)
    >>> nex.explain([0.5, 0.25], 0, nex.SquaredError(), language="zh").steps[-1].title
    '平方误差'
    """
    given = problem(logits, target, loss, features, weight, bias, alpha, where, language)
    if given.loss is not None and given.loss.is_elementwise:
        return _elements(given, given.loss)
    if given.logits.ndim == 1:
        return _one(given)
    whole = _several(given)
    if whole.grad is None:
        return whole
    return replace(whole, grad=np.moveaxis(whole.grad, -1, given.axis))


def _one(given: Problem) -> Derivation:
    """The derivation of one sample; with its division where the mean divides by anything but 1."""
    loss = given.loss
    if loss is None or given.bound is None:
        return of_sample(given, (), LOSS)
    if loss.reduction != "mean" or given.bound.divisor == 1:
        derivation = of_sample(given, (), LOSS)
        return replace(derivation, backward=_backward(given, derivation.grad))
    part, divisor = LOSS[0], given.bound.divisor
    derivation = of_sample(given, (), part)
    assert derivation.grad is not None
    value, grad = given.value_and_grad()
    sheet = _sheet(given)
    losses, counts = np.array([derivation.value]), ~given.is_left_out.reshape(1)
    batch.forward(sheet, loss, part, losses, counts, divisor, value)
    sheet.turn()
    batch.gradient(sheet, loss, part, input_of(loss)["k"], derivation.grad, grad)
    return replace(
        derivation,
        value=float(value),
        grad=grad,
        columns={**derivation.columns, "grad": grad.astype(np.float64)},
        steps=(*derivation.steps, *sheet.forth),
        gradient=(*derivation.gradient, *sheet.back),
        backward=_backward(given, grad),
        graph=derivation.graph.reduced(float(value), 1 / (divisor or np.inf)),
    )


def _several(given: Problem) -> Derivation:
    """The derivation of a batch: of each sample by itself, and of what becomes of them all."""
    loss, indices = given.loss, list(np.ndindex(given.logits.shape[:-1]))
    is_reduced = loss is not None and given.bound is not None and loss.reduction != "none"
    samples = tuple(
        of_sample(given, index, LOSS[i] if is_reduced else LOSS) for i, index in enumerate(indices)
    )
    whole = Derivation(
        loss=loss, language=given.language, target=plain(given.target), samples=samples
    )
    if loss is None or given.bound is None:
        return whole
    value, grad = given.value_and_grad()
    losses = np.array([sample.value for sample in samples])
    sheet = _sheet(given)
    sheet.column("loss", LOSS["i"], losses)
    whole = replace(whole, value=value, grad=grad, columns=sheet.columns, headings=sheet.headings)
    if not is_reduced:
        return whole
    divisor, counts = given.bound.divisor, ~given.is_left_out.reshape(-1)
    batch.forward(sheet, loss, LOSS["i"], losses, counts, divisor, value)
    sheet.turn()
    grads = np.array([sample.grad for sample in samples])
    batch.gradient(sheet, loss, LOSS["i"], Z["i"], grads, grad.reshape(grads.shape))
    return replace(
        whole,
        value=float(value),
        steps=tuple(sheet.forth),
        gradient=tuple(sheet.back),
        backward=_backward(given, grad.reshape(grads.shape)),
        graph=drawn(sheet.trace, LOSS),
    )


def _elements(given: Problem, loss: Loss) -> Derivation:
    """The derivation of a loss of elements: a table of all of them, whatever their shape."""
    assert given.target is not None
    assert given.bound is not None
    value, grad = given.value_and_grad()
    apart = alone(loss).value_and_grad(given.logits, given.target, where=given.where)
    apart = LossGrad(*(np.reshape(one, -1) for one in apart))
    divisor, counts = given.bound.divisor, ~given.is_left_out.reshape(-1)
    sheet, part, by = _sheet(given), ell["k"], input_of(loss)["k"]
    sheet.known.over["k"] = np.flatnonzero(counts).tolist()
    target = given.target.reshape(-1).astype(np.float64)
    back = work_out(loss, sheet, Elements(given.logits.reshape(-1), target, apart))
    is_reduced = loss.reduction != "none"
    if is_reduced:
        batch.forward(sheet, loss, part, apart.value, counts, divisor, value)
    sheet.turn()
    back()
    if is_reduced:
        batch.gradient(sheet, loss, part, by, apart.grad, grad.reshape(-1))
    else:
        sheet.trace.grads[part.letter] = counts.astype(np.float64)  # each is a loss of its own
    sheet.column("grad", Derivative(LOSS, by), grad.reshape(-1))
    return Derivation(
        loss=loss,
        language=given.language,
        target=plain(given.target),
        value=float(value) if is_reduced else value,
        grad=grad,
        columns=sheet.columns,
        headings=sheet.headings,
        steps=tuple(sheet.forth),
        gradient=tuple(sheet.back),
        backward=_backward(given, grad),
        graph=drawn(sheet.trace, LOSS),
    )


def _backward(given: Problem, grad: Array | None) -> tuple[Step, ...]:
    """Into the last layer, where there is one and a target."""
    if given.linear is None or given.loss is None or given.target is None or grad is None:
        return ()
    x, w, b = given.linear
    found = given.loss.linear_value_and_grad(x, w, given.target, b, where=given.where)
    sheet = _sheet(given)
    linear.backward(sheet, given.linear, grad, found, given.alpha)
    return tuple(sheet.forth)


def _sheet(given: Problem) -> Sheet:
    """An empty sheet for what concerns all samples."""
    return Sheet(Known(over={"k": range(given.logits.shape[-1])}), LOSS, given.language)
