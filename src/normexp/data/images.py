"""Images as rows of pixels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .raw import Raw


def images_as_rows(images: NDArray[Any], target: pl.Series | None, **fields: Any) -> Raw:
    """Flatten images (n, h, w), (n, h, w, 1) or (n, h, w, 3), row-major, into `Raw.features`."""
    shape = images.shape[1:3] if images.shape[3:] == (1,) else images.shape[1:]
    return Raw(
        features=images.reshape(len(images), math.prod(shape)),
        target=target,
        feature_names=tuple("_".join(map(str, ("pixel", *at))) for at in np.ndindex(*shape)),
        image_shape=shape,
        **fields,
    )
