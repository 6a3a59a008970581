"""What commands read besides their options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..data import Dataset
    from ..model import Model


def load_for(model: Model, data: str, reading: dict[str, Any], **options: Any) -> Dataset:
    """Rows for a trained model, read as those of its training were.

    By default their labels are where those were.
    """
    from ..data import load, options_of

    if reading["target"] is None and "target" in options_of(data):
        reading = {**reading, "target": model.target}
    return load(data, schema=model.schema, **reading, **options)
