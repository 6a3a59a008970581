"""Losses of a linear map on NumPy arrays: its rows in blocks, which threads share."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..contract import BETWEEN_PRODUCTS, Array, Linear, Logits, Target
from .entries import Entries, Entry, Form
from .of_products import add_outer, aligned
from .sizes import tile_rows
from .threads import each_alone

linear_losses = Entries("linear_losses")

# Each block has gradients of its own, which are added up in the end: as many as there is room for,
# whatever the number of threads.
BLOCKS, TOTALS_BYTES = 16, 16 << 20
LEAST_NUMBERS = 1 << 18  # of features, in a block


class Between:
    """The kernel of a loss, between the products of its logits, as calls of kernels see it."""

    def __init__(self, entry: Entry, its: Linear, logits: Array, grad: Array) -> None:
        flat = "flat_" if entry.module.startswith("flat_") else ""
        self.entry: Entry = getattr(linear_losses, f"{flat}{entry.name}")
        self.before = its, logits, grad

    def form(self, key: Any, arguments: tuple[Any, ...]) -> Form:
        form = self.entry.form((self.before[1].dtype.char, key), (*self.before, *arguments))
        return partial(form, *self.before)


def between_products(kernel: Entry, logits: Logits, target: Target, grad: Array) -> Any:
    """The kernel of a loss for logits that are there, or of a linear map."""
    if logits.of is None:
        return kernel
    is_plain = logits.softcap is None and not logits.where.size and target.classes.ndim == 1
    is_plain = is_plain and not target.smoothing.size and not target.norm.size
    if kernel.name not in BETWEEN_PRODUCTS or not is_plain or not grad.size:
        raise ValueError(
            f"{kernel.name} cannot be computed between the products of a linear map, with such a "
            "target, mask or cap, or without its gradient"
        )
    return Between(kernel, logits.of, logits.values, grad)


def add_rest(its: Linear, grad: Array, odd: NDArray[np.bool_]) -> None:
    """Add the gradients of the tiles with an odd row, which a kernel has left out."""
    for first in range(0, len(odd), its.tile):
        rows = slice(first, first + its.tile)
        if odd[rows].any():
            add_outer(grad[rows], its.features[rows], its.total)
            its.sums[...] += grad[rows].sum(axis=0, dtype=np.float64)


def in_blocks(
    compute: Callable[[Linear, slice, Array, Array], object], x: Array, weight: Array, bias: Array
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The gradients of weight and bias, from blocks of rows of which each is computed for itself.

    Parameters
    ----------
    compute : callable
        Takes a linear map, its rows, and room for its logits and their gradient.
    """
    samples, inputs = x.shape
    classes = len(weight)
    tile = tile_rows(inputs * x.itemsize)
    least = max(LEAST_NUMBERS // inputs, 1)
    count = max(min(BLOCKS, TOTALS_BYTES // (8 * weight.size), samples // least), 1)
    step = -(-samples // (count * tile)) * tile
    blocks = [slice(start, min(start + step, samples)) for start in range(0, samples, step)]
    totals = np.zeros((len(blocks), *weight.shape))
    sums = np.zeros((len(blocks), classes))
    weight = aligned(weight)

    def run(i: int) -> None:
        logits, grad = np.empty((2, blocks[i].stop - blocks[i].start, classes), x.dtype)
        its = Linear(x[blocks[i]], weight, bias, totals[i], sums[i], tile)
        compute(its, blocks[i], logits, grad)

    each_alone(run, len(blocks), x.size)
    return totals.sum(axis=0), sums.sum(axis=0)
