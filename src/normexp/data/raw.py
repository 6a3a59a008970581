"""What every reader returns: the content of a source as it stands there, before any treatment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Raw:
    """Features and labels as read; the fields mean what they mean in `Dataset`.

    `target` is a column that may still hold missing, boolean or floating labels. Where it is None,
    `no_target` says why, and what to do about it. `is_cut` says that the last row may be cut short.
    Where the source is text, every column is text, and `lines` says in which line of the file, the
    first being 1, each row begins; `separator` is what stands between its cells. `is_sparse` says
    that features are numbered, and one which the source does not have is 0 in every row. `before`
    is how many rows the source has before these.
    """

    features: NDArray[Any] | pl.DataFrame
    target: pl.Series | None
    feature_names: tuple[str, ...]
    image_shape: tuple[int, ...] | None = None
    class_names: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()
    no_target: str = ""
    is_cut: bool = False
    lines: NDArray[np.int64] | None = None
    separator: str = ""
    is_sparse: bool = False
    before: int = 0
