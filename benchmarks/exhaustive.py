"""Every value that a type has, as one number and in a row of two: where an error is largest.

Run with ``python -m benchmarks exhaustive``: for float32 it takes an hour of a core.

Rows are [x, b] for every finite x; the sigmoid is the softmax of [x, 0]. What is compared with is
worked out in float64 without a step that cancels (but for a logsumexp near 0, of types that have
few digits), so that it is within 8 · 2^-53 of the true value: 2e-8 ULP of float32.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

import normexp as nex

from .problem import Array
from .shapes import storage
from .truth import precision, ulps

CHUNK = 1 << 14  # rows that are looked at at a time, in the caches


class Pair(NamedTuple):
    """Rows [a, b] in float64: their maximum, and exp(−|a − b|)."""

    a: Array
    b: Array
    top: Array
    rest: Array

    @classmethod
    def of(cls, rows: Array) -> Pair:
        a, b = rows.astype(np.float64).T
        return cls(a, b, np.maximum(a, b), np.exp(-np.abs(a - b)))

    def probability(self, own: Array) -> Array:
        return np.asarray(np.where(own == self.top, 1, self.rest) / (1 + self.rest))

    def surprise(self, own: Array) -> Array:
        return np.asarray((self.top - own) + np.log1p(self.rest))


class Work(NamedTuple):
    """What normexp makes of rows, and what is true."""

    ours: Callable[[Array], Array]
    true: Callable[[Pair], Array]
    beside_zero: bool = False  # it is of one number, which is as if the other was 0


LOSS = nex.CrossEntropy(reduction="none")
BINARY = nex.BinaryCrossEntropy(reduction="none")


def first(rows: Array) -> Array:
    return np.zeros(len(rows), np.int64)


def ones(rows: Array) -> Array:
    return np.ones(len(rows), np.int64)


def both(of_a: Array, of_b: Array) -> Array:
    return np.stack([of_a, of_b], axis=1)


WORKS = {
    "sigmoid": Work(lambda z: nex.sigmoid(z[:, 0]), lambda p: p.probability(p.a), True),
    "log_sigmoid": Work(lambda z: nex.log_sigmoid(z[:, 0]), lambda p: -p.surprise(p.a), True),
    "softmax": Work(nex.softmax, lambda p: both(p.probability(p.a), p.probability(p.b))),
    "log_softmax": Work(nex.log_softmax, lambda p: both(-p.surprise(p.a), -p.surprise(p.b))),
    "logsumexp": Work(nex.logsumexp, lambda p: p.top + np.log1p(p.rest)),
    "loss": Work(lambda z: LOSS(z, first(z)), lambda p: p.surprise(p.a)),
    "gradient": Work(
        lambda z: LOSS.value_and_grad(z, first(z)).grad,
        lambda p: both(-p.probability(p.b), p.probability(p.b)),
    ),
    "binary loss": Work(lambda z: BINARY(z[:, 0], ones(z)), lambda p: p.surprise(p.a), True),
    "binary gradient": Work(
        lambda z: BINARY.value_and_grad(z[:, 0], ones(z)).grad,
        lambda p: -p.probability(p.b),
        True,
    ),
}


class Worst(NamedTuple):
    """The largest error in ULP, of the row where it is."""

    ulp: float
    row: list[float]
    got: Any
    true: Any


def worst(work: str, values: Iterator[Array], beside: Callable[[Array], Array]) -> Worst:
    """The worst of rows [x, beside(x)] over arrays of x."""
    found = Worst(-1.0, [], None, None)
    for x in values:
        rows = np.stack([x, beside(x)], axis=1)
        got = WORKS[work].ours(rows)
        true = WORKS[work].true(Pair.of(rows))
        errors = np.where(beyond(got, true), 0, ulps(got, true, got.dtype))
        at = np.unravel_index(np.argmax(errors), errors.shape)  # NaN, where there is one
        if not errors[at] <= found.ulp:
            row = rows[at[0]].astype(np.float64).tolist()
            found = Worst(float(errors[at]), row, got[at], true[at])
    return found


def beyond(got: Array, true: Array) -> Array:
    """Where the true value is nearer to what would follow the largest number: it becomes inf."""
    least, digits = precision(got.dtype)
    end = 2.0 ** (2 - least)  # as many exponents are above 1 as below
    is_beyond = np.abs(true) >= end * (1 - 2.0 ** -(digits + 2))
    return np.asarray(is_beyond & (got.astype(np.float64) == np.copysign(np.inf, true)))


def finite_values(dtype: str, every: int = 1) -> Iterator[Array]:
    """Every finite value, or evenly spaced ones of them, in the order of their bits."""
    kind = storage(dtype)
    bits = np.dtype(f"u{kind.itemsize}")
    most = 1 << 8 * kind.itemsize
    for start in range(0, most, CHUNK * every):
        some = np.arange(start, min(start + CHUNK * every, most), every, dtype=np.uint64)
        x = some.astype(bits).view(kind)
        with np.errstate(invalid="ignore"):  # the NaN of a type that is not NumPy's own
            x = x[np.isfinite(x)]
        if x.size:
            yield x


def zeros(x: Array) -> Array:
    return np.zeros_like(x)


def main(dtype: str, works: tuple[str, ...], every: int) -> None:
    for work in works or WORKS:
        found = worst(work, finite_values(dtype, every), zeros)
        row = found.row[:1] if WORKS[work].beside_zero else found.row
        print(f"{dtype} {work:15} {found.ulp:.4f} ULP, of {row}", flush=True)
