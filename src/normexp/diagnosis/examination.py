"""The examination of a batch: every check in turn, and what it sees put into words."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from operator import or_
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import _check
from .._sentences import LANGUAGES
from ..losses import CrossEntropy, Loss
from . import arithmetic, inputs, looks
from .by_loss import check_known, compute, impossible_targets, own_checks
from .case import Case, Mask, read
from .diagnosis import Diagnosis
from .findings import Finding
from .seen import Seen
from .words import SEVERITIES, SEVERITY_OF, words


def diagnose(
    logits: ArrayLike,
    target: ArrayLike | None = None,
    loss: Loss | None = None,
    *,
    where: ArrayLike | None = None,
    language: str = "en",
) -> Diagnosis:
    """Say what is wrong with a batch: why its loss is 0, inf or NaN, and what to do.

    Every row is computed twice: as ordinary NumPy code does, in the type that the logits come in,
    and by the library. Where the two part, the finding has both numbers.

    Parameters
    ----------
    logits : array_like
        What the loss is given, with the classes on the axis of the loss.
    target : array_like, optional
        Class ids or probabilities, as the loss takes them. Values out of range are findings here,
        not errors. Without a target the leading class of each row stands in for it.
    loss : Loss, optional
        Any loss of normexp, with its options.  [default: CrossEntropy()]
    where : array_like of bool, optional
        Classes that exist, broadcast to the shape of the logits.
    language : {"en", "zh"}
        Of the sentences: English or simplified Chinese.

    Returns
    -------
    Diagnosis
        Its `findings`, gravest first; true, and `ok`, where none is an error. An *error* is what no
        arithmetic can mend (NaN, labels out of range, targets at −inf), a *warning* what ordinary
        arithmetic loses or what is hardly meant, a *note* what is good to know.

    Raises
    ------
    TypeError, ValueError
        For an argument of the wrong type or shape.

    Examples
    --------
    >>> import numpy as np, normexp as nex
    >>> z = np.array([[20, 0, 0], [2, 1, 0]], np.float32)
    >>> found = nex.diagnose(z, [0, 1])
    >>> print(found)  # doctest: +ELLIPSIS
    1 warning: 2 rows of 3 classes in float32, loss 0.703803
    <BLANKLINE>
    WARNING: losses that ordinary arithmetic rounds to 0 (1 row: 0)
      row 0: ordinary loss 0, true loss 4.12231e−09
      1 plus the other exponentials rounds to 1 in float32, ...
      → Let normexp compute loss and gradient: ...
    >>> found.ok, found["zero-loss"].rows
    (True, array([0]))
    """
    _check.one_of(language, LANGUAGES, "language")
    loss = CrossEntropy() if loss is None else loss
    if not isinstance(loss, Loss):
        raise TypeError(f"loss must be a loss of normexp, got {_check.described(loss)}")
    check_known(loss)
    case = read(logits, target, loss, where)
    seen = [one for one in examined(case) if one.rows.any()]
    seen.sort(key=lambda one: SEVERITIES.index(SEVERITY_OF[one.kind]))
    return Diagnosis(
        tuple(finding(case, one, language) for one in seen),
        loss,
        case.value,
        case.shape,
        case.classes,
        case.dtype.name,
        language,
    )


def examined(case: Case) -> Iterator[Seen]:
    """Every check, one after the other."""
    yield from inputs.whole_batch(case)
    yield from inputs.logits(case)
    yield from inputs.probabilities(case)
    yield from inputs.labels(case)
    yield from inputs.masses(case)
    impossible = [*inputs.target_class(case), *impossible_targets(case.loss, case)]
    yield from impossible
    yield from inputs.mask(case)
    if case.has_true_loss:
        computed = compute(case)
        yield from arithmetic.not_finite(case, computed)
        yield from arithmetic.rounded_away(case, computed)
        yield from arithmetic.infinite(case, explained=any_of(impossible, case))
        yield from arithmetic.certainty(case, computed)
    yield from looks.taken_for_logits(case)
    yield from looks.offset(case)
    yield from looks.equal_rows(case)
    yield from own_checks(case.loss, case)


def any_of(seen: list[Seen], case: Case) -> Mask:
    """Rows of which something has been said."""
    return reduce(or_, (one.rows for one in seen), np.zeros(len(case.logits), np.bool_))


def finding(case: Case, seen: Seen, language: str) -> Finding:
    """What a check says, put into words."""
    facts: dict[str, Any] = {"dtype": case.dtype.name, "classes": case.classes}
    facts |= {"last": case.classes - 1, **seen.facts}
    return Finding(
        seen.kind,
        SEVERITY_OF[seen.kind],
        places(seen.rows, case.shape),
        {name: values[seen.rows] for name, values in seen.numbers.items()},
        *words(seen.kind, language, **facts),
    )


def places(rows: Mask, shape: tuple[int, ...]) -> NDArray[np.intp]:
    """Where rows stand in a batch: an index each, or one for each axis where it has several."""
    flat = np.flatnonzero(rows)
    return flat if len(shape) < 2 else np.stack(np.unravel_index(flat, shape), axis=1)
