"""A weight that came in another type than is computed in: never is all of it wide at once.

Two bytes a number become four for some classes at a time; and a gradient that had to be added up in
four goes back to two where it stands.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

# What some classes take in the type that is computed in: two such parts are little beside
# weight and gradient, and each is worth a matrix product.
PARTS = 64
LEAST_BYTES = 1 << 19
MOST_BYTES = 8 << 20


class WideWeight:
    """A weight as matrix products read it."""

    def __init__(self, values: Array, dtype: np.dtype[Any]) -> None:
        self.values, self.dtype = values, dtype
        self._parts = parts_of(values.shape, dtype)
        self._wide = np.empty(0, dtype)

    @property
    def came_wide(self) -> bool:
        return bool(self.values.dtype == self.dtype)

    def parts(self) -> Iterator[tuple[slice, Array]]:
        """Classes, and their weights. The next part takes the place of the last."""
        if self.came_wide:
            yield slice(0, len(self.values)), self.values
            return
        for part in self._parts:
            narrow = self.values[part]
            if not self._wide.size:  # the first is the largest
                self._wide = np.empty(narrow.size, self.dtype)
            wide = self._wide[: narrow.size].reshape(narrow.shape)
            np.copyto(wide, narrow)
            yield part, wide

    def put_logits(self, x: Array, out: Array) -> None:
        """out = x @ weight.T"""
        for part, weight in self.parts():
            np.matmul(x, weight.T, out=out[:, part])

    def logits(self, x: Array) -> Array:
        """x @ weight.T"""
        out = np.empty((len(x), len(self.values)), self.dtype)
        self.put_logits(x, out)
        return out

    def put_features(self, of_logits: Array, out: Array) -> None:
        """out = of_logits @ weight, rounded once to the type of `out`."""
        if self.came_wide and out.dtype == self.dtype:
            np.matmul(of_logits, self.values, out=out)
            return
        total = np.zeros(out.shape, self.dtype)
        for part, weight in self.parts():
            total += of_logits[:, part] @ weight
        out[...] = total

    def features(self, of_logits: Array) -> Array:
        """of_logits @ weight"""
        out = np.empty((len(of_logits), self.values.shape[1]), self.dtype)
        self.put_features(of_logits, out)
        return out


def parts_of(shape: tuple[int, ...], dtype: np.dtype[Any]) -> list[slice]:
    """Some classes at a time of a weight of this shape."""
    classes, inputs = shape
    row_bytes = max(inputs, 1) * dtype.itemsize
    part_bytes = min(max(classes * row_bytes // PARTS, LEAST_BYTES), MOST_BYTES)
    step = max(part_bytes // row_bytes, 1)
    return [slice(start, min(start + step, classes)) for start in range(0, classes, step)]


def narrowed(total: Array, dtype: np.dtype[Any]) -> Array:
    """An array that nobody else has, rounded to a type of fewer bytes, where it stands.

    What is left of its memory is given back.
    """
    if total.dtype == dtype:
        return total
    shape, size = total.shape, total.size
    step = LEAST_BYTES // total.itemsize
    for start in range(0, size, step):  # what is written lies before all that is still to be read
        part = slice(start, min(start + step, size))
        total.reshape(-1).view(dtype)[part] = total.reshape(-1)[part]
    total.resize(-(-size * dtype.itemsize // total.itemsize), refcheck=False)
    return total.view(dtype)[:size].reshape(shape)
