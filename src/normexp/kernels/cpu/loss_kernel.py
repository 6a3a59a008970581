"""The kernel of a loss, made of its formula; what is the same for every loss stands here once.

A loss is three parts, each about the rows of one tile:

    of(x, rows, guess)                        what it is a loss of: `logits` or `softmax`
    value(found, rows, options)               the loss of each row, and what its gradient needs
    gradient(found, kept, rows, options, g)   ∂loss/∂z_k of every class, put into g

Where a row does not count they may compute anything.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from ..contract import Target
from .compiled import Kernel
from .loss_rows import Coefficients, clear, coefficients_of, counting, read_target, skip, write_loss
from .memory import room
from .pipeline import summarise
from .rooms import EXPONENTIALS, LANE_TOTALS, NUMBERS
from .rows import Summary
from .tiles import Tile, read_logits, target_of, tile_at, write
from .units import Units
from .vector import any_lane, macro


class Rows(NamedTuple):
    """The rows of one tile, and all that is known of them beside their logits."""

    tile: Tile
    first: int  # the number of the first
    where: Any  # the mask
    target: Target
    its: Coefficients  # what each of them counts
    units: Units
    rooms: Any
    copies: Any
    has_grad: bool  # whether a gradient is wanted


@macro
def tile_room(rooms, index, tile):
    """Numbers of the arithmetic for every class."""
    return room(rooms, index, tile.size, rooms)


@macro
def read_masses(rows, t):
    """The target mass of every class."""
    classes, class_weight = rows.target.classes, rows.target.class_weight
    read_target(classes, class_weight, rows.where, rows.tile, rows.first, rows.its, t, rows.rooms)


class Softmax(NamedTuple):
    """Logits, their exponentials, and what sums them up."""

    x: Any
    e: Any  # empty where nobody asks for them
    row: Summary


@macro
def logits(x, rows, guess):
    """The logits as they are."""
    return x, guess


@macro
def softmax_of(x, rows, keeps, guess):
    """The softmax of the logits; its exponentials are kept if asked for."""
    tile, rooms = rows.tile, rows.rooms
    e = room(rooms, EXPONENTIALS, tile.size if keeps or tile.step > 1 else 0, rooms)
    row, guess = summarise(x, e, None, 0, tile, guess, rows.units, rooms, LANE_TOTALS, rows.copies)
    return Softmax(x, e, row), guess


@macro
def softmax(x, rows, guess):
    """The softmax of the logits; a gradient needs its exponentials."""
    return softmax_of(x, rows, rows.has_grad, guess)


def loss_kernel(
    name: str, of: Callable[..., Any], value: Callable[..., Any], gradient: Callable[..., Any]
) -> Kernel:
    """The kernel of a loss.

    It takes the parts of the logits, scratch, whether tiles may have to be copied, a `Target`, the
    options of the loss (a named tuple of numbers, or None), its two results (no gradient is
    computed where the array for it is empty), and the first and last row of a range.
    """

    def kernel(values, where, units, rooms, copies, target, options, loss, grad, start, stop):
        guess = start < stop
        r = start
        while r < stop:
            tile = tile_at(values, r, stop, rooms)
            its = coefficients_of(tile, r, where, target, rooms)
            if any_lane(its.counts > 0.0):
                rows = Rows(tile, r, where, target, its, units, rooms, copies, grad.size > 0)
                x = read_logits(values, where, tile, rooms, NUMBERS, copies)
                found, guess = of(x, rows, guess)
                loss_of_rows, kept = value(found, rows, options)
                write_loss(loss, r, tile, counting(its, loss_of_rows))
                if grad.size:
                    g = target_of(grad, tile, rooms, NUMBERS, copies)
                    gradient(found, kept, rows, options, g)
                    if any_lane(its.counts == 0.0):
                        clear(g, its.counts, rooms)
                    write(grad, tile, g, rooms, copies)
            else:
                skip(loss, grad, r, tile, rooms, copies)
            r += tile.rows

    kernel.__name__ = kernel.__qualname__ = name
    kernel.__module__ = value.__module__
    return Kernel(kernel)
