"""Features as numbers that a linear model can weigh, by what was learnt from the training rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .dataset import Dataset
from .words import listed

MISSING = "(missing)"

# More texts than this in one column, or a text of its own in each of this many rows, is a name of
# the rows and no property of them.
MAX_CATEGORIES = 1000
MIN_ROWS_OF_IDENTIFIER = 50

# Rows at a time where a sum needs them in float64: a set of byte images would not fit eight times.
BLOCK = 1024


@dataclass(frozen=True, eq=False)
class Encoder:
    """Encode features as they were encoded for training.

    - A number x becomes (x − mean) / scale, with the mean and the standard deviation of the
      training rows; booleans are the numbers 0 and 1. A missing number is taken as the mean. A
      constant column has the scale 1, so that it contributes nothing.
    - The pixels of images each have their mean but share one scale, the root of the mean variance,
      so that a weight per pixel remains a picture.
    - A text becomes one column of 0 or 1 for each category of the training rows, in sorted order,
      with a missing text a category of its own; a category that was not seen in training is 0 in
      all of them. A column of one category contributes nothing.

    Attributes
    ----------
    numbers : tuple of str
        The columns of numbers; they come first in the encoding.
    mean, scale : arrays of float64, one for each of `numbers`
    categories : dict of str to tuple of str
        The categories of each column of text.
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
    notes: tuple[str, ...] = ()

    @classmethod
    def fit(cls, dataset: Dataset) -> Encoder:
        """Learn the encoding of the rows of `dataset`.

        Raises
        ------
        ValueError
            If a column holds dates or another type that is neither number nor text, as many
            texts as an identifier does, or numbers whose variance overflows.
        """
        features = dataset.features
        numbers, texts = _kinds(dataset)
        values = _numbers(features, numbers)
        mean, deviation = _moments(values, numbers)
        if dataset.image_shape is None:
            scale = np.where(deviation > 0, deviation, 1.0)
        else:
            scale = np.full_like(deviation, np.sqrt(np.mean(deviation**2)) or 1.0)
        categories = {column.name: _categories(column) for column in _texts(features, texts)}
        encoder = cls(numbers, mean, scale, categories)
        return replace(encoder, notes=_notes(dataset, encoder, values, deviation))

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the encoded features, such as ``size`` and ``colour=red``."""
        one_hot = (f"{name}={text}" for name, texts in self.categories.items() for text in texts)
        return (*self.numbers, *one_hot)

    def transform(self, data: Dataset | pl.DataFrame | NDArray[Any]) -> NDArray[np.floating[Any]]:
        """Encode rows as (n, len(feature_names)): float32 if they are bytes, float64 otherwise.

        A table may hold its columns in any order, and others besides.

        Raises
        ------
        ValueError
            If a column is missing, or holds text where the training rows had numbers.
        """
        features = data.features if isinstance(data, Dataset) else data
        self._check_columns(features)
        values = _numbers(features, self.numbers)
        dtype = np.float32 if values.dtype == np.uint8 else np.float64
        encoded = np.zeros((len(features), len(self.feature_names)), dtype)

        standardised, one_hot = np.split(encoded, [len(self.numbers)], axis=1)
        np.subtract(values, self.mean, out=standardised, casting="same_kind")
        standardised /= self.scale
        standardised[np.isnan(standardised)] = 0.0

        start = 0
        for column in _texts(features, tuple(self.categories)):
            texts = self.categories[column.name]
            codes = column.cast(pl.Enum(texts), strict=False).to_physical()
            seen = codes.is_not_null()
            one_hot[seen.arg_true(), start + codes.filter(seen).cast(pl.Int64)] = 1.0
            start += len(texts)
        return encoded

    def state(self) -> tuple[dict[str, NDArray[np.float64]], dict[str, Any]]:
        """Return all of the encoder as arrays, for safetensors, and plain values, for JSON."""
        arrays = {"mean": self.mean, "scale": self.scale}
        plain = {
            "numbers": list(self.numbers),
            "categories": {name: list(texts) for name, texts in self.categories.items()},
            "notes": list(self.notes),
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
            notes=tuple(plain["notes"]),
        )

    def _check_columns(self, features: pl.DataFrame | NDArray[Any]) -> None:
        if isinstance(features, pl.DataFrame):
            expected = (*self.numbers, *self.categories)
            if missing := [name for name in expected if name not in features.columns]:
                raise ValueError(
                    f"features: no column {listed(missing)}; the model was trained with it, and "
                    f"the columns here are {listed(features.columns)}"
                )
        elif self.categories:
            raise ValueError(
                f"features: expected a table with the columns {listed(list(self.categories))}, "
                f"got an array of shape {features.shape}"
            )
        elif features.shape != (len(features), len(self.numbers)):
            raise ValueError(
                f"features: expected an array of shape (n, {len(self.numbers)}), as in training, "
                f"got {features.shape}"
            )


def _kinds(dataset: Dataset) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Part the columns into those of numbers and those of text."""
    if not isinstance(dataset.features, pl.DataFrame):
        return dataset.feature_names, ()
    numbers, texts = [], []
    for name, dtype in dataset.features.schema.items():
        if dtype.is_numeric() or dtype in (pl.Boolean, pl.Null):
            numbers.append(name)
        elif dtype in (pl.String, pl.Categorical, pl.Enum):
            texts.append(name)
        else:
            kind = "dates or times" if dtype.is_temporal() else f"values of type {dtype}"
            raise ValueError(
                f"column {name!r} holds {kind}, which are neither numbers nor categories: turn it "
                f"into numbers, or leave it out with drop=[{name!r}] (--drop)"
            )
    return tuple(numbers), tuple(texts)


def _numbers(features: pl.DataFrame | NDArray[Any], names: tuple[str, ...]) -> NDArray[Any]:
    """Return the columns `names` as a matrix in which a missing number is NaN."""
    if not isinstance(features, pl.DataFrame):
        return features
    try:
        matrix = features.select(pl.col(names).cast(pl.Float64)).to_numpy()
    except pl.exceptions.InvalidOperationError as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(f"features: expected numbers, as in training: {reason}") from error
    # polars gives a table without columns no rows.
    return matrix.reshape(len(features), len(names))


def _texts(features: pl.DataFrame | NDArray[Any], names: tuple[str, ...]) -> pl.DataFrame:
    """Return the columns `names` as text in which a missing one says so; an array has none."""
    if not isinstance(features, pl.DataFrame):
        return pl.DataFrame()
    return features.select(pl.col(names).cast(pl.String).fill_null(MISSING))


def _categories(column: pl.Series) -> tuple[str, ...]:
    """Return the sorted categories of a column of text, none where it is constant."""
    texts = sorted(column.unique())
    if len(texts) > MAX_CATEGORIES or len(texts) == len(column) >= MIN_ROWS_OF_IDENTIFIER:
        raise ValueError(
            f"column {column.name!r} holds {len(texts)} different texts in {len(column)} rows, as "
            f"identifiers and dates do: leave it out with drop=[{column.name!r}] (--drop)"
        )
    return tuple(texts) if len(texts) > 1 else ()


def _moments(
    values: NDArray[Any], names: tuple[str, ...]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean and the standard deviation of each column over the numbers that it has.

    A constant column has its value for the mean and exactly 0 for the deviation.
    """
    blocks = [values[start : start + BLOCK] for start in range(0, len(values), BLOCK)]
    count = np.maximum(len(values) - np.isnan(values).sum(axis=0), 1)
    low, high = np.fmin.reduce(values, axis=0), np.fmax.reduce(values, axis=0)
    with np.errstate(over="ignore", invalid="ignore"):
        mean = sum(np.nansum(block, axis=0, dtype=np.float64) for block in blocks) / count
        variance = sum(np.nansum((block - mean) ** 2, axis=0) for block in blocks) / count
    if len(overflow := np.flatnonzero(~np.isfinite(mean + variance))):
        raise ValueError(f"column {names[overflow[0]]!r}: the variance of its numbers overflows")
    constant = low == high
    return np.where(constant, low, mean), np.where(constant, 0.0, np.sqrt(variance))


def _notes(
    dataset: Dataset, encoder: Encoder, values: NDArray[Any], deviation: NDArray[np.float64]
) -> tuple[str, ...]:
    """Say what was done to the training rows, and to which of their columns."""
    numbers, texts = encoder.numbers, tuple(encoder.categories)
    holed = np.flatnonzero(np.isnan(values).any(axis=0))
    notes = []
    done: dict[str, Sequence[str]] = {
        "missing numbers taken as the mean": [numbers[i] for i in holed],
        "missing texts made a category": [k for k in texts if MISSING in encoder.categories[k]],
    }
    if dataset.image_shape is not None:
        notes.append(f"the mean image subtracted, every pixel divided by {encoder.scale[0]:.4g}")
    else:
        constant = [numbers[i] for i in np.flatnonzero(deviation == 0)]
        constant += [name for name in texts if not encoder.categories[name]]
        done |= {
            "numbers standardised": numbers,
            "texts one-hot encoded, one not seen in training as zeros": texts,
            "constant, so without influence": constant,
        }
    notes += [f"{treatment}: {listed(names)}" for treatment, names in done.items() if names]
    return tuple(notes)
