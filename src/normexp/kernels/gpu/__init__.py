"""The contract on CUDA tensors, by kernels in Triton (also in its interpreter, on CPU tensors).

In Triton there are softmax, log_softmax, logsumexp and cross-entropy of class ids, of whole rows
and of parts, and the backward pass of softmax; with a temperature and a cap for whole rows, where
the type of the logits has one that is wider. With a mask, for masses and for every other loss they
are PyTorch's own operations (`tensors`). `arithmetic.py` says how exact the kernels are; a
logsumexp whose terms cancel keeps the digits of these.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

import torch

from .. import tensors as _tensors
from ..contract import Logits, Summary, Target
from . import cross_entropy as _cross_entropy
from . import functions as _functions
from . import in_turn as _in_turn
from . import scaling as _scaling
from .launch import (
    STORED,
    Kernels,
    Scaling,
    Tensor,
    arithmetic,
    few_registers,
    is_scaled,
    launch,
    on,
    over_rows,
    per_part,
    rows_in,
    run,
    scaling_of,
    strides,
    takes_scaled,
    tile_of_products,
    tile_of_rows,
    tile_of_summaries,
)
from .tile import FINISH, SUMMARISE

SCALED = 4096  # numbers to a program


def __getattr__(name: str) -> Any:
    """What of the contract has no kernel in Triton."""
    if name not in _tensors.__all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(_tensors, name)


def in_triton(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """A function that has a kernel for what is plain, and PyTorch's operations for the rest."""
    return _of_kernel(kernel, _is_plain)


def in_triton_scaled(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """The same of one that reads a temperature and a cap."""
    return _of_kernel(kernel, _is_plain_or_scaled)


def _of_kernel(kernel: Callable[..., Any], is_taken: Callable[[Any], bool]) -> Callable[..., Any]:
    in_general = getattr(_tensors, kernel.__name__)

    def takes(*given: Any) -> bool:
        return all(map(is_taken, given))

    @wraps(kernel)
    def chosen(*given: Any, **named: Any) -> Any:
        return (kernel if takes(*given) else in_general)(*given, **named)

    chosen.takes = takes  # type: ignore[attr-defined]
    return chosen


def _is_plain(given: Any) -> bool:
    """Whether the kernels take it: logits as they are, class ids, anything else."""
    if isinstance(given, Logits):
        return not len(given.where) and not is_scaled(given)
    if isinstance(given, Summary):
        return given.temperature == 1.0
    return not isinstance(given, Target) or given.classes.ndim == 1


def _is_plain_or_scaled(given: Any) -> bool:
    if isinstance(given, Logits) and not len(given.where) and takes_scaled(given):
        return True
    return _is_plain(given)


@in_triton_scaled
def softmax(logits: Logits, out: Tensor | None = None) -> Tensor:
    """p_k = exp(z_k) / Σ_j exp(z_j)."""
    return _rows(_functions.SOFTMAX, logits, out)


@in_triton_scaled
def log_softmax(logits: Logits, out: Tensor | None = None) -> Tensor:
    """log p_k."""
    return _rows(_functions.LOG_SOFTMAX, logits, out)


@in_triton_scaled
def logsumexp(logits: Logits, out: Tensor | None = None) -> Tensor:
    """log Σ_k exp(z_k) of each row."""
    x = _values(logits)
    out = x.new_empty(rows_in(x), dtype=torch.float64) if out is None else out
    tops, rests = _parts(logits)
    _merge(tops, rests, None, None, out)
    return out


@in_triton
def summarise(logits: Logits) -> Summary:
    """Of the classes that are given; without one, what changes nothing when it is merged."""
    x: Tensor = logits.values
    if x.shape[1] == 0:
        nothing = x.new_zeros(x.shape[0] if x.ndim == 2 else x.shape[0] * x.shape[2])
        return Summary(nothing.double() - torch.inf, nothing.double() - 1.0)
    return _merged(*_parts(logits))


@in_triton
def merge(a: Summary, b: Summary) -> Summary:
    """Of the classes of both: associative, and in any order."""
    return _merged(torch.stack((a.top, b.top), 1), torch.stack((a.rest, b.rest), 1))


@in_triton
def logsumexp_of(summary: Summary) -> Tensor:
    """top + log1p(rest)."""
    out = torch.empty_like(summary.top)
    _merge(summary.top[:, None], summary.rest[:, None], None, None, out)
    return out


@in_triton
def probabilities(logits: Logits, summary: Summary, out: Tensor | None = None) -> Tensor:
    """p_k of a part, given the summary of the whole row."""
    return _rows(_functions.SOFTMAX, logits, out, summary)


@in_triton
def log_probabilities(logits: Logits, summary: Summary, out: Tensor | None = None) -> Tensor:
    """log p_k of a part, given the summary of the whole row."""
    return _rows(_functions.LOG_SOFTMAX, logits, out, summary)


def softmax_backward(p: Tensor, upstream: Tensor, out: Tensor | None = None) -> Tensor:
    """p_k · (v_k − Σ_j p_j · v_j): the gradient at the logits, from v, that at the softmax p."""
    p = _values(Logits(p))
    if upstream.shape != p.shape:
        raise ValueError(
            f"upstream must have the shape of p, {tuple(p.shape)}, got {tuple(upstream.shape)}"
        )
    out = torch.empty_like(p) if out is None else out
    tile = tile_of_products(p)
    kernels = Kernels(_functions.softmax_backward_of_rows, _in_turn.softmax_backward_in_turn)
    launch(
        kernels, p, tile, p, upstream, out, *per_part(p, tile, 1),
        *_shape(p), *strides(upstream)[1:], *strides(out)[1:],
    )  # fmt: skip
    return out


@in_triton_scaled
def cross_entropy(
    logits: Logits, target: Target, loss: Tensor | None = None, grad: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Σ_k t_k · (−log p_k) + norm · logsumexp² of each row, for class ids.

    Where the gradient is of a half type, both are computed as of logits of that type, also if these
    are of float32: they are a product of what has no more digits. A negative id ignores the row.
    One beyond the last class makes its loss and gradient NaN: the host does not wait for the device
    to look at them.
    """
    x = _values(logits)
    loss = x.new_empty(rows_in(x), dtype=torch.float64) if loss is None else loss
    grad = torch.empty_like(x) if grad is None else grad
    smoothing, norm, weights = map(_given, (target.smoothing, target.norm, target.class_weight))
    # The sum of all classes' weights, which smoothing spreads over.
    total = None if weights is None else weights.sum(dtype=torch.float64)
    told = target.classes, target.weight, smoothing, norm, weights, total
    # One tile with and without the gradient: the value is the same to the bit.
    tile, scaling = tile_of_rows(x), scaling_of(logits)
    how = _how(x, scaling, grad)
    parts = *per_part(x, tile, 4), x.new_empty(rows_in(x), dtype=torch.float64), *scaling
    kernels = Kernels(_cross_entropy.cross_entropy_of_rows, _in_turn.cross_entropy_in_turn)
    if len(grad):
        options = few_registers(x) if tile.parts == 1 and scaling.is_none else {}
        places = *_shape(x), *strides(grad)[1:]
        launch(kernels, x, tile, x, *told, grad, *parts, *places, **how, **options)
    else:
        kernel = kernels.in_turn if tile.in_turn else kernels.of_rows
        arguments = x, *told, None, *parts, *_shape(x), 0, 0, 0
        run(kernel, x, tile, SUMMARISE, *arguments, parts=tile.programs, **how)
    over_rows(
        _cross_entropy.losses_of_rows, rows_in(x), tile.programs,
        *told, loss, *parts, rows_in(x), x.shape[1],
        ARITHMETIC=how["computed_in"], is_fused=how["is_fused"],
    )  # fmt: skip
    return loss, grad


def scale(values: Tensor, factor: Tensor) -> Tensor:
    """values ·= factor, of which the device alone knows whether it is 1, and nothing to do."""
    if not values.is_contiguous():
        return _tensors.scale(values, factor)
    if values.numel():
        with on(values):
            programs = -(-values.numel() // SCALED)
            _scaling.scale_all[programs,](
                values, factor, values.numel(), SIZE=SCALED, num_warps=4, enable_fp_fusion=True
            )
    return values


def _values(logits: Logits) -> Tensor:
    """The logits, if they are what the kernels take."""
    x = logits.values
    if x.dtype not in STORED:
        raise TypeError(
            "logits must be float16, bfloat16, float32 or float64 for the GPU kernels, "
            f"got {x.dtype}"
        )
    if x.shape[1] == 0:
        raise ValueError("logits must have at least one class")
    return x


def _how(x: Tensor, scaling: Scaling, out: Tensor | None = None) -> dict[str, Any]:
    """In which arithmetic, and whether its multiplications and additions are fused."""
    return {"computed_in": arithmetic(x, not scaling.is_none, out), "is_fused": scaling.is_none}


def _shape(x: Tensor) -> tuple[int, ...]:
    """Rows, classes, inner and strides, as all kernels take them."""
    return rows_in(x), x.shape[1], *strides(x)


def _rows(
    result: Any, logits: Logits, out: Tensor | None, summary: Summary | None = None
) -> Tensor:
    """What has the shape of the logits: of whole rows, or of a part given the row's summary."""
    x, scaling = _values(logits), scaling_of(logits)
    out = torch.empty_like(x) if out is None else out
    kernels = Kernels(_functions.of_rows, _in_turn.of_rows_in_turn)
    places = *scaling, *_shape(x), *strides(out)[1:]
    if summary is None:
        tile = tile_of_rows(x)
        its_parts = per_part(x, tile, 2)
        launch(kernels, x, tile, x, out, *its_parts, *places, RESULT=result, **_how(x, scaling))
    else:
        arguments = x, out, summary.top, summary.rest, *places
        run(kernels.of_rows, x, tile_of_summaries(x), FINISH, *arguments, parts=1, RESULT=result)
    return out


def _parts(logits: Logits) -> list[Tensor]:
    """The tops and rests of the parts of every row."""
    x, scaling = _values(logits), scaling_of(logits)
    tile = tile_of_summaries(x)
    parts = per_part(x, tile, 2)
    run(
        _functions.of_rows, x, tile, SUMMARISE, x, None, *parts, *scaling, *_shape(x), 0, 0, 0,
        parts=tile.parts, RESULT=_functions.SUMMARY, **_how(x, scaling),
    )  # fmt: skip
    return parts


def _merged(tops: Tensor, rests: Tensor) -> Summary:
    """The summary of every row from those of its parts."""
    if tops.shape[1] == 1:
        return Summary(tops[:, 0], rests[:, 0])
    top, rest = tops.new_empty((2, len(tops)))
    _merge(tops, rests, top, rest, None)
    return Summary(top, rest)


def _merge(
    tops: Tensor, rests: Tensor, top: Tensor | None, rest: Tensor | None, log: Tensor | None
) -> None:
    """Of every row the summaries of its parts: as one summary, or as its logsumexp."""
    rows, parts = tops.shape
    over_rows(_functions.merge_rows, rows, parts, tops, rests, top, rest, log, rows)


def _given(values: Any) -> Tensor | None:
    return values if len(values) else None
