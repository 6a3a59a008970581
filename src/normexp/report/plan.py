"""How rows are judged: by one split or in parts, once or for several seeds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from .. import _check
from ..data import Dataset
from .split import Split, folds_of, split

SHARE = 0.2
FOLDS = 5
# Of 200 test rows the accuracy is known to 7 points at most, to 3 at 95%: of fewer, a split says
# little, while all rows can be tested in the same few seconds.
ENOUGH = 200
MOST_SEEDS = 2**32


class Plan(NamedTuple):
    """Either `test_size` or `folds`, for each of the seeds."""

    test_size: float | None
    folds: int | None
    seeds: tuple[int, ...]

    @property
    def trainings(self) -> int:
        """How often each loss is trained."""
        return (self.folds or 1) * len(self.seeds)

    def parts(self, dataset: Dataset) -> Iterator[tuple[int, Split]]:
        """Each split, with the number of its seed."""
        for i, seed in enumerate(self.seeds):
            if self.folds is not None:
                for part in folds_of(dataset, self.folds, seed):
                    yield i, part
            elif self.test_size is not None:
                yield i, split(dataset, self.test_size, seed)


def planned(
    dataset: Dataset, test_size: float | None, folds: int | None, seed: int, seeds: int
) -> Plan:
    """The plan for a data set, by its size where nothing is asked for.

    A fifth of the rows is for testing if that is ENOUGH rows; of fewer, all are tested, in FOLDS
    parts (or as many as the largest class has rows).

    Raises
    ------
    ValueError
        If both a share and folds are asked for, or no seed.

    Examples
    --------
    >>> from normexp.data import load
    >>> planned(load("iris"), None, None, seed=0, seeds=1)
    Plan(test_size=None, folds=5, seeds=(0,))
    >>> planned(load("digits"), None, None, seed=0, seeds=1).test_size
    0.2
    """
    if test_size is not None and folds is not None:
        raise ValueError(f"folds: give folds= or test_size=, not both, got {folds} and {test_size}")
    if folds is not None:
        _check.integer(folds, "folds")
    count = _check.integer(seeds, "seeds")
    if not 1 <= count <= MOST_SEEDS - seed:
        raise ValueError(f"seeds: expected 1 to {MOST_SEEDS - seed} from {seed} on, got {seeds}")
    if test_size is None and folds is None:
        if len(dataset) * SHARE >= ENOUGH or dataset.target is None:
            test_size = SHARE
        else:
            _, counts = np.unique(dataset.target, return_counts=True)
            folds = min(FOLDS, max(int(counts.max()), 2))
    return Plan(test_size, folds, tuple(range(seed, seed + count)))
