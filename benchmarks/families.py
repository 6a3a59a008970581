"""The rows that results are judged on: ordinary ones, and those that other libraries get wrong."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Row = NDArray[np.float64]
Generator = np.random.Generator


def _normal(scale: float = 1.0, offset: float = 0.0) -> Callable[[int, Generator], Row]:
    return lambda classes, rng: rng.normal(size=classes) * scale + offset


def _ahead(lead: float) -> Callable[[int, Generator], Row]:
    """One class leads every other by `lead`."""

    def make(classes: int, rng: Generator) -> Row:
        row = rng.normal(size=classes)
        row[classes // 2] = row.max() + lead
        return row

    return make


def _ahead_of_equals(lead: float) -> Callable[[int, Generator], Row]:
    """One class leads the others, which are equal: each may be half a unit of their sum, or so."""

    def make(classes: int, rng: Generator) -> Row:
        row = np.full(classes, rng.uniform(-1, 1))
        row[rng.integers(classes)] += lead
        return row

    return make


def _equal(value: float) -> Callable[[int, Generator], Row]:
    return lambda classes, rng: np.full(classes, value)


def _partly_impossible(classes: int, rng: Generator) -> Row:
    """A third of the classes at −inf, never the first."""
    row = rng.normal(size=classes)
    row[1:][rng.random(classes - 1) < 1 / 3] = -np.inf
    return row


def _log_probabilities(classes: int, rng: Generator) -> Row:
    """Logits whose logsumexp is next to 0."""
    row = rng.normal(size=classes)
    return np.asarray(row - np.log(np.exp(row).sum()))


FAMILIES: dict[str, Callable[[int, Generator], Row]] = {
    "N(0,1)": _normal(),
    "N(0,1)·10": _normal(10.0),
    "N(0,1)·100": _normal(100.0),
    "offset 1e4": _normal(offset=1e4),
    "offset -1e4": _normal(offset=-1e4),
    "offset 1e8": _normal(offset=1e8),
    "5 ahead": _ahead(5.0),
    "20 ahead": _ahead(20.0),
    "50 ahead": _ahead(50.0),
    "90 ahead": _ahead(90.0),
    "700 ahead": _ahead(700.0),
    "17 ahead of equals": _ahead_of_equals(17.0),
    "36.8 ahead of equals": _ahead_of_equals(36.8),
    "equal": _equal(1.7),
    "equal at 1e8": _equal(1e8),
    "some -inf": _partly_impossible,
    "log-probabilities": _log_probabilities,
}


def family_row(name: str, classes: int, dtype: str, seed: int) -> NDArray[Any]:
    """A row of a family, rounded to a type."""
    return FAMILIES[name](classes, np.random.default_rng(seed)).astype(dtype)
