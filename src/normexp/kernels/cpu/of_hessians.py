"""The contract's Hessian products, on NumPy arrays."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..contract import Array, Logits, Target
from .calls import arranged, as_number, over_elements, over_tiles, stored, with_masses
from .entries import Entries, Entry
from .options import Hinge
from .wide import WideTile, over_cap, over_wide, softcap

hessians = Entries("hessians")

Loss = Callable[[Logits, Target], tuple[Array, Array]]


def product(
    kernel: Entry,
    logits: Logits,
    target: Target,
    vector: Array,
    out: Array | None,
    *,
    options: tuple[Any, ...] | None = None,
    loss: Loss | None = None,
) -> Array:
    """Run a kernel of Hessian products over all rows, in float64.

    With a cap a logit is read as x(z): the Hessian is xʹ H xʹ + (∂loss/∂x) xʺ, where H and the
    gradient of the `loss` are those of capped logits.
    """
    result = np.empty_like(logits.values) if out is None else out
    if logits.values.dtype == np.float64 and logits.softcap is None:
        run(kernel, logits, target, options, np.ascontiguousarray(vector, np.float64), result)
        return result

    def work(tile: WideTile) -> None:
        z, its = logits.values[tile.place], tile.target(target)
        v = np.ascontiguousarray(vector[tile.place], np.float64)
        if tile.logits.where.size:
            v = np.where(tile.logits.where, v, 0.0)
        products = np.empty(z.shape)
        if loss is None or logits.softcap is None:
            run(kernel, tile.logits, its, options, v, products)
            with np.errstate(over="ignore"):
                result[tile.place] = products
            return
        cap, sloped, given = logits.softcap, np.empty(z.shape), Logits(z, tile.logits.where)
        over_cap(softcap.slope_rows, given, cap, v, sloped)
        run(kernel, tile.logits, its, options, sloped, products)
        gradient = loss(tile.logits, its)[1]
        over_cap(softcap.bend_rows, given, cap, products, gradient, v, result[tile.place])

    over_wide(logits, work)
    return result


def run(
    kernel: Entry,
    logits: Logits,
    target: Target,
    options: tuple[Any, ...] | None,
    vector: Array,
    out: Array,
) -> None:
    result = arranged(out)
    target = with_masses(target, logits.values)
    arguments = target, options, arranged(vector), result
    over_tiles(kernel, logits, result, *arguments, kind=target.classes.dtype.char)


def log_loss_hessian_product(
    probabilities: Logits, target: Target, vector: Array, out: Array | None = None
) -> Array:
    return product(hessians.log_loss, probabilities.as_they_are(), target, vector, out)


def weston_watkins_hessian_product(
    logits: Logits,
    target: Target,
    margin: float,
    squared: bool,
    vector: Array,
    out: Array | None = None,
) -> Array:
    kernel = hessians.weston_watkins
    plain = logits.as_they_are()
    return product(kernel, plain, target, vector, out, options=Hinge(float(margin), bool(squared)))


def crammer_singer_hessian_product(
    logits: Logits,
    target: Target,
    margin: float,
    squared: bool,
    vector: Array,
    out: Array | None = None,
) -> Array:
    kernel = hessians.crammer_singer
    plain = logits.as_they_are()
    return product(kernel, plain, target, vector, out, options=Hinge(float(margin), bool(squared)))


def squared_error_hessian_product(
    logits: Logits, target: Target, vector: Array, out: Array | None = None
) -> Array:
    return product(hessians.squared_error, logits.as_they_are(), target, vector, out)


def binary_cross_entropy_hessian_product(
    z: Array,
    target: Array,
    positive: float,
    weight: Array,
    vector: Array,
    out: Array | None = None,
) -> Array:
    return by_element(hessians.binary_cross_entropy, z, target, positive, weight, vector, out)


def binary_log_loss_hessian_product(
    p: Array,
    target: Array,
    positive: float,
    weight: Array,
    vector: Array,
    out: Array | None = None,
) -> Array:
    return by_element(hessians.binary_log_loss, p, target, positive, weight, vector, out)


def by_element(
    kernel: Entry,
    x: Array,
    target: Array,
    positive: float,
    weight: Array,
    vector: Array,
    out: Array | None,
) -> Array:
    out = np.empty_like(x) if out is None else out
    vector = np.ascontiguousarray(vector, x.dtype)
    weight = np.ascontiguousarray(weight)
    over_elements(kernel, x, as_number(target), positive, weight, stored(vector), stored(out))
    return out
