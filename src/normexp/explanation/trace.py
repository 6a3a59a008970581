"""The trace of a working: which numbers went into which, how one moves the other, what flows back.

A working leaves it behind as it goes: values on the way to the loss, gradients on the way back. The
chain rule is applied here, once, for all that a working does not differentiate step by step.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .formula import Formula, Name, Number

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Bond:
    """Numbers that go into others: those of a letter with an index, or a single one.

    Attributes
    ----------
    start, end : Formula
        A name with a letter for its index stands for all of its numbers. A Number is a constant.
    slopes : array or float
        The derivatives of the end with respect to the start: a number for each pair of the same
        index, or a matrix with a row for each number of the end, and a number for each if the
        other side is a single one.
    among : iterable of int, optional
        The indices that take part, if not all.
    is_learnt : bool
        Whether the slopes are weights that are learnt.
    """

    start: Formula
    end: Formula
    slopes: Any
    among: Iterable[int] | None = None
    is_learnt: bool = False

    @property
    def is_one_to_one(self) -> bool:
        """Whether each number of the start goes into the number of the same index alone."""
        return not (is_single(self.start) or is_single(self.end)) and np.ndim(self.slopes) == 1

    def links(self) -> Iterator[Link]:
        slopes, start, end = np.asarray(self.slopes), self.start, self.end
        if slopes.ndim == 2:
            for (k, d), slope in np.ndenumerate(slopes):
                yield Link(k, at(start, d), at(end, k), slope)
        elif is_single(start) and is_single(end):
            yield Link(np.inf, start, end, slopes[()])
        else:
            for k in range(len(slopes)) if self.among is None else self.among:
                yield Link(k, at(start, k), at(end, k), slopes[k])


class Link(NamedTuple):
    """One number that goes into another; `place` is its index, that of the end where both have."""

    place: float
    start: Formula
    end: Formula
    slope: Any


def is_single(symbol: Formula) -> bool:
    """Whether a symbol is one number, not all of its letter."""
    return not isinstance(symbol, Name) or not any(isinstance(i, str) for i in symbol.index)


def at(symbol: Formula, k: int) -> Formula:
    """The number of a symbol at an index; of a single number that number."""
    if not isinstance(symbol, Name) or is_single(symbol):
        return symbol
    return Name(symbol.letter, (k,))


class Key(NamedTuple):
    """What a row goes by: the losses of samples are not the loss that they are averaged to."""

    letter: str
    has_index: bool


def key_of(symbol: Formula) -> Key:
    if isinstance(symbol, Name):
        return Key(symbol.letter, bool(symbol.index))
    return Key("1", False)


@dataclass(eq=False)
class Row:
    """Numbers side by side, `layer` steps from the start."""

    symbol: Formula
    values: Array
    layer: int

    def symbols(self) -> list[Formula]:
        return [at(self.symbol, k) for k in range(len(self.values))]


@dataclass(eq=False)
class Trace:
    """Rows of numbers in the order they were made, and the bonds between them.

    `grads` has the derivatives of the loss that a working has found, by the letter of what they are
    taken by. `flows` has what goes back along a bond, between two letters, where that is not the
    slope times the gradient at its end: as one of the two has no room in float64.
    """

    rows: dict[Key, Row] = field(default_factory=dict)
    groups: list[Sequence[Bond]] = field(default_factory=list)
    grads: dict[str, Array] = field(default_factory=dict)
    flows: dict[tuple[str, str], Array] = field(default_factory=dict)

    def row(self, symbol: Formula, values: Any, after: Iterable[Bond] = ()) -> None:
        """Note numbers that are not known yet, behind those that they are made of."""
        if key_of(symbol) in self.rows:
            return
        before = [self.rows[key_of(bond.start)].layer for bond in after]
        layer = max(before, default=-1) + 1
        self.rows[key_of(symbol)] = Row(symbol, np.atleast_1d(np.asarray(values)), layer)

    def starts(self, bonds: Sequence[Bond], numbers: dict[str, Any]) -> None:
        """Note what bonds begin at, before they end."""
        ends = {key_of(bond.end) for bond in bonds}
        for bond in bonds:
            if isinstance(bond.start, Number):
                self.row(bond.start, bond.start.value)
            elif key_of(bond.start) not in ends:
                self.row(bond.start, numbers[key_of(bond.start).letter])

    def ends(self, bonds: Sequence[Bond], numbers: dict[str, Any]) -> None:
        """Note bonds that were made together, and what they end at."""
        for bond in bonds:
            same = [one for one in bonds if key_of(one.end) == key_of(bond.end)]
            self.row(bond.end, numbers[key_of(bond.end).letter], same)
        if bonds:
            self.groups.append(bonds)

    def gradients(self, loss: Formula) -> dict[Key, Array]:
        """The derivatives of the loss: those that the working found, others by the chain rule.

        There are none without a loss, and none of a constant.
        """
        found: dict[Key, Array] = {}
        for key, row in reversed(self.rows.items()):
            leaving = self.leaving(key)
            if key == key_of(loss):
                found[key] = np.ones(1)
            elif key.letter in self.grads:
                found[key] = self.grads[key.letter]
            elif isinstance(row.symbol, Number) or not leaving:
                continue
            elif all(key_of(bond.end) in found for bond in leaving):
                found[key] = self._chain_rule(row, leaving, found)
        return found

    def _chain_rule(self, row: Row, leaving: list[Bond], found: dict[Key, Array]) -> Array:
        total = np.zeros(len(row.values))
        for bond in leaving:
            flows, of_end = self.flow(bond), found[key_of(bond.end)]
            if np.ndim(bond.slopes) == 2:
                total += [of_end @ bond.slopes[:, d] for d in range(len(total))]
            else:
                flows = np.asarray(bond.slopes * of_end if flows is None else flows)
                if bond.among is not None:
                    flows = np.where(np.isin(np.arange(len(flows)), [*bond.among]), flows, 0)
                if is_single(bond.start):
                    total[row.symbols().index(bond.start)] += flows.sum()
                else:
                    total += flows
        return total

    def leaving(self, key: Key) -> list[Bond]:
        """The bonds that begin at a row."""
        return [bond for group in self.groups for bond in group if key_of(bond.start) == key]

    def flow(self, bond: Bond) -> Array | None:
        """What a working has said to flow back along a bond."""
        return self.flows.get((key_of(bond.start).letter, key_of(bond.end).letter))
