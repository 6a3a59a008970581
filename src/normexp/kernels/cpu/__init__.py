"""The contract on NumPy arrays, by kernels that Numba compiles when they are first called."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import Logits, Target
from . import cross_entropy as _cross_entropy
from . import decimals
from . import functions as _functions
from . import hinge as _hinge
from . import signed as _signed
from . import squared_error as _squared_error
from .calls import arranged, over_elements, over_tiles, stored
from .tiles import NARROW

Array = NDArray[Any]

NO_RESULT: Array = np.empty((0, 0, 0))


def softmax(logits: Logits, out: Array) -> None:
    result = arranged(out)
    over_tiles(_functions.softmax, logits, result, result, in_place=_functions.softmax_of_rows)


def log_softmax(logits: Logits, out: Array) -> None:
    result = arranged(out)
    over_tiles(
        _functions.log_softmax, logits, result, result, in_place=_functions.log_softmax_of_rows
    )


def logsumexp(logits: Logits, out: Array) -> None:
    # Few logits often cancel, which float32 has no digits for.
    compute = np.float64 if logits.values.shape[1] <= NARROW else None
    over_tiles(
        _functions.logsumexp,
        logits,
        NO_RESULT,
        out,
        in_place=_functions.logsumexp_of_rows,
        kind=out.dtype.char,
        compute=compute,
    )


def signed_logsumexp(values: Array, factors: Array, out: Array, signs: Array) -> None:
    factors = np.ascontiguousarray(factors)
    mantissas, exponents = np.frexp(factors)
    exponents = np.where(np.isfinite(factors), exponents, np.abs(factors))
    doubts = np.empty(len(out))
    over_tiles(
        _signed.logsumexp,
        Logits(values),
        NO_RESULT,
        arranged(mantissas),
        arranged(exponents),
        out,
        signs,
        doubts,
        float(np.finfo(out.dtype).eps) / 128,
        kind=out.dtype.char,
        compute=np.float64,
    )
    inner = values.shape[2] if values.ndim == 3 else 1
    for row in np.flatnonzero(doubts):
        its = (row // inner, slice(None), row % inner) if values.ndim == 3 else row
        logits = values[its].astype(np.float64).tolist()
        out[row], signs[row] = decimals.logsumexp(logits, factors[its].tolist())


def sigmoid(x: Array, out: Array) -> None:
    over_elements(_functions.sigmoid, x, stored(out))


def log_sigmoid(x: Array, out: Array) -> None:
    over_elements(_functions.log_sigmoid, x, stored(out))


def _classes(target: Target) -> Array:
    return target.classes if target.classes.ndim == 1 else arranged(target.classes)


def cross_entropy(logits: Logits, target: Target, loss: Array, grad: Array) -> None:
    grad = arranged(grad)
    over_tiles(
        _cross_entropy.cross_entropy,
        logits,
        grad,
        target.classes,
        target.weight,
        target.norm,
        target.class_weight,
        loss,
        grad,
        in_place=_cross_entropy.cross_entropy_of_rows,
    )


def spread_cross_entropy(logits: Logits, target: Target, loss: Array, grad: Array) -> None:
    _with_masses(_cross_entropy.spread_cross_entropy, logits, target, loss, grad)


def log_loss(probabilities: Logits, target: Target, loss: Array, grad: Array) -> None:
    _with_masses(_cross_entropy.log_loss, probabilities, target, loss, grad)


def _with_masses(kernel: Any, logits: Logits, target: Target, loss: Array, grad: Array) -> None:
    grad, classes = arranged(grad), _classes(target)
    over_tiles(
        kernel,
        logits,
        grad,
        classes,
        target.weight,
        target.smoothing,
        target.norm,
        target.class_weight,
        loss,
        grad,
        kind=classes.dtype.char,
    )


def weston_watkins(
    logits: Logits, target: Target, margin: float, squared: bool, loss: Array, grad: Array
) -> None:
    _hinge_loss(_hinge.weston_watkins, logits, target, margin, squared, loss, grad)


def crammer_singer(
    logits: Logits, target: Target, margin: float, squared: bool, loss: Array, grad: Array
) -> None:
    _hinge_loss(_hinge.crammer_singer, logits, target, margin, squared, loss, grad)


def _hinge_loss(
    kernel: Any,
    logits: Logits,
    target: Target,
    margin: float,
    squared: bool,
    loss: Array,
    grad: Array,
) -> None:
    grad = arranged(grad)
    over_tiles(
        kernel,
        logits,
        grad,
        target.classes,
        target.weight,
        target.class_weight,
        margin,
        squared,
        loss,
        grad,
    )


def squared_error(logits: Logits, target: Target, loss: Array, grad: Array) -> None:
    _squared(_squared_error.squared_error, logits, target, loss, grad)


def brier(logits: Logits, target: Target, loss: Array, grad: Array) -> None:
    _squared(_squared_error.brier, logits, target, loss, grad)


def _squared(kernel: Any, logits: Logits, target: Target, loss: Array, grad: Array) -> None:
    grad, classes = arranged(grad), _classes(target)
    over_tiles(
        kernel,
        logits,
        grad,
        classes,
        target.weight,
        target.class_weight,
        loss,
        grad,
        kind=classes.dtype.char,
    )


def binary_cross_entropy(
    z: Array, target: Array, positive: float, weight: Array, loss: Array, grad: Array
) -> None:
    kernel, target = _cross_entropy.binary_cross_entropy, np.ascontiguousarray(target)
    if weight.strides != (0,):  # one number for all takes no memory
        weight = np.ascontiguousarray(weight)
    over_elements(kernel, z, stored(target), positive, weight, loss, stored(grad))


def binary_log_loss(
    p: Array, target: Array, positive: float, weight: Array, loss: Array, grad: Array
) -> None:
    kernel = _cross_entropy.binary_log_loss
    over_elements(kernel, p, stored(target), positive, weight, loss, stored(grad))
