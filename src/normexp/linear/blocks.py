"""The rows of Dask collections, block by block: what its workers add up, and what they predict."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from functools import wraps
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from .._extras import extra
from .batches import Batch, added

T = TypeVar("T")

TOGETHER = 8  # so many sums are added up by one task
RETRIES = 3  # of a task that fails, as a file that is read over a network may
WARNED_OF = "distributed.admin.large-graph-warning-threshold"


def is_dask(values: object) -> bool:
    """Whether these are a collection of Dask."""
    dask = sys.modules.get("dask")  # if nobody has imported it, these are none of its
    return dask is not None and bool(dask.is_dask_collection(values))


def in_memory(values: Any) -> Any:
    """A number or a few for each row: what is Dask's, computed."""
    return values.compute() if is_dask(values) else values


class Blocks:
    """Rows, labels and weights in blocks, of which nothing is read or held here.

    Parameters
    ----------
    X : Dask array in chunks of whole rows, or Dask DataFrame
    y, sample_weight : Dask array or Series in the same blocks, or what is in memory
        Arrays of known chunks are cut as X is.
    """

    def __init__(self, X: Any, y: Any, sample_weight: Any) -> None:
        self.head = head_of(X)
        if y is None:
            raise ValueError("y must not be None: a label for each row")
        rows = list(np.ravel(X.to_delayed()))
        labels = _blocks_of(y, X, "y")
        weights: Sequence[Any] = [None] * len(rows)
        if sample_weight is not None:
            weights = _blocks_of(sample_weight, X, "sample_weight")
        self._parts = list(zip(rows, labels, weights, strict=True))

    def sum(self, of_block: Callable[..., T | None], *given: Any) -> T:
        """What a function says of each `Batch`, beside what else it is given, added up in a tree.

        Where it says None, a block counts as nothing. The order of the sum is that of the blocks,
        whoever computes them.
        """
        from dask.base import annotate
        from dask.delayed import delayed

        with annotate(retries=RETRIES):
            beside = delayed(given, traverse=False)
            parts = [delayed(_of_block)(of_block, beside, *part) for part in self._parts]
            while len(parts) > 1:
                groups = (parts[i : i + TOGETHER] for i in range(0, len(parts), TOGETHER))
                parts = [delayed(added)(group) for group in groups]
        with _sending(part.nbytes for part in given if isinstance(part, np.ndarray)):
            found: T | None = parts[0].compute()
        if found is None:
            raise ValueError("X holds no block with a row in it")
        return found


@contextmanager
def _sending(sizes: Iterable[int]) -> Iterator[None]:
    """No warning of a graph that is large for these bytes, the weights, which have to be sent."""
    if "distributed" not in sys.modules:  # its settings are not there yet
        yield
        return
    from dask import config
    from dask.utils import parse_bytes

    with config.set({WARNED_OF: parse_bytes(config.get(WARNED_OF)) + sum(sizes)}):
        yield


def _of_block(of_block: Callable[..., T], beside: tuple[Any, ...], *part: Any) -> T:
    return of_block(Batch(*part), *beside)


def head_of(X: Any) -> Any:
    """Features without a row, of the names and the number that those of X have."""
    with extra("dask"):
        import dask.array as da
        from dask.utils import is_dataframe_like
    if is_dataframe_like(X):
        for name, dtype in X.dtypes.items():
            if dtype.kind not in "biuf":
                raise ValueError(f"X must have columns of numbers, but {name!r} is of {dtype}")
        return X._meta
    if not isinstance(X, da.Array):
        raise TypeError(f"X must be an array or a DataFrame of Dask's, got {type(X).__name__}")
    if X.ndim != 2:
        raise ValueError(f"X must have the shape (n, d), got {X.shape}")
    if X.numblocks[1] != 1:
        raise ValueError(
            f"X must be in chunks of whole rows, got {X.numblocks[1]} beside each other: "
            "X.rechunk({1: -1})"
        )
    return np.empty((0, X.shape[1]), X.dtype)


def _blocks_of(values: Any, X: Any, name: str) -> list[Any]:
    """A value for each row, in the blocks of X."""
    import dask.array as da
    from dask.utils import is_series_like

    is_array = isinstance(X, da.Array)
    count = X.numblocks[0] if is_array else X.npartitions
    lengths = X.chunks[0] if is_array else (np.nan,) * count
    if is_dask(values) and is_series_like(values):
        is_known = not is_array and X.known_divisions and values.known_divisions
        if values.npartitions != count or (is_known and values.divisions != X.divisions):
            raise ValueError(
                f"{name} must have the partitions of X, {count} of them, got {values.npartitions}"
                f"{' with other divisions' if values.npartitions == count else ''}"
            )
        return list(values.to_delayed())
    if is_dask(values) and not isinstance(values, da.Array):
        raise TypeError(f"{name} must be an array or a Series, got {type(values).__name__}")
    given: Any = values if is_dask(values) else np.asarray(values)
    if given.ndim != 1:
        raise ValueError(f"{name} must have the shape (n,), got {given.shape}")
    if not np.isnan([*lengths, *given.shape]).any():
        if given.shape != X.shape[:1]:
            raise ValueError(f"{name} must have the shape {X.shape[:1]}, got {given.shape}")
        if not is_dask(values):
            return np.split(given, np.cumsum(lengths)[:-1])
        given = given.rechunk((lengths,))
    elif not is_dask(values):
        raise ValueError(
            f"{name} must be in the blocks of X, whose lengths are not known: an array or a Series "
            "of Dask's"
        )
    if given.numblocks[0] != count:
        raise ValueError(f"{name} must have {count} blocks, as X has, got {given.numblocks[0]}")
    return list(given.to_delayed())


def without_callbacks(estimator: BaseEstimator, is_fitted: bool = True) -> BaseEstimator:
    """The same to be sent to a worker, with what it has learnt or with its parameters alone."""
    other = copy(estimator)
    if not is_fitted:
        vars(other).clear()
        vars(other).update(estimator.get_params(deep=False))
    other.callbacks = other._seen = None
    return other


def by_blocks(method: Callable[[Any, ArrayLike], NDArray[Any]]) -> Callable[[Any, Any], Any]:
    """A method that, of features of Dask's, gives an array of Dask's, computed when it is asked."""

    @wraps(method)
    def predicted(self: Any, X: Any) -> Any:
        if not is_dask(X):
            return method(self, X)
        check_is_fitted(self)
        head = head_of(X)
        validate_data(self, head, reset=False, skip_check_array=True)
        model = without_callbacks(self)
        empty = method(model, _with_a_row(head))[:0]

        def of_block(block: Any) -> NDArray[Any]:
            return method(model, block) if block.shape[0] else empty

        if not hasattr(X, "chunks"):
            return X.map_partitions(of_block, meta=empty)
        if empty.ndim == 1:
            return X.map_blocks(of_block, dtype=empty.dtype, meta=empty, drop_axis=1)
        chunks = X.chunks[0], (empty.shape[1],)
        return X.map_blocks(of_block, dtype=empty.dtype, meta=empty, chunks=chunks)

    return predicted


def _with_a_row(head: Any) -> Any:
    """Features of one row of zeros."""
    if isinstance(head, np.ndarray):
        return np.zeros((1, head.shape[1]), head.dtype)
    return head.reindex([0], fill_value=0)
