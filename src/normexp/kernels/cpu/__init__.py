"""The contract on NumPy arrays, by compiled kernels."""

import sys
from types import ModuleType
from typing import Any

import numpy as np

from ..contract import Array, Logits, Target
from . import decimals
from .calls import (
    arranged,
    as_number,
    count_of,
    odd_of_flat_tiles,
    over_elements,
    over_tiles,
    stored,
    with_masses,
)
from .entries import Entries
from .of_hessians import (
    binary_cross_entropy_hessian_product,
    binary_log_loss_hessian_product,
    crammer_singer_hessian_product,
    log_loss_hessian_product,
    product,
    squared_error_hessian_product,
    weston_watkins_hessian_product,
)
from .of_linear import add_rest, between_products, in_blocks
from .of_parts import (
    NO_RESULT,
    cross_entropy_of_part,
    log_probabilities,
    logsumexp_of,
    merge,
    merge_masses,
    probabilities,
    summarise,
    target_mass,
)
from .of_products import add_outer, linear
from .of_sparse import add_sparse_outer, sparse_linear
from .options import Focal, Hinge
from .sizes import LOGARITHMS, LOSSES, NARROW, PROBABILITIES
from .wide import WideTile, capped_loss, rounded

__all__ = [
    "add_outer",
    "add_sparse_outer",
    "binary_cross_entropy",
    "binary_cross_entropy_hessian_product",
    "binary_log_loss",
    "binary_log_loss_hessian_product",
    "brier",
    "brier_hessian_product",
    "crammer_singer",
    "crammer_singer_hessian_product",
    "cross_entropy",
    "cross_entropy_hessian_product",
    "cross_entropy_of_part",
    "focal",
    "focal_hessian_product",
    "in_blocks",
    "linear",
    "log_loss",
    "log_loss_hessian_product",
    "log_probabilities",
    "log_sigmoid",
    "log_softmax",
    "logsumexp",
    "logsumexp_of",
    "merge",
    "merge_masses",
    "probabilities",
    "sigmoid",
    "signed_logsumexp",
    "softmax",
    "sparse_linear",
    "squared_error",
    "squared_error_hessian_product",
    "summarise",
    "target_mass",
    "weston_watkins",
    "weston_watkins_hessian_product",
]

_binary = Entries("binary")
_brier = Entries("brier")
_cross_entropy = Entries("cross_entropy")
_flat = Entries("flat_functions")
_flat_cross_entropy = Entries("flat_cross_entropy")
_focal = Entries("focal")
_functions = Entries("functions")
_hessians = Entries("hessians")
_hinge = Entries("hinge")
_log_loss = Entries("log_loss")
_signed = Entries("signed")
_spread_cross_entropy = Entries("spread_cross_entropy")
_squared_error = Entries("squared_error")


def softmax(logits: Logits, out: Array | None = None) -> Array:
    out = np.empty_like(logits.values) if out is None else out
    if logits.softcap is not None:
        return rounded(lambda tile: softmax(tile.logits), logits, out)
    result = arranged(out)
    odd = odd_of_flat_tiles(_flat.softmax, logits, result, result, span=PROBABILITIES)
    over_tiles(
        _functions.softmax,
        logits,
        result,
        result,
        in_place=_functions.softmax_of_rows,
        marks=odd,
    )
    return out


def log_softmax(logits: Logits, out: Array | None = None) -> Array:
    out = np.empty_like(logits.values) if out is None else out
    if logits.softcap is not None:
        return rounded(lambda tile: log_softmax(tile.logits), logits, out)
    result = arranged(out)
    odd = odd_of_flat_tiles(_flat.log_softmax, logits, result, result, span=LOGARITHMS)
    over_tiles(
        _functions.log_softmax,
        logits,
        result,
        result,
        in_place=_functions.log_softmax_of_rows,
        marks=odd,
    )
    return out


def logsumexp(logits: Logits, out: Array | None = None) -> Array:
    if out is None:
        wide = np.float64 if logits.values.dtype == np.float64 else np.float32
        out = np.empty(count_of(logits.values), wide)
    if logits.softcap is not None:
        return rounded(lambda tile: logsumexp(tile.logits), logits, out)
    if logits.temperature != 1.0:  # rounds the terms before they could cancel
        out[...] = logsumexp_of(summarise(logits))
        return out
    # Few logits often cancel, which float32 has no digits for.
    compute = np.float64 if logits.values.shape[1] <= NARROW else None
    kind = out.dtype.char
    odd = odd_of_flat_tiles(
        _flat.logsumexp, logits, NO_RESULT, NO_RESULT, out, span=LOGARITHMS, kind=kind
    )
    over_tiles(
        _functions.logsumexp,
        logits,
        NO_RESULT,
        out,
        in_place=_functions.logsumexp_of_rows,
        kind=kind,
        compute=compute,
        marks=odd,
    )
    return out


def signed_logsumexp(
    values: Array, factors: Array, out: Array, signs: Array
) -> tuple[Array, Array]:
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
    return out, signs


def sigmoid(x: Array, out: Array | None = None) -> Array:
    out = np.empty_like(x) if out is None else out
    over_elements(_functions.sigmoid, x, stored(out))
    return out


def log_sigmoid(x: Array, out: Array | None = None) -> Array:
    out = np.empty_like(x) if out is None else out
    over_elements(_functions.log_sigmoid, x, stored(out))
    return out


def cross_entropy(
    logits: Logits, target: Target, loss: Array | None = None, grad: Array | None = None
) -> tuple[Array, Array]:
    if target.classes.ndim > 1 or target.smoothing.size:
        return _loss(_spread_cross_entropy.spread_cross_entropy, logits, target, loss, grad)
    in_place = _cross_entropy.cross_entropy_of_rows
    flat = None if target.norm.size else _flat_cross_entropy.cross_entropy
    general = _cross_entropy.cross_entropy
    return _loss(general, logits, target, loss, grad, in_place=in_place, flat=flat)


def log_loss(
    probabilities: Logits, target: Target, loss: Array | None = None, grad: Array | None = None
) -> tuple[Array, Array]:
    return _loss(_log_loss.log_loss, probabilities.as_they_are(), target, loss, grad)


def weston_watkins(
    logits: Logits,
    target: Target,
    margin: float,
    squared: bool,
    loss: Array | None = None,
    grad: Array | None = None,
) -> tuple[Array, Array]:
    options = Hinge(margin, squared)
    return _loss(_hinge.weston_watkins, logits.as_they_are(), target, loss, grad, options)


def crammer_singer(
    logits: Logits,
    target: Target,
    margin: float,
    squared: bool,
    loss: Array | None = None,
    grad: Array | None = None,
) -> tuple[Array, Array]:
    options = Hinge(margin, squared)
    return _loss(_hinge.crammer_singer, logits.as_they_are(), target, loss, grad, options)


def focal(
    logits: Logits,
    target: Target,
    gamma: float,
    loss: Array | None = None,
    grad: Array | None = None,
) -> tuple[Array, Array]:
    # A power is as many times less exact as its exponent says: float32 has no digits for that.
    options = Focal(gamma)
    return _loss(_focal.focal, logits, target, loss, grad, options, compute=np.float64)


def squared_error(
    logits: Logits, target: Target, loss: Array | None = None, grad: Array | None = None
) -> tuple[Array, Array]:
    return _loss(_squared_error.squared_error, logits.as_they_are(), target, loss, grad)


def brier(
    logits: Logits, target: Target, loss: Array | None = None, grad: Array | None = None
) -> tuple[Array, Array]:
    return _loss(_brier.brier, logits, target, loss, grad)


def _loss(
    kernel: Any,
    logits: Logits,
    target: Target,
    loss: Array | None,
    grad: Array | None,
    options: tuple[Any, ...] | None = None,
    in_place: Any = None,
    flat: Any = None,
    compute: type | None = None,
) -> tuple[Array, Array]:
    """Run a kernel that `loss_kernel` has made, or `in_place`, which takes the same; and before it
    `flat`, which takes class ids alone.
    """
    if logits.softcap is not None:

        def of_tile(tile: WideTile, loss: Array, grad: Array) -> object:
            its = tile.logits, tile.target(target)
            return _loss(kernel, *its, loss, grad, options, in_place, flat, compute)

        return capped_loss(of_tile, logits, loss, grad)
    loss = np.empty(count_of(logits.values)) if loss is None else loss
    grad = np.empty_like(logits.values) if grad is None else grad
    target = with_masses(target, logits.values)
    result, kind = arranged(grad), target.classes.dtype.char
    odd = None
    if flat is not None:
        its = target.classes, target.weight, target.class_weight, loss, result
        flat = between_products(flat, logits, target, grad)
        odd = odd_of_flat_tiles(flat, logits, result, *its, span=LOSSES, kind=kind)
    over_tiles(
        between_products(kernel, logits, target, grad) if odd is None else kernel,
        logits,
        result,
        target,
        options,
        loss,
        result,
        in_place=in_place,
        kind=kind,
        compute=compute,
        marks=odd,
    )
    if logits.of is not None and odd is not None:
        add_rest(logits.of, grad, odd)
    return loss, grad


def binary_cross_entropy(
    z: Array,
    target: Array,
    positive: float,
    weight: Array,
    loss: Array | None = None,
    grad: Array | None = None,
) -> tuple[Array, Array]:
    loss, grad = _element_results(z, loss, grad)
    kernel, target = _binary.binary_cross_entropy, as_number(target)
    if weight.strides != (0,):  # one number for all takes no memory
        weight = np.ascontiguousarray(weight)
    over_elements(kernel, z, target, positive, weight, loss, stored(grad))
    return loss, grad


def _element_results(like: Array, loss: Array | None, grad: Array | None) -> tuple[Array, Array]:
    loss = np.empty(like.size) if loss is None else loss
    return loss, np.empty_like(like) if grad is None else grad


def binary_log_loss(
    p: Array,
    target: Array,
    positive: float,
    weight: Array,
    loss: Array | None = None,
    grad: Array | None = None,
) -> tuple[Array, Array]:
    loss, grad = _element_results(p, loss, grad)
    kernel = _binary.binary_log_loss
    over_elements(kernel, p, as_number(target), positive, weight, loss, stored(grad))
    return loss, grad


def cross_entropy_hessian_product(
    logits: Logits, target: Target, vector: Array, out: Array | None = None
) -> Array:
    kernel = _hessians.cross_entropy
    return product(kernel, logits, target, vector, out, loss=cross_entropy)


def brier_hessian_product(
    logits: Logits, target: Target, vector: Array, out: Array | None = None
) -> Array:
    return product(_hessians.brier, logits, target, vector, out, loss=brier)


def focal_hessian_product(
    logits: Logits, target: Target, gamma: float, vector: Array, out: Array | None = None
) -> Array:
    def loss(logits: Logits, target: Target) -> tuple[Array, Array]:
        return focal(logits, target, gamma)

    options = Focal(float(gamma))
    return product(_hessians.focal, logits, target, vector, out, options=options, loss=loss)


class _BackEnd(ModuleType):
    """A module whose functions keep their names when a file of the same name is loaded."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (isinstance(value, ModuleType) and name in self.__dict__):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _BackEnd
