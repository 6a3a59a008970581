"""Rows that need not fit into memory: they are read batch by batch, anew for each pass."""

from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from operator import add
from typing import Any, NamedTuple, TypeVar

from numpy.typing import ArrayLike

T = TypeVar("T")


class Batch(NamedTuple):
    """Some rows, their labels, and their weights."""

    X: Any
    y: ArrayLike
    sample_weight: ArrayLike | None = None


class Batches:
    """Rows that are read batch by batch, for ``fit(Batches(...))``.

    A fit goes over them some dozen times and holds one batch at a time, some 4000 rows of them all,
    and what it takes beside the features of an array.

    Parameters
    ----------
    source : callable or iterable
        A function that returns an iterable of batches, or something that can be iterated over again
        and again, as a list. A batch is ``(X, y)`` or ``(X, y, sample_weight)``, as `fit` takes
        them, with labels that are hard in every batch, or soft in every one. Every pass has to
        give the same rows in the same order; batches may differ in size.

    Raises
    ------
    TypeError
        If the source is neither, or can be read only once.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from normexp.linear import Batches, SoftmaxRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> batches = Batches(lambda: ((X[i::5], y[i::5]) for i in range(5)))
    >>> SoftmaxRegression(alpha=0.01).fit(batches).score(X, y)
    0.9733333333333334
    """

    def __init__(
        self, source: Callable[[], Iterable[tuple[Any, ...]]] | Iterable[tuple[Any, ...]]
    ) -> None:
        if isinstance(source, Iterator):
            raise TypeError(
                "source must be read anew for each pass, but an iterator can be read once: give a "
                f"function that makes one; got {type(source).__name__}"
            )
        if not (callable(source) or isinstance(source, Iterable)):
            raise TypeError(f"source must be a function or an iterable, got {source!r}")
        self._source = source

    def __iter__(self) -> Iterator[Batch]:
        for number, given in enumerate(self._source() if callable(self._source) else self._source):
            if not (isinstance(given, tuple | list) and len(given) in (2, 3)):
                raise TypeError(
                    f"batch {number} must be (X, y) or (X, y, sample_weight), got "
                    f"{type(given).__name__}"
                )
            yield Batch(*given)


def added(parts: Iterable[T | None]) -> T | None:
    """The sum of what is not None, in order; None of nothing."""
    given = (part for part in parts if part is not None)
    first = next(given, None)
    return None if first is None else reduce(add, given, first)
