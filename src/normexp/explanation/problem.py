"""What is to be explained: the arguments, checked, with the classes on the last axis."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import _check
from .._arrays import as_floating
from .._sentences import LANGUAGES
from .._sparse import is_sparse
from ..linear_loss import operands
from ..losses import CrossEntropy, Loss, LossGrad
from ..losses.bound import Bound
from .by_loss import check_known
from .formula import Name
from .sample import Linear, Sample

Array = NDArray[Any]

LAST: dict[str, Any] = {"axis": -1}
MOST, MOST_SAMPLES = 10_000, 100  # numbers that are worked out: nobody reads more


@dataclass(frozen=True, eq=False)
class Problem:
    """One sample, or a batch of them, and the loss in question; None for softmax alone."""

    logits: Array
    target: Array | None
    live: NDArray[np.bool_]
    loss: Loss | None
    linear: Linear | None
    alpha: float
    language: str
    axis: int = -1  # where the classes stood

    @property
    def where(self) -> NDArray[np.bool_] | None:
        return None if self.live.all() else self.live

    @cached_property
    def bound(self) -> Bound | None:
        """How the loss reads the target."""
        if self.loss is None or self.target is None:
            return None
        return self.loss.bind_to(self.logits.shape, self.target, None, self.where)

    @cached_property
    def is_left_out(self) -> NDArray[np.bool_]:
        """Samples, or elements, that do not count, whatever they hold."""
        if self.bound is None:
            return np.full(self.logits.shape[:-1], False)
        return self.bound.is_ignored

    def value_and_grad(self) -> LossGrad:
        """The library's loss and gradient of it all."""
        assert self.loss is not None
        assert self.target is not None
        return self.loss.value_and_grad(self.logits, self.target, where=self.where)

    def sample(self, index: tuple[int, ...], loss: Name) -> Sample:
        """One of the samples; `loss` is the symbol of its loss."""
        target: Any = None if self.target is None else self.target[index]
        if target is not None and target.ndim == 0:
            target = int(target)
        linear = self.linear
        if linear is not None:
            linear = linear._replace(features=linear.features[index])
        return Sample(self.logits[index], self.live[index], target, loss, linear)


def problem(
    logits: ArrayLike | None,
    target: ArrayLike | None,
    loss: Loss | None,
    features: ArrayLike | None,
    weight: ArrayLike | None,
    bias: ArrayLike | None,
    alpha: float,
    where: ArrayLike | None,
    language: str,
) -> Problem:
    """Check the arguments of `explain`."""
    _check.one_of(language, LANGUAGES, "language")
    _check.not_negative(alpha, "alpha")
    if loss is not None and not isinstance(loss, Loss):
        raise TypeError(f"loss must be a loss such as CrossEntropy(), got {_check.described(loss)}")
    linear, values, axis = None, logits, -1
    if features is not None and weight is not None:
        linear, values = _last_layer(features, weight, bias, logits)
    elif any(one is not None for one in (features, weight, bias)) or alpha:
        raise ValueError("features and weight belong together; bias and alpha need both")
    if values is None:
        raise ValueError("logits must be given, or features and weight that they come from")
    array, _ = as_floating(values, "logits")
    if array.ndim == 0 or not 0 < array.size <= MOST:
        raise ValueError(
            f"logits must be an array of 1 to {MOST} numbers with its classes on an axis, "
            f"got {_check.described(array)}"
        )
    live = np.full(array.shape, True) if where is None else _check.mask(where, array.shape)
    expected = None if target is None else _check.array(target, "target")
    if loss is None and target is not None:
        loss = CrossEntropy()
    if loss is not None:
        check_known(loss)
    if loss is not None and not loss.is_elementwise:
        (axis,) = loss.axes_of(array.ndim)
        if linear is not None and axis != array.ndim - 1:
            raise ValueError("a linear map puts the classes last: the loss must have axis=-1")
        if expected is not None and expected.shape == array.shape:
            expected = np.moveaxis(expected, axis, -1)
        array, live = (np.moveaxis(one, axis, -1) for one in (array, live))
        loss = replace(loss, **LAST)
    samples = array.size // array.shape[-1]
    if samples > MOST_SAMPLES and not (loss is not None and loss.is_elementwise):
        raise ValueError(f"logits must hold at most {MOST_SAMPLES} samples, got {samples}")
    if expected is None and loss is not None and loss.reads != "softmax":
        raise ValueError(f"target must be given: it is what {loss!r} is about")
    found = Problem(array, expected, live, loss, linear, float(alpha), language, axis)
    _check_logits(found)
    return found


def _last_layer(
    features: ArrayLike, weight: ArrayLike, bias: ArrayLike | None, logits: ArrayLike | None
) -> tuple[Linear, Array]:
    """Features, weight and bias, and their logits, which those given have to agree with."""
    if is_sparse(features):
        features = features.toarray()  # type: ignore[union-attr]
    made = operands(features, weight, bias)
    x, w, b = made.features.astype(made.dtype), made.weight.astype(made.dtype), made.bias
    computed = x @ w.T
    if b is not None:
        computed += b
    if max(x.size, w.size) > MOST:
        raise ValueError(
            f"features and weight may hold {MOST} numbers each, got {x.size}, {w.size}"
        )
    shape = np.shape(features)[:-1]
    computed = computed.reshape(*shape, len(w))
    if logits is not None:
        given, dtype = as_floating(logits, "logits")
        apart = max(1e-5, 4 * float(np.finfo(dtype).eps)) * np.abs(computed).max(initial=0)
        is_same = given.shape == computed.shape and np.allclose(given, computed, 0, apart)
        if not is_same:
            raise ValueError(
                "logits must be features @ weight.T + bias where these are given; leave them out"
            )
    return Linear(x.reshape(np.shape(features)), w, b), computed


def _check_logits(given: Problem) -> None:
    """Refuse samples of which no working could be shown."""
    is_elementwise = given.loss is not None and given.loss.is_elementwise
    with np.errstate(invalid="ignore"):
        values = np.where(given.live, given.logits, -np.inf).astype(np.float64)
    if is_elementwise:
        fine = np.isfinite(given.logits) | ~given.live
    else:
        fine = np.isfinite(values.max(axis=-1, initial=-np.inf))
    fine |= given.is_left_out
    if not fine.all():
        first = tuple(int(i) for i in np.argwhere(~fine)[0])
        raise ValueError(
            "logits: expected numbers, in each sample one that is finite and none NaN or inf, "
            f"got {given.logits[first].tolist()}" + (f" at {first}" if first else "")
        )
