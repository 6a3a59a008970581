"""What commands read besides their options."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..data import Dataset
    from ..model import Model


def load_for(model: Model, data: str, reading: dict[str, Any], **options: Any) -> Dataset:
    """Rows for a trained model, read as those of its training were.

    By default their labels are where those were.
    """
    from ..data import load, options_of

    schema, target = model.schema, model.target
    how = {"schema": schema, **options}
    if reading["target"] is not None or target is None or "target" not in options_of(data):
        return load(data, **reading, **how)
    if schema and re.fullmatch(r"-?\d+", str(target)) and not options.get("require_target", True):
        # An index is that of the labels only where there are more columns than features.
        dataset = load(data, **reading, **how)
        if dataset.features.shape[1] <= len(schema.columns):
            return dataset
    return load(data, **{**reading, "target": target}, **how)
