"""Every check of an argument, and the words of its error."""

import math
import operator
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray


def positive(value: object, name: str) -> float:
    """A finite number above 0."""
    number = real(value, name)
    if not 0 < number < math.inf:
        raise ValueError(f"{name} must be a finite number above 0, got {number!r}")
    return number


def not_negative(value: object, name: str) -> float:
    """A finite number of at least 0."""
    number = real(value, name)
    if not 0 <= number < math.inf:
        raise ValueError(f"{name} must be a finite number of at least 0, got {number!r}")
    return number


def temperature(value: object) -> float:
    """A divisor of logits that leaves their differences room in float64."""
    if value == 1.0 and type(value) is float:
        return value
    return between(value, 1e-100, 1e100, "temperature")


def real(value: object, name: str) -> float:
    """One real number."""
    if type(value) in (float, int):  # which compilers of Python follow too
        return float(value)  # type: ignore[arg-type]
    if isinstance(value, bool | str | bytes) or not np.isscalar(value):
        raise TypeError(f"{name} must be a number, got {described(value)}")
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a number, got {described(value)}") from None


def between(value: object, low: float, high: float, name: str) -> float:
    """A number in [low, high]."""
    number = real(value, name)
    if not low <= number <= high:
        raise ValueError(f"{name} must be between {low:g} and {high:g}, got {number!r}")
    return number


def integer(value: object, name: str) -> int:
    """One integer of any integer type."""
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{name} must be an integer, got {described(value)}") from None


def flag(value: object, name: str) -> bool:
    """True or False."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be True or False, got {described(value)}")
    return bool(value)


def one_of(value: object, choices: Iterable[str], name: str) -> str:
    """One of some words."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}, got {value!r}")
    return value


def axes(axis: object, dimensions: int, name: str = "axis") -> tuple[int, ...]:
    """The axes that `axis` (an integer, a tuple of them, or None for all) stands for."""
    if type(axis) is int and -dimensions <= axis < dimensions:
        return (axis % dimensions,)
    if axis is None:
        return tuple(range(dimensions))
    given = axis if isinstance(axis, tuple) else (axis,)
    found = tuple(integer(one, name) for one in given)
    if any(not -dimensions <= one < dimensions for one in found):
        raise ValueError(f"{name} {axis!r} is out of range for an array of {dimensions} dimensions")
    found = tuple(one % dimensions for one in found)
    if len(set(found)) < len(found):
        raise ValueError(f"{name} {axis!r} names an axis twice")
    return found


def array(values: object, name: str) -> NDArray[Any]:
    """An array of any type, without a mask of its own."""
    if isinstance(values, np.ma.MaskedArray):
        raise TypeError(
            f"{name} is a masked array, whose mask would be lost; "
            f"pass {name}.filled(...), and a mask of logits as where=~logits.mask"
        )
    try:
        return np.asarray(values)
    except ValueError:
        raise ValueError(f"{name} must be an array, got sequences of different lengths") from None


def numbers(values: object, name: str) -> NDArray[Any]:
    """An array; one of bfloat16, which NumPy does not know for numbers, as float32."""
    given = array(values, name)
    return given.astype(np.float32) if given.dtype.name == "bfloat16" else given


def mask(where: object, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """A boolean mask, broadcast to the shape of what it masks."""
    given = array(where, "where")
    if given.dtype != np.bool_:
        raise TypeError(f"where must hold booleans, got {described(given)}")
    return broadcast(given, shape, "where")


def weights(values: object, shape: tuple[int, ...], name: str) -> NDArray[np.float64]:
    """Finite weights that are not negative, broadcast to a shape."""
    given = numbers(values, name)
    if given.dtype.kind not in "fiub":
        raise TypeError(f"{name} must hold real numbers, got {described(given)}")
    given = given.astype(np.float64)
    every(is_weight(given), given, f"{name} must hold finite numbers that are not negative")
    return broadcast(given, shape, name)


def is_weight(values: NDArray[Any]) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(values) & (values >= 0))


def outside(values: NDArray[Any], low: float, high: float) -> NDArray[np.bool_]:
    """Which numbers are below `low` or above `high`; NaN is neither."""
    with np.errstate(invalid="ignore"):  # ml_dtypes warns where it compares NaN, NumPy does not
        return np.asarray((values < low) | (values > high))


def every(holds: NDArray[np.bool_], values: NDArray[Any], must: str) -> None:
    """Refuse values of which one does not hold what all must; the message names the first."""
    if not holds.all():
        position = int(holds.argmin())
        raise ValueError(f"{must}, got {values.reshape(-1)[position]} at position {position}")


def broadcast(array: NDArray[Any], shape: tuple[int, ...], name: str) -> NDArray[Any]:
    if array.shape == shape:  # which NumPy takes microseconds for
        return array
    try:
        return np.broadcast_to(array, shape)
    except ValueError:
        raise ValueError(
            f"{name} must have the shape {shape} or broadcast to it, got {array.shape}"
        ) from None


def described(value: object) -> str:
    """What came, for an error message: never a whole array."""
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} with shape {value.shape}"
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 40 else text[:37] + '...'}"


def unregistered(given: Any, name: str, known_as: str, function: Any) -> TypeError:
    """The error for a type that nothing is registered for with `functools.singledispatch`."""
    known = sorted(kind.__name__ for kind in function.registry if kind is not object)
    return TypeError(
        f"{name} must be one that {known_as}, which are {', '.join(known)}, got {given!r}; "
        f"{function.__module__}.{function.__name__}.register takes others"
    )
