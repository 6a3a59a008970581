"""softmax, log_softmax and logsumexp of rows; sigmoid and log_sigmoid of elements."""

import torch

from ..contract import Logits
from .rows import INF, NAN, Tensor, column, entries, product, put, read, result, rows


def softmax(logits: Logits, out: Tensor = None) -> Tensor:
    row = read(logits)
    p = torch.where(column(row.is_undefined), NAN, row.p)
    return result(out, torch.where(column(row.is_empty), 0, p), logits.values)


def log_softmax(logits: Logits, out: Tensor = None) -> Tensor:
    row = read(logits)
    log_p = torch.where(column(row.is_undefined), NAN, -row.surprise)
    return result(out, torch.where(column(row.is_empty), -INF, log_p), logits.values)


def logsumexp(logits: Logits, out: Tensor = None) -> Tensor:
    return entries(out, read(logits).logsumexp[:, 0])


def signed_logsumexp(
    values: Tensor, factors: Tensor, out: Tensor, signs: Tensor
) -> tuple[Tensor, Tensor]:
    b = rows(factors)
    x = torch.where(b == 0, -INF, rows(values))
    top = x.amax(1)
    shift = torch.where(top.isfinite(), top, 0)
    sums = product(b, torch.exp(x - column(shift))).sum(1)
    return entries(out, shift + sums.abs().log()), entries(signs, sums.sign())


def sigmoid(x: Tensor, out: Tensor = None) -> Tensor:
    return put(out, torch.sigmoid(x.double()), x)


def log_sigmoid(x: Tensor, out: Tensor = None) -> Tensor:
    return put(out, -softplus(-x.double()), x)


def softplus(x: Tensor) -> Tensor:
    """log(1 + exp(x))."""
    return x.clamp(min=0) + torch.log1p(torch.exp(-x.abs()))
