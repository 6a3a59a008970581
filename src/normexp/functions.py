"""softmax, log_softmax, logsumexp, sigmoid and log_sigmoid of arrays."""

import math
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _check
from ._arrays import (
    as_floating,
    as_rows,
    checked_output,
    loss_type,
    output_elements,
    output_rows,
    rows_shape,
    write_rows,
)
from ._tensors import tensors_of
from .kernels import NO_MASK, Logits, kernels_for, small

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
    if type(x) is not np.ndarray and (room := tensors_of(x)) is not None:
        return room.functions.softmax(x, axis, temperature, where, out)  # type: ignore[no-any-return]
    p: NDArray[Any] = quick("softmax")(x, axis, temperature, where, out)
    return p


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
    if type(x) is not np.ndarray and (room := tensors_of(x)) is not None:
        return room.functions.log_softmax(x, axis, temperature, where, out)  # type: ignore[no-any-return]
    log_p: NDArray[Any] = quick("log_softmax")(x, axis, temperature, where, out)
    return log_p


def logsumexp(
    x: ArrayLike,
    axis: Axis = -1,
    *,
    b: ArrayLike | None = None,
    return_sign: bool = False,
    where: ArrayLike | None = None,
    keepdims: bool = False,
    out: NDArray[Any] | None = None,
) -> Any:
    """The logarithm of a sum of exponentials, ``log Σ_k exp(x_k)``, in nats.

    With factors it is ``log |Σ_k b_k exp(x_k)|``, as in SciPy.

    Parameters
    ----------
    x, axis, where
        As for `softmax`.
    b : array_like, optional
        A real factor for each term; the shapes of `x` and `b` are broadcast to each other. Where it
        is 0 the term is left out, whatever it holds.
    return_sign : bool
        Return the sign of the sum too. Without it a negative sum is NaN.
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
        the largest logit. With factors it is computed with as many digits as it takes: within
        0.51 ULP (float64 too), however far the terms cancel, and −inf where they cancel to 0. The
        type is that of `x`, or with factors what NumPy makes of both.
    sign : ndarray or scalar
        With `return_sign`: 1, 0 or −1, or NaN where the sum is NaN.

    Raises
    ------
    TypeError, ValueError
        For an argument of the wrong type, shape or range.
    ArithmeticError
        If terms cancel in their first 20,000 digits.

    Examples
    --------
    >>> import normexp as nex
    >>> print(nex.logsumexp([1000.0, 1000.0]))
    1000.6931471805599
    >>> print(nex.logsumexp([-0.6931471805599453, -0.6931471805599453]))
    2.3190468138462996e-17
    >>> value, sign = nex.logsumexp([1.0, 2.0], b=[1.0, -1.0], return_sign=True)
    >>> print(value, sign)
    1.5413248546129181 -1.0
    """
    if type(x) is not np.ndarray and (room := tensors_of(x)) is not None:
        return room.functions.logsumexp(x, axis, b, return_sign, where, keepdims, out)
    if b is None and return_sign is False and keepdims is False:
        return quick("logsumexp")(x, axis, where, out)
    return _logsumexp(x, axis, where, out, b, return_sign, keepdims)[0]


def _logsumexp(
    x: object,
    axis: Axis,
    where: object,
    out: object,
    b: object = None,
    return_sign: object = False,
    keepdims: object = False,
) -> tuple[Any, NDArray[Any], None]:
    """What `logsumexp` returns, and the sums that the kernel wrote."""
    values, dtype = as_floating(x, "x")
    if b is not None:
        values, factors, dtype = _with_factors(values, dtype, b)
    axes = _check.axes(axis, values.ndim)
    left = rows_shape(values.shape, axes)
    shape = left
    if _check.flag(keepdims, "keepdims"):
        shape = tuple(1 if axis in axes else size for axis, size in enumerate(values.shape))
    wants_sign = _check.flag(return_sign, "return_sign")
    result = checked_output(out, shape, dtype)
    sums = np.empty(math.prod(left), loss_type(dtype))
    kernels = kernels_for(values)
    if b is None:
        rows = as_rows(values, axes)
        kernels.logsumexp(Logits(rows, _mask_rows(where, values.shape, axes)), sums)
        signs = np.where(np.isnan(sums), sums, sums > -math.inf) if wants_sign else sums
    else:
        if where is not None:
            factors = np.where(_check.mask(where, values.shape), factors, 0.0)
        signs = np.empty_like(sums)
        kernels.signed_logsumexp(as_rows(values, axes), as_rows(factors, axes), sums, signs)
        if not wants_sign:
            sums[signs < 0] = math.nan
    result[...] = sums.reshape(shape)
    value: Any = result if out is not None or shape else result[()]
    if wants_sign:
        value = value, signs.astype(dtype).reshape(shape)[()]
    return value, sums, None


def _with_factors(
    x: NDArray[Any], dtype: np.dtype[Any], b: object
) -> tuple[NDArray[Any], NDArray[np.float64], np.dtype[Any]]:
    """Logits and factors in the shape of both, and the type of the result."""
    given = _check.array(b, "b")
    factors, _ = as_floating(given, "b")
    if not isinstance(b, int | float):  # a number of Python's takes the type of what it meets
        dtype = np.promote_types(dtype, given.dtype)
    try:
        values, factors = np.broadcast_arrays(x.astype(dtype), factors.astype(np.float64))
    except ValueError:
        raise ValueError(
            f"b must have the shape of x, {x.shape}, or broadcast with it, got {given.shape}"
        ) from None
    return values, factors, dtype


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
    if type(x) is not np.ndarray and (room := tensors_of(x)) is not None:
        return room.functions.sigmoid(x, out=out)
    return quick_elements("sigmoid")(x, -1, 1.0, None, out)


def log_sigmoid(x: ArrayLike, *, out: NDArray[Any] | None = None) -> Any:
    """``log σ(x) = −[max(−x, 0) + log1p(exp(−|x|))]``, element by element, in nats.

    Parameters, errors and shapes are those of `sigmoid`.

    Examples
    --------
    >>> import normexp as nex
    >>> nex.log_sigmoid([-800.0, 40.0])
    array([-8.00000000e+02, -4.24835426e-18])
    """
    if type(x) is not np.ndarray and (room := tensors_of(x)) is not None:
        return room.functions.log_sigmoid(x, out=out)
    return quick_elements("log_sigmoid")(x, -1, 1.0, None, out)


@cache
def quick(name: str) -> Callable[..., Any]:
    """A function of rows, quick also for few numbers where there are compiled kernels."""
    if name == "logsumexp":
        return small("Sums", _logsumexp) or (lambda *given: _logsumexp(*given)[0])
    long_way: Any = partial(rowwise, name)
    return small("Rows", long_way) or (lambda *given: long_way(*given)[0])


@cache
def quick_elements(name: str) -> Callable[..., Any]:
    """A function of elements, as one of rows that are told apart by nothing."""

    def long_way(x: object, *told: object) -> tuple[Any, NDArray[Any], None]:
        return _elementwise(name, x, told[-1])

    return small("Rows", long_way) or (lambda *given: long_way(*given)[0])


def rowwise(
    name: str,
    x: object,
    axis: Axis = -1,
    temperature: float = 1.0,
    where: object = None,
    out: object = None,
    softcap: float | None = None,
) -> tuple[NDArray[Any], NDArray[Any], None]:
    """A function of rows whose result has the shape of its input; and what the kernel wrote."""
    values, dtype = as_floating(x, "x")
    axes = _check.axes(axis, values.ndim)
    rows = as_rows(values, axes)
    if rows.shape[1] == 0:
        raise ValueError(f"x has no classes on axis {axis!r}: its shape is {values.shape}")
    temperature = _check.temperature(temperature)
    mask = _mask_rows(where, values.shape, axes)
    logits, kernel = Logits(rows, mask, temperature, softcap), getattr(kernels_for(values), name)
    if out is None and len(axes) == 1:
        result = np.empty(values.shape, dtype)
        kernel(logits, as_rows(result, axes))
        return result, result, None
    result = checked_output(out, values.shape, dtype)
    result_rows, is_apart = output_rows(result, axes, rows)
    kernel(logits, result_rows)
    if is_apart:
        write_rows(result_rows, axes, result)
    return result if out is not None or result.ndim else result[()], result, None


def _mask_rows(where: object, shape: tuple[int, ...], axes: tuple[int, ...]) -> NDArray[np.bool_]:
    return NO_MASK if where is None else as_rows(_check.mask(where, shape), axes)


def _elementwise(name: str, x: object, out: object) -> tuple[Any, NDArray[Any], None]:
    """What a function of elements returns, and what the kernel wrote."""
    values, dtype = as_floating(x, "x")
    result = checked_output(out, values.shape, dtype)
    flat = np.ascontiguousarray(values).reshape(-1)
    elements, is_apart = output_elements(result, flat)
    getattr(kernels_for(values), name)(flat, elements)
    if is_apart:
        result[...] = elements.reshape(values.shape)
    return result if out is not None or result.ndim else result[()], result, None
