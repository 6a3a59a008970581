"""Losses of a linear map: of each tile of rows the logits, their loss, and the gradient in turn.

The features of a tile are asked for while the tile before it is worked on, a line every few steps,
and are in the second cache then for both products.
"""

from . import flat_cross_entropy as flat
from . import hinge
from .compiled import Kernel
from .cross_entropy import cross_entropy as plain_cross_entropy
from .products import add_gradient, pace_of, put_logits
from .squared_error import squared_error as plain_squared_error
from .vector import function


@function
def put_logits_of(its, z, first, last):
    ask = last * its.features.strides[0]
    pace = pace_of(its.features, len(its.weight), 0.5)
    put_logits(its.features, its.weight, its.bias, z, first, last, ask, pace)


@function
def add_gradient_of(its, g, first, last):
    x = its.features
    ask = last * x.strides[0] + (last - first) * x.strides[0] // 2
    pace = pace_of(x, len(its.weight), 0.5)
    add_gradient(g, x, its.total, 0, x.shape[1], first, last, ask, pace)
    for row in range(first, last):
        for k in range(g.shape[1]):
            its.sums[k] += g[row, k]


def of_loss(loss: Kernel) -> Kernel:
    """The kernel of a loss between the products of its logits."""
    loss_of = function(loss.dispatcher.py_func)

    def kernel(
        its, z, g, values, where, units, rooms, copies, target, options, loss, grad, start, stop
    ):
        for first in range(start, stop, its.tile):
            last = min(first + its.tile, stop)
            put_logits_of(its, z, first, last)
            loss_of(values, where, units, rooms, copies, target, options, loss, grad, first, last)
            add_gradient_of(its, g, first, last)

    return named(kernel, loss)


def of_flat_loss(loss: Kernel) -> Kernel:
    """The same of a kernel that leaves odd rows out: their tiles' gradients are left out too."""
    loss_of = function(loss.dispatcher.py_func)

    def kernel(
        its,
        z,
        g,
        values,
        where,
        units,
        rooms,
        odd,
        copies,
        classes,
        weight,
        class_weight,
        loss,
        grad,
        start,
        stop,
    ):
        for first in range(start, stop, its.tile):
            last = min(first + its.tile, stop)
            put_logits_of(its, z, first, last)
            loss_of(
                values,
                where,
                units,
                rooms,
                odd,
                copies,
                classes,
                weight,
                class_weight,
                loss,
                grad,
                first,
                last,
            )
            is_odd = False
            for row in range(first, last):
                is_odd = is_odd or odd[row]
            if not is_odd:
                add_gradient_of(its, g, first, last)

    return named(kernel, loss)


def named(kernel, loss: Kernel) -> Kernel:
    of = loss.dispatcher.py_func
    kernel.__name__ = kernel.__qualname__ = f"{of.__module__}.{of.__name__}".rpartition("cpu.")[2]
    return Kernel(kernel)


cross_entropy = of_loss(plain_cross_entropy)
flat_cross_entropy = of_flat_loss(flat.cross_entropy)
weston_watkins = of_loss(hinge.weston_watkins)
crammer_singer = of_loss(hinge.crammer_singer)
squared_error = of_loss(plain_squared_error)
