"""Every form of every kernel that a call can reach.

The functions of the back end are called with every kind of argument that the contract allows, and
what they ask for is noted instead of compiled: what chooses a form for a call chooses it here. A
function, or a parameter, that nothing is known of is an error.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from inspect import signature
from itertools import product
from typing import Any, NamedTuple
from unittest.mock import patch

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from normexp import accuracy
from normexp._arrays import loss_type
from normexp.kernels import (
    BETWEEN_PRODUCTS,
    NO_MASK,
    PADDING,
    BackEnd,
    Linear,
    Logits,
    Mass,
    SparseRows,
    Summary,
    Target,
    cpu,
    no_gradient,
)
from normexp.kernels.cpu.entries import Entry
from normexp.kernels.cpu.of_ascent import Affine, Chosen, Multipliers, Samples, ascend
from normexp.kernels.cpu.sizes import NARROW

Array = NDArray[Any]

# What is computed in: the type of the logits, and the accuracy that is asked for.
PRECISIONS: tuple[tuple[Any, str], ...] = (
    (np.float16, "exact"),
    (ml_dtypes.bfloat16, "exact"),
    (np.float32, "exact"),
    (np.float32, "fast"),
    (np.float64, "exact"),
)
CLASSES = (1, 3, NARROW, NARROW + 1)
ROWS = 2
TEMPERATURES = (1.0, 1e-30)  # what has no room in float32 is computed in float64


class Form(NamedTuple):
    """A kernel, and arguments of the types that one of its forms is for."""

    entry: Entry
    arguments: tuple[Any, ...]


@contextmanager
def asked() -> Iterator[dict[str, Form]]:
    """The forms that are asked for meanwhile, by name; none is compiled, every result is 0.

    Marks are set, so that the form for what is out of the ordinary is asked for too.
    """
    found: dict[str, Form] = {}

    def form(entry: Entry, key: Any, arguments: tuple[Any, ...]) -> Any:
        found[entry.form_name(arguments)] = Form(entry, arguments)

        def clear(*arguments: Any) -> None:
            for array in arguments:
                if isinstance(array, np.ndarray) and array.flags.writeable:
                    array[...] = array.dtype == np.bool_

        return clear

    with patch.object(Entry, "form", form):
        yield found


def forms() -> dict[str, Form]:
    """All of them by name, in the order of their names."""
    with asked() as found:
        for function in functions():
            for arguments in examples(function):
                with suppress(ValueError):  # logits that the function takes only as they are
                    function(**arguments)
    return dict(sorted(found.items()))


def functions() -> list[Any]:
    """What the contract has the back end do, and what solvers have it do."""
    names = [name for name in vars(BackEnd) if name[0] != "_" and hasattr(cpu, name)]
    return [*(getattr(cpu, name) for name in names), ascend]


def examples(function: Any) -> Iterator[dict[str, Any]]:
    """Arguments of every kind that a function takes."""
    first, *others = signature(function).parameters
    for dtype, asked_accuracy in PRECISIONS:
        for value in known(FIRST, first, function)(np.dtype(dtype)):
            values = value.values if isinstance(value, Logits) else value
            kinds = [known(OTHERS, name, function)(values) for name in others]
            for chosen in product(*kinds):
                with accuracy(asked_accuracy):
                    yield dict(zip((first, *others), (value, *chosen), strict=True))


def known(kinds: dict[str, Any], name: str, function: Any) -> Any:
    """The kinds of a parameter."""
    kind = kinds.get(f"{function.__name__} {name}", kinds.get(name))
    if kind is None:
        raise LookupError(
            f"{function.__name__} of the back end takes {name!r}: say in {__name__} of what kinds"
        )
    return kind


def rows_of(dtype: np.dtype[Any]) -> Iterator[Array]:
    """Rows of any number of classes, in any order of memory."""
    for classes in CLASSES:
        yield np.zeros((ROWS, classes), dtype)
        yield np.zeros((ROWS, 2 * classes), dtype)[:, ::2]
        yield np.zeros((1, classes, ROWS), dtype)


def logits_of(dtype: np.dtype[Any]) -> Iterator[Logits]:
    """The rows with a mask and without, in any temperature, and with a cap."""
    for values in rows_of(dtype):
        for where in (NO_MASK, np.ones(values.shape, np.bool_)):
            for temperature in TEMPERATURES:
                yield Logits(values, where, temperature)
            yield Logits(values, where, softcap=1.0)


def between_products(dtype: np.dtype[Any]) -> Iterator[Logits]:
    """Logits as they are, or of a linear map."""
    yield from logits_of(dtype)
    if dtype == loss_type(dtype):
        values, numbers = np.zeros((ROWS, ROWS), dtype), np.zeros(ROWS, dtype)
        of = Linear(values, values, numbers, np.zeros((ROWS, ROWS)), np.zeros(ROWS), ROWS)
        yield Logits(values, of=of)


def elements_of(dtype: np.dtype[Any]) -> list[Array]:
    return [np.zeros(ROWS, dtype)]


def like(values: Array) -> list[Array]:
    return [np.zeros(values.shape, values.dtype)]


def gradients(values: Array) -> list[Array]:
    """Wanted, and not."""
    return [np.zeros(values.shape, values.dtype), no_gradient(values)]


def for_rows(values: Array) -> list[Array]:
    """A number for each row, as it is computed."""
    return [np.zeros(ROWS)]


def kept_for_rows(values: Array) -> list[Array]:
    """A number for each row, as it is returned."""
    return [np.zeros(ROWS, loss_type(values.dtype))]


def either_for_rows(values: Array) -> list[Array]:
    return [*for_rows(values), *kept_for_rows(values)]


def targets(values: Array) -> list[Target]:
    """Class ids, with smoothing and without, and masses of any type that a loss lets through."""
    nothing = np.zeros(ROWS)
    labels = Target(np.zeros(ROWS, np.int64), nothing)
    of_masses = [labels._replace(classes=its) for its in masses(values)]
    return [labels, labels._replace(smoothing=nothing), *of_masses]


def label_targets(values: Array) -> list[Target]:
    return targets(values)[:1]


def masses(values: Array) -> list[Array]:
    return [np.zeros(values.shape, dtype) for dtype in (np.float32, np.float64)]


def number(values: Array) -> list[float]:
    return [1.0]


def columns(dtype: np.dtype[Any]) -> list[Array]:
    return [np.zeros((ROWS, PADDING), loss_type(dtype))]


def sparse_rows(values: Array) -> list[SparseRows]:
    """As SciPy has them, of the type of a matrix or of a narrower one."""
    starts = np.zeros(ROWS + 1, np.int64)
    return [
        SparseRows(np.zeros(0, dtype), np.zeros(0, index), starts)
        for dtype in {np.dtype(np.float32), values.dtype}
        for index in (np.int32, np.int64)
    ]


def samples(dtype: np.dtype[Any]) -> list[Samples]:
    nothing, none = np.zeros(ROWS), np.zeros(ROWS, np.int64)
    features = np.zeros((ROWS, ROWS), loss_type(dtype))
    return [Samples(features, nothing, none, nothing, nothing, 1.0)]


def chosen(its: Samples) -> list[Chosen]:
    return [Chosen(np.zeros(ROWS + 1, np.int64), its.target, its.pull)]


# Of the first parameter of a function, which the others depend on.
FIRST: dict[str, Any] = {
    "logits": logits_of,
    **{f"{name} logits": between_products for name in BETWEEN_PRODUCTS},
    "probabilities": logits_of,
    "values": rows_of,
    "x": elements_of,
    "z": elements_of,
    "p": elements_of,
    "merge a": lambda dtype: [Summary(np.zeros(ROWS), np.zeros(ROWS))],
    "merge_masses a": lambda dtype: [Mass(np.zeros(ROWS), np.zeros(ROWS))],
    "summary": lambda dtype: [Summary(np.zeros(ROWS), np.zeros(ROWS))],
    "linear x": lambda dtype: [np.zeros((ROWS, ROWS), loss_type(dtype))],
    "add_outer grad": lambda dtype: [np.zeros((ROWS, ROWS), loss_type(dtype))],
    "sparse_linear weight": columns,
    "add_sparse_outer grad": columns,
    "samples": samples,
}
# Of the others, or of those of one function.
OTHERS: dict[str, Any] = {
    "out": like,
    "logsumexp out": kept_for_rows,
    "signed_logsumexp out": kept_for_rows,
    "signs": kept_for_rows,
    "factors": lambda values: [np.zeros(values.shape)],
    "target": targets,
    "weston_watkins target": label_targets,
    "crammer_singer target": label_targets,
    "focal target": label_targets,
    "binary_cross_entropy target": masses,
    "binary_log_loss target": masses,
    "weight": for_rows,
    "gamma": number,
    "margin": number,
    "positive": number,
    "squared": lambda values: [False],
    "loss": for_rows,
    "binary_cross_entropy loss": either_for_rows,
    "binary_log_loss loss": either_for_rows,
    "grad": gradients,
    # Of parts.
    "summary": lambda values: [Summary(np.zeros(ROWS), np.zeros(ROWS))],
    "mass": lambda values: [Mass(np.zeros(ROWS), np.zeros(ROWS))],
    "first": lambda values: [0],
    "merge b": lambda summary: [summary],
    "merge_masses b": lambda masses: [masses],
    # Of a linear map.
    "linear weight": like,
    "linear bias": lambda values: [np.zeros(ROWS, values.dtype)],
    "linear out": like,
    "add_outer x": like,
    "add_outer total": lambda values: [np.zeros(values.shape)],
    "sparse_linear x": sparse_rows,
    "sparse_linear out": like,
    "add_sparse_outer x": sparse_rows,
    "add_sparse_outer total": lambda values: [np.zeros(values.shape)],
    # Second derivatives.
    "vector": like,
    "weston_watkins_hessian_product target": label_targets,
    "crammer_singer_hessian_product target": label_targets,
    "focal_hessian_product target": label_targets,
    "binary_cross_entropy_hessian_product target": masses,
    "binary_log_loss_hessian_product target": masses,
    # Of solvers.
    "kind": lambda its: [Multipliers(1.0, 1.0, 1.0, 0.0, 0.0)],
    "affine": lambda its: [Affine(np.zeros((ROWS, ROWS)), its.pull)],
    "chosen": chosen,
    "order": lambda its: [its.target],
}
