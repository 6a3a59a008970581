"""Images as rows of pixels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .notes import Note
from .opening import check_size
from .raw import Raw

NAME_SIZE = 100  # bytes that the name of a feature takes, about


def images_as_rows(images: NDArray[Any], target: pl.Series | None, **fields: Any) -> Raw:
    """Flatten images (n, h, w), (n, h, w, 1) or (n, h, w, 3), row-major, into `Raw.features`."""
    shape = images.shape[1:3] if images.shape[3:] == (1,) else images.shape[1:]
    check_size(NAME_SIZE * math.prod(shape), "an image")
    return Raw(
        features=images.reshape(len(images), math.prod(shape)),
        target=target,
        feature_names=tuple("_".join(map(str, ("pixel", *at))) for at in np.ndindex(*shape)),
        image_shape=shape,
        **fields,
    )


def as_images(array: NDArray[Any], source: str) -> tuple[NDArray[Any], tuple[Note, ...]]:
    """Images in one of the usual layouts, as (n, h, w) or with the colour last, and a note.

    With the colour first, as PyTorch has it, they are known where it is not last as well.
    """
    if array.ndim == 3 or (array.ndim == 4 and array.shape[3] in (1, 3)):
        return array, ()
    if array.ndim == 4 and array.shape[1] in (1, 3):
        note = Note("colour-first", shape=str(array.shape))
        return array.transpose(0, 2, 3, 1), (note,)
    raise ValueError(
        f"{source}: expected features of shape (n, d), or images of shape (n, h, w), (n, h, w, 1), "
        f"(n, h, w, 3), (n, 1, h, w) or (n, 3, h, w), got {array.shape}"
    )
