"""softmax and the logarithm of its sum; sigmoid and its logarithm."""

import numpy as np

from ..contract import Array, Logits
from .rows import Matrix, column, entries, read_logits, result, rows


def softmax_of(x: Matrix) -> Matrix:
    e = np.exp(x - column(x.max(axis=1)))
    return np.asarray(e / column(e.sum(axis=1)))


def logsumexp_of_rows(x: Matrix) -> Matrix:
    top = x.max(axis=1)
    shift = np.where(np.isfinite(top), top, 0.0)
    return np.asarray(shift + np.log(np.exp(x - column(shift)).sum(axis=1)))


@np.errstate(all="ignore")
def softmax(logits: Logits, out: Array | None = None) -> Array:
    x, live = read_logits(logits)
    p = np.where(column(live.any(axis=1)), softmax_of(x), 0.0)
    return result(out, p, logits.values)


@np.errstate(all="ignore")
def log_softmax(logits: Logits, out: Array | None = None) -> Array:
    x, live = read_logits(logits)
    log_p = np.where(np.isinf(column(x.max(axis=1))), np.nan, x - column(logsumexp_of_rows(x)))
    return result(out, np.where(column(live.any(axis=1)), log_p, -np.inf), logits.values)


@np.errstate(all="ignore")
def logsumexp(logits: Logits, out: Array | None = None) -> Array:
    return entries(out, logsumexp_of_rows(read_logits(logits)[0]), logits.values)


@np.errstate(all="ignore")
def signed_logsumexp(
    values: Array, factors: Array, out: Array, signs: Array
) -> tuple[Array, Array]:
    """log |Σ b exp(x)| and the sign of the sum; a factor of 0 leaves its term out."""
    b = rows(factors)
    x = np.where(b == 0, -np.inf, rows(values))
    top = x.max(axis=1, initial=-np.inf)
    shift = np.where(np.isfinite(top), top, 0.0)
    terms = np.where(b == 0, 0.0, b * np.exp(x - column(shift)))
    total = terms.sum(axis=1)
    out[...] = shift + np.log(np.abs(total))
    signs[...] = np.sign(total)
    return out, signs


@np.errstate(all="ignore")
def sigmoid(x: Array, out: Array | None = None) -> Array:
    out = np.empty_like(x) if out is None else out
    out[...] = 1 / (1 + np.exp(-x.astype(np.float64)))
    return out


@np.errstate(all="ignore")
def log_sigmoid(x: Array, out: Array | None = None) -> Array:
    out = np.empty_like(x) if out is None else out
    out[...] = -np.logaddexp(0.0, -x.astype(np.float64))
    return out
