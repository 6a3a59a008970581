"""Rows made float64 and capped, a tile at a time, for what is computed in nothing narrower: what is
made of a tile stays in a cache.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..contract import NO_MASK, Array, Logits, Target, no_gradient
from .calls import arranged, count_of, over_tiles
from .entries import Entries, Entry
from .threads import over_rows

softcap = Entries("softcap")

TILE_BYTES = 256 << 10


class WideTile(NamedTuple):
    """Some of the rows, as float64 and without a cap."""

    logits: Logits
    place: tuple[slice, ...]  # in the arrays that have the shape of the logits
    rows: slice  # among those that have an entry for each row

    def target(self, target: Target) -> Target:
        its = target.rows(self.rows)
        if target.classes.ndim > 1:
            its = its._replace(classes=target.classes[self.place])
        return its


def over_wide(logits: Logits, work: Callable[[WideTile], object]) -> None:
    """Do work on each tile of the rows, on several threads."""
    values, cap = logits.values, logits.softcap
    places = places_of(values)

    def run(start: int, stop: int) -> None:
        for place, rows in places[start:stop]:
            z = values[place]
            if cap is None:
                wide = z.astype(np.float64)
            else:
                over_cap(softcap.cap_rows, Logits(z), cap, wide := np.empty(z.shape))
            where = logits.where[place] if logits.where.size else NO_MASK
            work(WideTile(Logits(wide, where, logits.temperature), place, rows))

    if places:
        run(0, 1)  # kernels are compiled by the thread that calls
        over_rows(lambda start, stop: run(start + 1, stop + 1), len(places) - 1, values.size)


def rounded(function: Callable[[WideTile], Array], logits: Logits, out: Array) -> Array:
    """Computed in float64: numbers in the shape of the logits, or one for each row."""

    def work(tile: WideTile) -> None:
        with np.errstate(over="ignore"):
            out[tile.rows if out.ndim == 1 else tile.place] = function(tile)

    over_wide(logits, work)
    return out


def places_of(values: Array) -> list[tuple[tuple[slice, ...], slice]]:
    """Where tiles lie, in the array and among the rows."""
    outer, classes, *middle = values.shape
    inner = middle[0] if middle else 1
    rows = max(1, TILE_BYTES // (8 * max(classes, 1)))
    if rows < inner:
        return [
            (
                (slice(i, i + 1), slice(None), slice(j, min(j + rows, inner))),
                slice(i * inner + j, i * inner + min(j + rows, inner)),
            )
            for i in range(outer)
            for j in range(0, inner, rows)
        ]
    step = rows // max(inner, 1)
    return [
        ((slice(i, i + step),), slice(i * inner, min(i + step, outer) * inner))
        for i in range(0, outer, step)
    ]


def capped_loss(
    compute: Callable[[WideTile, Array, Array], object],
    logits: Logits,
    loss: Array | None,
    grad: Array | None,
) -> tuple[Array, Array]:
    """A loss of capped logits, and its gradient with respect to what they were before."""
    loss = np.empty(count_of(logits.values)) if loss is None else loss
    grad = np.empty_like(logits.values) if grad is None else grad

    def work(tile: WideTile) -> None:
        z = logits.values[tile.place]
        of_capped = np.empty(z.shape) if grad.size else no_gradient(tile.logits.values)
        compute(tile, loss[tile.rows], of_capped)
        if grad.size:
            given = Logits(z, tile.logits.where)
            over_cap(softcap.slope_rows, given, logits.softcap, of_capped, grad[tile.place])

    over_wide(logits, work)
    return loss, grad


def over_cap(kernel: Entry, logits: Logits, cap: Any, *arguments: Array) -> None:
    """Run a kernel of the cap; the last of its arguments is the result. What a mask hides is −inf,
    which a cap leaves as it is.
    """
    arrays = [arranged(array) for array in arguments]
    kind = tuple(array.dtype.char for array in arrays)
    result = arrays[-1]
    over_tiles(kernel, logits, result, cap, *arrays, kind=kind, compute=np.float64)
