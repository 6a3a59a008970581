"""Sparse features of a linear loss: rows of `scipy.sparse`, never filled up with zeros."""

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray


def is_sparse(values: object) -> bool:
    """Whether these are a sparse array or matrix of SciPy."""
    sparse = sys.modules.get("scipy.sparse")  # if nobody has imported it, these are none of its
    return sparse is not None and bool(sparse.issparse(values))


def as_sparse(values: Any, name: str) -> Any:
    """Sparse values in rows, of type float32 or float64, as integers and booleans become."""
    from scipy.sparse import csr_array

    if values.ndim != 2:
        raise ValueError(f"{name} must have two axes where they are sparse, got {values.shape}")
    if values.dtype.kind in "iub":
        values = values.astype(np.float64)
    if values.dtype not in (np.float32, np.float64):
        raise TypeError(
            f"{name} must hold float32, float64, integers or booleans where they are sparse, "
            f"got {values.dtype}"
        )
    rows = values if isinstance(values, csr_array) else csr_array(values)
    try:
        rows.check_format()  # no kernel looks whether a column is there
    except ValueError as error:
        raise ValueError(f"{name} is no valid sparse array: {error}") from error
    return rows


def emptied(rows: Any, which: NDArray[np.bool_]) -> Any:
    """Sparse rows of which some become zeros, whatever they hold."""
    rows = rows.copy()
    rows.data[np.repeat(which, np.diff(rows.indptr))] = 0
    return rows
