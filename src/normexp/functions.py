"""softmax, log_softmax, logsumexp, sigmoid and log_sigmoid of arrays."""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _check
from ._arrays import (
    as_floating,
    as_rows,
    checked_output,
    loss_type,
    output_rows,
    rows_shape,
    write_rows,
)
from .kernels import NO_MASK, Logits, kernels_for

Axis = int | tuple[int, ...] | None


def softmax(
    x: ArrayLike,
    axis: Axis = -1,
    *,
    temperature: float = 1.0,
    where: ArrayLike | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Probabilities that are proportional to the exponentials of scores.

    ``p_k = exp(x_k / temperature) / Σ_j exp(x_j / temperature)`` along `axis`.

    Parameters
    ----------
    x : array_like
        Scores (logits). Integers and booleans count as float64.
    axis : int, tuple of int or None
        The axes that hold the classes; None for all of them.
    temperature : float
        Above 1 evens the probabilities out, below 1 sharpens them.
    where : array_like of bool, optional
        Classes that exist, broadcast to the shape of `x`; the others get the probability 0.
    out : ndarray, optional
        Where to put the result: an array of its shape and type, `x` itself included.

    Returns
    -------
    ndarray
        The shape and type of `x`, within 0.51 ULP (float32) or 4 ULP (float64) of the true value.
        A row that holds NaN or +inf, or only −inf, is NaN; a row masked whole is 0.

    Raises
    ------
    TypeError, ValueError
        For an argument of the wrong type, shape or range, and for an axis without classes.

    Examples
    --------
    >>> import normexp as nex
    >>> nex.softmax([2.0, 1.0, 0.1]).round(4)
    array([0.659 , 0.2424, 0.0986])
    >>> nex.softmax([1e8, 1e8])
    array([0.5, 0.5])

    References
    ----------
    J. S. Bridle, Probabilistic interpretation of feedforward classification network outputs, 1990.
    """
    return _rowwise("softmax", x, axis, temperature, where, out)


def log_softmax(
    x: ArrayLike,
    axis: Axis = -1,
    *,
    temperature: float = 1.0,
    where: ArrayLike | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Logarithms of the probabilities that `softmax` gives, in nats.

    ``log p_k = −[(max x − x_k) / temperature + log1p(rest)]``, where `rest` is the sum of
    ``exp((x_j − max x) / temperature)`` over every class but one that attains the maximum. Both
    terms are never negative, so that nothing cancels: the leading class of a confident row is not
    rounded to 0.

    Parameters and errors are those of `softmax`.

    Returns
    -------
    ndarray
        The shape and type of `x`. Classes at −inf or outside the mask are −inf.

    Examples
    --------
    >>> import normexp as nex
    >>> nex.log_softmax([40.0, 0.0])
    array([-4.24835426e-18, -4.00000000e+01])
    """
    return _rowwise("log_softmax", x, axis, temperature, where, out)


def logsumexp(
    x: ArrayLike,
    axis: Axis = -1,
    *,
    where: ArrayLike | None = None,
    keepdims: bool = False,
    out: NDArray[Any] | None = None,
) -> Any:
    """The logarithm of a sum of exponentials, ``log Σ_k exp(x_k)``, in nats.

    Parameters
    ----------
    x, axis, where
        As for `softmax`.
    keepdims : bool
        Keep the axes of the classes, with length 1.
    out : ndarray, optional
        Where to put the result.

    Returns
    -------
    ndarray or scalar
        −inf for a row of −inf, for one masked whole and for one without classes; +inf for a row
        that holds +inf; NaN for a row that holds NaN. Where the sum cancels, as for logits that
        are log-probabilities, it is computed in twice the precision: within 4 ULP down to 2^-50 of
        the largest logit.

    Raises
    ------
    TypeError, ValueError
        For an argument of the wrong type, shape or range.

    Examples
    --------
    >>> import normexp as nex
    >>> print(nex.logsumexp([1000.0, 1000.0]))
    1000.6931471805599
    >>> print(nex.logsumexp([-0.6931471805599453, -0.6931471805599453]))
    2.3190468138462996e-17
    """
    values, dtype = as_floating(x, "x")
    axes = _check.axes(axis, values.ndim)
    left = rows_shape(values.shape, axes)
    shape = left
    if _check.flag(keepdims, "keepdims"):
        shape = tuple(1 if axis in axes else size for axis, size in enumerate(values.shape))
    result = checked_output(out, shape, dtype)
    rows = as_rows(values, axes)
    sums = np.empty(math.prod(left), loss_type(dtype))
    kernels_for(values).logsumexp(Logits(rows, _mask_rows(where, values.shape, axes)), sums)
    result[...] = sums.reshape(shape)
    return result if out is not None or shape else result[()]


def sigmoid(x: ArrayLike, *, out: NDArray[Any] | None = None) -> Any:
    """The logistic function ``1 / (1 + exp(−x))``, element by element: softmax of ``[x, 0]``.

    Parameters
    ----------
    x : array_like
        Logits.
    out : ndarray, optional
        Where to put the result: an array of its shape and type, `x` itself included.

    Returns
    -------
    ndarray or scalar
        The shape and type of `x`; NaN where `x` is NaN.

    Raises
    ------
    TypeError, ValueError
        For an argument of the wrong type or shape.

    Examples
    --------
    >>> import normexp as nex
    >>> nex.sigmoid([-800.0, 0.0, 2.0]).round(4)
    array([0.    , 0.5   , 0.8808])
    """
    return _elementwise("sigmoid", x, out)


def log_sigmoid(x: ArrayLike, *, out: NDArray[Any] | None = None) -> Any:
    """``log σ(x) = −[max(−x, 0) + log1p(exp(−|x|))]``, element by element, in nats.

    Parameters, errors and shapes are those of `sigmoid`.

    Examples
    --------
    >>> import normexp as nex
    >>> nex.log_sigmoid([-800.0, 40.0])
    array([-8.00000000e+02, -4.24835426e-18])
    """
    return _elementwise("log_sigmoid", x, out)


def _rowwise(
    name: str, x: object, axis: Axis, temperature: float, where: object, out: object
) -> NDArray[Any]:
    """A function of rows whose result has the shape of its input."""
    values, dtype = as_floating(x, "x")
    axes = _check.axes(axis, values.ndim)
    rows = as_rows(values, axes)
    if rows.shape[1] == 0:
        raise ValueError(f"x has no classes on axis {axis!r}: its shape is {values.shape}")
    temperature = _check.temperature(temperature)
    mask = _mask_rows(where, values.shape, axes)
    result = checked_output(out, values.shape, dtype)
    result_rows, is_apart = output_rows(result, axes, rows)
    getattr(kernels_for(values), name)(Logits(rows, mask, temperature), result_rows)
    if is_apart:
        write_rows(result_rows, axes, result)
    return result


def _mask_rows(where: object, shape: tuple[int, ...], axes: tuple[int, ...]) -> NDArray[np.bool_]:
    return NO_MASK if where is None else as_rows(_check.mask(where, shape), axes)


def _elementwise(name: str, x: object, out: object) -> Any:
    values, dtype = as_floating(x, "x")
    result = checked_output(out, values.shape, dtype)
    flat = np.empty(values.size, dtype)
    getattr(kernels_for(values), name)(np.ascontiguousarray(values).reshape(-1), flat)
    result[...] = flat.reshape(values.shape)
    return result if out is not None or result.ndim else result[()]
