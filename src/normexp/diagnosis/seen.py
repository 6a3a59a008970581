"""What a check says: a kind of trouble, the rows that have it, and their numbers."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from numpy.typing import NDArray

from .case import Mask

NOTHING: Mapping[str, Any] = MappingProxyType({})


class Seen(NamedTuple):
    """`numbers` have an entry for every row of the batch; `facts` fill the gaps in the sentences.

    A check may say this of no row at all, which then means nothing.
    """

    kind: str
    rows: Mask
    numbers: Mapping[str, NDArray[Any]] = NOTHING
    facts: Mapping[str, Any] = NOTHING
