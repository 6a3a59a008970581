"""The two matrix products of a linear map, of dense features and of sparse ones."""

import torch

from ..contract import SparseRows
from .rows import Tensor

SCALED = 1 << 24  # numbers at a time


def linear(x: Tensor, weight: Tensor, bias: Tensor, out: Tensor) -> Tensor:
    return out.copy_(x.to(weight.dtype) @ weight.T + bias)


def add_outer(grad: Tensor, x: Tensor, total: Tensor) -> Tensor:
    return total.add_(grad.double().T @ x.double())


def sparse_linear(weight: Tensor, x: SparseRows, out: Tensor) -> Tensor:
    rows, numbers, columns = entries_of(x)
    terms = numbers[:, None] * weight[columns, : out.shape[1]].double()
    return out.copy_(out.new_zeros(out.shape, dtype=torch.float64).index_add_(0, rows, terms))


def add_sparse_outer(grad: Tensor, x: SparseRows, total: Tensor) -> Tensor:
    rows, numbers, columns = entries_of(x)
    total[:, : grad.shape[1]].index_add_(0, columns, numbers[:, None] * grad[rows].double())
    return total


def entries_of(x: SparseRows) -> tuple[Tensor, Tensor, Tensor]:
    """The row, the number and the column of every entry."""
    starts: Tensor = x.starts
    values: Tensor = x.values
    columns: Tensor = x.indices
    here = slice(int(starts[0]), int(starts[-1]))
    rows = torch.repeat_interleave(starts.diff())
    return rows, values[here].double(), columns[here].long()


def scale(values: Tensor, factor: Tensor) -> Tensor:
    """values ·= factor, which nobody knows yet: rounded once, some rows at a time."""
    rows = values if values.ndim else values[None]
    each = max(rows[:1].numel(), 1)
    for part in rows.split(max(SCALED // each, 1)):
        part.copy_(part.to(factor.dtype) * factor)
    return values
