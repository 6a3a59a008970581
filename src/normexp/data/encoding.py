"""Features as numbers that a linear model can weigh, by what was learnt from the training rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack, issparse

from .. import _check
from . import sparse
from .columns import blocks_of, by_type, joined, named
from .dataset import Dataset
from .dates import ISO, PARTS, part_names, parts_of
from .frames import as_frame
from .learning import learn_columns
from .named import dense
from .notes import Note
from .onehot import MISSING, categories_of, one_hot, positions, told_unseen
from .reading import read_table
from .schema import Column
from .words import columns as names_of_columns
from .words import did_you_mean, listed

Features = pl.DataFrame | NDArray[Any]
Encoded: TypeAlias = "NDArray[np.floating[Any]] | csr_array"

# Rows at a time where a sum needs them in float64: a set of byte images would not fit eight times.
BLOCK = 1024

FAR = 100  # standard deviations
SAME = 1e-9  # to which two sums of the same numbers surely agree

NO_DAY = "1970-01-01"  # the first of a column without dates

# From so many columns on, of which so few are not 0, the encoding is sparse.
SPARSE_WIDTH = 256
SPARSE_SHARE = 0.1


@dataclass(frozen=True, eq=False)
class Encoder:
    """Encode features as they were encoded for training.

    - A number x becomes (x − mean) / scale, with the mean and the standard deviation of the
      training rows; booleans are the numbers 0 and 1. A missing number is taken as the mean. A
      constant column has the scale 1, so that it contributes nothing. Sparse numbers become
      x / scale, so that a 0 stays one.
    - The pixels of images each have their mean but share one scale, the root of the mean variance,
      so that a weight per pixel remains a picture.
    - A text becomes one column of 0 or 1 for each category of the training rows, in sorted order,
      with a missing text a category of its own; a category that was not seen in training is 0 in
      all of them. A column of one category contributes nothing.
    - A date becomes four numbers: its year, month and day of the week (Monday is 1), and the days
      since the first date of the training rows.

    Attributes
    ----------
    numbers : tuple of str
        The columns of numbers, and what dates become; they come first in the encoding.
    mean, scale : arrays of float64, one for each of `numbers`
    categories : dict of str to tuple of str
        The categories of each column of text.
    dates : dict of str to str
        The first date of each column of dates.
    notes : tuple of str
        Every treatment that the training rows were given, in words.

    Examples
    --------
    >>> import polars as pl
    >>> table = pl.DataFrame({"size": [1.0, 3.0, None], "colour": ["red", "blue", "red"]})
    >>> encoder = Encoder.fit(Dataset("fruit", table, None, ("size", "colour")))
    >>> encoder.feature_names
    ('size', 'colour=blue', 'colour=red')
    >>> encoder.transform(table)
    array([[-1.,  0.,  1.],
           [ 1.,  1.,  0.],
           [ 0.,  0.,  1.]])
    """

    numbers: tuple[str, ...]
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    categories: dict[str, tuple[str, ...]]
    dates: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @classmethod
    def fit(cls, data: Dataset | Any) -> Encoder:
        """Learn the encoding of the rows of a data set, or of a frame of polars or pandas.

        Of a frame, and of a data set without a schema, columns of texts that nearly all differ
        are left out, and texts such as 2026-11-25 are dates.

        Raises
        ------
        ValueError
            If a column holds values that are neither numbers nor texts nor dates, or numbers whose
            variance overflows.
        """
        dataset = data if isinstance(data, Dataset) else _dataset(as_frame(data))
        features, remarks = dataset.features, list[Note]()
        if isinstance(features, pl.DataFrame) and dataset.schema is None:
            columns, remarks = learn_columns(features, is_typed=True, missing=(), days=[ISO])
            features, _ = read_table(features, columns, ())
        if isinstance(features, pl.DataFrame):
            numbers, texts, dates = kinds_of(features)
        else:
            numbers, texts, dates = dataset.feature_names, (), {}
        values = numbers_of(features, numbers, dates)
        if not (numbers or texts or dates):
            raise ValueError(f"features: no column is left to learn from; {'; '.join(remarks)}")
        numbers += tuple(name for day, first in dates.items() for name in part_names(day, first))
        mean, deviation = (sparse.moments if issparse(values) else moments)(values)
        if len(overflow := np.flatnonzero(~np.isfinite(mean + deviation))):
            raise ValueError(
                f"column {numbers[overflow[0]]!r}: the variance of its numbers overflows"
            )
        if dataset.image_shape is None:
            scale = np.where(deviation > 0, deviation, 1.0)
        else:
            scale = np.full_like(deviation, np.sqrt(np.mean(deviation**2)) or 1.0)
        categories = categories_of(texts_of(features, texts))
        encoder = cls(numbers, mean, scale, categories, dates)
        notes = notes_of(dataset, encoder, values, deviation)
        return replace(encoder, notes=(*remarks, *notes))

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the encoded features, such as ``size`` and ``colour=red``."""
        one_hot = (f"{name}={text}" for name, texts in self.categories.items() for text in texts)
        return (*self.numbers, *one_hot)

    @property
    def is_sparse(self) -> bool:
        """Whether the encoding is sparse, as where it is wide and nearly all of it is 0."""
        width = len(self.mean) + sum(map(len, self.categories.values()))
        held = len(self.mean) + len(self.categories)
        return width >= SPARSE_WIDTH and held < SPARSE_SHARE * width

    def transform(self, data: Dataset | Any) -> Encoded:
        """Encode rows as (n, len(feature_names)): float32 if they are bytes, float64 otherwise.

        A table may hold its columns in any order, and others besides; it may be a frame of polars
        or pandas. The result is an array, or a `scipy.sparse.csr_array` if `is_sparse` or the
        rows are.

        Raises
        ------
        ValueError
            If a column is missing, or holds text where the training rows had numbers.
        """
        features = self._features(data)
        values = numbers_of(features, self._plain_numbers, self.dates)
        if issparse(values):
            if not self.mean.any():
                return sparse.scaled(values, self.scale)
            values = dense(values, "features")
        dtype = np.float32 if values.dtype == np.uint8 else np.float64
        columns = texts_of(features, tuple(self.categories))
        found = positions(columns, self.categories)
        shape = features.shape[0], len(self.numbers) + sum(map(len, self.categories.values()))
        encoded = np.zeros((shape[0], len(self.numbers) if self.is_sparse else shape[1]), dtype)

        standardised = encoded[:, : len(self.numbers)]
        np.subtract(values, self.mean, out=standardised, casting="same_kind")
        standardised /= self.scale
        standardised[np.isnan(standardised)] = 0.0

        if self.is_sparse:
            texts = one_hot(found, shape[0], shape[1] - len(self.numbers))
            return csr_array(hstack([csr_array(encoded), texts], format="csr"))
        column, row = np.nonzero(found >= 0)
        encoded[row, len(self.numbers) + found[column, row]] = 1.0
        return encoded

    def unseen(self, data: Dataset | Any) -> tuple[str, ...]:
        """Say what of the rows training does not know, and in how many cells.

        Texts that are no categories, and numbers of a table more than 100 standard deviations from
        the mean, as those in another unit may be. Of up to 10 000 training rows none lies so far.
        Columns that were constant, or 0 and 1 alone, are not looked at.
        """
        features = self._features(data)
        texts = texts_of(features, tuple(self.categories))
        return (*self._far(features), *told_unseen(texts, self.categories))

    def _far(self, features: Features) -> list[Note]:
        """Which numbers of a table lie far from the mean."""
        if not isinstance(features, pl.DataFrame):
            return []
        columns, found = named(features), dict[str, NDArray[np.float64]]()
        places = {name: i for i, name in enumerate(self._plain_numbers) if self._spreads[i]}
        for block, cells in blocks_of({name: columns[name] for name in places}, pl.Float64):
            at = [places[name] for name in block]
            values = cells.to_numpy().reshape(len(block), len(features))
            is_far = np.abs(values - self.mean[at, None]) > FAR * self.scale[at, None]
            for i in np.flatnonzero(is_far.any(axis=1)).tolist():
                found[block[i]] = values[i, is_far[i]]
        if not found:
            return []
        first = f"{next(iter(found.values()))[0]:.6g}"
        cells_far = sum(map(len, found.values()))
        return [Note("far", names=tuple(found), n=cells_far, most=FAR, value=first)]

    @property
    def _spreads(self) -> NDArray[np.bool_]:
        """Which columns are neither constant, so that their scale is 1, nor 0 and 1 alone.

        One 1 among many 0 lies as far from the mean as the root of their number.
        """
        of_flags = self.mean * (1 - self.mean)
        are_flags = np.abs(self.scale**2 - of_flags) <= SAME * self.scale**2
        spreads: NDArray[np.bool_] = (self.scale != 1) & ~are_flags
        return spreads

    def state(self) -> tuple[dict[str, NDArray[np.float64]], dict[str, Any]]:
        """Return all of the encoder as arrays, for safetensors, and plain values, for JSON."""
        arrays = {"mean": self.mean, "scale": self.scale}
        plain = {
            "numbers": list(self.numbers),
            "categories": {name: list(texts) for name, texts in self.categories.items()},
            "dates": self.dates,
            "notes": list(map(str, self.notes)),
        }
        return arrays, plain

    @classmethod
    def from_state(
        cls, arrays: Mapping[str, NDArray[np.float64]], plain: Mapping[str, Any]
    ) -> Encoder:
        """Return the encoder that `state` was taken of, equal to the last bit."""
        return cls(
            numbers=tuple(plain["numbers"]),
            mean=arrays["mean"],
            scale=arrays["scale"],
            categories={name: tuple(texts) for name, texts in plain["categories"].items()},
            dates=dict(plain["dates"]),
            notes=tuple(plain["notes"]),
        )

    def _features(self, data: Dataset | Any) -> Features:
        """The rows with their columns typed as in training."""
        is_read = isinstance(data, Dataset) and data.schema is not None
        features: Features = data.features if isinstance(data, Dataset) else as_frame(data)
        expected = [*self._plain_numbers, *self.dates, *self.categories]
        if not isinstance(features, pl.DataFrame):
            if self.categories or self.dates:
                raise ValueError(
                    "features: expected a table with the columns "
                    f"{listed([*self.dates, *self.categories])}, got an array of shape "
                    f"{features.shape}"
                )
            if features.shape[1:] != (len(self.numbers),):
                raise ValueError(
                    f"features: expected an array of shape (n, {len(self.numbers)}), as in "
                    f"training, got {features.shape}"
                )
            return features
        names = set(features.columns)
        if missing := [name for name in expected if name not in names]:
            raise ValueError(
                f"features: no column {listed(missing)}{did_you_mean(missing[0], names)}; the "
                f"model was trained with it, and the columns here are {listed(features.columns)}"
            )
        return features if is_read and self._is_typed(features) else self._typed(features)

    @property
    def _plain_numbers(self) -> tuple[str, ...]:
        return self.numbers[: len(self.numbers) - len(PARTS) * len(self.dates)]

    def _is_typed(self, features: pl.DataFrame) -> bool:
        """Whether columns of text, dates and numbers are just what they were in training."""
        texts, dates = _names_of_text(features), _names_of_dates(features)
        return (
            texts.issuperset(self.categories)
            and dates.issuperset(self.dates)
            and not (texts | dates).intersection(self._plain_numbers)
        )

    def _typed(self, features: pl.DataFrame) -> pl.DataFrame:
        """A frame whose types need not be those of training; nothing in it may be unreadable."""
        flags = {name for name, dtype in features.schema.items() if dtype == pl.Boolean}
        columns = [
            *(
                Column(name, "boolean" if name in flags else "number")
                for name in self._plain_numbers
            ),
            *(Column(name, "date") for name in self.dates),
            *(Column(name, "text") for name in self.categories),
        ]
        typed, notes = read_table(features, columns, ())
        if notes:
            raise ValueError(
                f"features: expected numbers, as in training: {notes[0].facts['cells']}"
            )
        return typed


def _dataset(features: Features) -> Dataset:
    if isinstance(features, pl.DataFrame):
        return Dataset("frame", features, None, tuple(features.columns))
    if features.ndim != 2 or features.dtype.kind not in "buif":
        raise ValueError(
            f"data: expected a table, or numbers of shape (n, d), got {_check.described(features)}"
        )
    return Dataset("array", features, None, names_of_columns(features.shape[1]))


def kinds_of(
    features: pl.DataFrame,
) -> tuple[tuple[str, ...], tuple[str, ...], dict[str, str]]:
    """The columns of numbers, those of text, and those of dates with the first of them."""
    texts, dates = _names_of_text(features), _names_of_dates(features)
    firsts = {name: features[name].min() for name in features.columns if name in dates}
    return (
        tuple(name for name in features.columns if name not in texts | dates),
        tuple(name for name in features.columns if name in texts),
        {name: str(first or NO_DAY)[:10] for name, first in firsts.items()},
    )


def _names_of_text(features: pl.DataFrame) -> set[str]:
    types = by_type(features)
    return {name for dtype, names in types.items() if dtype == pl.String for name in names}


def _names_of_dates(features: pl.DataFrame) -> set[str]:
    types = by_type(features)
    return {name for dtype, names in types.items() if dtype.is_temporal() for name in names}


def numbers_of(features: Features, names: Sequence[str], dates: Mapping[str, str]) -> NDArray[Any]:
    """The columns `names` and the parts of dates as a matrix in which a missing number is NaN."""
    if not isinstance(features, pl.DataFrame):
        return features
    cells = named(features)
    columns = [cells[name] for name in names]
    if {column.dtype for column in columns} - {pl.Float64}:
        columns = [column.cast(pl.Float64) for column in columns]
    for name, first in dates.items():
        columns += parts_of(cells[name], first)
    values: NDArray[np.float64] = joined(columns, pl.Float64).to_numpy()
    return values.reshape(len(columns), len(features)).T


def texts_of(features: Features, names: tuple[str, ...]) -> list[pl.Series]:
    if not isinstance(features, pl.DataFrame):
        return []
    cells = named(features)
    return [cells[name] for name in names]


def moments(values: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean and the standard deviation of each column over the numbers that it has.

    A constant column has its value for the mean and exactly 0 for the deviation.
    """
    blocks = [values[start : start + BLOCK] for start in range(0, len(values), BLOCK)]
    count = np.maximum(len(values) - np.isnan(values).sum(axis=0), 1)
    low, high = np.fmin.reduce(values, axis=0), np.fmax.reduce(values, axis=0)
    with np.errstate(over="ignore", invalid="ignore"):
        mean = sum(np.nansum(block, axis=0, dtype=np.float64) for block in blocks) / count
        variance = sum(np.nansum((block - mean) ** 2, axis=0) for block in blocks) / count
    constant = (low == high) & np.isfinite(variance)
    return np.where(constant, low, mean), np.where(constant, 0.0, np.sqrt(variance))


def notes_of(
    dataset: Dataset, encoder: Encoder, values: NDArray[Any], deviation: NDArray[np.float64]
) -> tuple[Note, ...]:
    """Say what was done to the training rows, and to which of their columns."""
    numbers, texts = encoder.numbers, tuple(encoder.categories)
    is_sparse = issparse(values)
    holed = sparse.holed(values) if is_sparse else np.flatnonzero(np.isnan(values).any(axis=0))
    notes = []
    done: dict[str, Sequence[str]] = {
        "zero-taken" if is_sparse else "mean-taken": [numbers[i] for i in holed],
        "missing-category": [k for k in texts if MISSING in encoder.categories[k]],
    }
    if dataset.image_shape is not None:
        notes.append(Note("mean-image", scale=float(encoder.scale[0])))
    else:
        constant = [numbers[i] for i in np.flatnonzero(deviation == 0)]
        constant += [name for name in texts if not encoder.categories[name]]
        done |= {
            "date-parts": tuple(encoder.dates),
            "divided" if is_sparse else "standardised": numbers,
            "one-hot": texts,
            "constant": constant,
        }
    notes += [Note(kind, names=tuple(names)) for kind, names in done.items() if names]
    return tuple(notes)
